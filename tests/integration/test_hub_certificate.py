"""The hub's own certificate: made anew in time, by the stack and by command, and for nobody else."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from crypto import certificates
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from deploy.cli import app
from deploy.registrar.founding import found_hub, renew_hub
from deploy.registrar.registrar import Registrar
from deploy.stack import founding
from deploy.stack.layout import Layout
from node_agent.keys.enrol import renewal_is_due

pytestmark = pytest.mark.integration


def _hosts(pem: bytes) -> set[str]:
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(one) for one in names.get_values_for_type(x509.IPAddress)}
    return {*names.get_values_for_type(x509.DNSName), *addresses}


def _nearly_over(registrar: Registrar, home: Path) -> bytes:
    """The hub's certificate again, with ten days to go."""
    old = (home / "tls.pem").read_bytes()
    names = certificates.extra_names(registrar.authority_pem, old)
    node, _, _ = certificates.peer(old)
    made = registrar.certify((home / "request.csr").read_bytes(), node, names, days=10)
    (home / "tls.pem").write_bytes(made)
    return made


def test_the_hubs_certificate_is_made_anew_in_time(tmp_path: Path) -> None:
    registrar, home = Registrar.found(tmp_path / "registrar", "yidi.test", "500000000000"), tmp_path / "hub"
    node = found_hub(registrar, home, "log.yidi.test", "500000000000").node
    first = (home / "tls.pem").read_bytes()
    assert not renew_hub(registrar, home) and (home / "tls.pem").read_bytes() == first
    old = _nearly_over(registrar, home)
    assert renew_hub(registrar, home) and not renewal_is_due(home)
    made = (home / "tls.pem").read_bytes()
    assert certificates.peer(made)[:2] == certificates.peer(old)[:2]
    assert _hosts(made) == _hosts(first) and {"localhost", "127.0.0.1"} <= _hosts(made)
    # a renewal over the wire brings no names along: those remembered are kept
    again = Registrar(registrar.home).certify((home / "request.csr").read_bytes(), node)
    assert _hosts(again) == _hosts(first)


def test_a_certificate_of_another_authority_is_not_renewed(tmp_path: Path) -> None:
    """Else whoever can write to the hub's folder chooses the node that the new certificate names."""
    registrar, home = Registrar.found(tmp_path / "registrar", "yidi.test", "500000000000"), tmp_path / "hub"
    found_hub(registrar, home, "log.yidi.test", "500000000000")
    stranger = Registrar.found(tmp_path / "stranger", "yidi.test", "500000000000")
    node = f"{registrar.node}-2"
    tls = SoftwareKeystore(home / "keys").signer("tls")
    request = certificates.make_request(tls, node)
    (home / "request.csr").write_bytes(request)
    (home / "tls.pem").write_bytes(stranger.certify(request, node, days=10))
    with pytest.raises(Refusal, match="CERTIFICATE_UNKNOWN"):
        renew_hub(registrar, home)


def test_the_stack_renews_its_hub_when_it_comes_up(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert founding.found_region(layout)
    assert not founding.found_region(layout)
    _nearly_over(Registrar(layout.folder("registrar")), layout.folder("hub"))
    assert founding.found_region(layout)
    assert not renewal_is_due(layout.folder("hub"))


def test_the_hubs_certificate_by_command(tmp_path: Path) -> None:
    registrar, home = Registrar.found(tmp_path / "registrar", "yidi.test", "500000000000"), tmp_path / "hub"
    found_hub(registrar, home, "log.yidi.test", "500000000000")
    said = ["registrar", "hub-certificate", "--home", str(registrar.home), "--json"]
    assert _told(said)["renewed"] is False
    old = _nearly_over(registrar, home)
    assert _told(said)["renewed"] is True
    assert (home / "tls.pem").read_bytes() != old and not renewal_is_due(home)
    assert _told([*said, "--now"])["renewed"] is True


def _told(line: list[str]) -> dict[str, object]:
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))
