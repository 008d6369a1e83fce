"""Private keys behind an interface shaped like PKCS#11: callers name a key and get a signature, never the key.

Invariants:
- a private key leaves ``SoftwareKeystore`` only as a file of mode 0600 in a folder of mode 0700;
- signing and decapsulation are the only operations; there is no export call;
- one key, one purpose (tls, sign, kem, witness): a label is never reused for another purpose;
- a key takes another one's place in one step: there is no moment without a key under the label;
- a key is under its label whole and on disk or not at all: a kill or a full disk leaves no half of one there.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from crypto import suites
from crypto.kem import KemPrivate, generate_kem, load_kem
from crypto.refusal import Refusal

RULE = "architecture: signer interface shaped like PKCS#11"
SUFFIXES = (".pem", ".kem")
Key = TypeVar("Key")


class Signer(Protocol):
    """One signing key. ``suite`` and ``public`` stand in its key record; ``sign`` is safe from several threads."""

    @property
    def suite(self) -> str: ...
    @property
    def public(self) -> bytes: ...
    def sign(self, data: bytes) -> bytes: ...


class Keystore(Protocol):
    """Keys by label. A hardware token implements the same five calls."""

    def generate_signer(self, label: str, suite: str) -> Signer: ...
    def signer(self, label: str) -> Signer: ...
    def generate_kem(self, label: str, suite: str) -> KemPrivate: ...
    def kem(self, label: str) -> KemPrivate: ...
    def labels(self) -> list[str]: ...


class SoftwareSigner:
    """A signer in memory. Deterministic for ECDSA (RFC 6979)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSA44PrivateKey) -> None:
        self._key = key
        self.suite, self.public, self._sign = _parts(key)

    def sign(self, data: bytes) -> bytes:
        """Signature over ``data`` in the encoding of the suite."""
        return self._sign(data)

    def private_pem(self) -> bytes:
        """PKCS#8 PEM, for the TLS library and for the keystore's own file; never for a message or a log."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def ec_key(self) -> ec.EllipticCurvePrivateKey:
        """The P-256 key for X.509 building. Refusal SUITE_UNKNOWN for another suite."""
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            raise Refusal("SUITE_UNKNOWN", RULE, suite=self.suite)
        return self._key


def new_signer(suite: str = suites.ECDSA_P256) -> SoftwareSigner:
    """A fresh key of ``suite``. Refusal SUITE_UNKNOWN."""
    if suite == suites.ECDSA_P256:
        return SoftwareSigner(ec.generate_private_key(ec.SECP256R1()))
    if suite == suites.ED25519:
        return SoftwareSigner(Ed25519PrivateKey.generate())
    if suite == suites.ML_DSA_44:
        return SoftwareSigner(MLDSA44PrivateKey.generate())
    raise Refusal("SUITE_UNKNOWN", RULE, suite=suite[:40])


def load_signer(pem: bytes) -> SoftwareSigner:
    """The signer in a PKCS#8 PEM. Refusal SUITE_UNKNOWN when it is of no suite of ours."""
    key = serialization.load_pem_private_key(pem, password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSA44PrivateKey):
        return SoftwareSigner(key)
    raise Refusal("SUITE_UNKNOWN", RULE, suite=type(key).__name__)


class SoftwareKeystore:
    """Keys as files ``<label>.pem`` / ``<label>.kem`` of mode 0600 in one folder of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)

    def generate_signer(self, label: str, suite: str = suites.ECDSA_P256) -> SoftwareSigner:
        """A new signing key under ``label``. Refusal KEY_LABEL_TAKEN."""
        made = new_signer(suite)
        self._write(f"{label}.pem", made.private_pem())
        return made

    def signer(self, label: str) -> SoftwareSigner:
        """The signing key ``label``. Refusals KEY_MISSING, KEY_BROKEN."""
        return _whole(f"{label}.pem", load_signer, self._read(f"{label}.pem"))

    def generate_kem(self, label: str, suite: str) -> KemPrivate:
        """A new decryption key under ``label``. Refusal KEY_LABEL_TAKEN."""
        made = generate_kem(suite)
        self._write(f"{label}.kem", made.private_bytes())
        return made

    def kem(self, label: str) -> KemPrivate:
        """The decryption key ``label``. Refusals KEY_MISSING, KEY_BROKEN."""
        return _whole(f"{label}.kem", load_kem, self._read(f"{label}.kem"))

    def labels(self) -> list[str]:
        """Labels of all keys here, sorted."""
        return sorted({file.stem for file in self._folder.iterdir() if file.suffix in {".pem", ".kem"}})

    def version(self, label: str) -> tuple[int, int] | None:
        """What changes when another key comes under ``label``; None without a key."""
        for suffix in SUFFIXES:
            try:
                found = (self._folder / f"{label}{suffix}").stat()
            except FileNotFoundError:
                continue
            return found.st_ino, found.st_mtime_ns
        return None

    def keep_as(self, label: str, other: str) -> None:
        """The key ``label`` is also there as ``other`` from now on; doing it again is harmless. Refusal KEY_MISSING."""
        for suffix in SUFFIXES:
            if (self._folder / f"{label}{suffix}").exists():
                with suppress(FileExistsError):
                    os.link(self._folder / f"{label}{suffix}", self._folder / f"{other}{suffix}")
                self._sync()
                return
        raise Refusal("KEY_MISSING", RULE, label=label)

    def take_over(self, source: "SoftwareKeystore", label: str) -> None:
        """Move ``label`` of another keystore on this disk here, in place of the key that stood under it, if any."""
        for suffix in SUFFIXES:
            if (source._folder / f"{label}{suffix}").exists():
                (source._folder / f"{label}{suffix}").replace(self._folder / f"{label}{suffix}")
        self._sync()

    def destroy(self, label: str) -> None:
        """Overwrite and remove a key; on journalling or flash storage only the medium's own erasure is final."""
        for suffix in SUFFIXES:
            path = self._folder / f"{label}{suffix}"
            if path.exists():
                with path.open("r+b") as file:
                    file.write(os.urandom(path.stat().st_size))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
        self._sync()

    def _sync(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _write(self, name: str, data: bytes) -> None:
        """Linked under its name only when all of it is on disk; a link never replaces what stands there."""
        draft = self._folder / f"{name}.new"
        with self._alone():
            draft.unlink(missing_ok=True)  # a kill left it: it never counted
            try:
                with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(draft, self._folder / name)
            except FileExistsError as error:
                raise Refusal("KEY_LABEL_TAKEN", RULE, label=name) from error
            finally:
                draft.unlink(missing_ok=True)
        self._sync()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, since a command may make keys beside the running agent."""
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError as error:
            raise Refusal("KEY_MISSING", RULE, label=name) from error


def _whole(name: str, load: Callable[[bytes], Key], data: bytes) -> Key:
    """The key in a file of the keystore. Refusal KEY_BROKEN for one that is cut off or spoilt."""
    try:
        return load(data)
    except (ValueError, Refusal) as error:
        raise Refusal("KEY_BROKEN", RULE, label=name) from error


def _parts(
    key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | MLDSA44PrivateKey,
) -> tuple[str, bytes, Callable[[bytes], bytes]]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return suites.ECDSA_P256, point, lambda data: key.sign(data, algorithm)
    raw = key.public_key().public_bytes_raw()
    suite = suites.ED25519 if isinstance(key, Ed25519PrivateKey) else suites.ML_DSA_44
    return suite, raw, lambda data: key.sign(data)
