"""``python -m deploy.verifier --home DIR --port N``: run the simulated verification service on loopback.

The first line on standard output is ``{"key_file": …, "port": …}``, written when the socket listens; readiness is
``GET /healthz``. Without ``--port`` a free port is taken. The API key lies in the home folder.
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
from deploy.verifier.app import verifier_app


def main() -> None:
    """Read the arguments, listen, announce the port, serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="deploy.verifier", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of api.key")
    parser.add_argument("--port", type=int, default=0, help="TCP port on loopback; 0 = a free one")
    parser.add_argument("--slow", type=float, default=5.0, help="seconds that the scenario SLOW takes")
    asked = parser.parse_args()
    os.umask(0o077)
    asked.home.mkdir(parents=True, exist_ok=True)
    key_file = asked.home / "api.key"
    if not key_file.exists():
        key_file.write_text(secrets.token_urlsafe(32) + "\n", "ascii")
    app = verifier_app(key_file.read_text("ascii").strip(), lambda: datetime.now(CHINA), asked.slow)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", asked.port))
        listener.listen()
        print(json.dumps({"key_file": str(key_file), "port": listener.getsockname()[1]}), flush=True)
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
