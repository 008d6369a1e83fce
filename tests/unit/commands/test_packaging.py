"""The distribution: its names, its pins, its wheel, and what no file of it may contain."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("crypto", "storage", "hub", "node_agent", "deploy")
IMPORT_NAMES = (*ROOMS, "yidi")
LOCKS = ("runtime", "dev")
# Joined from parts, so that this file does not contain what it looks for.
FORBIDDEN_TEXTS = tuple(
    "".join(parts).encode()
    for parts in (
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("deb.", "debian.org"),
        ("proxy.", "golang.org"),
        ("crates", ".io"),
        ("/work", "/main"),
        ("/work", "/shared"),
    )
)


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Files that git tracks or would add, relative to the root."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout: only there can be said what is tracked")
    names = [Path(name) for name in listing.decode().split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    """The [project] table of pyproject.toml."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(table, dict)
    return table


def _wanted(lines: str) -> set[str]:
    """Requirement lines of an .in file without comments and references to other files."""
    return {line for line in lines.splitlines() if line and not line.startswith(("#", "-"))}


def _pins(name: str) -> dict[str, str]:
    """Requirement -> the rest of its logical line, from requirements/NAME.txt."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines}


def test_nobody_else_claims_our_import_names() -> None:
    claims = metadata.packages_distributions()
    strangers = {name: set(claims.get(name, [])) - {"yidi"} for name in IMPORT_NAMES}
    assert not {name: who for name, who in strangers.items() if who}


def test_proto_and_tests_are_no_packages() -> None:
    wrong = [*(ROOT / "tests").rglob("__init__.py"), *(ROOT / "proto").rglob("__init__.py")]
    assert [path for path in wrong if not path.is_relative_to(ROOT / "proto/gen/yidi")] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    pins = _pins(name)
    assert len(pins) > 30
    for requirement, rest in pins.items():
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^=]+", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), requirement


def test_the_two_locks_agree() -> None:
    assert _pins("runtime").keys() <= _pins("dev").keys()


def test_vectors_are_those_of_the_library_under_test() -> None:
    versions = dict(pin.split("==") for pin in _pins("dev") if pin.startswith("cryptography"))
    assert versions["cryptography-vectors"] == versions["cryptography"]


def test_pyproject_asks_for_what_runtime_pins(project: dict[str, object]) -> None:
    wanted = _wanted((ROOT / "requirements/runtime.in").read_text(encoding="utf-8"))
    dependencies = project["dependencies"]
    assert isinstance(dependencies, list)
    assert wanted - {"hatchling"} == set(dependencies)


def test_no_registry_and_no_machine_is_named(tracked: list[Path]) -> None:
    assert len(tracked) > 20
    found = [
        f"{name}: {text.decode()}" for name in tracked for text in FORBIDDEN_TEXTS if text in (ROOT / name).read_bytes()
    ]
    assert found == []


def test_the_wheel_carries_every_file_of_the_packages(tmp_path: Path, tracked: list[Path]) -> None:
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    packed = {name for name in zipfile.ZipFile(built).namelist() if ".dist-info/" not in name}
    expected = {name.as_posix() for name in tracked if name.parts[0] in ROOMS}
    generated = Path("proto/gen")
    expected |= {
        name.relative_to(generated).as_posix()
        for name in tracked
        if name.is_relative_to(generated / "yidi") and name.suffix in {".py", ".pyi"}
    }
    assert packed == expected


@pytest.mark.parametrize(
    ("package", "others"),
    [
        # hub.casework: the standard library and value types of crypto; crypto: one library, nothing of ours
        ("hub/casework", {"crypto", "hub"}),
        ("crypto", {"crypto", "cryptography", "orjson"}),
    ],
)
def test_pure_packages_import_nothing_else(package: str, others: set[str]) -> None:
    allowed = sys.stdlib_module_names | others
    sources = sorted((ROOT / package).rglob("*.py"))
    assert sources
    strangers = {
        f"{source.relative_to(ROOT)}: {name}"
        for source in sources
        for name in _imported(ast.parse(source.read_text(encoding="utf-8")))
        if name not in allowed
    }
    assert strangers == set()


def test_the_product_runs_on_what_runtime_pins() -> None:
    # deploy/demo draws the shipped pages with development tools; the product only reads the pages
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "deploy/demo" not in path.as_posix()]
    assert len(sources) > 20
    pinned = {pin.split("==")[0].split("[")[0] for pin in _pins("runtime")}
    owners = metadata.packages_distributions()
    strangers = {
        f"{source.relative_to(ROOT)}: {name}"
        for source in sources
        for name in _imported(ast.parse(source.read_text(encoding="utf-8")))
        if name not in sys.stdlib_module_names | set(IMPORT_NAMES)
        and not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners.get(name, [])} & pinned
    }
    assert strangers == set()


def _imported(tree: ast.AST) -> set[str]:
    """Top-level names that the code under ``tree`` imports when it runs: ``if TYPE_CHECKING`` is left out."""
    if isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING":
        return set()
    if isinstance(tree, ast.Import):
        return {alias.name.split(".")[0] for alias in tree.names}
    if isinstance(tree, ast.ImportFrom):
        return {tree.module.split(".")[0]} if tree.module and not tree.level else set()
    return {name for child in ast.iter_child_nodes(tree) for name in _imported(child)}
