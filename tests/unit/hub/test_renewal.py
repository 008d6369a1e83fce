"""A renewal that came to nothing is begun afresh; one that was granted is never thrown away."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto import certificates, suites
from crypto.keystore import SoftwareKeystore, SoftwareSigner, new_signer
from crypto.records import KeyRecord, PublicKey, read_key_record
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from node_agent.client.enrolment import Answer, Mode
from node_agent.keys import enrol

NODE = "spiffe://yidi.test/500116000000/window-a"


@dataclass
class Hub:
    """Both doors. ``answers``: what becomes of each request, by its number; a granted one gets its certificate."""

    authority: SoftwareSigner
    certificate: bytes
    answers: dict[str, str] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)

    def renew(self, request: bytes, record: bytes) -> str:
        self.asked.append(request)
        self.records.append(record)
        return str(len(self.asked))

    def get(self, number: str) -> Answer:
        answer = self.answers.get(number, "")
        if answer == "ENROLMENT_UNKNOWN":
            raise Refusal(answer, "test")
        if answer:
            return Answer(Mode.REFUSED, refusal_code=answer)
        made = certificates.certify(self.authority, self.certificate, self.asked[int(number) - 1], NODE)
        return Answer(Mode.DONE, made)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    authority = new_signer()
    made = certificates.make_authority(authority, "yidi.test", datetime.now(UTC) - timedelta(minutes=1))
    found = Hub(authority, made)

    @contextmanager
    def door(*_: object, **__: object) -> Iterator[Hub]:
        yield found

    class Registry:
        open = staticmethod(door)

    monkeypatch.setattr(enrol, "EnrolmentDoor", door)
    monkeypatch.setattr(enrol, "RegistryDoor", Registry)
    return found


@pytest.fixture
def home(tmp_path: Path, hub: Hub) -> Path:
    enrol.prepare_node(tmp_path, enrol.RecordFacts(NODE, "node", NODE, ("window",), "500116000000", "窗口"))
    tls = SoftwareKeystore(tmp_path / "keys").signer("tls")
    (tmp_path / "authority.pem").write_bytes(hub.certificate)
    request = certificates.make_request(tls, NODE)
    (tmp_path / "tls.pem").write_bytes(certificates.certify(hub.authority, hub.certificate, request, NODE))
    return tmp_path


@pytest.fixture
def mine(home: Path) -> KeyRecord:
    return record_in((home / "record.json").read_bytes())


def record_in(data: bytes) -> KeyRecord:
    envelope = read_envelope(data)
    return read_key_record(envelope.digest, 1, read_statement(envelope.payload).body)


def renew(home: Path, mine: KeyRecord) -> bytes:
    return enrol.renew(home, "hub.test:1", "hub.test:2", mine, seconds=0.01)


@pytest.mark.parametrize("answer", ["RECORD_NOT_CURRENT", "ENROLMENT_UNKNOWN"])
def test_a_refused_renewal_is_asked_for_anew_with_another_key(
    home: Path, mine: KeyRecord, hub: Hub, answer: str
) -> None:
    hub.answers["1"] = answer
    with pytest.raises(Refusal, match="ENROLMENT_(REFUSED|UNKNOWN)"):
        renew(home, mine)
    assert not (home / "renewal").exists()
    assert renew(home, mine) == (home / "tls.pem").read_bytes()
    assert len(hub.asked) == 2 and hub.asked[0] != hub.asked[1]


def test_a_renewal_on_top_of_an_older_record_is_thrown_away(
    home: Path, mine: KeyRecord, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(home, mine, monkeypatch)
    other = replace(mine, digest="f" * 64)  # a rotation came between
    renew(home, other)
    assert len(hub.asked) == 2 and record_in(hub.records[1]).replaces == other.digest


def test_a_granted_renewal_is_fetched_after_a_kill(
    home: Path, mine: KeyRecord, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(home, mine, monkeypatch)
    granted = record_in(hub.records[0])
    renew(home, granted)
    tls = SoftwareKeystore(home / "keys").signer("tls")
    assert len(hub.asked) == 1 and granted.keys["tls"] == PublicKey(suites.ECDSA_P256, tls.public)


def cut_short(home: Path, mine: KeyRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for, and killed before the answer came."""

    def killed(*_: Any) -> Answer:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(enrol, "_await", killed)
        with pytest.raises(KeyboardInterrupt):
            renew(home, mine)
