"""What may happen to ciphertext after the receipt, in the real store, and what the department's agent makes of it.

The hub's rows are changed as a hub that lies would change them: the agent must find it without trusting the hub. What
is found goes back to the window (T12), which stores it again (T12R).
"""

import json
import secrets
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from deploy.stack.layout import DEPARTMENT, GATEWAY
from storage.objectstore import StoredObject
from storage.objectstore_s3 import S3ObjectStore
from tests.e2e.town import DEMO, Town

pytestmark = pytest.mark.e2e
WAY = {"seal", "route", "bounced", "bounce_examined", "resend", "delivered"}


@dataclass
class Shelf:
    """The store and the hub's rows about it, behind the hub's back."""

    town: Town

    def __post_init__(self) -> None:
        seaweed = self.town.stack.seaweed
        self.store = S3ObjectStore(seaweed.endpoint(), "yidi-documents", *seaweed.credentials())
        self._url = self.town.stack.postgres.url().replace("postgresql+psycopg://", "postgresql://")

    def pinned(self, case: str) -> StoredObject:
        """What the hub pinned for a case's application."""
        with psycopg.connect(self._url) as link:
            query = "SELECT object_key, version_id FROM pinned WHERE case_id = %s"
            ((key, version),) = link.execute(query, [case]).fetchall()
        found = self.store.head(key, version)
        assert found is not None
        return found

    def repin(self, case: str, made: StoredObject) -> None:
        """Have the hub name another version."""
        with psycopg.connect(self._url) as link:
            change = "UPDATE pinned SET version_id = %s, etag = %s, size = %s WHERE case_id = %s"
            link.execute(change, [made.version_id, made.etag, made.size, case])


@pytest.fixture
def asleep(town: Town) -> Iterator[Shelf]:
    """The department's agent does not run; it does again afterwards."""
    town.stack.agent(DEPARTMENT).stop()
    yield Shelf(town)
    town.stack.agent(DEPARTMENT).start()


def test_what_happens_to_ciphertext_after_the_receipt_is_found_sent_back_and_stored_again(
    town: Town, asleep: Shelf, tmp_path: Path
) -> None:
    changed, missing, overwritten = (str(town.collect(town.said)["case"]) for _ in range(3))
    store, good = asleep.store, asleep.pinned(changed)
    data = store.get(good.key, good.version_id)
    asleep.repin(changed, store.put(good.key, data[:-1] + bytes([data[-1] ^ 1])))
    lost = asleep.pinned(missing)
    store.put(lost.key, store.get(lost.key, lost.version_id))  # the same bytes, but not the pinned version
    store.delete(lost.key, lost.version_id)
    kept = asleep.pinned(overwritten)
    url = store._client.generate_presigned_url(
        "put_object", Params={"Bucket": store.bucket, "Key": kept.key}, ExpiresIn=600
    )
    with urllib.request.urlopen(urllib.request.Request(url, data=secrets.token_bytes(kept.size), method="PUT")):
        assert store.get(kept.key) != store.get(kept.key, kept.version_id)

    town.stack.agent(DEPARTMENT).start()
    for case, reason in ((changed, "OBJECT_DIGEST"), (missing, "OBJECT_MISSING")):
        town.countersigned(case)  # after a bounce; what the window kept is stored again, nobody is asked to come again
        statements = town.statements(case, tmp_path / f"audit-{reason}")
        way = [(one.type, str(one.body.get("reason", one.body.get("finding", "")))) for one in statements]
        first, second, *rounds, last = [step for step in way if step[0] in WAY]
        assert (first[0], second[0], last[0]) == ("seal", "route", "delivered")
        # Whose row was changed behind the log's back is believed to be stored again already, once: then a second round.
        once = [("bounced", reason), ("bounce_examined", "UNSOUND"), ("resend", ""), ("route", "")]
        assert rounds in (once, once * 2)
    town.countersigned(overwritten)
    out = tmp_path / "pages"
    town.said(DEPARTMENT, "dept", "open", overwritten, "--purpose", "受理审查", "--staff", "B01", "--out", str(out))
    plan = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))["pages"]
    assert {(DEMO / page["file"]).read_bytes() for page in plan} <= {path.read_bytes() for path in out.iterdir()}


def test_a_pulled_file_that_was_damaged_shows_not_one_page(town: Town, tmp_path: Path) -> None:
    """The last byte of the last stream: everything before it decrypts, and nothing of it may be shown."""
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    (file,) = (town.home(DEPARTMENT) / "inbox" / case).glob("*.sealed")
    data = file.read_bytes()
    words = ("dept", "open", case, "--purpose", "受理审查", "--staff", "B01", "--out", str(tmp_path / "pages"))
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    refused = town.said(DEPARTMENT, *words, code=1)
    assert refused["refusal"]["code"] == "CIPHERTEXT_CHANGED"
    assert set(refused) == {"ok", "refusal"} and not (tmp_path / "pages").exists()
    file.write_bytes(data)
    assert town.said(DEPARTMENT, *words)["ok"] is True
    assert GATEWAY.name not in str(refused)
