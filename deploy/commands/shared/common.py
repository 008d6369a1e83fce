"""What all commands share: the console, ``--json``, opening the agent, waiting for answers, saying no.

Invariants:
- with ``--json`` exactly one JSON object goes to standard output, nothing else; progress goes to standard error;
- exit codes: 0 done, 1 refused by a rule, 2 wrong usage (typer), 3 kept on this machine and not answered yet;
- a refusal is shown with rule and way out (promise 7), never as a stack trace.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from crypto.identity import node_name
from crypto.refusal import Refusal
from hub.casework.messages import render
from node_agent.process.runtime import Agent, open_agent
from node_agent.transfer.standing import read_status
from storage.journal import OutboxEntry

EXIT_REFUSED = 1
EXIT_KEPT = 3
POLL_SECONDS = 0.1
TEXT_FILE = "文本文件，- 为标准输入"
KEPT_TEXT = "已存入本机队列，恢复联网后自动发送"

console = Console()
progress_console = Console(stderr=True)

Home = Annotated[
    Path,
    typer.Option("--home", envvar="YIDI_AGENT_HOME", help="本节点的文件夹", exists=True, file_okay=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出，便于程序读取")]
WaitSeconds = Annotated[float, typer.Option("--wait", min=0, help="最多等待回执多少秒，0 为不等")]
Staff = Annotated[str, typer.Option("--staff", envvar="YIDI_STAFF", help="经办人工号（不是姓名）")]


@contextmanager
def refusals(as_json: bool) -> Iterator[None]:
    """Shows a Refusal raised inside and ends the command with exit code 1."""
    try:
        yield
    except Refusal as refusal:
        show_refusal(refusal, as_json)
        raise typer.Exit(EXIT_REFUSED) from refusal


@contextmanager
def agent_at(home: Path, as_json: bool, attempts: int = 1) -> Iterator[Agent]:
    """The agent in ``home``, closed at the end; refusals inside are shown. ``attempts``: tries for each call."""
    with refusals(as_json):
        agent = open_agent(home, attempts)
        try:
            yield agent
        finally:
            agent.close()


def show(value: Mapping[str, object], as_json: bool, *human: RenderableType) -> None:
    """The result of a command: ``value`` as JSON, or the texts and tables for people."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
        return
    for part in human:
        console.print(part)


def show_refusal(refusal: Refusal, as_json: bool) -> None:
    """Rule, value and way out; the stable code below."""
    text = refusal_text(refusal)
    if as_json:
        show({"ok": False, "refusal": refusal_object(refusal)}, True)
        return
    console.print(Panel(text, title="不能办理", subtitle=refusal.code, border_style="red"))


def refusal_text(refusal: Refusal) -> str:
    """The Chinese text of a refusal."""
    return render(refusal)


def refusal_object(refusal: Refusal) -> dict[str, object]:
    """A refusal for programs: code, rule, values, and the Chinese message."""
    return {
        "code": refusal.code,
        "rule": refusal.rule,
        "values": dict(refusal.values),
        "message": refusal_text(refusal),
    }


def bar(as_json: bool) -> Progress:
    """A progress display for long work, on standard error; silent with ``--json``. Use as a context."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=progress_console,
        transient=True,
        disable=as_json,
    )


def text_of(file: Path | None) -> str:
    """Words from a text file, or from standard input for ``-``: as an argument every process could read them.

    Empty without a file. Refusal TEXT_UNREADABLE.
    """
    if file is None:
        return ""
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("TEXT_UNREADABLE", "promise 1", file=file.name) from error


def keyless_words(nodes: Sequence[str]) -> list[str]:
    """One line for each recipient that had no valid key when something was sealed to it. ``nodes``: ids or names."""
    names = [node_name(node) if "/" in node else node for node in nodes]
    return [f"[yellow]{name} 暂无有效公钥，恢复后本机自动补发密钥[/yellow]" for name in names]


def wait_for(agent: Agent, digests: Sequence[str], seconds: float, as_json: bool) -> list[OutboxEntry]:
    """The queued acts with these payload digests, when all are answered or ``seconds`` have passed.

    The running agent sends; this only looks into the journal. Refusal ACT_UNKNOWN for a digest never queued here.
    """
    end = time.monotonic() + seconds
    with bar(as_json) as progress:
        task = progress.add_task("等待枢纽回执", total=len(digests))
        while True:
            entries = [_entry(agent, digest) for digest in digests]
            answered = sum(entry.state != "WAITING" for entry in entries)
            progress.update(task, completed=answered)
            if answered == len(entries) or time.monotonic() >= end:
                return entries
            time.sleep(POLL_SECONDS)


def answered(agent: Agent, seconds: float, as_json: bool) -> Callable[[str], OutboxEntry]:
    """Waits for the hub's answer to one act, by its digest: for work that goes on with it."""
    return lambda digest: wait_for(agent, [digest], seconds, as_json)[0]


def finish(
    agent: Agent,
    digests: Sequence[str],
    seconds: float,
    as_json: bool,
    value: Mapping[str, object],
    *human: RenderableType,
) -> None:
    """Wait for the answers, show ``value`` with what became of each act, end with the fitting exit code."""
    entries = wait_for(agent, digests, seconds, as_json)
    refused = [entry.refusal for entry in entries if entry.refusal is not None]
    waiting = any(entry.state == "WAITING" for entry in entries)
    state = "REFUSED" if refused else "WAITING" if waiting else "DONE"
    acts = [act_object(entry) for entry in entries]
    show({"ok": not refused, "state": state, **value, "acts": acts}, as_json, *(() if refused else human))
    if not as_json:
        for refusal in refused:
            show_refusal(refusal, False)
        if waiting:
            console.print(f"[yellow]{KEPT_TEXT}[/yellow]{_why_waiting(agent)}")
    if refused or waiting:
        raise typer.Exit(EXIT_REFUSED if refused else EXIT_KEPT)


def finish_act(
    agent: Agent,
    entry: OutboxEntry,
    seconds: float,
    as_json: bool,
    *human: RenderableType,
    with_it: Sequence[str] = (),
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """``finish`` for one act. ``with_it``: payload digests of further acts that belong to it; ``more`` is shown."""
    value = {"case": entry.case_id, "event": entry.event, "digest": entry.payload_digest, **more}
    finish(agent, list(dict.fromkeys([entry.payload_digest, *with_it])), seconds, as_json, value, *human)


def _why_waiting(agent: Agent) -> str:
    """What the running agent says of its last try to send."""
    problem = read_status(agent.journal)["problem"]
    return f"（{refusal_text(Refusal(problem['code'], problem['rule'], **problem['values']))}）" if problem else ""


def minute(text: str | None, otherwise: str = "—") -> str:
    """A time of the log for a table, in Beijing time to the minute; ``--json`` has it whole."""
    return text[:16].replace("T", " ") if text else otherwise


def act_object(entry: OutboxEntry) -> dict[str, object]:
    """A queued act for programs."""
    return {
        "number": entry.number,
        "case": entry.case_id,
        "event": entry.event,
        "digest": entry.payload_digest,
        "state": entry.state,
        "case_no": entry.case_no,
        "queued_at": entry.queued_at,
        "refusal": refusal_object(entry.refusal) if entry.refusal else None,
    }


def _entry(agent: Agent, digest: str) -> OutboxEntry:
    found = agent.journal.entry(digest)
    if found is None:
        raise Refusal("ACT_UNKNOWN", "promise 6", digest=digest)
    return found
