"""Codes of the closed lists on the command line: typed as code or as the Chinese word, told in both.

Invariant: what is not on the list is refused here already, with the whole list; free text never becomes a code.
"""

from collections.abc import Mapping, Sequence

from crypto.refusal import Refusal


def code_of(words: Mapping[str, str], asked: str, option: str) -> str:
    """The code for a code or its Chinese word. Refusal CHOICE_UNKNOWN names the option and the list."""
    for code, word in words.items():
        if asked.strip() in (code, word):
            return code
    raise Refusal("CHOICE_UNKNOWN", "promise 1", option=option, choices="、".join(words.values()))


def pairs_of(given: Sequence[str], words: Mapping[str, str], option: str) -> list[tuple[str, str]]:
    """(material, code) of texts like ``M04=EXPIRED``. Refusals PAIR_FORMAT, CHOICE_UNKNOWN."""
    made = []
    for text in given:
        left, sign, right = text.partition("=")
        if not (sign and left.strip() and right.strip()):
            raise Refusal("PAIR_FORMAT", "promise 1", option=option, value=text[:40])
        made.append((left.strip(), code_of(words, right, option)))
    return made


def listed(words: Mapping[str, str]) -> str:
    """The list for a help text: code and word."""
    return "；".join(f"{code} {word}" for code, word in words.items())
