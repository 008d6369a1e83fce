"""What a call is refused for."""

from collections.abc import Callable

import pytest

from crypto.refusal import Refusal


def code_of(call: Callable[[], object]) -> str:
    """Code of the refusal that ``call`` must end in."""
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code
