"""What the window is told of pages that are read, turned and masked: before the seal, while it waits, and after it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.progress import Progress, TaskID

from hub.casework import messages
from hub.casework.messages.imaging import WITHHELD_WAYS
from hub.casework.reasons import WITHHELD_REASONS
from node_agent.imaging.reading import queue
from node_agent.window.ready import PageStand
from node_agent.window.seal import Reads

STATES: Final = {
    "OPEN": "不附遮盖件",
    "WAITING": "还在识别",
    "FOUND": "封存时自动遮盖",
    "MASKED": "已有遮盖件",
    "WITHHELD": "不对外提供",
}


def withheld_words(codes: Iterable[str]) -> list[str]:
    """Why a page is withheld, each reason with its way out."""
    told = []
    for code in codes:
        refusal = messages.MESSAGES.get(code)  # what is no page at all has a message of its own
        reason = WITHHELD_REASONS.get(code) or (refusal.rule.rstrip("。") if refusal else "")
        way = WITHHELD_WAYS.get(code) or (refusal.way_out.rstrip("。") if refusal else "")
        told.append(f"{reason or code}：{way}。" if way else f"{reason or code}。")
    return told


def page_words(stands: Sequence[PageStand]) -> list[str]:
    """One line a page of materials with a masked copy, and for every page that stands on its side or head."""
    words = []
    for one in stands:
        if one.state == "OPEN" or (one.state == "WAITING" and not one.masked):
            if one.turn:
                words.append(f"《{one.material}》第 {one.page} 页放倒了，封存时自动转正")
            continue
        boxes = f"，{one.boxes} 处" if one.boxes else ""
        turn = "，封存时自动转正" if one.turn else ""
        words.append(f"《{one.material}》第 {one.page} 页：{STATES[one.state]}{boxes}{turn}")
        words += [f"[yellow]　{text}[/yellow]" for text in withheld_words(one.why)]
    return words


def page_objects(stands: Iterable[PageStand]) -> list[dict[str, object]]:
    """As JSON; codes and numbers, nothing that was read."""
    return [{**one.__dict__, "why": list(one.why)} for one in stands]


def reads(progress: Progress, task: TaskID, seconds: float) -> Reads:
    """Sealing waits so long, and tells of each page that is read."""
    return Reads(seconds, told_on(progress, task))


def told_on(progress: Progress, task: TaskID) -> Callable[[queue.Progress], None]:
    """Shows how many pages are read, and how long the one in work takes."""

    def told(now: queue.Progress) -> None:
        seconds = f"，本页 {now.seconds:.0f} 秒" if now.seconds >= 1 else ""
        progress.update(task, description=f"识别页面{seconds}", completed=now.done, total=now.total)

    return told
