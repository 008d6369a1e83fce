"""What case files keep of a parent (多地联办, 一件事) and of a child of one: codes, ids, digests, times (states.md 8).

Invariant: plain JSON values that never change; a later fact is a value in its place (``dataclasses.replace``).
"""

from dataclasses import dataclass
from typing import Final

APPROVAL, CONSULTATION = "APPROVAL", "CONSULTATION"
GRANT: Final = "GRANT"
INHERITED: Final = "INHERITED"
"""Kind of a rating that a part has from its parent (P11)."""
SHOWN, LOST = "SHOWN", "LOST"
"""What became of an original that another part has in custody: this part's department had it in hand, or it is lost."""
TOLD, AWAITED, HANDED_IN = "TOLD", "AWAITED", "HANDED_IN"
"""How far the part has come that the merged notice asked something of: told, its supplement is awaited, is there."""


@dataclass(frozen=True)
class Bond:
    """What makes a case the child of another (P1). ``serves``: (line of the parent's sealing, own material) pairs.

    ``elsewhere``: lines whose original is in another part's custody;
    ``together``: its result leaves by the parent's one exit (P8); ``blocked``: the hub has not let it go yet: not all
    parts stand, or one before it is not granted;
    ``held``: another part failed and the applicant is asked (P6); ``answer``: OK or LACKS with (material, defect) pairs
    in ``lacks`` (P2); ``exit_open``: the parent has concluded;
    ``held_at``, ``went_on_at``: first and last moment of the newest hold;
    ``onward``: (line, part, policy) of the parts that need the original of a line after this one, in the plan's order;
    ``shown``: (line, SHOWN or LOST, statement): what became of an original in another part's custody.
    """

    parent: str
    part: str
    mode: str
    after: tuple[str, ...]
    serves: tuple[tuple[str, str], ...]
    elsewhere: tuple[str, ...]
    together: bool
    blocked: bool = False
    held: bool = False
    answer: str = ""
    lacks: tuple[tuple[str, str], ...] = ()
    exit_open: bool = False
    held_at: str = ""
    went_on_at: str = ""
    onward: tuple[tuple[str, str, str], ...] = ()
    shown: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class PartFile:
    """One part as its parent knows it. ``case``: empty for a CONSULTATION, which is an opinion and no case (B22, P13).

    ``days``: working days that it may take at most; then what the hub reported last: ``state``, ``node`` that has it,
    ``outcome`` (of an opinion its code, or NONE), ``effective_at``, ``at``: since when, ``evidence``: the child's own
    statement; ``answer``, ``lacks``: its answer by lines of the parent's sealing; ``notice``: of the pause that it is
    in; ``supplement``: see ``TOLD``; ``papers``: (line, part, statement) of the originals in its custody that another
    part had in its hands, or that are lost (then without a part).
    """

    part: str
    case: str
    task_code: str
    region: str
    mode: str
    kind: str
    after: tuple[str, ...]
    department: str
    days: int
    state: str = ""
    node: str = ""
    outcome: str = ""
    effective_at: str = ""
    at: str = ""
    evidence: str = ""
    answer: str = ""
    lacks: tuple[tuple[str, str], ...] = ()
    notice: str = ""
    supplement: str = ""
    papers: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Fee:
    """The one payment of a parent (I04). ``state``: DUE, PAID, WAIVED or REFUNDED; ``shares``: (part, fen) pairs.

    ``at``, ``evidence``: when it was last told, and the statement that told it. The hub takes no money.
    """

    pay_no: str
    state: str
    total: int
    shares: tuple[tuple[str, int], ...]
    at: str
    evidence: str


@dataclass(frozen=True)
class Bundle:
    """What holds the parts of a parent together: theme (empty: 多地联办 alone), failure policy, the one exit.

    ``lead``: part whose department leads (B02); ``exit``: node id of the one exit; ``partial``: the applicant wants
    each result as it comes (P8); ``statutory``, ``extension``: working days (行政许可法 42(2)); ``promised``: number
    and unit of the promise; ``path``: parts on the longest path (P4); ``proof``: highest level that a result needs;
    ``serves``: (line, part, material of that part's item); ``first_at``: when the first part reached its department;
    ``asked``, ``asked_at``, ``choice``: which part failed, since when the applicant is asked, what came of it (P6);
    ``question``, ``word``: the statements that asked and that ended the asking; ``admitted``: (node, statement) of the
    further windows that may take in the supplement (T17);
    ``withdrawn``: statement that withdrew what was undecided (P10); ``results``: (part, manifest) at the exit.
    """

    theme: str
    policy: str
    accept_together: bool
    lead: str
    exit: str
    partial: bool
    statutory: int
    extension: int
    promised: tuple[int, str]
    path: tuple[str, ...]
    proof: int
    serves: tuple[tuple[str, str, str], ...]
    first_at: str = ""
    asked: str = ""
    asked_at: str = ""
    choice: str = ""
    withdrawn: str = ""
    results: tuple[tuple[str, str], ...] = ()
    question: str = ""
    word: str = ""
    admitted: tuple[tuple[str, str], ...] = ()
