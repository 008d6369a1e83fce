"""Opening a document: purpose first, then the hub's receipt, then all pages or none.

Opening goes through these steps; the code carries the same numbers:
1. the sealing was pulled and verified, or is pulled and verified now;
2. person and node state a purpose of the list and the case (``open_document``), and the hub has acknowledged it (H02);
3. every page is decrypted and checked against its commitment before the first is given out.

Invariants: without an acknowledged access statement no data key is unwrapped; a page that fails at its last chunk shows
nothing of any page; nothing is written to disk here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crypto.manifest import Line, Manifest, Page, Rendition
from crypto.refusal import Refusal
from crypto.sealing import open_page
from hub.casework.guards import FORM
from hub.casework.messages import PURPOSES
from node_agent import acts, pulling
from node_agent.casemirror import Recorded, history, manifest_here
from node_agent.runtime import Agent
from storage.journal import OutboxEntry
from storage.transfer import TransferClient

RULE = "H02; 个人信息保护法 51"
READERS = ("ACCEPTOR", "REVIEWER", "DECIDER", "ISSUER", "HEAD", "COLLECTOR", "COLLECT_LEAD")


@dataclass(frozen=True)
class OpenedPage:
    """One page in memory: number from 1, media type, bytes."""

    number: int
    media_type: str
    data: bytes


@dataclass(frozen=True)
class OpenedLine:
    """One material line: id, catalogue code, name, how it was got, trust level A to D, original, pages in order."""

    line: str
    material: str
    name: str
    acquisition: str
    trust: str
    original: str
    pages: tuple[OpenedPage, ...]


@dataclass(frozen=True)
class OpenedCase:
    """An application in memory. ``checked_by``: person id that checked the originals and sealed, at ``sealed_at``.

    ``form``: the applicant's form (empty when the sealing has none); ``manifest``: bytes as named in ``seal``.
    """

    case: str
    case_no: str
    task_code: str
    checked_by: str
    sealed_at: str
    form: dict[str, object]
    manifest: bytes
    lines: tuple[OpenedLine, ...]


def open_case(
    agent: Agent,
    case_id: str,
    staff_code: str,
    role: str,
    purpose: str,
    *,
    answered: Callable[[str], OutboxEntry],
    transfer: TransferClient | None = None,
) -> OpenedCase:
    """The application of a case, after steps 1 to 3.

    ``purpose``: a code of ``PURPOSES`` or its Chinese word. ``answered``: gives the outbox entry with this digest once
    the hub answered, or still waiting when it took too long.
    Refusals PURPOSE_MISSING, PURPOSE_UNKNOWN, ACCESS_UNCONFIRMED, the hub's own, and those of ``fetch_sealing`` and
    ``open_page``.
    """
    stated = purpose_code(purpose, case_id)
    digest = pulling.application_of(agent, case_id)
    if agent.journal.kept(f"packets:{digest}") is None or not pulling.sealed_file(agent, case_id, digest).exists():
        pulling.fetch_sealing(agent, case_id, digest, transfer or TransferClient())  # 1
    _require_acknowledged(agent, case_id, staff_code, role, stated, digest, answered)  # 2
    manifest, encoded = manifest_here(agent.journal, digest)
    lines = open_lines(agent, manifest, digest)  # 3
    seal = _seal_of(agent, case_id)
    return OpenedCase(
        case=case_id,
        case_no=seal.leaf.assigned.get("case_no", ""),
        task_code=manifest.task_code,
        checked_by=seal.statement.actor.person or "",
        sealed_at=seal.leaf.recorded_at,
        form=_form(lines),
        manifest=encoded,
        lines=lines,
    )


def purpose_code(purpose: str, case_id: str) -> str:
    """The code for a code or a Chinese word of the closed list: free text never reaches the log (promise 1).

    Refusals PURPOSE_MISSING, PURPOSE_UNKNOWN (names the list).
    """
    asked = purpose.strip()
    if not asked:
        raise Refusal("PURPOSE_MISSING", RULE, case=case_id)
    for code, word in PURPOSES.items():
        if asked in (code, word):
            return code
    raise Refusal("PURPOSE_UNKNOWN", RULE, purposes=",".join(PURPOSES))


def open_lines(agent: Agent, manifest: Manifest, digest: str) -> tuple[OpenedLine, ...]:
    """All lines of a pulled sealing, decrypted in memory; all or nothing. Refusals of ``open_page``."""
    keys = pulling.data_keys(agent, digest, manifest)
    path = pulling.sealed_file(agent, manifest.case, digest)
    names = _names(agent, manifest)
    made = []
    for line in manifest.lines:
        pages = []
        for page in line.pages:
            shown = _shown(page)
            data = open_page(keys[line.line, shown.name], shown.stream, pulling.read_stream(path, shown.stream))
            pages.append(OpenedPage(page.number, shown.media_type, data))
        made.append(_opened(line, names.get(line.material, line.material), pages))
    return tuple(made)


def _require_acknowledged(
    agent: Agent,
    case_id: str,
    staff_code: str,
    role: str,
    purpose: str,
    digest: str,
    answered: Callable[[str], OutboxEntry],
) -> None:
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="open_document",
        case_id=case_id,
        chain="access",
        role=role,
        staff_code=staff_code,
        body={"purpose": purpose, "manifest": digest},
    )
    agent.journal.queue([acts.entry_of(envelope)])
    entry = answered(envelope.digest)
    if entry.refusal is not None:
        raise entry.refusal
    if entry.state != "DONE":
        raise Refusal("ACCESS_UNCONFIRMED", RULE, case=case_id)


def _seal_of(agent: Agent, case_id: str) -> Recorded:
    return next(one for one in history(agent.journal, case_id) if one.statement.type == "seal")


def _shown(page: Page) -> Rendition:
    """The full rendition; a page that has none is shown as the first that it has."""
    return next((made for made in page.renditions if made.name == "full"), page.renditions[0])


def _opened(line: Line, name: str, pages: Sequence[OpenedPage]) -> OpenedLine:
    return OpenedLine(line.line, line.material, name, line.acquisition, line.trust, line.original, tuple(pages))


def _names(agent: Agent, manifest: Manifest) -> dict[str, str]:
    """Chinese names of the materials, from the catalogue version that the case was opened under."""
    item = agent.registry.catalogue(manifest.catalogue).item(manifest.task_code)
    return {material.code: material.name for material in item.materials}


def _form(lines: Sequence[OpenedLine]) -> dict[str, object]:
    for line in lines:
        if line.material == FORM and line.pages:
            try:
                value = json.loads(line.pages[0].data)
            except ValueError as error:
                raise Refusal("FORM_UNREADABLE", "A05", line=line.line) from error
            if isinstance(value, dict):
                return value
            raise Refusal("FORM_UNREADABLE", "A05", line=line.line)
    return {}
