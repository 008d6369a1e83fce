"""Every setting of a hub process, by environment variable ``YIDI_HUB_<NAME>``.

Invariants: secrets come from files or the environment, never from arguments; what is optional has a default that
is safe on one machine. Log name, registrar keys and witness policy stand in the pins file, which every node has.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from crypto.evidence.pins import Pins, read_pins
from crypto.refusal import Refusal

PREFIX = "YIDI_HUB_"
RULE = "deploy: settings of the hub"


class HubSettings(BaseSettings):
    """One hub process. Several may share database and store; each has the same identity and log keys."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    database_url: SecretStr = Field(description="SQLAlchemy URL of the hub's PostgreSQL, with its password.")
    database_pool: int = Field(20, ge=2, description="Most connections for changes, and as many for reading.")
    s3_endpoint: str = Field("", description="URL of the object store as the hub reaches it.")
    s3_public_endpoint: str = Field("", description="URL as agents reach it; empty: the same.")
    s3_documents: str = Field("yidi-documents", description="Bucket of ciphertext (versioned, erasable).")
    s3_log: str = Field("yidi-log", description="Bucket of the log's tiles (versioned, Object Lock, never erased).")
    s3_log_retention_days: int = Field(3650, ge=1, description="Days that a tile cannot be erased, by nobody.")
    s3_credentials: Path = Field(
        Path("s3.json"), description='JSON file, mode 0600: {"access_key": …, "secret_key": …}.'
    )
    s3_ca: Path | None = Field(None, description="PEM of the store's authority; unset: the system's.")
    identity: Path = Field(description="Keystore folder with labels tls, sign, kem, witness, log-ed25519, log-mldsa.")
    certificate: Path = Field(description="PEM certificate of the hub's tls key; its SPIFFE id names the hub.")
    authority: Path = Field(description="PEM of the authority that certifies nodes.")
    pins: Path = Field(description="Pins file: log name and keys, registrar keys, witness policy.")
    listen: str = Field("127.0.0.1:0", description="Address for nodes: mutual TLS. Port 0: a free one.")
    enrolment_listen: str = Field("127.0.0.1:0", description="Address of the enrolment door: server TLS only.")
    ready_file: Path | None = Field(None, description="Written when serving: JSON with both ports, process id.")
    witnessed: Path | None = Field(
        None, description="A witness's newest checkpoint, brought along after a restore: the hub must not be behind it."
    )
    integrate: bool = Field(True, description="Whether this process may act as integrator.")
    share_port: bool = Field(
        False, description="Further hub processes of this account may listen on the same addresses (SO_REUSEPORT)."
    )
    connection_seconds: float = Field(
        600.0, gt=0, description="Age at which a connection is asked to be made anew, so that load spreads."
    )
    poll_seconds: float = Field(
        1.0, gt=0, description="How often other hub processes' commits are looked for besides what the database tells."
    )
    rate_calls: float = Field(
        200.0, gt=0, description="Calls a second that one node may make (five times as many at once)."
    )
    rate_statements: float = Field(
        500.0, gt=0, description="Statements a second that one node may submit (five times as many at once)."
    )
    rate_heavy: float = Field(
        5.0, gt=0, description="Evidence packages and snapshots a second for one node (ten times as many at once)."
    )
    rate_strangers: float = Field(
        50.0, gt=0, description="Calls a second from one address at the enrolment door (ten times as many at once)."
    )
    node_calls_most: int = Field(256, ge=1, description="Calls of one node that may be under way at a time.")
    node_streams_most: int = Field(16, ge=1, description="Inbox streams and exports of one node at a time.")
    bytes_most: int = Field(512 << 20, ge=64 << 20, description="Bytes of all requests under way; beyond it: busy.")
    grace_seconds: float = Field(5.0, ge=0, description="What calls under way get at the stop.")
    log_level: str = Field("INFO", description="DEBUG logs every call, INFO refused calls, WARNING trouble.")

    def read_pins(self) -> Pins:
        """The pins file. Refusals PINS_FORMAT, NOT_CANONICAL."""
        try:
            return read_pins(self.pins.read_bytes())
        except OSError as error:
            raise Refusal("PINS_FORMAT", RULE, file=self.pins.name) from error

    def read_s3_credentials(self) -> tuple[str, str]:
        """Access key and secret key. Refusal CREDENTIALS_FORMAT, also when others may read the file."""
        try:
            if self.s3_credentials.stat().st_mode & 0o077:
                raise Refusal("CREDENTIALS_FORMAT", RULE, problem="readable by others")
            value = json.loads(self.s3_credentials.read_text())
            return str(value["access_key"]), str(value["secret_key"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Refusal("CREDENTIALS_FORMAT", RULE, file=self.s3_credentials.name) from error


def from_variables(variables: Mapping[str, str]) -> HubSettings:
    """The settings that another process was given; this process's own environment stays as it is."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in variables.items() if name.startswith(PREFIX)}
    return HubSettings(**given)  # type: ignore[arg-type]  # texts, which the members' types read


def from_environment() -> HubSettings:
    """The settings of this process. ``pydantic.ValidationError`` names what is missing."""
    return HubSettings()  # type: ignore[call-arg]  # members come from the environment
