"""One agent put together: settings, identity, journal, registry, hub client.

Commands and the running agent build the same object over the same folder; the journal keeps them apart.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crypto import identity as names
from node_agent.keys.identity import AgentIdentity
from node_agent.known.registry import AgentRegistry
from storage.journal import Journal

if TYPE_CHECKING:
    from node_agent.client.hub import HubClient
    from node_agent.process.settings import AgentSettings


@dataclass
class Agent:
    """What every role works with. ``hub`` is lazy on the wire: building it needs no network."""

    settings: "AgentSettings"
    identity: AgentIdentity
    journal: Journal
    registry: AgentRegistry
    hub: "HubClient"

    @property
    def spool(self) -> Path:
        """Folder of sealed files that wait for upload."""
        return self.settings.home / "spool"

    def close(self) -> None:
        """Close channel and journal."""
        self.hub.close()
        self.journal.close()


def open_agent(home: Path, attempts: int = 5) -> Agent:
    """The agent in ``home``. ``attempts``: how often a call is repeated while the hub is away."""
    # Here, not above: this module is imported for ``Agent`` by everything, gRPC and pydantic only by who opens one.
    from node_agent.client.hub import HubClient, open_channel, tls_credentials
    from node_agent.process.settings import load_settings

    settings = load_settings(home)
    identity = AgentIdentity(home, settings.node)
    journal = Journal(home / "journal.sqlite")
    credentials = tls_credentials(identity.keys.signer("tls").private_pem(), identity.certificate, identity.authority)
    channel = open_channel(settings.hub, credentials, settings.hub_name or names.dns_name(settings.hub_node))
    return Agent(settings, identity, journal, AgentRegistry(journal, identity.pins), HubClient(channel, attempts))
