"""The registrar shares out the secret that applicants' numbers are keyed with (A22, E07).

Invariants:
- the secret is made once and lies in ``offline/`` beside the keys that never leave it; what leaves is sealed to one
  node's decryption key each, so the hub carries what it cannot open (promise 1);
- a node that has it under its present key is left alone: the command may be repeated, and is after an enrolment or a
  change of keys.
"""

from crypto import applicant
from crypto.directory import Directory
from crypto.records import KeyRecord
from deploy.registrar.registrar import Registrar
from deploy.registrar.voice import submit
from node_agent.client.hub import HubClient
from storage.files import write_private

ROLES = ("window", "portal")
"""Who takes in applications."""
SECRET = "applicant.secret"


def lacking(directory: Directory) -> list[KeyRecord]:
    """Nodes that take in applications and do not have the secret under their key of now."""
    found = []
    for record in (one for role in ROLES for one in directory.nodes(role)):
        share = directory.share(applicant.NAME, record.subject)
        if share is None or share.recipient_key != record.kem.id:
            found.append(record)
    return found


def secret_of(registrar: Registrar) -> bytes:
    """The secret, made when it is asked for first."""
    file = registrar.home / "offline" / SECRET
    if not file.exists():
        write_private(file, applicant.new_secret())
    return file.read_bytes()


def share_out(registrar: Registrar, directory: Directory, hub: HubClient) -> list[tuple[str, int]]:
    """Node and place in the log of each share that was made. ``directory``: as replayed from the log now.

    Refusals of the hub; what was shared before stands.
    """
    secret = secret_of(registrar)
    return [
        (one.subject, submit(hub, registrar.share(one, applicant.seal_for(one, secret)))) for one in lacking(directory)
    ]
