"""Checkpoints, cosignatures and proofs: what pinned keys vouch for, and nothing else."""

import dataclasses
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from crypto.log import cosignature, merkle, note, proof
from crypto.log.checkpoint import Checkpoint, parse_text, sign_checkpoint, verify_checkpoint
from crypto.log.cosignature import Ed25519Cosigner, MlDsa44Cosigner, witnessed
from crypto.log.tiles import TileReader, grow
from crypto.refusal import Refusal

ORIGIN = "hub.example/2026"
TIME = 1_795_000_000
LOG = note.Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"l" * 32))
LOG_PQ = MlDsa44Cosigner(ORIGIN, MLDSA44PrivateKey.from_seed_bytes(b"p" * 32))
LOG_KEYS = [cosignature.verifier(LOG.key), cosignature.verifier(LOG_PQ.key)]
W1 = Ed25519Cosigner("node.example/w1", Ed25519PrivateKey.from_private_bytes(b"1" * 32))
W1_PQ = MlDsa44Cosigner("node.example/w1", MLDSA44PrivateKey.from_seed_bytes(b"1" * 32))
W2_PQ = MlDsa44Cosigner("node.example/w2", MLDSA44PrivateKey.from_seed_bytes(b"2" * 32))
W3 = Ed25519Cosigner("node.example/w3", Ed25519PrivateKey.from_private_bytes(b"3" * 32))
WITNESSES = [W3.key, W2_PQ.key, W1_PQ.key, W1.key]
ENTRIES = [b"leaf %d" % at for at in range(300)]
GROWN = grow(0, merkle.empty_root(), ENTRIES, dict[str, bytes]().__getitem__)
HEAD = Checkpoint(ORIGIN, GROWN.size, GROWN.root)
SIGNED = sign_checkpoint(HEAD, [LOG, LOG_PQ], TIME)


def _cosigned(*signers: note.Signer, time: int = TIME) -> bytes:
    return note.add(SIGNED, [note.signature_of(HEAD.encode(), one, time) for one in signers])


def _keep_lines(signed: bytes, *keep: int) -> bytes:
    text, lines = signed.rsplit(b"\n\n", 1)
    return text + b"\n\n" + b"".join(lines.splitlines(keepends=True)[at] for at in keep)


@given(
    st.text(st.characters(exclude_categories=["C"]), min_size=1),
    st.integers(1, (1 << 63) - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), max_size=3),
)
def test_checkpoint_text_round_trips(origin: str, size: int, root: bytes, more: list[str]) -> None:
    head = Checkpoint(origin, size, root, tuple(more))
    assert parse_text(head.encode()) == head


_ROOT = note.base64_text(HEAD.root)


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n\n", f"{ORIGIN}\n300\n", f"{ORIGIN}\n300\n{_ROOT}", f"\n300\n{_ROOT}\n",
        f"{ORIGIN}\n0300\n{_ROOT}\n", f"{ORIGIN}\n-1\n{_ROOT}\n", f"{ORIGIN}\n+1\n{_ROOT}\n",
        f"{ORIGIN}\n\u0663\n{_ROOT}\n", f"{ORIGIN}\n{1 << 63}\n{_ROOT}\n", f"{ORIGIN}\n300\n{_ROOT[:-1]}\n",
        f"{ORIGIN}\n300\nAAAA\n", f"{ORIGIN}\n300\n{_ROOT}\n\n", f"{ORIGIN}\n0\n{_ROOT}\n",
        f"{ORIGIN}\n300\n{_ROOT}\nmore\n\n",
    ],
)  # fmt: skip
def test_other_checkpoint_texts_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_text(text.encode())
    assert caught.value.code == "CHECKPOINT_MALFORMED"


def test_a_checkpoint_verifies_under_both_log_keys() -> None:
    assert verify_checkpoint(SIGNED, LOG_KEYS) == HEAD
    assert verify_checkpoint(_cosigned(W1, W2_PQ), LOG_KEYS) == HEAD


@pytest.mark.parametrize("line", [0, 1])
def test_a_checkpoint_without_one_of_the_pinned_keys_is_refused(line: int) -> None:
    with pytest.raises(Refusal) as caught:
        verify_checkpoint(_keep_lines(SIGNED, line), LOG_KEYS)
    assert caught.value.code == "CHECKPOINT_KEY_MISSING"


