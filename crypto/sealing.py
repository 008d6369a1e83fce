"""Pages in, one object of ciphertext out; and back.

Invariants:
- each page rendition is a Cobblestone-256 stream of its own, bound by its context to case, revision, line, page and
  rendition; a stream moved elsewhere does not open;
- the stream's plaintext is 32 random bytes of salt, then the page; commitment = SHA-256(salt, page);
- all streams of one sealing lie back to back in one object, split into parts of ``PART_SIZE`` for upload;
- memory stays flat while sealing: nothing larger than ``CHUNK`` is held;
- ``open_page`` gives a page only after the stream was finalised and the commitment matched: all or nothing.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from crypto import canonical, kem
from crypto.keyid import key_id
from crypto.refusal import Refusal

SUITE = "COBBLESTONE_256"
SALT_SIZE = 32
CHUNK = 1 << 20
PART_SIZE = 8 << 20
RULE = "C2SP chunked-encryption; architecture: sealing"


@dataclass(frozen=True)
class Context:
    """Where a stream belongs; its canonical JSON is the encryption context."""

    case: str
    revision: int
    line: str
    page: int
    rendition: str

    def encode(self) -> bytes:
        """Canonical bytes."""
        return canonical.encode(dict(self.__dict__))


@dataclass(frozen=True)
class Stream:
    """One sealed page rendition: place in the object (bytes), digests in hex, size of the page in bytes."""

    context: Context
    offset: int
    length: int
    sha256: str
    commitment: str
    plain_size: int


@dataclass(frozen=True)
class Part:
    """One upload part: size in bytes, MD5 and SHA-256 in hex (the hub recomputes the store's ETag from the MD5s)."""

    size: int
    md5: str
    sha256: str


@dataclass(frozen=True)
class SealedObject:
    """What ``Sealer`` wrote: size, digest of the whole ciphertext, parts and streams in order."""

    size: int
    sha256: str
    parts: tuple[Part, ...]
    streams: tuple[Stream, ...]


class Writable(Protocol):
    """Where ciphertext goes: an open file."""

    def write(self, data: bytes, /) -> object: ...


class Sealer:
    """Writes streams back to back to ``out`` and keeps the digests. Not for use from several threads."""

    def __init__(self, out: Writable, part_size: int = PART_SIZE) -> None:
        self._out = out
        self._part_size = part_size
        self._offset = 0
        self._whole: hashlib._Hash | None = None  # from the second part on; the first part's digest is its beginning
        self._parts: list[Part] = []
        self._streams: list[Stream] = []
        self._begin_part()

    def add(self, key: bytes, context: Context, page: BinaryIO, salt: bytes | None = None) -> Stream:
        """Encrypt one page rendition (read in chunks of 1 MiB) under the data key of its line.

        ``salt``: 32 random bytes that a commitment tree of the page was made with already (``crypto.commitments``).
        """
        salt = salt or secrets.token_bytes(SALT_SIZE)
        if len(salt) != SALT_SIZE:
            raise ValueError("a salt has 32 bytes")
        commitment, ciphertext = hashlib.sha256(salt), hashlib.sha256()
        encryptor = Cobblestone256Encryptor(key, context.encode())
        offset, size = self._offset, 0
        self._emit(encryptor.update(salt), ciphertext)
        while chunk := page.read(CHUNK):
            size += len(chunk)
            commitment.update(chunk)
            self._emit(encryptor.update(chunk), ciphertext)
        self._emit(encryptor.finalize(), ciphertext)
        stream = Stream(context, offset, self._offset - offset, ciphertext.hexdigest(), commitment.hexdigest(), size)
        self._streams.append(stream)
        return stream

    def finish(self) -> SealedObject:
        """Digests of all that was written. Refusal NOTHING_SEALED when no page was added."""
        if not self._streams:
            raise Refusal("NOTHING_SEALED", RULE)
        if self._part_fill:
            self._end_part()
        assert self._whole is not None  # a part ended
        return SealedObject(self._offset, self._whole.hexdigest(), tuple(self._parts), tuple(self._streams))

    def _emit(self, data: bytes, stream_digest: "hashlib._Hash") -> None:
        stream_digest.update(data)
        self._out.write(data)
        self._offset += len(data)
        view = memoryview(data)
        while view:
            piece = view[: self._part_size - self._part_fill]
            self._md5.update(piece)
            self._sha.update(piece)
            if self._whole is not None:
                self._whole.update(piece)
            self._part_fill += len(piece)
            view = view[len(piece) :]
            if self._part_fill == self._part_size:
                self._end_part()

    def _begin_part(self) -> None:
        self._part_fill = 0
        self._md5, self._sha = hashlib.md5(usedforsecurity=False), hashlib.sha256()

    def _end_part(self) -> None:
        if self._whole is None:
            self._whole = self._sha.copy()
        self._parts.append(Part(self._part_fill, self._md5.hexdigest(), self._sha.hexdigest()))
        self._begin_part()


def new_data_key() -> bytes:
    """A fresh data key (32 bytes) for one material line and rendition."""
    return Cobblestone256Encryptor.generate_key()


def open_page(key: bytes, stream: Stream, ciphertext: Iterable[bytes]) -> bytes:
    """The page in a stream, after digest, authentication of every chunk and commitment were checked.

    Refusals CIPHERTEXT_CHANGED (digest or length), STREAM_UNREADABLE (wrong key, context or damage),
    COMMITMENT_MISMATCH. Nothing of the page is given out before all three passed.
    """
    return open_salted(key, stream, ciphertext)[1]


def open_salted(key: bytes, stream: Stream, ciphertext: Iterable[bytes]) -> tuple[bytes, bytes]:
    """Salt and page, for who opens the page's commitment tree to an auditor. Checks and refusals of ``open_page``."""
    plain = bytearray()
    _decrypt(key, stream, ciphertext, plain.extend)
    return bytes(memoryview(plain)[:SALT_SIZE]), bytes(memoryview(plain)[SALT_SIZE:])


def check_page(key: bytes, stream: Stream, ciphertext: Iterable[bytes]) -> None:
    """All checks of ``open_page`` without keeping the page: memory does not grow with it. Refusals the same."""
    _decrypt(key, stream, ciphertext, lambda _: None)


def _decrypt(key: bytes, stream: Stream, ciphertext: Iterable[bytes], keep: Callable[[bytes], object]) -> None:
    """Decrypt to ``keep``, then check all of it: what was kept counts only when this returns."""
    decryptor = Cobblestone256Decryptor(key, stream.context.encode())
    seen, commitment, length, chunks = hashlib.sha256(), hashlib.sha256(), 0, iter(ciphertext)
    where = {"line": stream.context.line, "page": stream.context.page}
    try:
        for chunk in chunks:
            seen.update(chunk)
            length += len(chunk)
            plain = decryptor.update(chunk)
            commitment.update(plain)
            keep(plain)
        if length != stream.length or seen.hexdigest() != stream.sha256:
            raise Refusal("CIPHERTEXT_CHANGED", "promise 5", **where)
        plain = decryptor.finalize()
        commitment.update(plain)
        keep(plain)
    except (InvalidTag, ValueError) as error:
        for chunk in chunks:  # the rest tells whether the bytes changed or key and place are wrong
            seen.update(chunk)
            length += len(chunk)
        code = "CIPHERTEXT_CHANGED" if length != stream.length or seen.hexdigest() != stream.sha256 else None
        raise Refusal(code or "STREAM_UNREADABLE", RULE, **where) from error
    if commitment.hexdigest() != stream.commitment:
        raise Refusal("COMMITMENT_MISMATCH", RULE, **where)


@dataclass(frozen=True)
class KeyPacket:
    """One data key wrapped to one recipient key. ``digest`` stands in the ``wrap`` statement."""

    line: str
    rendition: str
    recipient: str
    recipient_key: str
    packet: bytes

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the packet."""
        return canonical.digest(self.packet)


def packet_info(case: str, revision: int, line: str, rendition: str, recipient_key: str) -> bytes:
    """HPKE ``info``: binds the data key to its use and its recipient's key."""
    return canonical.encode(
        {"case": case, "line": line, "recipient": recipient_key, "rendition": rendition, "revision": revision}
    )


def wrap_keys(
    case: str, revision: int, keys: Mapping[tuple[str, str], bytes], recipient: str, suite: str, public: bytes
) -> tuple[KeyPacket, ...]:
    """Packets of ``keys`` ({(line, rendition): data key}) for one recipient. Refusal PUBLIC_KEY_INVALID."""
    keyid = key_id(suite, public)
    return tuple(
        KeyPacket(
            line,
            rendition,
            recipient,
            keyid,
            kem.wrap(suite, public, key, packet_info(case, revision, line, rendition, keyid)),
        )
        for (line, rendition), key in sorted(keys.items())
    )


def unwrap_key(private: kem.KemPrivate, case: str, revision: int, packet: KeyPacket) -> bytes:
    """The data key in ``packet``. Refusal PACKET_UNREADABLE."""
    keyid = key_id(private.suite, private.public)
    return private.open(packet.packet, packet_info(case, revision, packet.line, packet.rendition, keyid))
