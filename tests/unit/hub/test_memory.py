"""What is kept between batches is used only where it is as good as read anew."""

from dataclasses import replace
from typing import cast

from crypto.manifest import Manifest
from hub.casework.casefile import CaseFile
from hub.casework.states import State
from hub.services import memory
from hub.services.memory import Memory

FILE = CaseFile(
    case="c" * 32,
    state=State.COLLECTED,
    seq=1,
    head="d" * 64,
    case_seq=1,
    task_code="T",
    region="360102000000",
    catalogue="1",
    collecting_node="n",
    holder="n",
    public_no="1",
    applicant_key="",
    delivery="POST",
    opened_at="",
    recorded_at="",
)
PLACE = ("T", "2026-11-21")


def test_a_case_is_kept_with_the_leaf_it_stands_at() -> None:
    kept = Memory()
    assert kept.case(FILE.case) is None
    kept.committed(8, [(7, FILE)], {})
    assert kept.case(FILE.case) == (7, FILE)
    later = FILE.changed(seq=2)
    kept.committed(9, [(8, later)], {})
    assert kept.case(FILE.case) == (8, later)


def test_serials_count_only_while_nobody_else_appended() -> None:
    kept = Memory()
    kept.committed(8, [], {PLACE: 3})
    assert kept.serials(8) == {PLACE: 3}
    assert kept.serials(9) == {}


def test_the_longest_unused_goes_first() -> None:
    kept = Memory()
    files = [replace(FILE, case=f"{number:032x}") for number in range(memory.CASES_MOST + 1)]
    kept.committed(1, [(0, file) for file in files[:-1]], {})
    assert kept.case(files[0].case) is not None  # used: the second one is the oldest now
    kept.committed(2, [(1, files[-1])], {})
    assert kept.case(files[1].case) is None
    assert kept.case(files[0].case) is not None and kept.case(files[-1].case) is not None


def test_a_large_manifest_is_not_kept() -> None:
    kept, made = Memory(), cast(Manifest, object())
    kept.keep_manifest("a", made, memory.LARGE)
    kept.keep_manifest("b", made, memory.LARGE + 1)
    assert kept.manifest("a") is made and kept.manifest("b") is None
