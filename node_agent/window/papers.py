"""What the window prints off the straight path: 补正通知书, 不予受理通知书, 补正材料接收凭证, notices of limits.

Invariants:
- codes of the log are printed with the words of ``hub.casework.reasons``, so screen and paper say the same;
- words that the department sealed for the applicant are printed only after the window opened them with a purpose (H02);
- a printed file waits on the shelf like a receipt and is erased with the others (``paper.shelf``).
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework import reasons
from hub.casework.catalogue.model import Item
from hub.casework.facts import FORM
from node_agent.department.review_papers import LIMIT_NOTICES, parts_of
from node_agent.known.casemirror import NOTICES, Recorded, application_leaf, demanded, history, last_of
from node_agent.paper import shelf
from node_agent.paper.fonts import fonts_of
from node_agent.paper.notice import Table, notice_pdf
from node_agent.parents.told import item_in
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from node_agent.transfer.notices import NOTICE
from node_agent.window.seal import collecting_role
from node_agent.window.supplement import Demand, Supplemented
from storage.journal import OutboxEntry

PURPOSE = "NOTICE"
Answered = Callable[[str], OutboxEntry]


def supplement_receipt(agent: Agent, asked: Demand, made: Supplemented, now: datetime) -> Path:
    """补正材料接收凭证: what was sealed and for which defect; the PDF's path. ``now``: aware. RECEIPT_UNWRITABLE."""
    rows = [
        (str(number), line.name, _word(reasons.DEFECTS, line.defect), f"{made.counts[line.material]} 页")
        for number, line in enumerate((one for one in asked.lines if one.material in made.materials), start=1)
    ]
    left = [line.name for line in asked.lines if line.material not in made.materials and not line.handed_in]
    words = ["已收到您补交的以下材料，加密封装后送受理机关。本凭证只证明收到，不代表受理。"]
    if left:
        words.append(f"还没有补交：{'、'.join(left)}。请在 {asked.due} 以前补齐。")
    printed = notice_pdf(
        "补正材料接收凭证",
        words,
        Table(("序", "材料", "补正要求", "收到"), rows, (1, 5, 6, 2)),
        ["补正齐全之日起，受理机关重新计算受理期限，受理自补正齐全之日生效（行政许可法第三十二条）。"],
        made_at=now,
        issuer=agent.registry.directory.title_of(agent.identity.node),
        complaint_channel=asked.item.complaint_channel,
        facts=[*_numbers(asked.case_no, asked.public_no, asked.item), ("补正批次", f"第 {made.revision} 批")],
        fonts=fonts_of(agent.settings.home),
    )
    return shelf.put(agent.settings.home, f"supplement-{asked.public_no}-{made.revision}", printed.data)


def notice_paper(agent: Agent, case_id: str, staff_code: str, answered: Answered) -> tuple[Path, tuple[str, ...]]:
    """补正通知书 or 不予受理通知书 of a case of this window: the PDF's path, and its lines for the screen.

    ``answered``: as in ``opening.open_sealing``; asked only where the department sealed words. Refusals
    NOTHING_TO_PRINT and those of ``open_sealing``.
    """
    told = history(agent.journal, case_id)
    said = last_of(told, "refuse_accept", *NOTICES, *LIMIT_NOTICES, "extend_parent")
    application = application_leaf(told)
    if said is None or application is None:
        raise Refusal("NOTHING_TO_PRINT", "行政许可法 32; T16, T21", case=case_id)
    body = application.statement.body
    item = item_in(agent.registry.catalogue(str(body["catalogue"]), agent.hub), body)
    words = _opened_words(agent, case_id, said, staff_code, answered)
    facts = _numbers(application.leaf.assigned.get("case_no", ""), str(body.get("public_no", "")), item)
    make = _PARTS.get(said.statement.type, _limit_parts)
    title, paragraphs, table, footer = make(agent, item, told, said, words)
    printed = notice_pdf(
        title,
        paragraphs,
        table,
        footer,
        made_at=canonical.time_value(said.leaf.recorded_at),
        issuer=agent.registry.directory.title_of(said.statement.actor.node),
        complaint_channel=item.complaint_channel,
        facts=facts,
        sign_here=["申请人或者代理人签收"],
        fonts=fonts_of(agent.settings.home),
    )
    file = shelf.put(agent.settings.home, f"notice-{body.get('public_no')}", printed.data)
    return file, (title, *paragraphs, *(" ".join(row) for row in (table.rows if table else ())))


_Parts = tuple[str, list[str], Table | None, list[str]]


def _notice_parts(agent: Agent, item: Item, told: list[Recorded], said: Recorded, words: dict[str, str]) -> _Parts:
    lines, due, methods = demanded(told)
    names = {material.code: material.name for material in item.materials} | {FORM: "申请表"}
    rows = [
        (str(number), names.get(code.partition("@")[0], code), _word(reasons.DEFECTS, defect))
        for number, (code, defect) in enumerate(((one["material"], one["defect"]) for one in lines), start=1)
    ]
    ways = "、".join(_word(reasons.SUPPLEMENT_METHODS, method) for method in methods)
    paragraphs = ["您申请的事项，材料不齐全或者不符合法定形式，现将需要补正的全部内容一次告知如下："]
    paragraphs += [words["words"]] if words.get("words") else []
    footer = [f"请在 {due} 以前补正。补正方式：{ways}。", "可以在任何一个异地通办窗口补交，出示查询号和校验码即可。"]
    return "补正通知书", paragraphs, Table(("序", "材料", "需要补正"), rows, (1, 5, 7)), footer


def _refusal_parts(agent: Agent, item: Item, told: list[Recorded], said: Recorded, words: dict[str, str]) -> _Parts:
    body = said.statement.body
    paragraphs = [f"您申请的事项，决定不予受理：{_word(reasons.REFUSAL_REASONS, str(body['reason']))}。"]
    paragraphs += [f"理由：{words['reasons']}"] if words.get("reasons") else []
    if body.get("competent_body"):
        paragraphs.append(f"有权办理的机关（统一社会信用代码）：{body['competent_body']}。")
    footer = [f"救济途径：{words['appeal']}"] if words.get("appeal") else []
    return "不予受理通知书", paragraphs, None, [*footer, "您提交的材料原件退还给您。"]


def _limit_parts(agent: Agent, item: Item, told: list[Recorded], said: Recorded, words: dict[str, str]) -> _Parts:
    """行政许可法 42, 45: what pauses or lengthens the limit (T26, T28)."""
    title, paragraphs = parts_of(said.statement, words)
    return title, paragraphs, None, []


_PARTS = {"refuse_accept": _refusal_parts, **dict.fromkeys(NOTICES, _notice_parts)}


def _opened_words(agent: Agent, case_id: str, said: Recorded, staff_code: str, answered: Answered) -> dict[str, str]:
    digest = said.statement.body.get("manifest")
    if not digest:
        return {}
    role = collecting_role(agent, staff_code)
    _, _, lines = opening.open_sealing(agent, case_id, str(digest), staff_code, role, PURPOSE, answered=answered)
    page = next((line.pages[0] for line in lines if line.material == NOTICE and line.pages), None)
    value = json.loads(page.data) if page else {}
    return {name: text for name, text in value.items() if isinstance(text, str)}


def _numbers(case_no: str, public_no: str, item: Item) -> list[tuple[str, str]]:
    pairs = [("事项", item.name), ("办件编号", case_no), ("查询号", public_no)]
    return [(label, value) for label, value in pairs if value]


def _word(words: reasons.Words, code: str) -> str:
    return words.get(code, code)
