"""收件凭证: what the applicant takes home, from the draft and the pinned catalogue.

Invariants: it says what was in force when the case began; the check code and the applicant's secret are on the first
print alone (``paper.shelf`` keeps it until it is printed) and are kept nowhere else.
"""

from collections.abc import Mapping
from pathlib import Path

from crypto import canonical, identity
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.catalogue.model import Item, Limit, Window
from hub.casework.masking.fields import Field, Profile, mask
from hub.casework.numbers import print_public_number
from hub.casework.time.timetable import Span, Timetable
from node_agent.keys.applicant import Applicant
from node_agent.known.casemirror import SEALS
from node_agent.paper import shelf
from node_agent.paper.fonts import fonts_of
from node_agent.paper.receipt import Handed, PrintOrder, ReceiptFacts, receipt_pdf
from node_agent.paper.sheet import Paper, Printed
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft

UNIT = {"WORKING_DAY": "个工作日", "NATURAL_DAY": "日", "HOUR": "小时"}
DELIVERY = {
    "POST": "邮政寄递到您填写的地址",
    "COUNTER_COLLECT": "到本窗口领取",
    "COUNTER_DEPT": "到受理部门窗口领取",
    "ELECTRONIC": "电子证照，凭本凭证下载",
}
DAYS = "一二三四五六日"


def order_of_seal(
    agent: Agent, draft: Draft, public_no: str, occurred_at: str, applicant: Applicant | None
) -> PrintOrder:
    """What the receipt that goes with the seal says. ``occurred_at``: of the seal, RFC 3339 text.

    ``applicant``: whose secret and check code are printed; None when a case that came back is sealed again (T24).
    """
    handed = Handed(applicant.check_code, applicant.secret) if applicant else None
    return PrintOrder(_facts(agent, draft, public_no, occurred_at), handed, occurred_at)


def print_waiting(agent: Agent, public_no: str) -> tuple[Path, tuple[str, ...]] | None:
    """The receipt of a seal as a PDF for the printer, and the characters (``U+XXXX``) that no font here shows.

    None when it was printed or erased. May be repeated: the same bytes. Refusals RECEIPT_NOT_PRINTED, FONT_UNREADABLE.
    """
    data = shelf.order(agent.settings.home, public_no)
    if data is None:
        return None
    order = PrintOrder.read(data)
    paper = _printed(agent, order.facts, order.handed, order.made_at)
    return shelf.put(agent.settings.home, public_no, paper.data), paper.missing


def copy(agent: Agent, draft: Draft, *, case_no: str, recorded_at: str) -> Printed:
    """A copy without secret and check code, for an applicant who lost the receipt. Refusal DRAFT_NOT_SEALED.

    ``case_no``, ``recorded_at``: as the hub gave them, empty before.
    """
    seals = [entry for entry in agent.journal.acts(draft.case) if entry.event in SEALS and entry.refusal is None]
    if not seals:
        raise Refusal("DRAFT_NOT_SEALED", "T05", case=draft.case)
    statement = read_signed(seals[-1].envelope)
    public_no = str(statement.body["public_no"])
    facts = _facts(agent, draft, public_no, statement.occurred_at, case_no=case_no, recorded_at=recorded_at)
    return _printed(agent, facts, None, recorded_at or statement.occurred_at)


def keep_copy(agent: Agent, printed: Printed, public_no: str) -> Path:
    """Put a copy where receipts wait for the printer; the file. Refusal RECEIPT_NOT_PRINTED."""
    return shelf.put(agent.settings.home, f"{public_no}-copy", printed.data)


def _printed(agent: Agent, facts: ReceiptFacts, handed: Handed | None, moment: str) -> Printed:
    settings = agent.settings
    return receipt_pdf(
        facts,
        handed,
        made_at=canonical.time_value(moment),
        query_url=settings.query_url,
        paper=Paper[settings.receipt_paper],
        fonts=fonts_of(settings.home),
    )


def _facts(
    agent: Agent, draft: Draft, public_no: str, occurred_at: str, *, case_no: str = "", recorded_at: str = ""
) -> ReceiptFacts:
    item = drafts.item_of(agent, draft)
    return ReceiptFacts(
        public_no=public_no,
        item=item.name,
        department=item.implementing_body.name,
        applicant=_applicant(draft),
        window=window_lines(agent, draft.catalogue),
        staff_code=draft.staff_code,
        occurred_at=occurred_at,
        materials=_materials(item, draft),
        originals_note=item.originals_note,
        answers=_answers(item, draft),
        complaint_channel=item.complaint_channel,
        case_no=case_no,
        recorded_at=recorded_at,
        parts=_parts(agent, draft),
        large=draft.large_print,
    )


