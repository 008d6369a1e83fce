"""Real servers for tests: started when first asked for, one of each a session, gone afterwards.

``YIDI_TEST_S3_URL``, ``YIDI_TEST_S3_KEY``, ``YIDI_TEST_S3_SECRET`` and ``YIDI_TEST_DATABASE_URL`` (an
administrator's SQLAlchemy URL) point the same tests at other servers, for instance Ceph.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from deploy.postgres import PostgresService
from deploy.seaweed import SeaweedService
from storage.objectstore_s3 import S3ObjectStore

# How long an example takes says something of the machine, nothing of the code.
settings.register_profile("yidi", deadline=None)
settings.load_profile("yidi")


class Databases(Protocol):
    """What tests use of a PostgreSQL server, ours or another."""

    def url(self, database: str = "yidi") -> str: ...

    def create_database(self, name: str) -> None: ...


class ObjectServer(Protocol):
    """What tests use of an S3 server, ours or another."""

    def endpoint(self) -> str: ...

    def credentials(self) -> tuple[str, str]: ...


class OtherPostgres:
    """A server elsewhere, by the URL of one who may create databases."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)

    def url(self, database: str = "yidi") -> str:
        return urlunsplit(self._parts._replace(path=f"/{database}"))

    def create_database(self, name: str) -> None:
        plain = urlunsplit(self._parts._replace(scheme="postgresql"))
        with psycopg.connect(plain, autocommit=True) as link:
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


class OtherStore:
    """An S3 server elsewhere, by URL and keys from the environment."""

    def endpoint(self) -> str:
        return os.environ["YIDI_TEST_S3_URL"]

    def credentials(self) -> tuple[str, str]:
        return os.environ["YIDI_TEST_S3_KEY"], os.environ["YIDI_TEST_S3_SECRET"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "integration: needs a real server")


@pytest.fixture(autouse=True)
def _nothing_left_in_the_environment() -> Iterator[None]:
    """Settings that a test left behind would move the servers of all tests after it."""
    before = {name: value for name, value in os.environ.items() if name.startswith("YIDI_")}
    yield
    assert {name: value for name, value in os.environ.items() if name.startswith("YIDI_")} == before


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """A folder that the server's user can pass.

    pytest's own folders are closed again by every other run of pytest.
    """
    with tempfile.TemporaryDirectory(prefix="yidi-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_service(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """A running PostgreSQL."""
    url = os.environ.get("YIDI_TEST_DATABASE_URL")
    if url:
        yield OtherPostgres(url)
        return
    service = PostgresService(request.getfixturevalue("postgres_home") / "postgres")
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture
def database_url(postgres_service: Databases) -> str:
    """SQLAlchemy URL of a new, empty database."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_service.create_database(name)
    return postgres_service.url(name)


@pytest.fixture(scope="session")
def seaweed_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """A running S3 server."""
    if os.environ.get("YIDI_TEST_S3_URL"):
        yield OtherStore()
        return
    service = SeaweedService(tmp_path_factory.mktemp("seaweed"))
    try:
        service.start()
        yield service
    finally:
        discard(service)


def discard(service: SeaweedService) -> None:
    """End a store whose data nobody needs: at once, and without its leavings."""
    service.kill()
    shutil.rmtree(service.home, ignore_errors=True)


@pytest.fixture(scope="session")
def objectstore(seaweed_service: ObjectServer) -> S3ObjectStore:
    """A new versioned bucket on the real server."""
    store = S3ObjectStore(
        seaweed_service.endpoint(), f"yidi-test-{secrets.token_hex(6)}", *seaweed_service.credentials()
    )
    store.ensure_bucket()
    return store
