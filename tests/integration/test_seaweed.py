"""The stack's SeaweedFS starts, ends, survives a kill, and is closed to strangers."""

import json
import secrets
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from crypto.refusal import Refusal
from deploy.seaweed import SeaweedService
from deploy.service import PAIR, free_port, port_free
from storage.objectstore import content_md5
from storage.objectstore_s3 import S3ObjectStore
from storage.transfer import TransferClient
from tests.integration.test_services import mode

pytestmark = pytest.mark.integration


@pytest.fixture
def seaweed(tmp_path: Path) -> Iterator[SeaweedService]:
    service = SeaweedService(tmp_path / "seaweed")
    try:
        yield service
    finally:
        service.kill()
        for port in service.ports.values():
            for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-grpc-{port + PAIR}.sock"):
                left.unlink(missing_ok=True)


@pytest.fixture
def shared_seaweed(seaweed_service: object) -> SeaweedService:
    """The session's store, for tests that only look. They are about ours."""
    if not isinstance(seaweed_service, SeaweedService):
        pytest.skip("about the store that the project starts; another one was given by URL")
    return seaweed_service


def store(service: SeaweedService, bucket: str, identity: str = "hub") -> S3ObjectStore:
    return S3ObjectStore(service.endpoint(), bucket, *service.credentials(identity))


@pytest.mark.drill
def test_seaweed_keeps_objects_keys_and_ports_when_it_is_killed(seaweed: SeaweedService) -> None:
    seaweed.start()
    before = (seaweed.endpoint(), seaweed.credentials(), seaweed.command())
    objects = store(seaweed, "papers")
    objects.ensure_bucket()
    made = objects.put("page", b"sealed")
    upload_id = objects.create_multipart("long")
    part = b"part"
    signed = objects.presign_part("long", upload_id, 1, len(part), content_md5(part), 600)
    url = objects.presign_get("page", made.version_id, 600)
    TransferClient().put_part(signed, part)
    seaweed.kill()
    assert seaweed.running() is None

    again = SeaweedService(seaweed.home)
    again.start()
    assert (again.endpoint(), again.credentials(), again.command()) == before
    assert objects.get("page", made.version_id) == b"sealed"
    assert TransferClient().get_range(url, 0, 6) == b"sealed"
    parts = objects.list_parts("long", upload_id)
    whole = objects.complete_multipart("long", upload_id, parts)
    assert objects.get("long", whole.version_id) == part


def test_seaweed_stops_in_order_and_continues(seaweed: SeaweedService) -> None:
    seaweed.start()
    objects = store(seaweed, "papers")
    objects.ensure_bucket()
    made = objects.put("page", b"sealed")
    seaweed.stop()
    assert seaweed.running() is None
    assert all(port_free(port) for port in seaweed.ports.values())
    seaweed.start()
    assert objects.get("page", made.version_id) == b"sealed"


