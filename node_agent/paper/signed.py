"""Papers that the applicant signed: their scans stay at this node, the log has their digest alone.

Invariants: a scan is on disk (mode 0600) before the act that names it is queued; names are digests.
"""

from pathlib import Path

from node_agent.imaging.check import read_page
from node_agent.process.runtime import Agent
from node_agent.window import drafts

FOLDER = "papers"


def keep_paper(agent: Agent, paper: Path) -> str:
    """Keep a scan of a signed paper; its hex SHA-256, for the act. Refusals of the page check, DRAFT_UNWRITABLE."""
    facts, data = read_page(paper)
    folder = agent.settings.home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    drafts.keep_files(folder, [(f"{facts.sha256}.{drafts.SUFFIX[facts.media_type]}", data)])
    return facts.sha256
