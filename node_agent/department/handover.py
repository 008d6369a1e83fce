"""The bundle folder that a department's own line system reads (layout: docs/line-system-folder.md).

Invariants:
- a folder under its final name is complete and on disk: written beside under a hidden name, flushed, renamed;
- pages and manifest are the very bytes that were sealed; PDFs are made from them and never replace them;
- what a kill left half written of a case is erased before the case is written or found whole;
- the same case handed over again is no error and changes nothing; other content for the same case is refused
  and the first hand-over stays as it is;
- every name inside is made here from checked parts: nothing is written outside the target folder.

Readable by owner and group only: the bundle is personal data in the clear, on the department's own disk.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crypto.canonical import encode
from crypto.refusal import Refusal
from hub.casework.facts import ADDRESS, FORM
from node_agent.imaging.check import inspect_page
from node_agent.process.runtime import Agent
from node_agent.transfer.opening import OpenedCase, OpenedLine
from node_agent.window.drafts import JSON_MEDIA

RULE = "A05"
SUMS = "SHA256SUMS"
FOLDER_MODE = 0o750
FILE_MODE = 0o640
MAX_PAGES = 999
_CASE_NO = re.compile(r"[0-9A-Z]{31}[0-9]{8}[0-9A-Z]{4}")
_PART = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,39}")
_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}
_A4_MM = (210, 297)


@dataclass(frozen=True, slots=True)
class BundleLine:
    """One material line. ``line``: its id in the manifest; ``material``: catalogue code, as ``M01``;
    ``name``: the material's Chinese name; ``pages``: image files in order, none if the line has no scan; ``answer``:
    JSON of what a body answered about it, where it was checked online instead (D20)."""

    line: str
    material: str
    name: str
    pages: list[bytes]
    answer: bytes | None = None


def write_bundle(
    target: Path,
    case_facts: dict[str, object],
    form: dict[str, object],
    manifest: bytes,
    lines: Sequence[BundleLine],
    *,
    addendum: int = 0,
) -> Path:
    """Write the bundle of one case under ``target`` (an existing folder) and return ``target/<case number>``.

    ``addendum``: revision of a supplement, which gets a folder of its own, ``<case number>-S<revision>``: the bundle
    that was handed over before stays as it is.

    ``case_facts``: goes into ``case.json``; needs ``case_no`` (43 characters: task code 31, date 8, serial number 4,
    which from the 10,000th of a day on begins with a letter). ``form``: the applicant's form. ``manifest``: the signed
    bytes.

    Raises Refusal BUNDLE_CASE_NO, BUNDLE_LINE (line id or material code not plain, used twice, more than 999
    pages), BUNDLE_DIFFERENT (this case was handed over with other content, or that folder was changed),
    BUNDLE_UNWRITABLE (the disk said no; nothing is left), what ``inspect_page`` raises; TypeError where a value has no
    canonical JSON.
    """
    case_no = str(case_facts.get("case_no", ""))
    if not _CASE_NO.fullmatch(case_no):
        raise Refusal("BUNDLE_CASE_NO", "GB/T 39554.1-2020", length=len(case_no))
    files = _contents(case_facts, form, manifest, lines)
    sources = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    final = target / (f"{case_no}-S{addendum}" if addendum else case_no)
    for left in target.glob(f".{case_no}.*.partial"):  # of a kill: pages in the clear
        shutil.rmtree(left, ignore_errors=True)
    if final.exists():
        return _same(final, case_no, sources)
    try:
        _make(final, case_no, files, sources)
    except OSError as error:
        if final.exists():
            return _same(final, case_no, sources)  # another process was first
        raise Refusal("BUNDLE_UNWRITABLE", RULE, problem=error.strerror or "") from error
    return final


def _make(final: Path, case_no: str, files: Mapping[str, bytes], sources: Mapping[str, str]) -> None:
    """The whole folder beside, then under its name. OSError from the disk; nothing is left then."""
    partial = Path(tempfile.mkdtemp(prefix=f".{case_no}.", suffix=".partial", dir=final.parent))
    try:
        sums = dict(sources)
        for name, data in files.items():
            _write(partial / name, data)
        for name, pages in _pdf_parts(files):
            data = _pdf(pages)
            sums[name] = hashlib.sha256(data).hexdigest()
            _write(partial / name, data)
        _write(partial / SUMS, _sums_text(sums))
        _flush_folders(partial)
        partial.rename(final)
        _flush(final.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _contents(
    case_facts: Mapping[str, object],
    form: Mapping[str, object],
    manifest: bytes,
    lines: Sequence[BundleLine],
) -> dict[str, bytes]:
    """Bytes by path for everything but PDFs and sums."""
    pages: dict[str, bytes] = {}
    materials: list[dict[str, object]] = []
    taken: set[str] = set()
    for line in lines:
        if not _PART.fullmatch(line.line) or not _PART.fullmatch(line.material):
            raise Refusal("BUNDLE_LINE", RULE, reason="name")
        label = f"{line.line}-{line.material}"
        if not taken.isdisjoint({line.line, label}):
            raise Refusal("BUNDLE_LINE", RULE, reason="twice", line=line.line)
        if len(line.pages) > MAX_PAGES:
            raise Refusal("BUNDLE_LINE", RULE, reason="pages", line=line.line, limit=MAX_PAGES)
        taken |= {line.line, label}
        own = {}
        for number, data in enumerate(line.pages, 1):
            facts = inspect_page(f"{label}-{number:03}", data)
            own[f"pages/{label}/{number:03}.{_SUFFIX[facts.media_type]}"] = data
        pages |= own
        told: dict[str, object] = {
            "line": line.line,
            "material": line.material,
            "name": line.name,
            "pages": list(own),
            "pdf": f"{label}.pdf" if own else None,
        }
        if line.answer is not None:
            told["answer"] = f"answers/{label}.json"
            pages[f"answers/{label}.json"] = line.answer
        materials.append(told)
    case = {"v": 1, "case": dict(case_facts), "materials": materials}
    return {"manifest.json": manifest, "form.json": encode(dict(form)), "case.json": encode(case)} | pages


def _pdf_parts(files: Mapping[str, bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """One PDF a material with pages, then all of them in one; pages in the order of the lines."""
    groups: dict[str, list[bytes]] = {}
    for name, data in files.items():
        if name.startswith("pages/"):
            groups.setdefault(PurePosixPath(name).parent.name, []).append(data)
    for label, pages in groups.items():
        yield f"{label}.pdf", pages
    if groups:
        yield "all.pdf", [page for pages in groups.values() for page in pages]


def _pdf(pages: list[bytes]) -> bytes:
    """Each page fitted to A4, image data taken over without a new compression."""
    import img2pdf  # here, not above: only a handover needs it, and it is slow to load

    a4 = tuple(img2pdf.mm_to_pt(side) for side in _A4_MM)
    return bytes(
        img2pdf.convert(
            pages,
            layout_fun=img2pdf.get_layout_fun(a4, fit=img2pdf.FitMode.into, auto_orient=True),
            nodate=True,
            rotation=img2pdf.Rotation.ifvalid,
            engine=img2pdf.Engine.internal,  # the others put a random id into the file
        )
    )


def _same(final: Path, case_no: str, sources: Mapping[str, str]) -> Path:
    """``final``, if its sums and its files are those of ``sources``. PDFs may come out
    otherwise after an update, so they are held against the sums beside them and not against ``sources``."""
    try:
        text = (final / SUMS).read_text(encoding="utf-8")
        recorded = {name: digest for digest, _, name in (row.partition("  ") for row in text.splitlines())}
        for name, digest in recorded.items():
            if hashlib.sha256((final / name).read_bytes()).hexdigest() != digest:
                raise Refusal("BUNDLE_DIFFERENT", RULE, case_no=case_no, file=name)
    except OSError:
        raise Refusal("BUNDLE_DIFFERENT", RULE, case_no=case_no, file="missing") from None
    kept = {name: digest for name, digest in recorded.items() if not name.endswith(".pdf")}
    if kept != sources:
        changed = min(name for name in kept.keys() | sources.keys() if kept.get(name) != sources.get(name))
        raise Refusal("BUNDLE_DIFFERENT", RULE, case_no=case_no, file=changed)
    return final


def _sums_text(sums: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with open(path, "xb") as file:
        os.chmod(path, FILE_MODE)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folders(top: Path) -> None:
    """Folder entries onto the disk, the innermost first; also sets the mode that the umask may have cut."""
    for folder, _, _ in os.walk(top, topdown=False):
        os.chmod(folder, FOLDER_MODE)
        _flush(Path(folder))


def _flush(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle to flush for a folder; the rename itself is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def handover(agent: Agent, case_id: str, opened: OpenedCase) -> list[Path]:
    """Write the opened case for the department's own line system (A05): the application, and each addendum beside it.

    Folders in order. Refusals LINE_SYSTEM_UNSET and those of ``write_bundle``.
    """
    target = agent.settings.line_system_folder
    if target is None:
        raise Refusal("LINE_SYSTEM_UNSET", "A05", case=case_id)
    try:
        target.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal("BUNDLE_UNWRITABLE", "A05", problem=error.strerror or "") from error
    facts = {"sealed_at": opened.sealed_at, "checked_by": opened.checked_by}
    made = [
        write_bundle(target, _handed(opened, facts, opened.lines), opened.form, opened.manifest, _pages(opened.lines))
    ]
    for one in opened.addenda:
        facts = {"sealed_at": one.sealed_at, "checked_by": one.sealed_by}
        told = {**_handed(opened, facts, one.lines), "addendum": one.revision, "answers": dict(one.answers)}
        made.append(write_bundle(target, told, {}, one.manifest, _pages(one.lines), addendum=one.revision))
    return made


def _handed(opened: OpenedCase, facts: Mapping[str, object], lines: Sequence[OpenedLine]) -> dict[str, object]:
    return {
        "case_no": opened.case_no,
        "case": opened.case,
        "task_code": opened.task_code,
        **facts,
        "lines": [
            {"line": line.line, "material": line.material, "trust": line.trust, "original": line.original}
            for line in lines
        ],
    }


def _pages(lines: Sequence[OpenedLine]) -> list[BundleLine]:
    """No page images of form and address: the form goes as JSON, the address stays sealed."""
    return [
        BundleLine(
            line.line,
            line.material,
            line.name,
            [page.data for page in line.pages if page.media_type != JSON_MEDIA],
            next((page.data for page in line.pages if page.media_type == JSON_MEDIA), None),
        )
        for line in lines
        if line.material not in {FORM, ADDRESS}
    ]
