"""``python -m hub.server``: run the hub by the settings in the environment (``YIDI_HUB_…``).

``--found FILE`` first puts the founding statements into an empty log. SIGTERM or SIGINT stop it in order.
"""

import argparse
import asyncio
import json
import logging
import signal
from datetime import UTC, datetime
from pathlib import Path

from crypto.canonical import time_text
from crypto.refusal import Refusal
from hub.server.app import HubServer
from hub.server.founding import found, read_founding
from hub.server.identity import load_identity
from hub.server.settings import HubSettings, from_environment
from storage.database import Database


class OneLine(logging.Formatter):
    """One JSON object a record; a trace is a member, so one event stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": time_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


async def serve(settings: HubSettings) -> None:
    """Serve until a signal comes."""
    server = HubServer(settings)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await server.start()
    await asked.wait()
    await server.stop()


def main() -> None:
    """Read settings, found when asked, serve."""
    parser = argparse.ArgumentParser(prog="hub.server", description=__doc__)
    parser.add_argument("--found", type=Path, help="founding statements for an empty log")
    asked = parser.parse_args()
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    try:
        settings = from_environment()
        logging.basicConfig(level=settings.log_level, handlers=[handler])
        if asked.found:
            _found(settings, asked.found)
        asyncio.run(serve(settings))
    except Refusal as refusal:
        raise SystemExit(f"hub: {refusal}") from refusal


def _found(settings: HubSettings, file: Path) -> None:
    pins = settings.read_pins()
    identity = load_identity(settings.identity, settings.certificate, pins)
    database = Database(settings.database_url.get_secret_value())
    try:
        found(database, pins, identity.signer, identity.node, read_founding(file))
    finally:
        database.dispose()


if __name__ == "__main__":
    main()
