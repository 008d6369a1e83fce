"""The straight case on the real stack: what came out, who held it, what the hub never saw, and that it survives a stop.

The case itself is the fixture ``walk``; it fails by itself where a command is refused or a step does not come.
"""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from deploy.demo.attacks import ATTACKS
from deploy.stack.layout import AGENTS, AUDITOR, COORDINATOR, DEPARTMENT, WINDOW, Node
from storage.journal import Journal
from storage.objectstore_s3 import S3ObjectStore
from tests.e2e.town import DEMO, Town, Walk, no_network
from tests.paper_reader import read_paper

pytestmark = pytest.mark.e2e
FORM = json.loads((DEMO / "form.json").read_text(encoding="utf-8"))
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
PAGES = [DEMO / page["file"] for page in PLAN["pages"]] + [DEMO / PLAN["result"]["file"]]


# --- the case and its evidence -----------------------------------------------------------------------------------


@pytest.mark.requirement("A05")
def test_the_department_has_all_twelve_pages_laid_flat_and_as_they_were_scanned(walk: Walk) -> None:
    """Opened on the screen with the camera's own frames beside, and flat in the department's own line system."""
    scanned = sorted(page.stat().st_size for page in PAGES[:-1])
    pages = [page for line in walk.opened["lines"] for page in line["pages"]]
    assert len(scanned) == 12
    assert sorted(page["others"]["camera"] for page in pages if page["others"]) == scanned
    handed = {path.stat().st_size for path in walk.handed_over.rglob("*") if path.is_file()}
    assert {page["bytes"] for page in pages if page["others"]} <= handed


@pytest.mark.requirement("A21", "H08")
def test_the_package_is_valid_in_a_process_without_network(walk: Walk, town: Town) -> None:
    if not no_network():
        pytest.skip("this system allows no process without network")
    probe = f"import socket; socket.create_connection(('127.0.0.1', {town.stack.layout.ports()['hub']}), 2)"
    for prefix, code in ((no_network(), 1), ([], 0)):
        assert subprocess.run([*prefix, sys.executable, "-c", probe], capture_output=True).returncode == code
    assert sorted(path.name for path in walk.folder.iterdir()) == ["evidence.zip", "pins.json"]
    done = walk.alone("verify", "evidence.zip", "--pins", "pins.json")
    assert done.returncode == 0, done.stdout[-2000:]
    said = json.loads(done.stdout)
    assert (said["verdict"], said["findings"], said["state"]["state"]) == ("VALID", [], "CLOSED")
    assert said["facts"]["custody_statements"] == 8
    assert said["facts"]["person_signatures"] == 7  # seal, two openings, accept, decide, issue, post


@pytest.mark.requirement("A17", "C09", "F05")
def test_who_held_case_and_parcel(walk: Walk) -> None:
    rows = json.loads(walk.alone("custody", "evidence.zip").stdout)["custody"]
    assert [(row["kind"], row["holder"]) for row in rows] == [
        ("ELECTRONIC", WINDOW.id),
        ("ELECTRONIC", DEPARTMENT.id),
        ("PARCEL", DEPARTMENT.id),
        ("PARCEL", "carrier:EMS"),
    ]
    assert rows[0]["to_at"] == rows[1]["from_at"] and rows[2]["to_at"] == rows[3]["from_at"]


@pytest.mark.requirement("A14")
def test_the_clocks_ran_and_stopped_and_the_hub_says_the_same(walk: Walk, town: Town) -> None:
    rows = json.loads(walk.alone("clocks", "evidence.zip", "--pins", "pins.json").stdout)["clocks"]
    assert [row["clock"] for row in rows] == ["K1", "K2", "K3", "K4", "K8"]
    for row in rows:
        assert row["started_at"] < row["stopped_at"] < row["due"]
        assert row["calendar_version"] and not row["expired"]
    asked = town.said(AUDITOR, "audit", "clocks", walk.case)
    assert asked["same_as_hub"] is True


