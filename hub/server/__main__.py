"""``python -m hub.server``: run the hub by the settings in the environment (``YIDI_HUB_…``).

``--found FILE`` first puts the founding statements into an empty log. SIGTERM or SIGINT stop it in order.
"""

import argparse
import asyncio
import gc
import json
import logging
import signal
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from crypto.canonical import time_text
from crypto.refusal import Refusal
from hub.casework.masking.text import mask_line
from hub.server.app import HubServer
from hub.server.founding import found, read_founding
from hub.server.settings import from_environment
from hub.services.clock import Clock, now_text

FRAMES = 4
log = logging.getLogger("hub.server")


class OneLine(logging.Formatter):
    """One JSON object a record, its words masked (H01). Of an exception: type, code of a Refusal, where in the code.

    Never its text: it may repeat what somebody sent, or a row (promise 1).
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "at": time_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_line(record.getMessage()),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def described(error: BaseException) -> dict[str, object]:
    """An exception and what caused it, without their texts."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    told: dict[str, object] = {
        "error": type(error).__name__,
        "at_code": [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
    }
    if isinstance(error, Refusal):
        told["code"] = error.code
    if error.__cause__ is not None:
        told["cause"] = described(error.__cause__)
    return told


async def serve(server: HubServer) -> None:
    """Serve until a signal comes. Refusal LOG_ROLLED_BACK or LOG_DIFFERS when the hub had to stop by itself."""
    asked = asyncio.Event()
    server.on_halt = asked.set
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await server.start()
    _spare_the_collector()
    await asked.wait()
    await server.stop()
    if server.halted_by is not None:
        raise server.halted_by


def _spare_the_collector() -> None:
    """What is loaded now stays: it is not looked through again. Cases, rows and messages die by reference count."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def main(clock: Clock = now_text) -> None:
    """Read settings, found when asked, serve. ``clock``: another legal time; only demonstrations hand one in."""
    parser = argparse.ArgumentParser(prog="hub.server", description=__doc__)
    parser.add_argument("--found", type=Path, help="founding statements for an empty log")
    asked = parser.parse_args()
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    threading.excepthook = _thread_broke
    try:
        settings = from_environment()
        logging.basicConfig(level=settings.log_level, handlers=[handler])
        server = HubServer(settings, clock=clock)  # looks whether the log is whole, before anything is put into it
        if asked.found:
            _found(server, asked.found)
        asyncio.run(serve(server))
    except Refusal as refusal:
        raise SystemExit(f"hub: {refusal}") from None
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        raise SystemExit("hub: " + "; ".join(f"{one['loc']} {one['msg']}" for one in wrong)) from None
    except Exception:
        log.critical("the hub ended", exc_info=True)
        raise SystemExit(1) from None


def _thread_broke(broken: threading.ExceptHookArgs) -> None:
    """As the formatter would tell it: Python's own hook prints the text."""
    error = broken.exc_value
    log.critical("a thread broke", exc_info=error if error is not None else True)


def _found(server: HubServer, file: Path) -> None:
    who = server.parts.identity
    found(server.parts.database, server.settings.read_pins(), who.signer, who.node, read_founding(file))


if __name__ == "__main__":
    main()
