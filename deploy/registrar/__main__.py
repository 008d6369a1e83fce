"""``python -m deploy.registrar --home DIR --hub HOST:PORT``: answer waiting enrolments until SIGTERM or SIGINT.

The registrar must have been founded in DIR (``deploy.registrar.registrar.Registrar.found``).
"""

import argparse
import logging
import os
import signal
import threading
from pathlib import Path

from crypto.refusal import Refusal
from deploy.registrar.desk import POLL_SECONDS, RegistrarDesk
from deploy.registrar.registrar import Registrar
from node_agent.client.enrolment import RegistryDoor


def main() -> None:
    """Read the arguments, connect, answer."""
    parser = argparse.ArgumentParser(prog="deploy.registrar", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the registrar's own folder")
    parser.add_argument("--hub", required=True, help="address of the hub, host:port")
    parser.add_argument("--hub-name", default="", help="DNS name in the hub's certificate, if another one")
    parser.add_argument("--poll", type=float, default=POLL_SECONDS, help="seconds between questions")
    asked = parser.parse_args()
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        registrar = Registrar(asked.home)
        while not stop.is_set():
            registrar.keep_certified()
            pair = registrar.node_tls()
            with RegistryDoor.open(asked.hub, registrar.authority_pem, *pair, asked.hub_name) as door:
                RegistrarDesk(registrar, door).run(stop, asked.poll)
    except Refusal as refusal:
        raise SystemExit(f"registrar: {refusal}") from refusal


if __name__ == "__main__":
    main()
