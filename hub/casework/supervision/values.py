"""What applicants and nodes say of a service, as the case file keeps it (T38): codes, times, ids, digests.

Invariant: no words; what somebody wrote is a salted commitment (promise 1).
"""

from dataclasses import dataclass

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
