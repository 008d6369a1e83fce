"""收件凭证: what the applicant takes home, as text (A5 by the printer's own page setting).

Invariants: made from the pinned catalogue, so it says what was in force when the case began; it carries the complaint
channel (G07) and the applicant's secret, and is therefore printed once and not kept.
"""

from hub.casework.catalogue import Item, Limit
from hub.casework.numbers import print_public_number
from node_agent import drafts
from node_agent.drafts import Draft
from node_agent.runtime import Agent
from node_agent.window_seal import SealResult

UNIT = {"WORKING_DAY": "个工作日", "NATURAL_DAY": "日", "HOUR": "小时"}
DELIVERY = {
    "POST": "邮政寄递到您填写的地址",
    "COUNTER_COLLECT": "到本窗口领取",
    "COUNTER_DEPT": "到受理部门窗口领取",
    "ELECTRONIC": "电子证照，凭本凭证下载",
}


def receipt_text(agent: Agent, case_id: str, result: SealResult) -> str:
    """The receipt right after the seal. Refusals DRAFT_UNKNOWN, UNKNOWN_ITEM."""
    draft = drafts.load(agent, case_id)
    item = drafts.item_of(agent, draft)
    here = agent.registry.directory.current(agent.identity.node)
    lines = [
        "异地通办收件凭证",
        f"查询号　{print_public_number(result.public_no)}",
        f"校验码　{result.check_code}",
        f"事　项　{item.name}",
        f"受理方　{item.implementing_body.name}",
        f"收件方　{here.title}　经办 {draft.staff_code}　{_minute(draft.begun_at)}",
        "",
        "材料清单",
        *(f"  {number}. {words}" for number, words in enumerate(_materials(agent, draft), start=1)),
        "",
        "什么时候有答复",
        *(f"  {words}" for words in _answers(item, draft)),
        "",
        f"咨询投诉　{item.complaint_channel}",
        "",
        "以下密钥只印这一次，凭它领取电子结果，请妥善保管，不要拍照外传：",
        *(f"  {result.secret[at : at + 32]}" for at in range(0, 64, 32)),
    ]
    return "\n".join(lines) + "\n"


def _materials(agent: Agent, draft: Draft) -> list[str]:
    return [line.words for line in drafts.checklist(agent, draft.case) if not line.open or line.key]


def _answers(item: Item, draft: Draft) -> list[str]:
    accept = (
        "收到之日起 5 个工作日内决定是否受理（行政许可法第三十二条）"
        if item.licensing_law
        else "收到后及时决定是否受理"
    )
    return [
        f"受理：受理方{accept}。",
        f"办结：自受理起 {_limit(item.promised_limit)}（承诺），最长 {_limit(item.statutory_limit)}（法定）。",
        f"送达：办结后 10 个工作日内，{DELIVERY[draft.delivery]}。",
        "查询：凭查询号和校验码，不用登录。",
    ]


def _limit(limit: Limit) -> str:
    return f"{limit.n} {UNIT[str(limit.unit)]}"


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
