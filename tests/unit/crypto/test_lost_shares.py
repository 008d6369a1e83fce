"""A secret that was sealed to a key which its node lost counts no more: a new machine works before the next share."""

import pytest

from tests.unit.crypto.registry_office import NODE, Office
from tests.unit.crypto.test_crypto_shares import share


def held(office: Office, epoch: int | None = None) -> list[int]:
    """Generations that the node can open."""
    at = office.directory.epoch if epoch is None else epoch
    return [one.generation for one in office.directory.shares_of("applicant", NODE, at)]


@pytest.mark.requirement("A22")
def test_a_share_to_a_lost_key_does_not_count_from_the_loss_on(office: Office) -> None:
    share(office, 1)
    before, lost = office.directory.epoch, office.keys[NODE]["kem"].id
    roles = tuple(office.directory.current(NODE).roles)
    office.admit("key.revoke", {"subject": NODE, "reason": "STOLEN"}, office.registrar)
    office.register(NODE, *roles)
    assert held(office) == [] and office.directory.lost(lost) and not office.directory.lost(lost, before)
    assert held(office, before) == [1], "what was signed before is judged as it was"
    share(office, 1)
    assert held(office) == [1]


@pytest.mark.requirement("A22")
def test_a_share_survives_a_rotation(office: Office) -> None:
    """The old key is still there, and what it opened lies in the node's folder."""
    share(office, 1)
    previous, roles = office.signers[NODE], tuple(office.directory.current(NODE).roles)
    body = office.body(NODE, roles)
    office.admit("key.register", body, office.registrar, previous, office.signers[NODE])
    assert held(office) == [1]
