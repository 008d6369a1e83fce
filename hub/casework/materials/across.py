"""What no case can tell alone: other cases of the same applicant (A22, D21, E02, G15; states.md 9).

Invariants:
- pure: the case after the act, what is known of the applicant's other cases, and those that it takes materials from;
  whoever has the whole log finds the same, for every member asked about stands in a leaf;
- applicants are known by keyed digests alone, so nobody here learns who it is (promise 1);
- while a key is exchanged, a case has a digest under the new one and one under the older: two cases that have any of
  them in common have one applicant;
- a case without such a digest has no other cases: it is neither refused nor helped.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from crypto.identity import node_region
from crypto.manifest import Line, Manifest
from crypto.refusal import Refusal
from crypto.statement import Statement
from hub.casework.audience import may_read
from hub.casework.casefile import CaseFile
from hub.casework.context import Act
from hub.casework.materials.effects import SECOND_INTAKE
from hub.casework.materials.values import Reuse
from hub.casework.materials.ways import REUSABLE, brought
from hub.casework.parents import share
from hub.casework.states import BEFORE_DECISION, State

OPEN: Final = "OPEN"
BROKEN: Final = "BROKEN"
ASKED: Final = frozenset({"seal", "void"})
"""Acts that are looked at beside the applicant's other cases."""
_CASE, _DIGEST = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")


def applicants_named(statements: Iterable[Statement]) -> set[str]:
    """Digests of the applicants whose other cases seals are held against; what has not their form is no digest."""
    seals = [told for told in statements if told.type == "seal"]
    named = (str(told.body.get(member)) for told in seals for member in ("applicant", "applicant_before"))
    return {digest for digest in named if _DIGEST.fullmatch(digest)}


def duplicates_ended(statements: Iterable[Statement]) -> set[str]:
    """Cases that are to end as duplicates of another one (T36)."""
    ended = (told for told in statements if told.type == "void" and told.body.get("reason") == "DUPLICATE")
    return {str(told.case) for told in ended}


def earlier_cases(statements: Iterable[Statement]) -> set[str]:
    """Cases that seals take materials from."""
    entries = (entry for told in statements if told.type == "seal" for entry in _entries(told.body.get("reused")))
    named = {str(entry.get("case")) for entry in entries if isinstance(entry, dict)}
    return {case for case in named if _CASE.fullmatch(case)}


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True)
class Known:
    """One case of an applicant, as the index keeps it. ``standing``: OPEN before the decision, else empty; ``breach``:
    BROKEN while a commitment of it stands as broken and its repair can be said (``pending``: until the archive);
    ``node``: who collected it; ``applicant_before``: the digest under the key of before."""

    case_id: str
    applicant: str
    task_code: str
    public_no: str
    node: str
    standing: str
    breach: str
    applicant_before: str = ""


def known_of(file: CaseFile) -> Known | None:
    """What the index keeps of a case; None for one without an applicant's digest."""
    if not file.applicant:
        return None
    broken = file.state is not State.ARCHIVED and any(one.result == BROKEN for one in file.commitments)
    return Known(
        case_id=file.case,
        applicant=file.applicant,
        task_code=file.task_code,
        public_no=file.public_no,
        node=file.collecting_node,
        standing=OPEN if file.state in BEFORE_DECISION else "",
        breach=BROKEN if broken else "",
        applicant_before=file.applicant_before,
    )


def is_same(one: Known | CaseFile, other: Known | CaseFile) -> bool:
    """Whether two cases have one applicant: a digest in common, of whatever key."""
    return bool({one.applicant, one.applicant_before} & {other.applicant, other.applicant_before} - {""})


def require_lawful(
    act: Act,
    before: CaseFile | None,
    file: CaseFile,
    known: Iterable[Known],
    earlier: Callable[[str], CaseFile | None],
    sealed: Callable[[str], Manifest | None],
) -> None:
    """A seal, or the end of a duplicate, against the applicant's other cases.

    ``before``, ``file``: the case before and after the act; ``known``: what is known of the same applicant;
    ``earlier``, ``sealed``: a case, and a manifest, by id and digest.
    Refusals COMMITMENT_BARRED (G15), DUPLICATE_INTAKE, DUPLICATE_UNRELATED (A22), REUSE_… (E02).
    """
    others = [one for one in known if one.case_id != file.case and is_same(one, file)]
    if act.statement.type == "seal":
        require_trusted(file, others)
        require_single(before, file, others)
        for reuse in file.reused:
            mine = sealed(act.text("manifest"))
            require_reusable(file, reuse, act.node.subject, earlier(reuse.case), sealed(reuse.manifest), mine)
    elif act.statement.type == "void" and act.statement.body.get("reason") == "DUPLICATE" and file.applicant:
        linked = str(act.statement.body.get("linked"))
        if not any((one.case_id, one.task_code) == (linked, file.task_code) for one in others):
            raise Refusal("DUPLICATE_UNRELATED", "A22; T36; states.md 9", linked=linked)


