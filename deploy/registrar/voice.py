"""The registrar speaks: its statements go to the hub over the certificate of its own node.

Invariants: the connection is made with the node's key; the key that signs records never leaves ``offline/``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from crypto.refusal import Refusal
from crypto.statement import Envelope
from deploy.registrar.registrar import Registrar
from node_agent.client.hub import HubClient, Outgoing, open_channel, tls_credentials


@contextmanager
def hub_client(registrar: Registrar, address: str, hub_name: str = "") -> Iterator[HubClient]:
    """A client of the registrar's node, closed at the end. ``hub_name``: DNS name, where it differs from the host."""
    credentials = tls_credentials(*registrar.node_tls(), registrar.authority_pem)
    hub = HubClient(open_channel(address, credentials, hub_name))
    try:
        yield hub
    finally:
        hub.close()


def submit(
    hub: HubClient, envelope: Envelope, attachments: tuple[bytes, ...] = (), fine: frozenset[str] = frozenset()
) -> int:
    """Submit one registry statement; its place in the log, -1 when refused with a code in ``fine``.

    Raises the hub's refusal of any other code.
    """
    answer = hub.submit([Outgoing(envelope.encode(), attachments)])[0]
    if answer.refusal is not None and answer.refusal.code not in fine:
        raise Refusal(answer.refusal.code, answer.refusal.rule, **answer.refusal.values)
    return answer.index
