"""Signed notes: form, keys, and whose signature counts."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from crypto.log import note
from crypto.refusal import Refusal

TEXT = "送达\n\n第二段\n".encode()
ALICE = note.Ed25519Signer("log.example/alice", Ed25519PrivateKey.from_private_bytes(b"a" * 32))
BOB = note.Ed25519Signer("log.example/bob", Ed25519PrivateKey.from_private_bytes(b"b" * 32))


def _verifier(signer: note.Ed25519Signer) -> note.Ed25519Verifier:
    return note.Ed25519Verifier(signer.key)


def _refused(code: str, data: bytes, *signers: note.Ed25519Signer) -> None:
    with pytest.raises(Refusal) as caught:
        note.open_note(data, [_verifier(one) for one in signers])
    assert caught.value.code == code


def test_a_note_has_the_form_of_the_standard() -> None:
    signed = note.sign_note(TEXT, [ALICE], 0)
    head, line = signed.rsplit(b"\n\n", 1)
    assert head + b"\n" == TEXT
    dash, name, encoded = line.decode().rstrip("\n").split(" ")
    assert (dash, name) == ("\u2014", ALICE.key.name)
    blob = base64.b64decode(encoded)
    material = ALICE.key.name.encode() + b"\n\x01" + ALICE.key.public
    assert blob[:4] == hashlib.sha256(material).digest()[:4]
    Ed25519PrivateKey.from_private_bytes(b"a" * 32).public_key().verify(blob[4:], TEXT)


def test_open_tells_which_pinned_keys_signed() -> None:
    signed = note.sign_note(TEXT, [ALICE, BOB], 0)
    both = note.open_note(signed, [_verifier(BOB), _verifier(ALICE)])
    assert both.text == TEXT
    assert [key.name for key, _ in both.verified] == [ALICE.key.name, BOB.key.name]
    one = note.open_note(signed, [_verifier(BOB)])
    assert [key for key, _ in one.verified] == [BOB.key]


def test_without_a_pinned_key_a_note_is_refused() -> None:
    signed = note.sign_note(TEXT, [ALICE], 0)
    _refused("NOTE_UNSIGNED", signed, BOB)
    _refused("NOTE_UNSIGNED", signed)


def test_same_name_with_another_key_is_unknown() -> None:
    other = note.Ed25519Signer(ALICE.key.name, Ed25519PrivateKey.from_private_bytes(b"c" * 32))
    _refused("NOTE_UNSIGNED", note.sign_note(TEXT, [other], 0), ALICE)


def test_one_wrong_signature_of_a_pinned_key_refuses_the_note() -> None:
    signature = note.signature_of(b"another text\n", BOB, 0)
    signed = note.add(note.sign_note(TEXT, [ALICE], 0), [signature])
    _refused("NOTE_SIGNATURE", signed, ALICE, BOB)
    assert note.open_note(signed, [_verifier(ALICE)]).text == TEXT


def test_a_second_wrong_line_of_the_same_key_is_not_overlooked() -> None:
    wrong = note.sign_note(b"x\n", [ALICE], 0).split(b"\n\n")[1]
    _refused("NOTE_SIGNATURE", note.sign_note(TEXT, [ALICE], 0) + wrong, ALICE)


def test_changed_text_is_refused() -> None:
    signed = note.sign_note(TEXT, [ALICE], 0).replace("第二".encode(), "第三".encode())
    _refused("NOTE_SIGNATURE", signed, ALICE)


def test_adding_replaces_the_line_of_the_same_key() -> None:
    signed = note.sign_note(TEXT, [ALICE], 0)
    assert note.add(signed, [note.signature_of(TEXT, ALICE, 0)]) == signed
    more = note.add(signed, [note.signature_of(TEXT, BOB, 0)])
    assert more.startswith(signed)
    assert len(note.parse(more)[1]) == 2


_GOOD = note.sign_note(TEXT, [ALICE], 0)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        TEXT,
        _GOOD[:-1],
        _GOOD + b"\n",
        _GOOD + b"text\n",
        _GOOD.replace("\u2014".encode(), b"-"),
        _GOOD.replace(b"log.example/alice ", b"log.example/alice  "),
        _GOOD.replace(b"log.example/alice", b"log+example/alice"),
        _GOOD.replace(b"log.example/alice", "log\u00a0example/alice".encode()),
        _GOOD.replace(b"log.example/alice ", b""),
        _GOOD.replace("送达".encode(), b"\xff"),
        _GOOD.replace("送达".encode(), b"a\tb"),
        _GOOD.replace(b"\n", b"\r\n"),
        TEXT + "\n\u2014 name AAAA\n".encode(),
        TEXT + "\n\u2014 name AAAAAAB=\n".encode(),
        TEXT + b"\n" + "\u2014 name AAAAAAA=\n".encode() * 101,
        b"x" * (1 << 20) + _GOOD,
    ],
)
def test_malformed_notes_are_refused(bad: bytes) -> None:
    assert bad != _GOOD
    _refused("NOTE_MALFORMED", bad, ALICE)


@pytest.mark.parametrize("text", [b"", b"no line end", b"a\x00b\n", b"\xff\n"])
def test_what_is_no_text_is_not_signed(text: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        note.sign_note(text, [ALICE], 0)
    assert caught.value.code == "NOTE_MALFORMED"


def test_a_note_without_signers_is_not_written() -> None:
    with pytest.raises(Refusal) as caught:
        note.sign_note(TEXT, [], 0)
    assert caught.value.code == "NOTE_MALFORMED"


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1, max_size=20))
def test_verifier_keys_round_trip(name: str) -> None:
    key = note.VerifierKey(name, note.ED25519, ALICE.key.public)
    assert note.VerifierKey.parse(key.text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        ALICE.key.text[:-1],
        ALICE.key.text.replace("alice", "alicf"),
        ALICE.key.text.replace("+", "+ "),
        ALICE.key.text.upper(),
        "na me" + ALICE.key.text.removeprefix(ALICE.key.name),
        ALICE.key.text + "\n",
        "n+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "n+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
    ],
)
def test_other_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        note.VerifierKey.parse(text)
    assert caught.value.code == "NOTE_KEY"