@pytest.mark.parametrize("keys", [LOG_KEYS, LOG_KEYS[:1], LOG_KEYS[1:]])
def test_a_changed_head_is_refused_by_each_key_alone(keys: list[note.Verifier]) -> None:
    for forged in (dataclasses.replace(HEAD, size=301), dataclasses.replace(HEAD, root=bytes(32))):
        with pytest.raises(Refusal) as caught:
            verify_checkpoint(SIGNED.replace(HEAD.encode(), forged.encode()), keys)
        assert caught.value.code == "NOTE_SIGNATURE"


def test_a_log_signs_only_under_its_own_name() -> None:
    other = dataclasses.replace(HEAD, origin="other.example/2026")
    with pytest.raises(Refusal) as caught:
        sign_checkpoint(other, [LOG], TIME)
    assert caught.value.code == "CHECKPOINT_ORIGIN"
    with pytest.raises(Refusal) as caught:
        verify_checkpoint(note.sign_note(other.encode(), [LOG, LOG_PQ], TIME), LOG_KEYS)
    assert caught.value.code == "CHECKPOINT_ORIGIN"


def test_extension_lines_need_a_signature_that_covers_them() -> None:
    extended = dataclasses.replace(HEAD, extensions=("more",))
    signed = sign_checkpoint(extended, [LOG, LOG_PQ], TIME)
    assert verify_checkpoint(signed, LOG_KEYS) == extended
    with pytest.raises(Refusal) as caught:
        verify_checkpoint(SIGNED.replace(HEAD.encode(), extended.encode()), LOG_KEYS[1:])
    assert caught.value.code == "CHECKPOINT_EXTENSIONS"


def test_what_is_signed_but_no_checkpoint_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        verify_checkpoint(note.sign_note(b"hello\n", [LOG], TIME), LOG_KEYS[:1])
    assert caught.value.code == "CHECKPOINT_MALFORMED"


def test_cosignature_messages_are_those_of_the_standard() -> None:
    """Checked with the bare library over messages written out here."""
    text = HEAD.encode()
    first = W1.sign(text, TIME)
    assert first[:8] == struct.pack(">Q", TIME)
    public = Ed25519PrivateKey.from_private_bytes(b"1" * 32).public_key()
    public.verify(first[8:], b"cosignature/v1\ntime %d\n" % TIME + text)
    second = W2_PQ.sign(text, TIME)
    assert len(second) == 8 + 2420
    name, origin = W2_PQ.key.name.encode(), ORIGIN.encode()
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", TIME)
    message += bytes([len(origin)]) + origin + struct.pack(">QQ", 0, 300) + HEAD.root
    MLDSA44PublicKey.from_public_bytes(W2_PQ.key.public).verify(second[8:], message)
    assert note.VerifierKey.parse(W2_PQ.key.text) == W2_PQ.key
    assert (W1.key.kind, W2_PQ.key.kind) == (4, 6)


def test_witnesses_are_counted_once_each_and_sorted() -> None:
    assert witnessed(SIGNED, WITNESSES, 1) == cosignature.Witnessed((), False)
    signed = _cosigned(W2_PQ, W1_PQ, W1)
    assert witnessed(signed, WITNESSES, 2) == cosignature.Witnessed(("node.example/w1", "node.example/w2"), True)
    assert not witnessed(signed, WITNESSES, 3).met
    assert witnessed(signed, [W3.key], 1) == cosignature.Witnessed((), False)


def test_the_logs_own_signature_is_no_witness() -> None:
    assert not witnessed(SIGNED, [W1.key], 1).met
    with pytest.raises(Refusal) as caught:
        witnessed(SIGNED, [LOG.key], 1)
    assert caught.value.code == "WITNESS_KEY"


def test_one_key_is_not_two_witnesses() -> None:
    twin = dataclasses.replace(W1.key, name="node.example/twin")
    with pytest.raises(Refusal) as caught:
        witnessed(_cosigned(W1), [W1.key, twin], 2)
    assert caught.value.code == "WITNESS_KEY"


@pytest.mark.parametrize("signer", [W1, W2_PQ])
def test_a_cosignature_of_another_head_or_time_is_refused(signer: note.Signer) -> None:
    other = dataclasses.replace(HEAD, size=299).encode()
    wrong = [note.signature_of(other, signer, TIME)]
    right = note.signature_of(HEAD.encode(), signer, TIME)
    wrong.append(dataclasses.replace(right, value=struct.pack(">Q", TIME + 1) + right.value[8:]))
    wrong.append(dataclasses.replace(right, value=right.value[:-1]))
    for one in wrong:
        with pytest.raises(Refusal) as caught:
            witnessed(note.add(SIGNED, [one]), WITNESSES, 1)
        assert caught.value.code == "NOTE_SIGNATURE"


