"""The one way Yidi says no.

Invariants:
- a refusal carries a stable English ``code``, the ``rule`` that demands it (law article, standard section or
  requirement id), and ``values`` that may be shown; never personal data, never a secret, never a stack trace;
- Chinese texts with the way out live in ``hub.casework.messages``, keyed by ``code``.
"""

from collections.abc import Mapping


class Refusal(Exception):
    """Raised where a rule says no.

    ``code``: upper-case English with underscores, stable for ever. ``rule``: citation. ``values``: text by name.
    """

    def __init__(self, code: str, rule: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.rule = rule
        self.values: Mapping[str, str] = {name: str(value) for name, value in values.items()}

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.code} [{self.rule}] {shown}".rstrip()
