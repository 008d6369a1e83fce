"""``python -m deploy.demo.later``: the hub of a demonstration whose legal time runs some days ahead.

Nobody watches a demonstration for a week until a department is deemed to have accepted. So the demonstration's own
stack goes on with this hub in place of ``hub.server``: the same hub, whose clock shows ``YIDI_DEMO_DAYS`` days more. It
runs only on the log of a one-machine stack, because legal time never runs backwards again (states.md 10, 20).
"""

import os
from datetime import UTC, datetime, timedelta

from crypto.canonical import time_text
from crypto.refusal import Refusal
from deploy.stack.layout import TRUST_DOMAIN
from hub.server.__main__ import main
from hub.server.settings import from_environment

DAYS = "YIDI_DEMO_DAYS"
DAYS_MOST = 400


def days_ahead(text: str) -> timedelta:
    """Days as a number from 1 to 400. Refusal DEMO_DAYS."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= DAYS_MOST:
        raise Refusal("DEMO_DAYS", "demo", days=text[:10])
    return timedelta(days=int(text))


def run() -> None:
    """Serve with the later clock."""
    ahead = days_ahead(os.environ.get(DAYS, ""))
    origin = from_environment().read_pins().origin
    if not origin.startswith(f"hub.{TRUST_DOMAIN}/"):
        raise Refusal("DEMO_DAYS", "demo", origin=origin)
    main(clock=lambda: time_text(datetime.now(UTC) + ahead))


if __name__ == "__main__":
    run()
