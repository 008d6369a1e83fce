"""The registrar shares out the secret that applicants' numbers are keyed with, and exchanges it (A22, E07).

Invariants:
- each generation is made once and lies in ``offline/`` beside the keys that never leave it; what leaves is sealed to
  one node's decryption key each, so the hub carries what it cannot open (promise 1);
- a node that has every secret in force under its present key is left alone: the command may be repeated, and is after
  an enrolment or a change of keys;
- an exchange keeps the older secret in force beside the new one, until the registrar retires it: cases taken in before
  are found by it. At most two are in force.
"""

from dataclasses import dataclass

from crypto import applicant
from crypto.directory import Directory
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.shares import MOST, RULE
from deploy.registrar.registrar import Registrar
from deploy.registrar.voice import submit
from node_agent.client.hub import HubClient
from storage.files import write_private

ROLES = ("window", "portal")
"""Who takes in applications."""
FIRST = 1


@dataclass(frozen=True)
class Shared:
    """A share that was made: node, generation, place in the log."""

    node: str
    generation: int
    index: int


def in_force(directory: Directory) -> tuple[int, ...]:
    """Generations that are to be shared out; before the first share the first one."""
    return directory.shares.in_force(applicant.NAME, directory.epoch) or (FIRST,)


def lacking(directory: Directory, generations: tuple[int, ...]) -> list[tuple[KeyRecord, int]]:
    """Nodes that take in applications, with the generations that they do not have under their key of now."""
    found = []
    for record in (one for role in ROLES for one in directory.nodes(role)):
        shares = directory.shares.of(applicant.NAME, record.subject, directory.epoch)
        there = {share.generation for share in shares if share.recipient_key == record.kem.id}
        found += [(record, generation) for generation in generations if generation not in there]
    return sorted(found, key=lambda one: one[1])


def secret_of(registrar: Registrar, generation: int) -> bytes:
    """The secret of a generation, made when it is asked for first."""
    name = applicant.NAME if generation == FIRST else f"{applicant.NAME}-{generation}"
    file = registrar.home / "offline" / f"{name}.secret"
    if not file.exists():
        write_private(file, applicant.new_secret())
    return file.read_bytes()


def share_out(registrar: Registrar, directory: Directory, hub: HubClient, *, anew: bool = False) -> list[Shared]:
    """The shares that were made. ``directory``: as replayed from the log now; ``anew``: a further generation begins.

    Refusal SHARE_GENERATION: two are in force already; refusals of the hub; what was shared before stands.
    """
    generations = in_force(directory)
    if anew:
        if len(generations) >= MOST:
            raise Refusal("SHARE_GENERATION", RULE, generation=generations[-1] + 1, problem="two in force")
        generations = (*generations, generations[-1] + 1)
    made = []
    for record, generation in lacking(directory, generations):
        packet = applicant.seal_for(record, secret_of(registrar, generation))
        made.append(Shared(record.subject, generation, submit(hub, registrar.share(record, packet, generation))))
    return made


def retire(registrar: Registrar, directory: Directory, hub: HubClient) -> tuple[int, int]:
    """The older of two generations ends; its number and the place in the log. Refusal SHARE_GENERATION."""
    older = in_force(directory)[0]
    return older, submit(hub, registrar.retire_secret(older))
