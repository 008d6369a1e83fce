"""The zip around an evidence package: one set of entries, one sequence of bytes.

Invariants:
- entries are stored, not compressed, in the order of their names, dated 1980-01-01, without comments or extra
  fields; so the same parts give the same package whatever zip or zlib version wrote it, and any unzip reads it;
- ``read`` gives out only entries under known names, each once, and tells of everything else;
- bytes that ``write`` would not have written (data between or behind entries, other headers) are found;
- sizes are bounded before anything is unpacked; nothing is ever written to a disk, no name is used as a path.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping

from crypto.evidence.report import Collector, Finding
from crypto.refusal import Refusal

RULE = "architecture: evidence package; APPNOTE.TXT 4.3"
SIZE_MAX = 256 << 20  # bytes; a case of 100 leaves under a registry of 10,000 leaves is far smaller
ENTRIES_MAX = 60_000  # below the 65,535 of a zip without its 64-bit extension
NAMES = re.compile(
    r"package\.json|extract\.dsse\.json|checkpoint\.txt|rules\.json"
    r"|(?:leaves|registry)/(?:0|[1-9][0-9]{0,18})\.json"
    r"|proofs/(?:0|[1-9][0-9]{0,18})\.tlog-proof"
    r"|manifests/[0-9a-f]{64}\.json"
    r"|(?:catalogue|calendar)/[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.json",
    re.ASCII,
)

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")
_VERSION, _UNIX, _DATE = 20, 3 << 8, 0x0021
_MODE = 0o100644 << 16


def write(entries: Mapping[str, bytes]) -> bytes:
    """The zip of ``entries``. Refusal EVIDENCE_NAME for a name outside the format, EVIDENCE_SIZE when too large."""
    for name in entries:
        if NAMES.fullmatch(name) is None:
            raise Refusal("EVIDENCE_NAME", RULE, name=name[:80])
    if len(entries) > ENTRIES_MAX or sum(map(len, entries.values())) > SIZE_MAX:
        raise Refusal("EVIDENCE_SIZE", RULE, entries=len(entries), most=ENTRIES_MAX)
    body, index = bytearray(), bytearray()
    for name in sorted(entries):
        data, path, offset = entries[name], name.encode(), len(body)
        crc, size = zlib.crc32(data), len(data)
        body += _LOCAL.pack(0x04034B50, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(path), 0) + path + data
        index += _CENTRAL.pack(
            0x02014B50, _UNIX | _VERSION, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(path), 0, 0, 0, 0,
            _MODE, offset,
        ) + path  # fmt: skip
    count = len(entries)
    return bytes(body + index + _END.pack(0x06054B50, 0, 0, count, count, len(index), len(body), 0))


def read(data: bytes) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """Entries by name, and what is wrong with the container.

    Findings: CONTAINER_SIZE, CONTAINER_UNREADABLE, CONTAINER_NAME, CONTAINER_DUPLICATE, CONTAINER_FORM.
    """
    found = Collector()
    entries: dict[str, bytes] = {}
    if len(data) > SIZE_MAX + ENTRIES_MAX * 512:
        found.add("CONTAINER_SIZE", "", f"{len(data)} bytes")
        return entries, found.findings
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            stored = sum(info.file_size for info in infos if info.compress_type == zipfile.ZIP_STORED)
            if len(infos) > ENTRIES_MAX or stored > len(data):
                found.add("CONTAINER_SIZE", "", f"{len(infos)} entries")
                return entries, found.findings
            for info in infos:
                _read_entry(archive, info, entries, found)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, struct.error) as error:
        found.add("CONTAINER_UNREADABLE", "", type(error).__name__)
    if not found.findings and write(entries) != data:
        found.add("CONTAINER_FORM", "", "not the one form of these entries")
    return entries, found.findings


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, entries: dict[str, bytes], found: Collector) -> None:
    name = info.orig_filename
    if NAMES.fullmatch(name) is None:
        found.add("CONTAINER_NAME", name[:80])
    elif name in entries:
        found.add("CONTAINER_DUPLICATE", name)
    elif info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        found.add("CONTAINER_FORM", name, "compressed or encrypted")
    else:
        try:
            entries[name] = archive.read(info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            found.add("CONTAINER_UNREADABLE", name, type(error).__name__)
