"""Files that are no page although they look like one, each with the code of its refusal (issue 5, adversarial)."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import img2pdf
import pikepdf

from tests.pages import card

Make = Callable[[], bytes]
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int = 600, height: int = 600, extra: bytes = b"", rows: bytes | None = None) -> bytes:
    """A black PNG of three channels. ``rows``: packed."""
    packed = zlib.compress(bytes((width * 3 + 1) * height)) if rows is None else rows
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def repeated(byte: int, megabytes: int) -> bytes:
    """So much of one byte, packed to a thousandth. One packed megabyte stands there again and again."""
    packing = zlib.compressobj(9, wbits=-15)
    block = packing.compress(bytes([byte]) * (1 << 20)) + packing.flush(zlib.Z_FULL_FLUSH)
    count = megabytes << 20
    low, high = (1 + byte * count) % 65521, (count + byte * count * (count + 1) // 2) % 65521
    return b"\x78\x9c" + block * megabytes + b"\x03\x00" + struct.pack(">HH", high, low)


def zipped() -> bytes:
    """A small archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.html", "<b>")
    return out.getvalue()


def segments(count: int, body: bytes = b"x") -> bytes:
    """A JPEG with so many comments."""
    one = b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body
    return card(1)[:2] + one * count + card(1)[2:]


def claimed(width: int, height: int) -> bytes:
    """A JPEG whose header says another size."""
    data = card(1)
    at = 2
    while data[at + 1] != 0xC0:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def scans(count: int) -> bytes:
    """A JPEG whose last scan's head is written again and again."""
    data = card(1)
    at = data.rfind(b"\xff\xda")
    head = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
    return data[:-2] + head * count + data[-2:]


def tiff(pages: int, tags: int = 0, loop: bool = False) -> bytes:
    """Pages of 4 x 4 grey pixels. ``tags``: further ones a page, each naming a megabyte of the file's own bytes."""
    base = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 0)]
    base += [(277, 3, 1, 1), (278, 3, 1, 4), (279, 4, 1, 16)] + [(40000 + n, 7, 1 << 20, 8) for n in range(tags)]
    size, out = 2 + 12 * len(base) + 4, io.BytesIO()
    out.write(b"II*\0" + struct.pack("<I", 8))
    for number in range(pages):
        out.write(struct.pack("<H", len(base)))
        for tag, kind, count, value in base:
            out.write(struct.pack("<HHII", tag, kind, count, 8 + size * pages if tag == 273 else value))
        last = number == pages - 1
        out.write(struct.pack("<I", (8 if loop else 0) if last else 8 + size * (number + 1)))
    return out.getvalue() + bytes(16 + ((1 << 20) + 8 if tags else 0))


PICTURES: Final[Mapping[str, tuple[Make, str]]] = {
    "PNG that unpacks to a gigabyte": (lambda: png(rows=repeated(0, 1024)), "PAGE_BOMB"),
    "PNG with a colour profile of a gigabyte": (
        lambda: png(extra=chunk(b"iCCP", b"a\0\0" + repeated(0, 1024))),
        "PAGE_TRUNCATED",
    ),
    "PNG with a text of a gigabyte": (
        lambda: png(extra=chunk(b"zTXt", b"a\0\0" + repeated(0, 1024))),
        "PAGE_TRUNCATED",
    ),
    "PNG with a million texts": (lambda: png(extra=chunk(b"tEXt", b"a\0b") * 1_000_000), "PAGE_BOMB"),
    "PNG of 900 million pixels": (lambda: png(30_000, 30_000, rows=zlib.compress(bytes(1000))), "PAGE_PIXELS"),
    "JPEG with a million comments": (partial(segments, 1_000_000), "PAGE_BOMB"),
    "JPEG with a thousand scans": (partial(scans, 1000), "PAGE_BOMB"),
    "JPEG that claims twice its height": (partial(claimed, 680, 860), "PAGE_TRUNCATED"),
    "JPEG that claims twice its width": (partial(claimed, 1360, 430), "PAGE_TRUNCATED"),
    "JPEG that claims 60,000 x 60,000": (partial(claimed, 60_000, 60_000), "PAGE_PIXELS"),
    "JPEG without height": (partial(claimed, 680, 0), "PAGE_TRUNCATED"),
    "TIFF with a hundred thousand directories": (partial(tiff, 100_000), "PAGE_NOT_SINGLE"),
    "TIFF that bites its tail": (partial(tiff, 2, loop=True), "PAGE_NOT_SINGLE"),
    "TIFF whose tags name one value a thousand times": (partial(tiff, 1, tags=900), "PAGE_BOMB"),
    "JPEG and zip": (lambda: card(1) + zipped(), "PAGE_POLYGLOT"),
    "JPEG, zip and something behind it": (lambda: card(1) + zipped() + bytes(70_000), "PAGE_POLYGLOT"),
    "zip in a comment of a JPEG": (lambda: segments(1, zipped()), "PAGE_POLYGLOT"),
    "JPEG with millions of zip ends": (
        lambda: card(1) + b"PK\x05\x06zzz\xff" * (7 << 20) + b"q",
        "PAGE_POLYGLOT",
    ),
    "PNG and zip": (lambda: png() + zipped(), "PAGE_POLYGLOT"),
    "TIFF and zip": (lambda: tiff(1) + zipped(), "PAGE_POLYGLOT"),
    "JPEG and PDF behind it": (lambda: card(1) + b"\n%PDF-1.7\n", "PAGE_POLYGLOT"),
    "PDF head in a JPEG": (lambda: segments(1, b"%PDF-1.4 "), "PAGE_POLYGLOT"),
    "JPEG and a web page": (lambda: card(1) + b"<script()>alert(1)</script()>", "PAGE_POLYGLOT"),
    "JPEG and a program": (lambda: card(1) + b"MZ" + bytes(100), "PAGE_POLYGLOT"),
    "drawing named JPEG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "PAGE_NOT_IMAGE"),
}
"""Pictures, by name: how each is made, and the code."""


