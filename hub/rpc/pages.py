"""Pages and tokens (AIP-158): bounded sizes, tokens that only this hub reads.

Invariant: a token holds where to go on, never a permission; what a caller may see is decided again for each page.
"""

import base64
import binascii

from crypto import canonical
from crypto.refusal import Refusal

RULE = "AIP-158"


def page_size(asked: int, most: int, default: int | None = None) -> int:
    """How many to give: ``default`` (or ``most``) for 0. Refusal PAGE_SIZE outside 0 to ``most``."""
    if not 0 <= asked <= most:
        raise Refusal("PAGE_SIZE", RULE, asked=asked, most=most)
    return asked or default or most


def write_token(*parts: str | int) -> str:
    """Token that goes on after ``parts``."""
    return base64.urlsafe_b64encode(canonical.encode({"after": list(parts)})).decode()


def read_token(token: str, *first: str | int) -> tuple[str | int, ...]:
    """The parts in a token, or ``first`` for an empty one. Refusal PAGE_TOKEN for a strange one."""
    if not token:
        return first
    try:
        after = canonical.parse(base64.b64decode(token.encode(), altchars=b"-_", validate=True))["after"]
    except (binascii.Error, UnicodeEncodeError, KeyError, Refusal) as error:
        raise Refusal("PAGE_TOKEN", RULE) from error
    if not isinstance(after, list) or [type(part) for part in after] != [type(part) for part in first]:
        raise Refusal("PAGE_TOKEN", RULE)
    return tuple(after)