def window_lines(agent: Agent, catalogue: str) -> list[tuple[str, str]]:
    """This window on a printed paper, as (label, value): name, and address, telephone, hours as the catalogue tells."""
    node = agent.identity.node
    found = agent.registry.catalogue(catalogue).window(identity.node_name(node))
    lines = [("名称", agent.registry.directory.title_of(node))]
    return lines + (_contact(found) if found else [])


def _contact(window: Window) -> list[tuple[str, str]]:
    pairs = [("地址", window.address), ("电话", window.telephone), ("办公时间", _hours(window.timetable))]
    return [(label, value) for label, value in pairs if value]


def _hours(table: Timetable) -> str:
    days = "、".join(f"周{DAYS[day - 1]}" for day in sorted(table.weekdays))
    winter, summer = _spans(table.winter), _spans(table.summer)
    if winter == summer:
        return f"{days} {winter}，法定节假日除外"
    return f"{days} {winter}；{table.summer_from} 至 {table.summer_to} 为 {summer}，法定节假日除外"


def _spans(spans: tuple[Span, ...]) -> str:
    return "、".join(f"{a // 60:02}:{a % 60:02}–{b // 60:02}:{b % 60:02}" for a, b in spans)


def _applicant(draft: Draft) -> str:
    """Person masked, body open (standards.md 15); empty when the draft was erased or the form names nobody."""
    person, body = draft.form.get("applicant"), draft.form.get("enterprise")
    name = person.get("name") if isinstance(person, Mapping) else None
    firm = body.get("name") if isinstance(body, Mapping) else None
    shown = [str(firm)] if firm else []
    return "，".join([*shown, *([mask(Field.PERSON_NAME, str(name), Profile.RECEIPT)] if name else [])])


def _materials(item: Item, draft: Draft) -> list[tuple[str, str, str]]:
    """All materials taken, promised or, where the applicant insisted, missing (E04)."""
    rows: list[tuple[str, str, str]] = []
    for material in item.materials:
        line = draft.lines.get(material.code)
        if line is not None:
            pages = f"，{len(line.pages)} 页" if line.acquisition in ("SUBMIT", "COMMITMENT") else ""
            rows.append((material.name, drafts.SAID[line.acquisition] + pages, drafts.ORIGINAL[line.original]))
        elif material.code in draft.tolerated:
            rows.append((material.name, f"暂缺，承诺 {draft.tolerated[material.code]} 前补交", "—"))
        elif material.key:
            rows.append((material.name, "未提交，申请人要求按现状提交", "—"))
    if draft.proxy:
        rows.append(("授权委托书", f"已提交，{len(draft.proxy)} 页", drafts.ORIGINAL["SEEN_RETURNED"]))
    return rows


def _parts(agent: Agent, draft: Draft) -> list[tuple[str, str, str]]:
    """Parts of a parent in order: (number, item, department)."""
    catalogue = agent.registry.catalogue(draft.catalogue)
    items = [catalogue.item(part.task_code) for part in draft.parts]
    return [(str(number), item.name, item.implementing_body.name) for number, item in enumerate(items, start=1)]


def _answers(item: Item, draft: Draft) -> list[str]:
    accept = (
        "收到之日起 5 个工作日内决定是否受理，逾期不告知的，自收到材料之日起即为受理（行政许可法第三十二条）"
        if item.licensing_law
        else "收到后及时决定是否受理"
    )
    return [
        f"受理：受理机关{accept}。",
        f"办结：自受理起 {_limit(item.promised_limit)}（承诺），最长 {_limit(item.statutory_limit)}（法定）。",
        f"送达：办结后 10 个工作日内，{DELIVERY[draft.delivery]}。",
    ]


def _limit(limit: Limit) -> str:
    return f"{limit.n} {UNIT[str(limit.unit)]}"


def told(public_no: str, check_code: str, file: str) -> str:
    """What the clerk sees after the seal: the secret is on the paper alone."""
    return f"查询号　{print_public_number(public_no)}\n校验码　{check_code}\n凭　证　{file}"