def test_seaweed_is_hardened(shared_seaweed: SeaweedService) -> None:
    # Volume files get a mode of their own making; nobody else comes as far as that.
    assert [mode(shared_seaweed.home / folder) for folder in (".", "data", "tmp")] == [0o700] * 3
    files = [path for path in shared_seaweed.home.iterdir() if path.is_file()]
    assert {mode(path) for path in files} == {0o600}
    assert {"s3.json", "security.toml", "sse.key"} <= {path.name for path in files}
    mark = shared_seaweed.running()
    assert mark is not None
    process = psutil.Process(mark.pid)
    assert {one.laddr.ip for one in process.net_connections("tcp")} == {"127.0.0.1"}
    shown = " ".join(process.cmdline())
    assert "-master.telemetry=false" in shown
    assert not [secret for secret in shared_seaweed.credentials() if secret in shown]
    # The filer's configuration, asked from the filer itself.
    told = subprocess.run(
        [process.exe(), "shell", f"-master=127.0.0.1:{shared_seaweed.ports['master']}"],
        input="fs.configure\n",
        cwd=shared_seaweed.home,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    places = {place["locationPrefix"]: place["fsync"] for place in json.loads(told)["locations"]}
    assert places == {"/buckets/": True}
    for server, path in (("filer", "/buckets/"), ("filer", "/"), ("s3", "/"), ("s3", "/papers/page")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{shared_seaweed.ports[server]}{path}")
        assert caught.value.code in (401, 403)


def test_a_port_that_another_program_took_is_named(seaweed: SeaweedService) -> None:
    seaweed.prepare()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", seaweed.ports["filer"] + PAIR))
        listener.listen()
        with pytest.raises(Refusal) as caught:
            seaweed.start()
    assert caught.value.code == "SERVICE_PORT_TAKEN"
    assert caught.value.values["port"] == str(seaweed.ports["filer"] + PAIR)


def test_no_bucket_comes_into_being_by_a_put(objectstore: S3ObjectStore) -> None:
    client = objectstore._client
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket=f"{objectstore.bucket}-absent", Key="page", Body=b"x")


def test_unsigned_and_wrongly_signed_requests_are_refused(objectstore: S3ObjectStore) -> None:
    made = objectstore.put("secret", b"sealed")
    bare = objectstore.presign_get("secret", made.version_id, 600).partition("?")[0]
    for url in (bare, f"{bare}?versionId={made.version_id}", f"{bare}?uploads"):
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            request = urllib.request.Request(url, data=b"x" if method == "PUT" else None, method=method)
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request)
            assert caught.value.code == 403
    endpoint = bare.partition(f"/{objectstore.bucket}")[0]
    access_key = str(objectstore._client._request_signer._credentials.access_key)  # type: ignore[attr-defined]
    for key, secret in ((access_key, "guess"), ("GUESS", "guess")):
        with pytest.raises(Refusal) as refused:
            S3ObjectStore(endpoint, objectstore.bucket, key, secret).put("secret", b"forged")
        assert refused.value.code == "STORE_DENIED"
    assert objectstore.get("secret") == b"sealed"


def test_the_scrubber_reads_and_does_nothing_else(shared_seaweed: SeaweedService) -> None:
    hub, scrubber = store(shared_seaweed, "papers"), store(shared_seaweed, "papers", "scrubber")
    hub.ensure_bucket()
    made = hub.put("page", b"sealed")
    assert scrubber.get("page", made.version_id) == b"sealed"
    for action in (
        lambda: scrubber.put("page", b"forged"),
        lambda: scrubber.delete("page", made.version_id),
        lambda: scrubber.create_multipart("page"),
        lambda: store(shared_seaweed, "other", "scrubber").ensure_bucket(),
    ):
        with pytest.raises(Refusal) as caught:
            action()
        assert caught.value.code == "STORE_DENIED"
    assert hub.head("page") == made


def test_overwriting_by_a_valid_presigned_url_leaves_the_pinned_version(objectstore: S3ObjectStore) -> None:
    key = f"pinned/{secrets.token_hex(8)}"
    data = secrets.token_bytes(5000)
    upload_id = objectstore.create_multipart(key)
    signed = objectstore.presign_part(key, upload_id, 1, len(data), content_md5(data), 600)
    client = TransferClient()
    client.put_part(signed, data)
    pinned = objectstore.complete_multipart(key, upload_id, objectstore.list_parts(key, upload_id))

    # The part's own URL is still valid, but its upload is over.
    with pytest.raises(Refusal) as caught:
        client.put_part(signed, data)
    assert caught.value.code == "OBJECT_MISSING"
    # A URL for a whole object, as a careless hub might have signed it.
    loose = objectstore._client.generate_presigned_url(
        "put_object", Params={"Bucket": objectstore.bucket, "Key": key}, ExpiresIn=600
    )
    request = urllib.request.Request(loose, data=b"forged", method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200

    assert objectstore.get(key) == b"forged"
    assert objectstore.head(key, pinned.version_id) == pinned
    assert objectstore.get(key, pinned.version_id) == data
    url = objectstore.presign_get(key, pinned.version_id, 600)
    assert b"".join(client.stream(url)) == data
    assert client.get_range(url, 100, 50) == data[100:150]


def test_a_store_that_is_away_is_unavailable() -> None:
    port = free_port()
    objects = S3ObjectStore(f"http://127.0.0.1:{port}", "papers", "key", "secret")
    with pytest.raises(Refusal) as caught:
        objects.head("page")
    assert caught.value.code == "STORE_UNAVAILABLE"
    with pytest.raises(Refusal) as caught:
        TransferClient(attempts=2, longest_pause_s=0.01).get_range(f"http://127.0.0.1:{port}/papers/page", 0, 1)
    assert caught.value.code == "STORE_UNAVAILABLE"