def test_time_zero_is_no_witness_and_times_have_a_limit() -> None:
    assert not witnessed(_cosigned(W2_PQ, time=0), WITNESSES, 1).met
    for time in (-1, 1 << 63):
        with pytest.raises(Refusal) as caught:
            W1.sign(HEAD.encode(), time)
        assert caught.value.code == "COSIGNATURE_TIME"
    for value in (b"", bytes(7), b"\x80" + bytes(71)):
        with pytest.raises(Refusal) as caught:
            cosignature.timestamp_of(value)
        assert caught.value.code == "COSIGNATURE_TIME"


def test_a_policy_asks_for_at_least_one_witness() -> None:
    with pytest.raises(ValueError, match="at least one"):
        witnessed(SIGNED, WITNESSES, 0)


def _proof(index: int, extra: bytes | None = None) -> proof.Proof:
    path = TileReader(GROWN.tiles.__getitem__, GROWN.size).inclusion(index)
    return proof.Proof(index, tuple(path), _cosigned(W1), extra)


@pytest.mark.parametrize("index", [0, 255, 256, 299])
@pytest.mark.parametrize("extra", [None, b"\x00extra"])
def test_a_proof_round_trips_and_verifies(index: int, extra: bytes | None) -> None:
    made = _proof(index, extra)
    data = made.encode()
    assert data.startswith(b"c2sp.org/tlog-proof@v1\n" + (b"extra " if extra else b"index "))
    read = proof.parse(data)
    assert read == made
    assert proof.verify_proof(read, merkle.leaf_hash(ENTRIES[index]), LOG_KEYS) == HEAD
    assert witnessed(read.checkpoint, WITNESSES, 1).met


def test_a_tampered_proof_is_refused() -> None:
    good = _proof(7)
    leaf = merkle.leaf_hash(ENTRIES[7])
    bad = [
        dataclasses.replace(good, index=6),
        dataclasses.replace(good, path=good.path[1:]),
        dataclasses.replace(good, path=(bytes(32), *good.path[1:])),
    ]
    for one in bad:
        with pytest.raises(Refusal) as caught:
            proof.verify_proof(proof.parse(one.encode()), leaf, LOG_KEYS)
        assert caught.value.code == "INCLUSION_INVALID"
    with pytest.raises(Refusal) as caught:
        proof.verify_proof(good, merkle.leaf_hash(b"another entry"), LOG_KEYS)
    assert caught.value.code == "INCLUSION_INVALID"
    with pytest.raises(Refusal) as caught:
        proof.verify_proof(good, leaf, [cosignature.verifier(dataclasses.replace(LOG.key, name="x"))])
    assert caught.value.code == "NOTE_UNSIGNED"


_PROOF = _proof(7, b"extra").encode()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n\n", _PROOF.replace(b"@v1", b"@v2"), _PROOF.replace(b"index 7", b"index 07"),
        _PROOF.replace(b"index 7\n", b""), _PROOF.replace(b"extra ", b"extra  "),
        _PROOF.replace(b"extra ZXh0cmE=", b"extra "), _PROOF.replace(b"index 7", b"index 7 "),
        _PROOF.replace(b"index 7\n", b"index 7\nAAAA\n"), _PROOF.replace(b"\n", b"\r\n"),
        _PROOF.replace(b"index 7\n", b"index 7\n" + (note.base64_text(bytes(32)) + "\n").encode() * 60),
        _PROOF.replace(b"index 7", b"index 7\xc2\xa0"),
    ],
)  # fmt: skip
def test_malformed_proofs_are_refused(data: bytes) -> None:
    assert data != _PROOF
    with pytest.raises(Refusal) as caught:
        proof.parse(data)
    assert caught.value.code == "PROOF_MALFORMED"


@pytest.mark.parametrize(
    "made",
    [
        proof.Proof(-1, (), SIGNED),
        proof.Proof(0, (b"short",), SIGNED),
        proof.Proof(0, (), SIGNED, b""),
        proof.Proof(0, (bytes(32),) * 64, SIGNED),
    ],
)
def test_malformed_proofs_are_not_written(made: proof.Proof) -> None:
    with pytest.raises(Refusal) as caught:
        made.encode()
    assert caught.value.code == "PROOF_MALFORMED"
