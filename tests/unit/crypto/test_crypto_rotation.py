"""The registry chain when a node changes its keys by itself: proposed, cooled off, activated, vetoed, lost."""

from datetime import timedelta
from typing import Any

import pytest

from crypto import canonical
from crypto.directory import COOLING_OFF, Directory
from crypto.keystore import SoftwareSigner, new_signer
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Actor, Envelope, Statement, sign
from tests.unit.crypto.registry_office import AT, NODE, OTHER, PERSON, Office, new_kem, public_of

READY = canonical.time_text(canonical.time_value(AT) + COOLING_OFF)
EARLY = canonical.time_text(canonical.time_value(READY) - timedelta(milliseconds=1))


class Registry(Office):
    """An office whose leaves have times; ``leaves``: everything admitted, for a replay."""

    def __init__(self) -> None:
        super().__init__()
        self.leaves: list[tuple[Envelope, str]] = []
        self.register(NODE, "department")
        self.register(PERSON, "ACCEPTOR")

    def admit(self, kind: str, body: dict[str, Any], *signers: SoftwareSigner, actor: Actor | None = None) -> Envelope:
        return self.at(AT, kind, body, *signers, actor=actor)

    def at(
        self, time: str, kind: str, body: dict[str, Any], *signers: SoftwareSigner, actor: Actor | None = None
    ) -> Envelope:
        """Sign and admit as a leaf of this legal time."""
        made = sign(self.statement(kind, body, actor).payload(), signers)
        self.directory.admit(made, recorded_at=time)
        self.leaves.append((made, time))
        return made

    def rotated(self, **changes: Any) -> tuple[dict[str, Any], SoftwareSigner]:
        """A record of NODE with new keys but for ``tls``, and its signing key."""
        tls, old = self.directory.current(NODE).keys["tls"], self.signers[NODE]
        body = self.body(NODE, ("department",))
        fresh, self.signers[NODE] = self.signers[NODE], old
        body["keys"]["tls"] = tls.as_object()
        return body | changes, fresh

    def propose(self, **changes: Any) -> tuple[Envelope, SoftwareSigner]:
        """The node's own proposal, admitted; the new signing key."""
        body, fresh = self.rotated(**changes)
        return self.admit("key.register", body, fresh, self.signers[NODE]), fresh

    def say(self, kind: str, record: Envelope, signer: SoftwareSigner, time: str = READY, node: str = NODE) -> Envelope:
        """``key.activate`` or ``key.veto``."""
        body = {"subject": NODE, "record": record.digest}
        return self.at(time, kind, body, signer, actor=Actor(node, None, "department"))


@pytest.fixture
def registry() -> Registry:
    return Registry()


def refused(code: str, registry: Registry, call: Any) -> None:
    before = registry.directory.epoch, registry.directory.records(), registry.directory.proposals()
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == code
    assert (registry.directory.epoch, registry.directory.records(), registry.directory.proposals()) == before


def test_new_keys_count_from_the_activation_after_the_cooling_off_and_not_before(registry: Registry) -> None:
    old = registry.directory.current(NODE)
    made, fresh = registry.propose()
    waiting = registry.directory.proposal(NODE)
    assert waiting is not None and (waiting.record.digest, waiting.ready_at) == (made.digest, READY)
    assert registry.directory.current(NODE) == old, "an announcement changes nothing"
    with pytest.raises(Refusal, match="SIGNER_UNKNOWN"):
        registry.directory.entry(public_of(fresh).id)
    refused("COOLING_OFF", registry, lambda: registry.say("key.activate", made, registry.signers[NODE], EARLY))
    position = registry.directory.epoch
    registry.say("key.activate", made, registry.signers[NODE])
    now = registry.directory.current(NODE)
    assert (now.digest, now.epoch, now.kem == old.kem) == (made.digest, position + 1, False)
    assert registry.directory.current(NODE, position) == old
    assert registry.directory.entry(old.keys["sign"].id, position).record == old
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        registry.directory.entry(old.keys["sign"].id)
    assert registry.directory.entry(now.keys["tls"].id).valid_at(position), "the connection's key goes on"
    assert not registry.directory.lost(old.kem.id) and registry.directory.kem_epoch == position + 1


def test_the_replay_comes_to_the_same_and_depends_on_the_times_of_leaves(registry: Registry) -> None:
    made, _ = registry.propose()
    registry.say("key.activate", made, registry.signers[NODE])
    again = Directory([public_of(registry.registrar)])
    for envelope, time in registry.leaves:
        again.admit(envelope, recorded_at=time)
    assert (again.records(), again.epoch, again.kem_epoch) == (
        registry.directory.records(), registry.directory.epoch, registry.directory.kem_epoch,
    )  # fmt: skip
    hasty = Directory([public_of(registry.registrar)])
    for envelope, _ in registry.leaves[:-1]:
        hasty.admit(envelope, recorded_at=AT)
    with pytest.raises(Refusal, match="COOLING_OFF"):
        hasty.admit(registry.leaves[-1][0], recorded_at=EARLY)


def test_the_registrar_lets_it_count_at_once(registry: Registry) -> None:
    made, _ = registry.propose()
    registry.say("key.activate", made, registry.registrar, AT)
    assert registry.directory.current(NODE).digest == made.digest
    assert registry.directory.proposals() == []