def test_every_attack_on_a_copy_is_found_by_its_own_code(walk: Walk) -> None:
    before = walk.package
    done = walk.alone("attacks", "evidence.zip", "--pins", "pins.json")
    assert done.returncode == 0, done.stdout[-2000:]
    said = json.loads(done.stdout)
    made = said["attacks"]
    assert said["untouched"] == "VALID" and walk.package == before
    assert [one["name"] for one in made] == [attack.name for attack in ATTACKS] and len(made) >= 10
    assert len({one["expected"] for one in made}) == len(made)
    assert all(one["expected"] in one["found"] and one["verdict"] == "INVALID" for one in made)


def unproven(journal: Journal, case: str) -> list[str]:
    """Events of the acts of a case, and of the node's own registry acts, whose receipt has no proof yet."""
    acts = [act for one in ("", case) for act in journal.acts(one) if act.state == "DONE"]
    return [act.event for act in acts if journal.kept(f"proof:{act.payload_digest}") is None]


@pytest.mark.parametrize("node", [node for node in AGENTS if node.runs], ids=lambda node: node.name)
def test_every_receipt_is_proven_and_nothing_is_alarmed(walk: Walk, town: Town, node: Node) -> None:
    journal = Journal(town.home(node) / "journal.sqlite")
    try:
        town.until(f"proofs at {node.name}", lambda: not unproven(journal, walk.case))
        assert bool(journal.acts(walk.case)) == (node not in (AUDITOR, COORDINATOR))
    finally:
        journal.close()
    assert town.said(node, "window", "queue")["alarms"] == {}


# --- promise 1 ---------------------------------------------------------------------------------------------------


def needles() -> dict[str, bytes]:
    """What the hub must never hold: everything that names a person or a place to live, and a piece of every page."""
    found: dict[str, bytes] = {}
    for who in ("applicant", "family", "agent", "delivery", "enterprise"):
        for what in ("name", "citizen_id", "mobile", "address", "credit_code", "domicile"):
            if what in FORM[who]:
                found[f"{who}.{what}"] = FORM[who][what].encode()
    for page in PAGES:
        data = page.read_bytes()
        found[page.name] = data[len(data) // 2 :][:48]
    return found


def writings(data: bytes, depth: int = 2) -> Iterator[bytes]:
    """The bytes, and what they are in base64, hexadecimal or JSON escapes."""
    yield data
    if depth == 0:
        return
    for run in re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", data):
        usable = run[: len(run) - len(run) % 4]
        yield from writings(base64.b64decode(usable), depth - 1)
    for run in re.findall(rb"(?:[0-9a-f]{2}){8,}", data):
        yield bytes.fromhex(run.decode())
    if rb"\u" in data:
        yield re.sub(rb"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)).encode(errors="replace"), data)


def seen(data: bytes, wanted: dict[str, bytes]) -> set[str]:
    """Names of what occurs in the data in any of its writings."""
    return {name for writing in writings(data) for name, needle in wanted.items() if needle in writing}


def test_the_search_finds_what_is_hidden_in_each_writing() -> None:
    """A search that finds nothing proves something only when it can find."""
    wanted = needles()
    assert len(wanted) >= 25
    name = wanted["applicant.name"]
    hidden = json.dumps({"payload": base64.b64encode(b'{"name":"' + name + b'"}').decode()}).encode()
    for data in (name, hidden, name.hex().encode() * 3, json.dumps(FORM["applicant"]).encode()):
        assert "applicant.name" in seen(data, wanted)


def rows_of(town: Town) -> Iterator[tuple[str, bytes]]:
    """Every value of every row of every table of the hub's database."""
    url = town.stack.postgres.url().replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as link:
        tables = link.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            for row in link.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))):
                for value in row:
                    yield table, value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.requirement("H01")
