"""Everything that left in a straight case, looked through for the people in it, in every writing (issue 5; H01).

What is looked through: the hub's tables and files, the store, every process's log, the folders of nodes that are not
entitled, the evidence package, public answers, figures, papers that are handed out. Masked pages: ``test_masked_pages``
and tests/unit/imaging/test_masked_files.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deploy.stack.layout import AUDITOR, COORDINATOR, DEPARTMENT, GATEWAY, WINDOW
from hub.casework.masking.fields import Field, Profile, mask
from tests.e2e.town import DEMO, Town, Walk
from tests.paper_reader import read_paper
from tests.writings import holds, holds_plainly

pytestmark = [pytest.mark.e2e, pytest.mark.requirement("H01")]
FORM = json.loads((DEMO / "form.json").read_text(encoding="utf-8"))
VALUES = tuple(
    FORM[who][what]
    for who in ("applicant", "family", "agent", "delivery")
    for what in ("name", "citizen_id", "mobile", "address")
    if what in FORM[who]
)
LARGE = 1 << 20


def found_in(data: bytes) -> set[tuple[str, str]]:
    """Of large files the bytes as they are; of the others every writing, and what is packed in them."""
    return holds_plainly(data, VALUES) if len(data) > LARGE else holds(data, VALUES)


def rows(town: Town) -> Iterator[tuple[str, bytes]]:
    """Each table of the hub's database, all its rows in one."""
    url = town.stack.postgres.url().replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as link:
        query = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        for (table,) in link.execute(query).fetchall():
            told = [
                value if isinstance(value, bytes) else str(value).encode()
                for row in link.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
                for value in row
            ]
            yield table, b"\n".join(told)
            yield from ((table, value) for value in told if value[:1] in b"{[")


def test_the_search_would_find_them(walk: Walk) -> None:
    """At the window, which is entitled, it does: in the form, in the line system's folder, in a package made of it."""
    assert {value for value, _ in holds((DEMO / "form.json").read_bytes(), VALUES)} == set(VALUES)
    handed = b"".join(path.read_bytes() for path in walk.handed_over.rglob("*.json"))
    assert {value for value, _ in holds(handed, VALUES)} >= {FORM["applicant"]["name"], FORM["applicant"]["citizen_id"]}


def test_hub_and_store_hold_no_writing_of_anybody(walk: Walk, town: Town) -> None:
    tables = set()
    for table, data in rows(town):
        tables.add(table)
        assert found_in(data) == set(), table
    assert {"leaves", "cases", "documents"} <= tables
    root = town.stack.layout.root
    files = [path for name in ("hub", "seaweed", "registrar") for path in (root / name).rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert found_in(path.read_bytes()) == set(), path.name


def test_no_log_and_no_folder_of_who_is_not_entitled_holds_anybody(walk: Walk, town: Town) -> None:
    root = town.stack.layout.root
    homes = [town.home(node) for node in (AUDITOR, COORDINATOR, GATEWAY)]
    files = [path for home in homes for path in home.rglob("*") if path.is_file() and path.suffix != ".py"]
    logs = list(root.rglob("*.log"))
    assert len(logs) >= 6 and len(files) > 10
    for path in [*logs, *files]:
        assert found_in(path.read_bytes()) == set(), path


def test_what_is_given_to_anybody_tells_of_nobody(walk: Walk, town: Town, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.write_text(str(walk.sealed["check_code"]))
    public = str(walk.sealed["public_no"])
    asked = town.said(WINDOW, "query", public, "--check-code-file", str(code))
    years = ("--from", "2026-01-01", "--to", "2099-12-31")
    report = tmp_path / "report.xlsx"
    counted = town.said(DEPARTMENT, "figures", "report", *years, "--out", str(report))
    told = [walk.alone(*words).stdout for words in (
        ("verify", "evidence.zip", "--pins", "pins.json"), ("custody", "evidence.zip"),
    )]  # fmt: skip
    for text in (*told, json.dumps(asked, ensure_ascii=False), json.dumps(counted, ensure_ascii=False)):
        assert len(text) > 100 and found_in(text.encode()) == set()
    for data in (walk.package, report.read_bytes()):
        assert found_in(data) == set()


def test_a_receipt_names_its_holder_by_the_profile_and_nobody_else(walk: Walk) -> None:
    paper = Path(walk.sealed["receipt"])
    words = read_paper(paper).flat
    assert found_in(words.encode()) == set() and found_in(paper.read_bytes()) == set()
    assert mask(Field.PERSON_NAME, FORM["applicant"]["name"], Profile.RECEIPT) in words
