"""Settings of one agent, from environment variables ``YIDI_AGENT_*`` or ``agent.env`` in its folder."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AgentSettings(BaseSettings):
    """Where an agent keeps its things and whom it speaks to. Secrets lie in files of its folder, never here."""

    model_config = SettingsConfigDict(env_prefix="YIDI_AGENT_", extra="ignore")

    home: Path = Field(description="Folder of the agent: keys, certificates, journal, spool. Mode 0700.")
    node: str = Field(description="Node id, spiffe://<trust domain>/<region>/<name>.")
    hub: str = Field(description="Address of the hub, host:port.")
    hub_name: str = Field(default="", description="DNS name in the hub's certificate, when it differs from the host.")
    enrolment: str = Field(default="", description="Address of the hub's enrolment door, host:port.")
    hub_node: str = Field(description="Node id of the hub; whose receipts count.")
    recovery_node: str = Field(description="Node id of the region's recovery key; every sealing is wrapped to it.")
    gateway_node: str = Field(default="", description="Node id of the gateway that books this department's parcels.")
    carrier_url: str = Field(default="", description="Base URL of the carrier's interface (gateways only).")
    carrier_key_file: Path | None = Field(default=None, description="File with the carrier's API key (gateways only).")
    carrier_poll_seconds: float = Field(default=30.0, description="How often a gateway asks for tracking events.")
    watch_folder: Path | None = Field(default=None, description="Folder that the document camera writes to (windows).")
    capture_device: str = Field(default="", description="Code of the registered device of that folder (windows).")
    query_url: str = Field(default="", description="Address of the public query, printed as QR on receipts (windows).")
    receipt_paper: Literal["A4", "A5", "ROLL80"] = Field(
        default="A5", description="Paper of receipts: A4, A5 or a roll of 80 mm (windows)."
    )
    receipt_hours: float = Field(
        default=12.0, gt=0, description="Hours after which a receipt that nobody printed is erased (windows)."
    )
    draft_days: int = Field(default=30, gt=0, description="Days after which an unsealed draft is discarded (windows).")
    spool_keep_mib: int = Field(
        default=2048, ge=0, description="Ciphertext kept until delivery, to store it again after a bounce (windows)."
    )
    notice_folder: Path | None = Field(
        default=None,
        description="Folder where the agent lays notices for the hall's own sender; unset: by command (windows).",
    )
    step_in_minutes: float = Field(
        default=10.0, ge=0, description="Minutes that a window leaves the former holder to wrap keys onward (T23)."
    )
    verifiers_file: Path | None = Field(
        default=None,
        description="File that names the verification service of each kind of data (windows, departments).",
    )
    portal_folder: Path | None = Field(
        default=None, description="Folder where the portal's front lays applications and orders (portals only)."
    )
    line_system_folder: Path | None = Field(
        default=None, description="Folder where bundles are laid for the department's own line system."
    )


def load_settings(home: Path) -> AgentSettings:
    """Settings of the agent in ``home``: ``agent.env`` there, overridden by the environment."""
    return AgentSettings(_env_file=home / "agent.env", home=home)  # type: ignore[call-arg]  # rest from the file
