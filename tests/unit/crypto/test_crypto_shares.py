"""Secrets that the registrar shares out, in generations (A22)."""

from functools import partial
from typing import Any

import pytest

from crypto import identity
from tests.unit.crypto.registry_office import NODE, OTHER, REGION, Office, refused

LATE = identity.node_id("yidi.test", REGION, "late-hall")
DEPARTMENT = identity.node_id("yidi.test", REGION, "donghu-gaj")


def share(office: Office, generation: object, node: str = NODE, **changes: Any) -> None:
    """The registrar gives a node the secret of a generation."""
    body: dict[str, Any] = {
        "name": "applicant", "node": node, "recipient_key": office.keys[node]["kem"].id, "packet": "CQk=",
        "generation": generation,
    }  # fmt: skip
    office.admit("secret.share", body | changes, office.registrar)


def retire(office: Office, generation: int) -> None:
    """The registrar ends a generation."""
    office.admit("secret.retire", {"name": "applicant", "generation": generation}, office.registrar)


def given(office: Office, node: str = NODE, epoch: int | None = None) -> list[int]:
    """Generations in force that a node has."""
    at = office.directory.epoch if epoch is None else epoch
    return [one.generation for one in office.directory.shares.of("applicant", node, at)]


@pytest.mark.requirement("A22", "E07")
def test_a_secret_is_exchanged_and_the_older_one_counts_until_it_is_retired(office: Office) -> None:
    office.register(OTHER, "window")
    share(office, 1)
    share(office, 1, OTHER)
    first = office.directory.epoch
    share(office, 2)
    assert (given(office), given(office, OTHER)) == ([1, 2], [1])
    share(office, 1, OTHER)
    share(office, 2, OTHER)
    refused("SHARE_GENERATION", lambda: share(office, 3), office)
    refused("SHARE_GENERATION", lambda: retire(office, 2), office)
    retire(office, 1)
    assert (given(office), given(office, OTHER)) == ([2], [2])
    assert (given(office, epoch=first), given(office, epoch=office.directory.epoch - 1)) == ([1], [1, 2])
    refused("SHARE_GENERATION", lambda: share(office, 1), office)
    refused("SHARE_GENERATION", lambda: retire(office, 1), office)
    refused("SHARE_GENERATION", lambda: retire(office, 2), office)
    share(office, 3)
    assert given(office) == [2, 3]


@pytest.mark.requirement("A22")
def test_no_two_windows_are_ever_without_a_secret_in_common(office: Office) -> None:
    """Else a second intake at the one is not found at the other, or one names nobody and nobody notices."""
    for window in (OTHER, LATE):
        office.register(window, "window")
    office.register(DEPARTMENT, "department")
    for node in (OTHER, LATE, DEPARTMENT):
        share(office, 1, node)
    share(office, 2, OTHER)
    refused("SHARE_LACKING", lambda: share(office, 2), office)
    assert (given(office), given(office, OTHER)) == ([], [1, 2]), "it would have the newer one alone"
    refused("SHARE_LACKING", lambda: retire(office, 1), office)
    assert given(office, LATE) == [1], "it would have none in force and seal without a digest"
    office.admit("key.revoke", {"subject": LATE, "reason": "CLOSED"}, office.registrar)
    retire(office, 1)
    assert (given(office, OTHER), given(office, DEPARTMENT)) == ([2], []), "who takes in nothing holds up nothing"


@pytest.mark.requirement("A22")
def test_a_secret_of_another_form_is_refused(office: Office) -> None:
    refused("SHARE_GENERATION", lambda: share(office, 2), office)
    wrong: tuple[object, ...] = (0, -1, True, "1", None)
    for generation in wrong:
        refused("SHARE_FORMAT", partial(share, office, generation), office)
    refused("SHARE_FORMAT", lambda: share(office, 1, recipient_key="0" * 32), office)
    refused("SHARE_FORMAT", lambda: share(office, 1, name="other"), office)
    share(office, 1)
    retired = {"name": "other", "generation": 1}
    refused("SHARE_FORMAT", lambda: office.admit("secret.retire", retired, office.registrar), office)
    other = office.signers[NODE]
    refused(
        "REGISTRAR_SIGNATURE_MISSING",
        lambda: office.admit("secret.retire", {"name": "applicant", "generation": 1}, other), office,
    )  # fmt: skip
