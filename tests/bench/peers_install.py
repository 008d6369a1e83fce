"""The peers of the masking benchmark: Tesseract with Chinese data from the system, presidio in its own environment.

What can not be installed is told in the report with the error; the product's environment is never touched.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".bench" / "peers"
REQUIREMENTS = ROOT / "tests" / "bench" / "peers" / "requirements.txt"
PATIENCE = 900


def tesseract() -> str | None:
    """None when it is there with chi_sim, else why not."""
    if _has_chinese():
        return None
    command = [str(ROOT / "tools" / "apt_install.sh"), "A second OCR engine reads the masked pages.", "tesseract-ocr"]
    error = _run([*command, "tesseract-ocr-chi-sim"])
    return None if _has_chinese() else error or "tesseract without chi_sim"


def presidio() -> tuple[Path | None, str | None]:
    """Its Python, or why there is none."""
    python = HOME / "bin" / "python"
    marker = HOME / "installed"
    if marker.exists() and marker.read_text() == REQUIREMENTS.read_text():
        return python, None
    shutil.rmtree(HOME, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    error = _run([sys.executable, "-m", "venv", str(HOME)]) or _run([*pip, "-r", str(REQUIREMENTS)])
    if error is not None:
        return None, error
    marker.write_text(REQUIREMENTS.read_text())
    return python, None


def _has_chinese() -> bool:
    if shutil.which("tesseract") is None:
        return False
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False).stdout
    return "chi_sim" in listed.split()


def _run(command: list[str]) -> str | None:
    """None, or the end of what the command complained about."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if ended.returncode == 0 else (ended.stderr or ended.stdout)[-400:]
