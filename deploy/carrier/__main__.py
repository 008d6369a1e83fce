"""``python -m deploy.carrier --home DIR --port N``: run the simulated carrier on loopback.

The first line on standard output is ``{"key_file": …, "port": …}``, written when the socket listens;
readiness is ``GET /healthz``. Without ``--port`` a free port is taken. State and API key lie in
the home folder.
"""

import argparse
import json
import os
import secrets
import socket
from datetime import datetime
from pathlib import Path

import uvicorn

from crypto.canonical import CHINA
from deploy.carrier.app import carrier_app
from deploy.carrier.scenarios import scenarios


def main() -> None:
    """Read the arguments, listen, announce the port, serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="deploy.carrier", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of carrier.sqlite and api.key")
    parser.add_argument("--port", type=int, default=0, help="TCP port on loopback; 0 = a free one")
    parser.add_argument("--key-file", type=Path, help="file with the API key; default: HOME/api.key, made once")
    parser.add_argument("--tick", type=float, default=0.0, help="seconds between events; 0 = only when asked")
    parser.add_argument("--scenario", type=int, default=1, choices=sorted(scenarios()), help="if none is planned")
    asked = parser.parse_args()
    os.umask(0o077)
    asked.home.mkdir(parents=True, exist_ok=True)
    key_file = asked.key_file or asked.home / "api.key"
    app = carrier_app(
        asked.home / "carrier.sqlite",
        _key(key_file, may_make=asked.key_file is None),
        lambda: datetime.now(CHINA),
        asked.tick,
        asked.scenario,
    )
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", asked.port))
        listener.listen()
        print(json.dumps({"key_file": str(key_file), "port": listener.getsockname()[1]}), flush=True)
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on")
        uvicorn.Server(config).run(sockets=[listener])


def _key(path: Path, may_make: bool) -> str:
    """The key in ``path``; made there if it may be. SystemExit for an empty or absent file."""
    if may_make and not path.exists():
        path.write_text(secrets.token_urlsafe(32) + "\n", "ascii")
    key = path.read_text("ascii").strip() if path.exists() else ""
    if not key:
        raise SystemExit(f"no API key in {path.name}")
    return key


if __name__ == "__main__":
    main()
