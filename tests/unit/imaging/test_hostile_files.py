"""Files made to do harm: refused by name, in bounded memory and time, with nothing half-written (issue 5; A04)."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crypto.refusal import Refusal
from hub.casework.messages import render
from node_agent.imaging.check import inspect_page
from node_agent.imaging.picture import decode
from node_agent.imaging.redaction.mask import mask_page
from node_agent.imaging.redaction.tiles import Box
from node_agent.imaging.sources import document
from node_agent.imaging.sources.base import Files
from tests.hostile import DOCUMENTS, PICTURES, claimed, png
from tests.pages import card

pytestmark = pytest.mark.requirement("A04")
ROOT = Path(__file__).resolve().parents[3]
MOST_SECONDS, MOST_MEMORY = 4.0, 700 << 20
LOOK = """
import json, sys, time
from pathlib import Path
from crypto.refusal import Refusal
from node_agent.imaging.check import read_page
from node_agent.imaging.picture import decode
said = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    began = time.process_time()
    try:
        decode(read_page(path)[1])
        code = ""
    except Refusal as refusal:
        code = refusal.code
    said[path.name] = [code, time.process_time() - began]
status = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))
print(json.dumps({"said": said, "peak": peak}))
"""


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (90, 90))


def test_pictures_are_refused_by_name_in_bounded_memory_and_time(tmp_path: Path) -> None:
    """As the window reads them, all in one process of their own.

    Its peak is ``VmHWM``: ``ru_maxrss`` would keep that of the test process which forked it.
    """
    names = dict(zip((f"{number:02}" for number in range(len(PICTURES))), PICTURES, strict=True))
    for file, name in names.items():
        (tmp_path / file).write_bytes(PICTURES[name][0]())
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, preexec_fn=_bounded,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'proto' / 'gen'}", "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1000:]
    told = json.loads(done.stdout)
    assert {names[file]: code for file, (code, _) in told["said"].items()} == {
        name: code for name, (_, code) in PICTURES.items()
    }
    slow = {names[file]: seconds for file, (_, seconds) in told["said"].items() if seconds > MOST_SECONDS}
    assert slow == {} and told["peak"] < MOST_MEMORY


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_refused_by_name_and_give_no_page(tmp_path: Path, name: str) -> None:
    make, code = DOCUMENTS[name]
    (tmp_path / "a.pdf").write_bytes(make())
    began = time.monotonic()
    frames = list(Files(tmp_path / "a.pdf").frames())
    assert time.monotonic() - began < 30
    assert [frame.name for frame in frames] == ["a.pdf"]
    with pytest.raises(Refusal) as caught:
        frames[0].read()
    assert caught.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


@pytest.mark.parametrize("code", sorted({code for _, code in [*PICTURES.values(), *DOCUMENTS.values()]}))
def test_every_refusal_names_the_way_out_in_chinese(code: str) -> None:
    words = render(Refusal(code, "A04"))
    assert "请" in words and words.endswith("。")


def test_the_drawing_process_may_write_no_byte_and_grow_no_further(tmp_path: Path) -> None:
    """What a decoder that was taken over could still do (document import)."""
    writing = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text('x')"
    for program, told in ((writing, b"File too large"), (f"bytearray({document.MOST_MEMORY})", b"MemoryError")):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "a")], preexec_fn=document._bounded, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 1 and told in done.stderr
    assert (tmp_path / "a").read_bytes() == b""


def test_what_a_camera_writes_behind_its_picture_is_let_in_and_masked_away() -> None:
    """A preview picture and padding do no harm; nothing of them is on the masked page."""
    behind = card(2) + bytes(64)
    assert inspect_page("a.jpg", card(1) + behind).media_type == "image/jpeg"
    masked = mask_page(card(1) + behind, [Box(0, 0, 32, 32)])
    assert masked.data == mask_page(card(1), [Box(0, 0, 32, 32)]).data
    assert card(2)[64:112] not in masked.data


def test_rows_that_a_header_keeps_back_are_not_on_the_masked_page() -> None:
    cut = claimed(680, 200)
    inspect_page("a.jpg", cut)
    assert decode(cut).shape == decode(mask_page(cut, []).data).shape == (200, 680, 3)


def test_the_bounds_let_ordinary_files_through() -> None:
    for data in (card(1), png()):
        inspect_page("a", data)