@pytest.mark.parametrize("who", ["node", "registrar"])
def test_a_vetoed_proposal_never_counts(registry: Registry, who: str) -> None:
    made, _ = registry.propose()
    registry.say("key.veto", made, registry.signers[NODE] if who == "node" else registry.registrar, AT)
    assert registry.directory.proposals() == []
    refused("PROPOSAL_UNKNOWN", registry, lambda: registry.say("key.activate", made, registry.signers[NODE]))
    refused("PROPOSAL_UNKNOWN", registry, lambda: registry.say("key.activate", made, registry.registrar))
    with pytest.raises(Refusal, match="STATEMENT_TWICE"):
        registry.directory.admit(made, recorded_at=AT)
    registry.propose()  # another one may follow


def test_one_proposal_at_a_time(registry: Registry) -> None:
    registry.propose()
    refused("PROPOSAL_PENDING", registry, registry.propose)


@pytest.mark.parametrize("what", ["roles", "public_prefix", "tls", "fewer keys"])
def test_nothing_but_keys_changes_without_the_registrar(registry: Registry, what: str) -> None:
    body, fresh = registry.rotated()
    if what == "tls":
        body["keys"]["tls"] = public_of(new_signer()).as_object()
    elif what == "fewer keys":
        del body["keys"]["witness"]
    else:
        body[what] = {"roles": ["hub"], "public_prefix": 7}[what]
    signers = fresh, registry.signers[NODE]
    refused("REGISTRAR_SIGNATURE_MISSING", registry, lambda: registry.admit("key.register", body, *signers))


def test_the_new_key_alone_proposes_nothing_and_another_node_neither_proposes_nor_activates(registry: Registry) -> None:
    registry.register(OTHER, "department")
    body, fresh = registry.rotated()
    refused("REGISTRAR_SIGNATURE_MISSING", registry, lambda: registry.admit("key.register", body, fresh))
    stranger = fresh, registry.signers[OTHER]
    refused("REGISTRAR_SIGNATURE_MISSING", registry, lambda: registry.admit("key.register", body, *stranger))
    made, fresh = registry.propose()
    by_other = registry.signers[OTHER]
    refused(
        "REGISTRAR_SIGNATURE_MISSING",
        registry,
        lambda: registry.say("key.activate", made, by_other, node=OTHER),
    )
    refused("NODE_SIGNATURE_MISSING", registry, lambda: registry.say("key.activate", made, by_other))
    refused("SIGNER_UNKNOWN", registry, lambda: registry.say("key.activate", made, fresh))


def test_a_revocation_ends_the_proposal_too(registry: Registry) -> None:
    made, _ = registry.propose()
    registry.admit("key.revoke", {"subject": NODE}, registry.registrar)
    assert registry.directory.proposals() == []
    refused("KEY_REVOKED", registry, lambda: registry.directory.current(NODE))
    refused("PROPOSAL_UNKNOWN", registry, lambda: registry.say("key.activate", made, registry.registrar))


def test_a_renewed_certificate_in_between_ends_the_proposal(registry: Registry) -> None:
    made, _ = registry.propose()
    keys = {purpose: key.as_object() for purpose, key in registry.directory.current(NODE).keys.items()}
    keys["tls"] = public_of(new_signer()).as_object()
    own = registry.signers[NODE]
    body = registry.body(NODE, ("department",), keys=keys)
    registry.signers[NODE] = own
    registry.admit("key.register", body, own)
    refused("PROPOSAL_UNKNOWN", registry, lambda: registry.say("key.activate", made, own))


def test_a_key_that_somebody_registered_meanwhile_is_not_activated(registry: Registry) -> None:
    taken = new_kem()
    body, fresh = registry.rotated()
    body["keys"]["kem"] = taken.as_object()
    made = registry.admit("key.register", body, fresh, registry.signers[NODE])
    other = registry.body(OTHER, ("department",))
    other["keys"]["kem"] = taken.as_object()
    registry.admit("key.register", other, registry.registrar, registry.signers[OTHER])
    refused("KEY_REUSED", registry, lambda: registry.say("key.activate", made, registry.signers[NODE]))


def test_keys_registered_anew_without_the_old_ones_are_lost_and_rotated_ones_are_not(registry: Registry) -> None:
    first = registry.directory.current(NODE).kem
    made, fresh = registry.propose()
    registry.say("key.activate", made, registry.signers[NODE])
    registry.signers[NODE] = fresh
    second = registry.directory.current(NODE).kem
    assert (registry.directory.lost(first.id), registry.directory.lost(second.id)) == (False, False)
    registry.admit("key.revoke", {"subject": NODE}, registry.registrar)
    registry.register(NODE, "department")
    third = registry.directory.current(NODE).kem
    assert [registry.directory.lost(key.id) for key in (first, second, third)] == [True, True, False]
    made, _ = registry.propose()
    registry.say("key.activate", made, registry.signers[NODE])
    assert not registry.directory.lost(third.id)


def test_a_proposal_without_the_time_of_its_leaf_is_refused(registry: Registry) -> None:
    body, fresh = registry.rotated()
    statement = Statement("key.register", None, REGISTRY, None, None, Actor(NODE, None, "department"), AT, body)
    envelope = sign(statement.payload(), [fresh, registry.signers[NODE]])
    refused("TIME_FORMAT", registry, lambda: registry.directory.admit(envelope))


def test_the_owner_of_a_key_is_known_after_its_end(registry: Registry) -> None:
    old: PublicKey = registry.directory.current(NODE).keys["sign"]
    made, _ = registry.propose()
    registry.say("key.activate", made, registry.signers[NODE])
    assert registry.directory.owner(old.id) == NODE and registry.directory.owner("00" * 16) is None
