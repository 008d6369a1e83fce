"""Evidence packages of all cases that an overseer may see, into a folder, under one checkpoint (A24, users.md C9).

Invariants: the checkpoint is taken before the cases are listed, so every case with a leaf under it is in the list; one
package in memory at a time; nothing here is believed: figures verify each package.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

from crypto.refusal import Refusal
from node_agent.auditor.export import export
from node_agent.auditor.witness import read_head
from node_agent.process.runtime import Agent

CHECKPOINT = "checkpoint.txt"


def collect(agent: Agent, folder: Path, told: Callable[[int], None] = lambda count: None) -> int:
    """How many packages were taken. ``told``: after each one. Refusals FIGURES_UNWRITABLE, those of the export."""
    published, _ = agent.hub.checkpoint()
    read_head(published, agent.identity.pins)
    count, token = 0, ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            page, token = agent.hub.cases(page_token=token)
            for document in page:
                case_id = str(json.loads(document)["case"])
                export(agent, case_id, folder / f"{case_id}.zip")
                count += 1
                told(count)
            if not token:
                break
        path = folder / CHECKPOINT
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(published)  # last: a folder with it is whole
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Refusal("FIGURES_UNWRITABLE", "J11", problem=error.strerror or "") from error
    return count


def checkpoint_of(folder: Path) -> str:
    """The checkpoint that the packages in a folder were collected under. Refusal FIGURES_NOT_COLLECTED."""
    try:
        return (folder / CHECKPOINT).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("FIGURES_NOT_COLLECTED", "J11") from error
