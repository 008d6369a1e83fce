"""The registrar shares the applicants' secret out and exchanges it; the hub never has it (A22)."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from crypto import applicant
from crypto.administrators import SYSTEM
from crypto.directory import Directory
from crypto.kem import X25519, KemPrivate, generate_kem
from crypto.keystore import SoftwareKeystore
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from deploy.registrar import sharing
from deploy.registrar.registrar import Registrar
from deploy.stack import founding
from deploy.stack.layout import Layout
from node_agent.client.hub import Answer, Outgoing
from tests.unit.crypto.registry_office import NODE, OTHER, Office

DEPARTMENT = "spiffe://yidi.test/360102000000/donghu-zjj"
pytestmark = pytest.mark.requirement("A22", "E07")


class Hub:
    """Takes what is handed in into the directory, as the log's readers do."""

    def __init__(self, directory: Directory) -> None:
        self.directory, self.taken = directory, list[bytes]()

    def submit(self, handed: list[Outgoing]) -> list[Answer]:
        """Admitted, each at the next place."""
        for one in handed:
            self.directory.admit(read_envelope(one.envelope))
            self.taken.append(one.envelope)
        return [Answer(index=self.directory.epoch) for _ in handed]


class Region:
    """A registrar with a window, a portal and a department; the nodes' private keys by node."""

    def __init__(self, home: Path) -> None:
        self.registrar = Registrar.found(home, "yidi.test", "500000000000")
        self.office = Office()
        self.office.registrar = SoftwareKeystore(home / "offline").signer("registrar")
        self.office.directory = Directory([self.registrar.public_key])
        self.private: dict[str, KemPrivate] = {}
        for node, role in ((NODE, "window"), (OTHER, "portal"), (DEPARTMENT, "department")):
            self.register(node, role)
        self.hub = Hub(self.directory)

    @property
    def directory(self) -> Directory:
        """As everybody replays it."""
        return self.office.directory

    def register(self, node: str, role: str) -> None:
        """A record whose decryption key is here."""
        body = self.office.body(
            node, (role,), public_prefix=None if role == "department" else 50000 + len(self.private)
        )
        private = generate_kem(X25519)
        body["keys"]["kem"] = PublicKey(private.suite, private.public).as_object()
        self.office.admit("key.register", body, self.office.registrar, self.office.signers[node])
        self.private[node] = private

    def appoint(self) -> None:
        """A system administrator at the registrar's node."""
        node = self.registrar.node
        self.office.register(node, "registrar", region=node.split("/")[3])
        self.office.register(f"{node}/person/S01", SYSTEM, region=node.split("/")[3])

    def share(self, *, anew: bool = False) -> list[tuple[str, int]]:
        """Node and generation of the shares that were made."""
        made = sharing.share_out(self.registrar, self.directory, self.hub, anew=anew)  # type: ignore[arg-type]
        return sorted((one.node, one.generation) for one in made)

    def secrets(self, node: str) -> list[bytes]:
        """What a node opens, oldest generation first."""
        shares = self.directory.shares.of(applicant.NAME, node, self.directory.epoch)
        return [applicant.open_share(self.private[node], node, one.recipient_key, one.packet) for one in shares]


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path / "registrar")


def test_every_taker_in_gets_it_once_and_nobody_else(region: Region) -> None:
    assert region.share() == [(OTHER, 1), (NODE, 1)] and region.share() == []
    kept = (region.registrar.home / "offline/applicant.secret").read_bytes()
    assert region.secrets(NODE) == region.secrets(OTHER) == [kept]
    assert region.directory.shares.of(applicant.NAME, DEPARTMENT, region.directory.epoch) == ()
    secret = region.secrets(NODE)[0]
    assert all(secret not in one and secret.hex().encode() not in one for one in region.hub.taken)


@pytest.mark.requirement("H11")
def test_a_starting_stack_shares_it_out_until_that_is_the_system_administrators(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``up`` gives a new window the secret by itself; once there is a system administrator it only tells that one lacks
    it, and the registrar's signature alone is refused."""
    desk = SimpleNamespace(directory=region.directory, catch_up=lambda: None)
    monkeypatch.setattr("deploy.stack.founding.RegistryDoor.open", lambda *_: nullcontext())
    monkeypatch.setattr(founding, "RegistrarDesk", lambda registrar, door: desk)
    monkeypatch.setattr(founding, "hub_client", lambda *_: nullcontext(region.hub))
    layout = Layout(region.registrar.home.parent)
    assert founding.share_secret(layout) and len(region.hub.taken) == 2
    assert founding.share_secret(layout) and len(region.hub.taken) == 2, "nobody lacks it"
    late = "spiffe://yidi.test/360102000000/late-hall"
    region.register(late, "window")
    region.appoint()
    assert not founding.share_secret(layout) and len(region.hub.taken) == 2
    with pytest.raises(Refusal, match="ADMINISTRATOR_MISSING"):
        region.share()
    assert region.secrets(late) == []


def test_it_is_exchanged_with_both_in_force_until_the_older_one_is_retired(region: Region) -> None:
    region.share()
    (first,) = region.secrets(NODE)
    assert region.share(anew=True) == [(OTHER, 2), (NODE, 2)]
    before, now = region.secrets(NODE)
    assert (before, now == before) == (first, False) and region.secrets(OTHER) == [before, now]
    with pytest.raises(Refusal, match="SHARE_GENERATION"):
        region.share(anew=True)
    late = "spiffe://yidi.test/360102000000/late-hall"
    region.register(late, "window")
    assert region.share() == [(late, 1), (late, 2)] and region.secrets(late) == [before, now]
    generation, _ = sharing.retire(region.registrar, region.directory, region.hub)  # type: ignore[arg-type]
    assert generation == 1 and region.secrets(NODE) == [now] and region.share() == []
    with pytest.raises(Refusal, match="SHARE_GENERATION"):
        sharing.retire(region.registrar, region.directory, region.hub)  # type: ignore[arg-type]
    assert region.share(anew=True) == [(OTHER, 3), (NODE, 3), (late, 3)]
