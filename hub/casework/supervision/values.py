"""What applicants and nodes say of a service, as the case file keeps it (T38): codes, times, ids, digests.

Invariant: no words; what somebody wrote is a salted commitment (promise 1).
"""

from dataclasses import dataclass

from crypto.canonical import digest

BAD_FROM = 4
"""GB/T 39046-2020 A.8: 1 is the best level, 4 and 5 are bad ones."""


@dataclass(frozen=True)
class Rating:
    """One rating: statement, time, node that took or gave it, PUBLIC or INTERNAL, (target, level) pairs.

    ``basis``: how the applicant gave it; ``finding``, ``verified_by``: what the check of a bad one found, and who;
    ``measure``, ``rectified_by``, ``feedback``: what was done, by whom, and what the applicant was told (commitment).
    """

    digest: str
    at: str
    node: str
    kind: str
    scores: tuple[tuple[str, int], ...]
    basis: str = ""
    finding: str = ""
    verified_by: str = ""
    measure: str = ""
    rectified_by: str = ""
    feedback: str = ""

    @property
    def bad(self) -> bool:
        """Whether one of its targets is at level 4 or 5."""
        return any(level >= BAD_FROM for _, level in self.scores)


@dataclass(frozen=True)
class Complaint:
    """One complaint: statement, time, node that took it, channel, 12345 reference, kind, whom it is about.

    ``handler``: node that answers; ``due``: last moment for it; ``extension``: why it was moved, once; ``finding``,
    ``feedback`` (commitment), ``answered_by``: the answer; ``disputed``: statement by which the applicant disputes it.
    """

    digest: str
    at: str
    node: str
    channel: str
    ticket: str
    kind: str
    about_node: str
    about_person: str
    handler: str
    due: str
    extension: str = ""
    finding: str = ""
    feedback: str = ""
    answered_by: str = ""
    disputed: str = ""

    @property
    def open(self) -> bool:
        """Whether an answer is owed."""
        return not self.finding


@dataclass(frozen=True)
class Enquiry:
    """One enquiry: statement, time, node that was asked first, channel, 12345 reference, topic.

    ``holder``, ``person``: who answers for it; ``due``: last moment for the answer; ``to``: node that
    it was passed on to and that did not take it yet; ``extension``: why the limit was moved, once; ``answer``,
    ``feedback`` (commitment), ``answered_by``: the answer.
    """

    digest: str
    at: str
    node: str
    channel: str
    ticket: str
    topic: str
    holder: str
    person: str
    due: str
    to: str = ""
    extension: str = ""
    answer: str = ""
    feedback: str = ""
    answered_by: str = ""

    @property
    def open(self) -> bool:
        """Whether an answer is owed."""
        return not self.answer


@dataclass(frozen=True)
class Card:
    """A supervision card: rule (Y3, R4 …), time, node answerable, statement that raised it (standards.md 8).

    ``person``: who was responsible when time raised it; ``grounds``: further evidence, digests of statements;
    ``cause``: what it is about where that is not the act (``K3@<start>``, a manifest); then who answered (digest of
    the statement, person, code), who appealed, and what became of it. A card never goes away (states.md T36).
    """

    kind: str
    at: str
    subject: str
    evidence: str
    person: str = ""
    grounds: tuple[str, ...] = ()
    cause: str = ""
    answer: str = ""
    answered_by: str = ""
    measure: str = ""
    appeal: str = ""
    appealed_by: str = ""
    ground: str = ""
    settlement: str = ""
    settled_by: str = ""
    result: str = ""

    @property
    def id(self) -> str:
        """16 hex digits: one card a rule, cause and node."""
        return digest("\0".join((self.kind, self.cause or self.evidence, self.subject)).encode())[:16]
