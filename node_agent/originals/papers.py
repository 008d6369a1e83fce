"""The papers of originals from what this node knows of a case; kept beside the scans, named by digest.

Invariant: a packing list is on disk before the act that names its digest is queued.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from crypto import canonical
from hub.casework.casefile import CaseFile
from hub.casework.originals.states import MAIL
from node_agent.originals.desk import case_here
from node_agent.paper.fonts import fonts_of
from node_agent.paper.originals import ItemLine, PaperFrame, custody_receipt, packing_list
from node_agent.paper.sheet import Printed
from node_agent.paper.signed import FOLDER
from node_agent.process.runtime import Agent
from storage.files import write_private

APPLICANT = "申请人（按封存的地址）"


def receipt_for(agent: Agent, case_id: str, items: Sequence[tuple[str, str]]) -> Printed:
    """原件收存凭证 for (item, material) pairs, to be signed before ``take``. Refusals NOT_PULLED, FONT_UNREADABLE."""
    file = case_here(agent, case_id)
    return custody_receipt(_frame(agent, file), _lines(agent, file, items), fonts_of(agent.settings.home))


def list_for(agent: Agent, case_id: str, items: Sequence[str], seal_no: str, receiver: str) -> tuple[str, Path]:
    """The printed 物料流转凭证 of a parcel: digest for the act, and its file. ``receiver``: node id, or empty."""
    file = case_here(agent, case_id)
    known = {one.item: one.material for one in file.originals}
    lines = _lines(agent, file, [(item, known.get(item, "")) for item in items])
    to = agent.registry.directory.current(receiver).title if receiver else APPLICANT
    made = packing_list(_frame(agent, file), lines, seal_no, to, fonts_of(agent.settings.home))
    digest = canonical.digest(made.data)
    folder = agent.settings.home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{digest}.pdf"
    write_private(path, made.data)
    return digest, path


def _frame(agent: Agent, file: CaseFile) -> PaperFrame:
    item = agent.registry.catalogue(file.catalogue).item(file.task_code)
    title = agent.registry.directory.current(agent.identity.node).title
    return PaperFrame(file.case_no or file.case, item.name, title, item.complaint_channel, datetime.now(UTC))


def _lines(agent: Agent, file: CaseFile, items: Sequence[tuple[str, str]]) -> list[ItemLine]:
    item = agent.registry.catalogue(file.catalogue).item(file.task_code)
    made = []
    for name, code in items:
        material = item.material(code)
        policy = material.original_policy if material else ""
        made.append(ItemLine(name, material.name if material else code, policy == MAIL))
    return made
