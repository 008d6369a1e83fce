"""The manifest of one sealing, version 1: readable by the hub, free of personal data, named by digest in ``seal``.

Invariants:
- canonical JSON with exactly the members written here; streams lie back to back and fill the object;
- part sizes add up to the object's size; every digest is lower-case hex;
- no file names, no free text: lines are named by catalogue material code, ``FORM@<part>`` for the form of a part;
- revision 0 is a pre-review; an application that was sealed counts from 1, addenda and notices each count from 1;
- ``renditions`` may hold ``full``, ``masked`` and ``camera``; ``tiles`` and ``fields`` (roots of trees of salted
  commitments, for provable masking) have their place: a digest or null, kept as they were signed;
- a page may say how it was taken (``capture``): codes, numbers, a time and who let it in; a page without says nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.refusal import Refusal
from crypto.sealing import SUITE, Context, Part, SealedObject, Stream

VERSION = 1
RENDITIONS = frozenset({"full", "masked", "camera"})
MODES = frozenset({"COLOUR", "GREY", "BILEVEL"})
ACQUISITIONS = frozenset({"SUBMIT", "VERIFY_ONLINE", "FROM_LICENCE", "COMMITMENT", "COVERED_BY", "REUSED", "FORM"})
ORIGINALS = frozenset({"NOT_NEEDED", "SEEN_RETURNED", "HELD"})
TRUST = frozenset({"A", "B", "C", "D"})
KINDS = frozenset({"application", "result", "address", "notice", "addendum", "opinion"})
SEALING_OPTIONAL = frozenset(
    {
        *("supplement_notice", "second_notice", "refuse_accept", "start_procedure", "opinion"),
        *("merged_notice", "part_opinion"),
    }
)
"""Acts that may bring sealed words and may do without."""
SEALING_EVENTS = SEALING_OPTIONAL | {
    *("seal", "ask_pre_review", "supplement_part", "debt_settled", "part_shared"),
    *("resend", "issue", "reissue", "correct_result"),
    *("start_special", "special_moved", "extend_limit", "refer_up", "seal_parent", "extend_parent"),
}
"""Acts whose ``manifest`` names a sealing that the hub pins with them."""
RULE = "architecture: manifest v1; A03, A04, 国办函〔2016〕108号"

_HEX64 = re.compile(r"[0-9a-f]{64}")
_HEX32 = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LINE = re.compile(r"[A-Za-z0-9_@-]{1,40}")
_DEVICE = re.compile(r"[A-Za-z0-9_-]{0,40}")
_FINDING = re.compile(r"PAGE_[A-Z]{2,20}")
_REASON = re.compile(r"([A-Z][A-Z_]{1,39})?")
_PERSON = re.compile(r"(spiffe://[A-Za-z0-9._/-]{1,180})?")
_MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")


@dataclass(frozen=True)
class Rendition:
    """One sealed rendition of one page. ``tiles``, ``fields``: hex digest of a commitment tree, or None."""

    name: str
    stream: Stream
    media_type: str
    tiles: str | None = None
    fields: str | None = None


@dataclass(frozen=True)
class Capture:
    """How a page was taken (A04, E06; DA/T 31-2017). ``device``: code in the window's registry, empty when unknown.

    ``dpi``: measured from the paper's size; ``found``: codes of the page's faults; ``reason``, ``by``: why and by whose
    word (person id of the lead) a page with a fault was let in, both empty when nobody had to; ``seals``: red seals
    counted on it, left out where there are none (a grey copy shows none: ``found`` has PAGE_GREY then).
    """

    at: str
    device: str
    registered: bool
    dpi: int
    mode: str
    found: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    seals: int = 0

    def as_object(self) -> dict[str, object]:
        """Plain JSON, as it stands in a manifest."""
        told: dict[str, object] = {**self.__dict__, "found": list(self.found)}
        if not self.seals:
            del told["seals"]
        return told


@dataclass(frozen=True)
class Page:
    """One page of a line, counted from 1."""

    number: int
    renditions: tuple[Rendition, ...]
    capture: Capture | None = None


@dataclass(frozen=True)
class Line:
    """One material line: catalogue code, how it was got, trust level, what became of the original."""

    line: str
    material: str
    acquisition: str
    trust: str
    original: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Manifest:
    """One sealing. ``object_key``: where the ciphertext lies; ``parts``: as uploaded."""

    case: str
    revision: int
    kind: str
    task_code: str
    catalogue: str
    object_key: str
    size: int
    sha256: str
    part_size: int
    parts: tuple[Part, ...]
    lines: tuple[Line, ...]

    def encode(self) -> bytes:
        """Canonical bytes; their digest is what ``seal`` names."""
        return canonical.encode(
            {
                "v": VERSION,
                "suite": SUITE,
                "case": self.case,
                "revision": self.revision,
                "kind": self.kind,
                "task_code": self.task_code,
                "catalogue": self.catalogue,
                "object": {
                    "key": self.object_key,
                    "size": self.size,
                    "sha256": self.sha256,
                    "part_size": self.part_size,
                    "parts": [dict(part.__dict__) for part in self.parts],
                },
                "lines": [_line_object(line) for line in self.lines],
            }
        )

    def streams(self) -> list[tuple[Line, Page, Rendition]]:
        """All sealed renditions in the order of the object."""
        made = [(line, page, made) for line in self.lines for page in line.pages for made in page.renditions]
        return sorted(made, key=lambda one: one[2].stream.offset)

    def rendition(self, line: str, page: int, name: str) -> Rendition | None:
        """One sealed rendition of a page; None where there is none."""
        wanted = (line, page, name)
        return next((made for at, of, made in self.streams() if (at.line, of.number, made.name) == wanted), None)

    def data_key_names(self) -> set[tuple[str, str]]:
        """(line, rendition) of every data key of this sealing."""
        return {(line.line, made.name) for line, _, made in self.streams()}


@dataclass(frozen=True)
class LineFacts:
    """What the window says of a line before its pages are sealed."""

    line: str
    material: str
    acquisition: str
    trust: str
    original: str


def build(
    sealed: SealedObject,
    lines: Sequence[LineFacts],
    media_types: Mapping[tuple[str, int, str], str],
    *,
    case: str,
    revision: int,
    kind: str,
    task_code: str,
    catalogue: str,
    object_key: str,
    part_size: int,
    trees: Mapping[tuple[str, int, str], tuple[str | None, str | None]] | None = None,
    captures: Mapping[tuple[str, int], Capture] | None = None,
) -> Manifest:
    """The manifest of what a ``Sealer`` wrote. ``media_types`` by (line, page, rendition).

    ``trees``: roots of tiles and fields by the same; ``captures`` by (line, page).
    """
    made = tuple(_build_line(facts, sealed, media_types, trees or {}, captures or {}) for facts in lines)
    return Manifest(
        case, revision, kind, task_code, catalogue, object_key, sealed.size, sealed.sha256, part_size,
        sealed.parts, made,
    )  # fmt: skip


def read(data: bytes) -> Manifest:
    """The manifest in ``data``, all invariants checked. Refusals NOT_CANONICAL, MANIFEST_FORMAT."""
    value = canonical.parse(data)
    try:
        manifest = _read(value)
        _require_layout(manifest)
        if manifest.encode() != data:
            raise ValueError("members")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refusal("MANIFEST_FORMAT", RULE, problem=str(error)[:60]) from error
    return manifest


def _build_line(
    facts: LineFacts,
    sealed: SealedObject,
    media_types: Mapping[tuple[str, int, str], str],
    trees: Mapping[tuple[str, int, str], tuple[str | None, str | None]],
    captures: Mapping[tuple[str, int], Capture],
) -> Line:
    pages: dict[int, list[Rendition]] = {}
    for stream in sealed.streams:
        at = stream.context
        if at.line == facts.line:
            name = at.line, at.page, at.rendition
            made = Rendition(at.rendition, stream, media_types[name], *trees.get(name, (None, None)))
            pages.setdefault(at.page, []).append(made)
    numbered = tuple(
        Page(number, tuple(found), captures.get((facts.line, number))) for number, found in sorted(pages.items())
    )
    return Line(facts.line, facts.material, facts.acquisition, facts.trust, facts.original, numbered)


def _line_object(line: Line) -> dict[str, object]:
    return {
        "line": line.line,
        "material": line.material,
        "acquisition": line.acquisition,
        "trust": line.trust,
        "original": line.original,
        "pages": [
            {
                "page": page.number,
                "renditions": {made.name: _rendition_object(made) for made in page.renditions},
                **({"capture": page.capture.as_object()} if page.capture else {}),
            }
            for page in line.pages
        ],
    }


def _rendition_object(made: Rendition) -> dict[str, object]:
    stream = made.stream
    return {
        "offset": stream.offset,
        "length": stream.length,
        "sha256": stream.sha256,
        "commitment": stream.commitment,
        "plain_size": stream.plain_size,
        "media_type": made.media_type,
        "tiles": made.tiles,
        "fields": made.fields,
    }


def _read(value: Mapping[str, object]) -> Manifest:
    held = value["object"]
    lines = value["lines"]
    if value["v"] != VERSION or value["suite"] != SUITE or value["kind"] not in KINDS:
        raise ValueError("version, suite or kind")
    if not isinstance(held, dict) or not isinstance(lines, list) or not lines:
        raise ValueError("object or lines")
    case, revision = _match(_HEX32, value["case"]), _number(value["revision"], least=0)
    parts = tuple(
        Part(_number(part["size"]), _match(_HEX32, part["md5"]), _match(_HEX64, part["sha256"]))
        for part in held["parts"]
    )
    return Manifest(
        case=case,
        revision=revision,
        kind=str(value["kind"]),
        task_code=_match(_CODE, value["task_code"]),
        catalogue=str(value["catalogue"]),
        object_key=str(held["key"]),
        size=_number(held["size"]),
        sha256=_match(_HEX64, held["sha256"]),
        part_size=_number(held["part_size"]),
        parts=parts,
        lines=tuple(_read_line(case, revision, line) for line in lines),
    )


def _read_line(case: str, revision: int, value: Mapping[str, object]) -> Line:
    name = _match(_LINE, value["line"])
    if value["acquisition"] not in ACQUISITIONS or value["trust"] not in TRUST or value["original"] not in ORIGINALS:
        raise ValueError(f"line {name}")
    pages = value["pages"]
    if not isinstance(pages, list):
        raise ValueError("pages")
    return Line(
        name,
        _match(_CODE, value["material"]),
        str(value["acquisition"]),
        str(value["trust"]),
        str(value["original"]),
        tuple(_read_page(case, revision, name, page) for page in pages),
    )


def _read_page(case: str, revision: int, line: str, value: Mapping[str, object]) -> Page:
    number, renditions = _number(value["page"]), value["renditions"]
    if not isinstance(renditions, dict) or not renditions or not set(renditions) <= RENDITIONS:
        raise ValueError("renditions")
    made = []
    for name, item in renditions.items():
        stream = Stream(
            Context(case, revision, line, number, name),
            _number(item["offset"], least=0),
            _number(item["length"]),
            _match(_HEX64, item["sha256"]),
            _match(_HEX64, item["commitment"]),
            _number(item["plain_size"]),
        )
        trees = (_digest_or_none(item["tiles"]), _digest_or_none(item["fields"]))
        made.append(Rendition(name, stream, _match(_MEDIA, item["media_type"]), *trees))
    return Page(number, tuple(made), _read_capture(value["capture"]) if "capture" in value else None)


def _read_capture(value: object) -> Capture:
    if not isinstance(value, dict) or not isinstance(value["found"], list) or type(value["registered"]) is not bool:
        raise ValueError("capture")
    if value["mode"] not in MODES or bool(value["reason"]) != bool(value["by"]):
        raise ValueError("capture")
    try:
        canonical.time_value(value["at"])
    except Refusal as error:
        raise ValueError("time") from error
    return Capture(
        at=value["at"],
        device=_match(_DEVICE, value["device"]),
        registered=value["registered"],
        dpi=_number(value["dpi"]),
        mode=str(value["mode"]),
        found=tuple(_match(_FINDING, code) for code in value["found"]),
        reason=_match(_REASON, value["reason"]),
        by=_match(_PERSON, value["by"]),
        seals=_number(value["seals"]) if "seals" in value else 0,
    )


def _require_layout(manifest: Manifest) -> None:
    names = [line.line for line in manifest.lines]
    if len(set(names)) != len(names):
        raise ValueError("line twice")
    for line in manifest.lines:
        if [page.number for page in line.pages] != list(range(1, len(line.pages) + 1)):
            raise ValueError("pages are counted from 1")
    end = 0
    for stream in sorted((made.stream for _, _, made in manifest.streams()), key=lambda item: item.offset):
        if stream.offset != end:
            raise ValueError("streams lie back to back")
        end += stream.length
    sizes = [part.size for part in manifest.parts]
    full = all(size == manifest.part_size for size in sizes[:-1])
    if end != manifest.size or sum(sizes) != manifest.size or not full or sizes[-1] > manifest.part_size:
        raise ValueError("sizes")


def _match(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ValueError(f"text {str(value)[:20]}")
    return value


def _digest_or_none(value: object) -> str | None:
    return None if value is None else _match(_HEX64, value)


def _number(value: object, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise ValueError("number")
    return value
