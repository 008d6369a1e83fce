"""A statement that the law makes the hub sign."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HubEvent:
    """A statement for the hub to sign: event of the table and body."""

    event: str
    body: dict[str, object]
