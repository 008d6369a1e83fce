"""The sealed page of a line that was checked online, and what an act says of it (law: ``verifications_founded``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework.sharing.guards import FLOW_OF
from node_agent.known.casemirror import addenda_of, application_leaf, history
from node_agent.process.runtime import Agent
from node_agent.transfer.opening import OpenedCase, OpenedLine
from node_agent.window.drafts import JSON_MEDIA, Draft


def committed(reference: str, salt: bytes) -> str:
    """The commitment to a body's reference number, for the log (promise 1)."""
    return canonical.digest(salt + reference.encode())


def subject_digest(subject: Mapping[str, Any], salt: bytes) -> str:
    """The commitment, on the sealed page, to who or what was asked about: it shows that the query was of this case."""
    return canonical.digest(salt + canonical.encode(dict(subject)))


def differences(agent: Agent, act: Mapping[str, Any], lines: Sequence[OpenedLine]) -> dict[str, str]:
    """Members in which the page of a line that was checked online differs from what ``act`` says of it, by material.

    The hub sees commitments alone, so only who can open the page can hold it against the act (promise 4; H05).
    ``act``: body of the seal, or of the addendum's act.
    """
    said = {str(entry["material"]): entry for entry in act.get("verified", ())}
    found: dict[str, str] = {}
    for line in lines:
        if line.acquisition in FLOW_OF and (wrong := _wrong(agent, said.get(line.material), line)):
            found[line.material] = wrong
    return found


def doubts(agent: Agent, opened: OpenedCase) -> dict[str, str]:
    """``differences`` of an opened case, by line as ``dept view`` names it (``S1-…``: of the first addendum)."""
    told = history(agent.journal, opened.case)
    seal = application_leaf(told)
    found = _by_line("", differences(agent, seal.statement.body if seal else {}, opened.lines), opened.lines)
    for act, addendum in zip(addenda_of(told), opened.addenda, strict=False):  # one may have come since
        wrong = differences(agent, act.statement.body, addendum.lines)
        found |= _by_line(f"S{addendum.revision}-", wrong, addendum.lines)
    return found


def _by_line(prefix: str, wrong: Mapping[str, str], lines: Sequence[OpenedLine]) -> dict[str, str]:
    return {f"{prefix}{line.line}": wrong[line.material] for line in lines if line.material in wrong}


def _wrong(agent: Agent, said: Mapping[str, Any] | None, line: OpenedLine) -> str:
    """The first member that differs, or an empty text."""
    try:
        page = canonical.parse(line.pages[0].data)
        reference = committed(str(page["reference"]), bytes.fromhex(str(page["salt"])))
    except (Refusal, LookupError, TypeError, ValueError):
        return "page"
    if said is None:
        return "verified"
    suppliers = {one.sharing_id: one.supplier for one in agent.registry.directory.sharing.all()}
    grant = str(said["grant"])
    checks = {
        "grant": page.get("grant") == grant,
        "kind": page.get("kind") == said["kind"],
        "reference": reference == said["reference"],
        "source": page.get("source") == suppliers.get(grant),
    }
    return next((member for member, good in checks.items() if not good), "")


def said_in(agent: Agent, draft: Draft) -> list[dict[str, str]]:
    """What the seal says of the lines that were checked online."""
    home = agent.settings.home / "drafts" / draft.case
    said = []
    for line in draft.lines.values():
        if line.acquisition in FLOW_OF and line.pages and line.pages[0].media_type == JSON_MEDIA:
            said.append(said_of_page(line.material, (home / line.pages[0].file).read_bytes()))
    return said


def said_of_page(material: str, data: bytes) -> dict[str, str]:
    """What an act says of a material whose page this is."""
    made = canonical.parse(data)
    reference = committed(str(made["reference"]), bytes.fromhex(str(made["salt"])))
    return {"material": material, "kind": str(made["kind"]), "grant": str(made["grant"]), "reference": reference}