def test_the_hubs_tables_name_nobody(walk: Walk, town: Town) -> None:
    wanted, tables = needles(), set()
    control = {"case": walk.case.encode(), "public number": walk.sealed["public_no"].encode()}
    met: set[str] = set()
    for table, value in rows_of(town):
        tables.add(table)
        assert seen(value, wanted) == set(), table
        met |= seen(value, control)
    assert {"leaves", "cases", "documents", "key_packets", "pinned"} <= tables
    assert met == set(control)


@pytest.mark.requirement("H01")
def test_no_file_of_hub_store_registrar_and_no_log_names_anybody(walk: Walk, town: Town) -> None:
    """All bytes on the disk: tables, write-ahead log, volumes, configuration, and every process's log."""
    root, wanted = town.stack.layout.root, needles()
    store = S3ObjectStore(town.stack.seaweed.endpoint(), "yidi-documents", *town.stack.seaweed.credentials())
    with psycopg.connect(town.stack.postgres.url().replace("postgresql+psycopg://", "postgresql://")) as link:
        query = "SELECT object_key, version_id FROM pinned WHERE case_id = %s"
        objects = [store.get(key, version) for key, version in link.execute(query, [walk.case])]
    assert len(objects) == 2  # the application and the result
    control = {f"object {at}": data[:48] for at, data in enumerate(objects)}
    control["case"] = walk.case.encode()
    met: set[str] = set()
    folders = [root / name for name in ("hub", "postgres", "seaweed", "registrar")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in [*files, *root.rglob("*.log")]:
        data = path.read_bytes()
        assert {name for name, needle in wanted.items() if needle in data} == set(), path.name
        met |= {name for name, needle in control.items() if needle in data}
    assert met == set(control)


def test_no_process_argument_holds_a_secret_or_a_name(walk: Walk, town: Town) -> None:
    root = town.stack.layout.root
    secrets = {name: needle for name, needle in needles().items() if not name.endswith(".jpg")}
    secret = read_paper(Path(walk.sealed["receipt"])).secret
    secrets |= {"applicant's secret": secret.encode(), "check code": walk.sealed["check_code"].encode()}
    for path in [*(root / "postgres" / "secret").iterdir(), root / "seaweed" / "sse.key", root / "carrier" / "api.key"]:
        secrets[path.name] = path.read_bytes().strip()
    for identity in json.loads((root / "seaweed" / "s3.json").read_text())["identities"]:
        secrets[f"s3 {identity['name']}"] = identity["credentials"][0]["secretKey"].encode()
    for line in re.findall(r'key = "(.+)"', (root / "seaweed" / "security.toml").read_text()):
        secrets[f"token {line[:2]}"] = line.encode()
    assert all(len(secret) >= 6 for secret in secrets.values())
    lines = ["\0".join(line).encode() for line in town.typed_lines]
    for service in town.stack.services():
        mark = service.running()
        assert mark is not None, service.name
        process = psutil.Process(mark.pid)
        for one in [process, *process.children(recursive=True)]:
            lines.append(Path(f"/proc/{one.pid}/cmdline").read_bytes())
    assert len(lines) > len(town.stack.services()) + 8
    assert {name for line in lines for name, secret in secrets.items() if secret in line} == set()


# --- stop and go on ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("H10")
def test_a_stop_loses_nothing_and_the_next_start_goes_on(walk: Walk, town: Town) -> None:
    second = str(town.collect(town.said)["case"])
    town.countersigned(second)
    closed = town.shown(WINDOW, walk.case)
    town.stack.down()
    assert set(town.stack.status().values()) == {False}
    assert town.shown(WINDOW, walk.case) == closed  # from the journal, with nothing running
    town.stack.up()
    assert set(town.stack.status().values()) == {True}
    assert town.shown(WINDOW, walk.case) == closed
    assert town.shown(DEPARTMENT, second)["state"] == "PENDING_ACCEPT"
    town.posted(second, town.said)
    town.carried()
    town.reached(second, "CLOSED")
    town.until("closing at the window", lambda: town.shown(WINDOW, second)["state"] == "CLOSED")