def require_trusted(file: CaseFile, others: Iterable[Known]) -> None:
    """G15, 国办发〔2020〕42号: whose commitment was broken, and not repaired, proves what he says."""
    breach = next((one for one in others if one.breach), None)
    if file.commitments and file.applicant and breach is not None:
        told = {"public_no": breach.public_no, "node": breach.node}
        raise Refusal("COMMITMENT_BARRED", "G15; 国办发〔2020〕42号", **told)


def require_single(before: CaseFile | None, file: CaseFile, others: Iterable[Known]) -> None:
    """A22, T01: an open case of the same applicant and item is named, with a reason, before there is a second one.

    Judged is the link that this act adds: what an earlier seal of the case named may have ended since (T24).
    """
    twins = [one for one in others if one.standing and one.task_code == file.task_code and file.applicant]
    named = _twins_of(file)
    added = [case for case in named if before is None or case not in _twins_of(before)]
    if added and not any(one.case_id in added for one in twins):
        raise Refusal("DUPLICATE_UNRELATED", "A22; T01", linked=added[-1])
    if twins and not any(one.case_id in named for one in twins):
        first = min(twins, key=lambda one: one.public_no)
        told = {"case": first.case_id, "public_no": first.public_no, "node": first.node}
        raise Refusal("DUPLICATE_INTAKE", "A22; T01; states.md 9", **told, region=node_region(first.node))


def _twins_of(file: CaseFile) -> list[str]:
    return [link.case for link in file.linked if link.kind == SECOND_INTAKE]


def require_reusable(
    file: CaseFile, reuse: Reuse, node: str, earlier: CaseFile | None, sealed: Manifest | None, mine: Manifest | None
) -> None:
    """T02, E02: the same applicant's case, which this node may read, holds the line of this material, at level A or B;
    its pages have the same commitments in both sealings, so they are the same pages, whoever sealed them anew."""
    told = {"material": reuse.material}
    if earlier is None or not is_same(earlier, file):
        raise Refusal("REUSE_NOT_THEIRS", "E02, D21; T02", **told)
    if not may_read(earlier, reuse.manifest, node):
        raise Refusal("REUSE_NOT_SEEN", "E02; A24; T02", **told)
    lines = (line for line in _lines(earlier, sealed) if line.line == reuse.line and line.trust in REUSABLE)
    found = next((line for line in lines if brought(line) and reuse.material in _materials(earlier, line)), None)
    if found is None or not _has_pages(found):
        raise Refusal("REUSE_LINE_UNKNOWN", "E02; 国办函〔2016〕108号; T02", **told)
    made = [line for line in _lines(file, mine) if line.material == reuse.material]
    if not made or any(_pages(line) != _pages(found) or line.trust != found.trust for line in made):
        raise Refusal("REUSE_DIFFERS", "E02; T02", **told)


def _lines(file: CaseFile, sealed: Manifest | None) -> tuple[Line, ...]:
    """Lines of a sealing as the case has them: of its parent's, those of its own part under its own codes (P1)."""
    if sealed is None:
        return ()
    if file.bond is None or sealed.case != file.bond.parent:
        return sealed.lines
    return share.lines_for(sealed, file.bond)


def _materials(file: CaseFile, line: Line) -> set[str]:
    """Codes of the material that a line brings; in a parent's one list each part has its own (B05)."""
    serves = file.bundle.serves if file.bundle is not None else ()
    return {line.material, *(code for name, _, code in serves if name == line.line)}


def _has_pages(line: Line) -> bool:
    return bool(line.pages) and all(made for _, made in _pages(line))


def _pages(line: Line) -> list[tuple[int, list[tuple[str, str]]]]:
    """Media type and commitment of each page, in order."""
    return [
        (page.number, [(made.media_type, made.stream.commitment) for made in page.renditions if made.name == "full"])
        for page in line.pages
    ]