def pdf(pages: int = 1) -> bytes:
    """Pictures, one a page, at 200 dpi."""
    layout = img2pdf.get_fixed_dpi_layout_fun((200, 200))
    return bytes(img2pdf.convert([card(number) for number in range(pages)], layout_fun=layout))


def changed(change: Callable[[pikepdf.Pdf], None], **options: Any) -> bytes:
    """That document with one thing more."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as made:
        change(made)
        made.save(out, **options)
    return out.getvalue()


def script() -> pikepdf.Dictionary:
    """Says hello."""
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def at_opening(made: pikepdf.Pdf) -> None:
    """A script that runs when the document is opened."""
    made.Root.OpenAction = script()


def at_a_page(made: pikepdf.Pdf) -> None:
    """A script that runs when a page is shown."""
    made.pages[0].obj.AA = pikepdf.Dictionary(O=script())


def behind_a_note(made: pikepdf.Pdf) -> None:
    """A program that a click starts."""
    start = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("a.exe"))
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=start)
    made.pages[0].obj.Annots = pikepdf.Array([note])


def listed(made: pikepdf.Pdf) -> None:
    """A script in the document's list."""
    names = pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String("a"), made.make_indirect(script())]))
    made.Root.Names = pikepdf.Dictionary(JavaScript=names)


def ten_thousand_pages() -> bytes:
    """Empty ones."""
    made, out = pikepdf.new(), io.BytesIO()
    for _ in range(10_000):
        made.add_blank_page(page_size=(200, 200))
    made.save(out)
    return out.getvalue()


def drawn_from(megabytes: int) -> bytes:
    """A page whose drawing unpacks to so many blanks."""
    made, file = pikepdf.new(), io.BytesIO()
    made.add_blank_page(page_size=(200, 200))
    drawing = pikepdf.Stream(made, repeated(32, megabytes))
    drawing.Filter = pikepdf.Name.FlateDecode
    made.pages[0].obj.Contents = made.make_indirect(drawing)
    made.save(file, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return file.getvalue()


DOCUMENTS: Final[Mapping[str, tuple[Make, str]]] = {
    "PDF with a script in its list": (partial(changed, listed), "DOCUMENT_ACTIVE"),
    "PDF with a script at its opening": (partial(changed, at_opening), "DOCUMENT_ACTIVE"),
    "PDF with a script at a page": (partial(changed, at_a_page), "DOCUMENT_ACTIVE"),
    "PDF that starts a program": (partial(changed, behind_a_note), "DOCUMENT_ACTIVE"),
    "PDF with a password": (
        partial(changed, lambda made: None, encryption=pikepdf.Encryption(owner="o", user="u")),
        "DOCUMENT_ENCRYPTED",
    ),
    "PDF of ten thousand pages": (ten_thousand_pages, "DOCUMENT_PAGES"),
    "PDF that unpacks to four gigabytes": (partial(drawn_from, 4096), "DOCUMENT_BROKEN"),
    "TIFF of a hundred thousand pages": (partial(tiff, 100_000), "DOCUMENT_PAGES"),
}
"""Documents, by name: how each is made, and the code."""
