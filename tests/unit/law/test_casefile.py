"""The case file as a value."""

from dataclasses import replace

import pytest

from hub.casework.casefile import CaseFile
from hub.casework.states import State

FILE = CaseFile("c" * 32, State.COLLECTED, 1, "d" * 64, 1, "T", "3", "1", "n", "n", "1", "k", "POST", "", "")


def test_a_changed_file_is_what_replace_makes_and_the_old_one_stays() -> None:
    before = replace(FILE)
    assert FILE.changed(seq=2, state=State.FORWARDED) == replace(FILE, seq=2, state=State.FORWARDED)
    assert (FILE, FILE.changed()) == (before, before)


def test_a_member_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="nonsense"):
        FILE.changed(nonsense=1)
