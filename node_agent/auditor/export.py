"""Takes the evidence package of a case home as a file.

Invariants: the file is whole or absent, mode 0600; it is not believed here: ``yidi audit verify`` does that, offline.
"""

import os
import re
from pathlib import Path

from crypto.refusal import Refusal
from node_agent.process.runtime import Agent

_NAME = re.compile(r"[0-9A-Za-z-]{8,64}", re.ASCII)


def export(agent: Agent, case_name: str, target: Path | None = None) -> Path:
    """The package of a case (case id, case number or public number), at ``target`` or in the agent's ``evidence/``.

    Refusals CASE_UNKNOWN (not this node's to see, or no such case), CASE_NAME, EVIDENCE_UNWRITABLE, HUB_UNAVAILABLE.
    """
    if _NAME.fullmatch(case_name) is None:
        raise Refusal("CASE_NAME", "users.md C9", length=len(case_name))
    package = agent.hub.export_evidence(case_name)
    path = target or agent.settings.home / "evidence" / f"{case_name}.zip"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(package)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Refusal("EVIDENCE_UNWRITABLE", "users.md C9", problem=error.strerror or "") from error
    return path
