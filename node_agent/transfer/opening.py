"""Opening a document: purpose first, then the hub's receipt, then all pages or none.

Opening goes through these steps; the code carries the same numbers:
1. the sealing was pulled and verified, or is pulled and verified now;
2. person and node state a purpose of the list and the case (``open_document``), and the hub has acknowledged it (H02);
3. every page is decrypted and checked against its commitment before the first is given out.

Invariants: without an acknowledged access statement no data key is unwrapped; a page that fails at its last chunk shows
nothing of any page; nothing is written to disk here; at most ``KEPT_MOST`` bytes of pages are kept in memory.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from crypto.manifest import Capture, Line, Manifest, Page, Rendition
from crypto.refusal import Refusal
from crypto.sealing import Stream, check_page, open_page, open_salted
from hub.casework.facts import ADDRESS, FORM, PROXY
from hub.casework.messages import PURPOSES
from hub.casework.parents import share
from hub.casework.parents.plan import bond_in
from node_agent import acts
from node_agent.known.casemirror import Recorded, addenda_of, application_leaf, demanded, history, manifest_here
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling
from storage.journal import OutboxEntry
from storage.transfer import TransferClient

RULE = "H02; 个人信息保护法 51"
KEPT_MOST = 8 << 20  # bytes of pages
READERS = ("ACCEPTOR", "REVIEWER", "DECIDER", "ISSUER", "HEAD", "COLLECTOR", "COLLECT_LEAD")
OWN_LINES = {FORM: "申请表", ADDRESS: "收件地址", PROXY: "授权委托书"}
"""Lines of a sealing that no list names."""


@dataclass(frozen=True)
class OpenedPage:
    """One verified page: number from 1, media type, size in bytes. ``data`` may decrypt and check it again.

    ``capture``: how it was taken; ``salted``: salt and page, to open its commitments; ``others``: its other renditions
    (``camera``, ``masked``) as media type and reader.
    """

    number: int
    media_type: str
    size: int
    read: Callable[[], bytes]
    capture: Capture | None = None
    salted: Callable[[], tuple[bytes, bytes]] | None = None
    others: Mapping[str, tuple[str, Callable[[], bytes]]] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The page, in memory only while the caller holds it. Refusals of ``open_page``."""
        return self.read()


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
    """An application, verified to its last page.

    ``checked_by``: person id that checked the originals and sealed, at ``sealed_at``.

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
    addenda: tuple["OpenedAddendum", ...] = ()


@dataclass(frozen=True)
class OpenedAddendum:
    """One supplement in memory: revision from 1, who sealed it and when (text in UTC+8), and its lines.

    ``answers``: defect code of the demanded line by material (T16); ``manifest``: bytes as named in the act.
    """

    revision: int
    sealed_by: str
    sealed_at: str
    manifest: bytes
    lines: tuple[OpenedLine, ...]
    answers: Mapping[str, str]


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
    """The application of a case and its addenda, each after steps 1 to 3 and with a statement of its own.

    ``purpose``: a code of ``PURPOSES`` or its Chinese word. ``answered``: gives the outbox entry with this digest once
    the hub answered, or still waiting when it took too long. Refusals as ``open_sealing``.
    """

    def opened(digest: str) -> tuple[Manifest, bytes, tuple[OpenedLine, ...]]:
        return open_sealing(agent, case_id, digest, staff_code, role, purpose, answered=answered, transfer=transfer)

    told = history(agent.journal, case_id)
    manifest, encoded, lines = opened(pulling.application_of(agent, case_id))
    seal = application_leaf(told)
    assert seal is not None  # ``application_of`` found it
    return OpenedCase(
        case=case_id,
        case_no=seal.leaf.assigned.get("case_no", ""),
        task_code=manifest.task_code,
        checked_by=seal.statement.actor.person or "",
        sealed_at=seal.leaf.recorded_at,
        form=form_of(lines),
        manifest=encoded,
        lines=lines,
        addenda=tuple(_addendum(one, told, *opened(str(one.statement.body["manifest"]))) for one in addenda_of(told)),
    )


def open_sealing(
    agent: Agent,
    case_id: str,
    digest: str,
    staff_code: str,
    role: str,
    purpose: str,
    *,
    answered: Callable[[str], OutboxEntry],
    transfer: TransferClient | None = None,
) -> tuple[Manifest, bytes, tuple[OpenedLine, ...]]:
    """One sealing of a case after steps 1 to 3: its manifest, the manifest's bytes, its lines.

    Refusals PURPOSE_MISSING, PURPOSE_UNKNOWN, ACCESS_UNCONFIRMED, the hub's own, and those of ``fetch_sealing`` and
    ``open_page``.
    """
    stated = purpose_code(purpose, case_id)
    if (
        agent.journal.kept(pulling.packets_note(case_id, digest)) is None
        or not pulling.sealed_file(agent, case_id, digest).exists()
    ):
        pulling.fetch_sealing(agent, case_id, digest, transfer or TransferClient())  # 1
    _require_acknowledged(agent, case_id, staff_code, role, stated, digest, answered)  # 2
    manifest, encoded = manifest_here(agent.journal, digest)
    return manifest, encoded, open_lines(agent, case_id, manifest, digest)  # 3


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


def open_lines(agent: Agent, case_id: str, manifest: Manifest, digest: str) -> tuple[OpenedLine, ...]:
    """All lines of a pulled sealing, every page of them decrypted and checked; all or nothing.

    Of a parent's sealing that came with a child: the lines of its part, under the codes of its own item.

    Pages of a small case are kept; those of a larger one are decrypted again when the caller reads them, one by one,
    so memory is bounded whatever the case. Refusals of ``open_page``.
    """
    keys = pulling.data_keys(agent, case_id, digest, manifest)
    lines = _own_lines(agent, case_id, manifest, keys)
    small = sum(_shown(page).stream.plain_size for line in lines for page in line.pages) <= KEPT_MOST
    path = pulling.sealed_file(agent, case_id, digest)
    names = {**OWN_LINES, **_names(agent, case_id, manifest)}
    made = []
    for line in lines:
        pages = []
        for page in line.pages:
            shown = _shown(page)
            key, stream = keys[line.line, shown.name], shown.stream
            read = partial(_read, path, key, stream)
            if small:
                read = partial(bytes, read())
            else:
                check_page(key, stream, pulling.read_stream(path, stream))
            salted = partial(_read_salted, path, key, stream)
            others = _others(path, page, shown, line.line, keys)
            pages.append(
                OpenedPage(page.number, shown.media_type, stream.plain_size, read, page.capture, salted, others)
            )
        made.append(_opened(line, names.get(line.material, line.material), pages))
    return tuple(made)


def _read(path: Path, key: bytes, stream: Stream) -> bytes:
    return open_page(key, stream, pulling.read_stream(path, stream))


def _read_salted(path: Path, key: bytes, stream: Stream) -> tuple[bytes, bytes]:
    return open_salted(key, stream, pulling.read_stream(path, stream))


def _others(
    path: Path, page: Page, shown: Rendition, line: str, keys: Mapping[tuple[str, str], bytes]
) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """The other renditions of a page for which a key came, each checked now and decrypted again when it is read."""
    made: dict[str, tuple[str, Callable[[], bytes]]] = {}
    for other in page.renditions:
        key = keys.get((line, other.name))
        if other is not shown and key is not None:
            check_page(key, other.stream, pulling.read_stream(path, other.stream))
            made[other.name] = other.media_type, partial(_read, path, key, other.stream)
    return made


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


def _addendum(
    one: Recorded, told: list[Recorded], manifest: Manifest, encoded: bytes, lines: tuple[OpenedLine, ...]
) -> OpenedAddendum:
    before = [other for other in told if other.leaf.index < one.leaf.index]
    answers = {line["material"]: line["defect"] for line in demanded(before)[0]}
    return OpenedAddendum(
        revision=manifest.revision,
        sealed_by=one.statement.actor.person or "",
        sealed_at=one.leaf.recorded_at,
        manifest=encoded,
        lines=lines,
        answers={line.material: answers[line.material] for line in lines if line.material in answers},
    )


def _shown(page: Page) -> Rendition:
    """The full rendition; a page that has none is shown as the first that it has."""
    return next((made for made in page.renditions if made.name == "full"), page.renditions[0])


def _opened(line: Line, name: str, pages: Sequence[OpenedPage]) -> OpenedLine:
    return OpenedLine(line.line, line.material, name, line.acquisition, line.trust, line.original, tuple(pages))


def _own_lines(
    agent: Agent, case_id: str, manifest: Manifest, keys: Mapping[tuple[str, str], bytes]
) -> tuple[Line, ...]:
    """Lines of a sealing as this case has them: of a parent's, those of its part under the codes of its own item."""
    told = application_leaf(history(agent.journal, case_id))
    lines = manifest.lines
    if told is not None and manifest.case != case_id:
        lines = share.lines_for(manifest, bond_in(told.statement.body))
    if pulling.in_parts(agent, case_id, manifest):
        opened = {line for line, _ in keys}
        lines = tuple(line for line in lines if line.line in opened)
    return lines


def _names(agent: Agent, case_id: str, manifest: Manifest) -> dict[str, str]:
    """Chinese names of the materials, from the catalogue version that the case was opened under."""
    told = application_leaf(history(agent.journal, case_id))
    code = str(told.statement.body.get("task_code", "")) if told else manifest.task_code
    catalogue = agent.registry.catalogue(manifest.catalogue)
    if code in catalogue.items:
        return {material.code: material.name for material in catalogue.item(code).materials}
    theme = catalogue.themes.get(manifest.task_code)
    return {one.code: one.name for one in theme.plan.materials} if theme and theme.plan else {}


def form_of(lines: Sequence[OpenedLine]) -> dict[str, object]:
    """The applicant's form among opened lines; empty where there is none. Refusal FORM_UNREADABLE."""
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
