"""A page's whole way, read by the real engine: shot, read in the background, turned, sealed, masked, shown, proven.

The reading process is killed in between; the page is read once more and nobody notices.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from crypto.manifest import read as read_manifest
from deploy.stack.layout import AUDITOR, DEPARTMENT, WINDOW
from node_agent.imaging.picture import decode
from node_agent.imaging.reading.engine import Engine
from node_agent.imaging.reading.queue import QUEUE
from tests.e2e.town import DEMO, Answer, Town

pytestmark = pytest.mark.e2e
ITEM, IDENTITY, LEASE = "11360102900001025R4000131001001", "M03", "M04"
"""内资企业设立登记: its list wants masked copies of identity papers."""
PAGES = {
    "M01": "01-application-1.jpg",
    "M02": "10-commitment.jpg",
    IDENTITY: "03-id-card.jpg",
    "M05": "12-proxy-letter.jpg",
}


def readers(town: Town) -> list[psutil.Process]:
    """Reading processes of the window's agent."""
    folder = str(town.home(WINDOW) / QUEUE)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if folder in (process.info["cmdline"] or ()):
            found.append(process)
    return found


def left(town: Town) -> list[Path]:
    """Files with what was read and found on pages."""
    folder = town.home(WINDOW) / QUEUE
    return [path for part in ("jobs", "pages", "done", "reads") for path in (folder / part).iterdir()]


def scanned(town: Town, folder: Path) -> str:
    """A draft with all its pages; the lease was laid down on its head."""
    form = ["--form", str(DEMO / "form.json"), "--delivery", "POST"]
    case = str(town.said(WINDOW, "window", "begin", ITEM, "--staff", "A01", *form)["case"])
    lease = folder / "lease.jpg"
    picture = cv2.imread(str(DEMO / "pages" / "06-lease-2.jpg"))
    assert picture is not None
    cv2.imwrite(str(lease), np.asarray(cv2.rotate(picture, cv2.ROTATE_180)), [cv2.IMWRITE_JPEG_QUALITY, 92])
    files = {LEASE: lease} | {code: DEMO / "pages" / name for code, name in PAGES.items()}
    for code, file in files.items():
        taken = town.said(WINDOW, "window", "scan", case, code, str(file), "--original", "HELD")
        assert taken["ok"]
    return case


def page_told(town: Town, case: str, material: str) -> Answer:
    """What ``window check`` tells of the first page of a material."""
    pages: list[Answer] = town.said(WINDOW, "window", "check", case)["pages"]
    return next(page for page in pages if page["material"] == material)


@pytest.mark.requirement("A04", "H01", "H02")
def test_a_page_is_read_while_others_are_shot_masked_at_the_seal_and_proven_to_the_auditor(
    town: Town, tmp_path: Path
) -> None:
    case = scanned(town, tmp_path)
    town.until("the reading process", lambda: readers(town))
    for process in readers(town):
        process.kill()
    town.until("the lease read", lambda: page_told(town, case, LEASE)["turn"] == 180)
    sealed = town.said(
        WINDOW, "window", "seal", case, "--staff", "A01", "--no-classified", "--signed", "--notice", "--read-wait", "60"
    )
    assert [(page["material"], page["state"], page["why"]) for page in sealed["pages"]] == [(IDENTITY, "MASKED", [])]
    assert left(town) == [], "what was read and found went with the seal"

    town.countersigned(case)
    shown, purpose = tmp_path / "shown", ["--purpose", "受理审查", "--staff", "B01"]
    town.said(DEPARTMENT, "dept", "masked", case, IDENTITY, "--out", str(shown), *purpose)
    package = town.exported(case, town.said, tmp_path / "evidence") / "evidence.zip"
    proof = ["--package", str(package), "--pins", str(package.parent / "pins.json")]
    seen = town.said(AUDITOR, "audit", "masked", str(shown / "page-001"), *proof)
    assert (seen["ok"], seen["verdict"], seen["line"], seen["page"]) == (True, "VALID", IDENTITY, 1)
    assert seen["boxes"] and seen["sealed_by"].endswith("/person/A01")
    assert (shown / "masked.pdf").read_bytes().startswith(b"%PDF-")
    masked = decode((shown / "page-001" / "masked.png").read_bytes())
    text = "".join(line.text for line in Engine().read(masked).lines)
    form = json.loads((DEMO / "form.json").read_text(encoding="utf-8"))
    assert form["applicant"]["citizen_id"] not in text and form["applicant"]["name"] not in text

    told = town.said(DEPARTMENT, "dept", "field", case, "/application/area_m2", "--out", str(shown / "form"), *purpose)
    assert told["ok"]
    assert town.said(AUDITOR, "audit", "field", str(shown / "form"), *proof)["values"] == {"/application/area_m2": 86}
    other = town.said(DEPARTMENT, "dept", "masked", case, LEASE, "--out", str(tmp_path / "no"), *purpose, code=1)
    assert other["refusal"]["code"] == "MASK_MISSING"

    manifest = read_manifest((shown / "page-001" / "manifest.json").read_bytes())
    lease = next(line for line in manifest.lines if line.line == LEASE).pages[0]
    assert {made.name for made in lease.renditions} == {"full", "camera"}
    opened = tmp_path / "opened"
    town.said(DEPARTMENT, "dept", "open", case, "--out", str(opened), *purpose)
    page = opened / f"{LEASE}-{LEASE}-001.jpg"
    assert Engine().turn_of(decode(page.read_bytes())) == 0, "sealed upright"
