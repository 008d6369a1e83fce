"""Lists of cases that go outside, as tables and as JSON: what is made public (G08), whom a survey may ask (G11).

Invariants: only what the list holds, which is masked already; every list says its period, rules, what it leaves out and
why, and how its digest is found in the log: SHA-256 over canonical JSON of ``{"v":1,"salt":…,"list":…}``.
"""

from collections.abc import Mapping
from typing import Final

from crypto import identity
from deploy.catalogue.files import Rows
from hub.casework.catalogue.model import Catalogue
from hub.casework.figures.following import JOINT
from hub.casework.figures.report import SMALL
from hub.casework.reasons import NOTICE_CHANNELS
from hub.casework.states import CHINESE, State
from node_agent.department.publication import JOINED, LEFT_OUT, Publication
from node_agent.exchange.lists import Stated
from node_agent.window.survey import SINGLE, Sample

PUBLIC_HEADER: Final = (
    *("办件编号", "事项名称", "实施编码", "申请人", "统一社会信用代码", "受理日期", "承诺办结日期", "决定日期"),
    *("决定机关", "办理结果", "现状", "监督举报方式"),
)
SURVEY_HEADER: Final = (
    *("办件编号", "事项或者主题", "收件窗口", "办结日期", "结果", "同意回访", "方式", "联系方式", "称呼"),
)
STANDINGS: Final = {"VALID": "有效", "CORRECTED": "已更正", "REVOKED": "已撤销"}
LEFT_OUT_WORDS: Final = dict(
    zip(
        (*LEFT_OUT, JOINED),
        (
            "不予许可，只计件数",
            "不是行政许可，法律没有要求公开",
            "涉密或者依法不纳入通办",
            "已作废、撤回或者不再有效",
            "申请人未满十八周岁",
            "看不出申请人的年龄",
            "申请表没有可公开的名称",
            "记录未通过核验或者不完整",
            "申请表打不开",
            "件数少的各项合计",
        ),
        strict=True,
    )
)


def public_tables(made: Publication, node: str) -> dict[str, Rows]:
    """The list, and what it rests on."""
    rows = [list(PUBLIC_HEADER)]
    for line in made.lines:
        rows.append(
            [
                *(line.case_no, line.item, line.task_code, line.applicant, line.credit_code, line.accepted),
                *(line.promised, line.decided, line.body, "准予", STANDINGS[line.standing], line.complaints),
            ]
        )
    told = [
        ["期间", f"{made.since} 至 {made.until}，按决定日期，首尾两日计入"],
        ["公示范围", "准予的行政许可（行政许可法第四十条）；个人姓名脱敏，单位公开名称和统一社会信用代码"],
        *([f"未列入：{LEFT_OUT_WORDS[code]}", f"{n} 件"] for code, n in made.left_out_outside().items()),
    ]
    return {"公开公示": rows, "说明": [["项目", "内容"], *told, *_stated_rows(made.stated, node)]}


def public_document(made: Publication, node: str) -> dict[str, object]:
    """The same for programs."""
    return {"v": 1, "node": node, "list": made.contents(), **stated_object(made.stated)}


def survey_tables(made: Sample, catalogue: Catalogue, node: str) -> dict[str, Rows]:
    """The sample, its strata, which everybody needs who draws again, and what it rests on.

    How many were rated or have a card is not told apart under ``SMALL`` (H01).
    """
    rows = [list(SURVEY_HEADER)]
    for line in made.lines:
        item = catalogue.items.get(line.task_code)
        what = (item.name if item else line.task_code) if line.theme == SINGLE else _theme(line.theme, catalogue)
        rows.append(
            [
                *(line.case_no, what, identity.node_name(line.window), line.ended, CHINESE[State(line.state)]),
                *("是" if line.to else "否", NOTICE_CHANNELS.get(line.channel, ""), line.to, line.name),
            ]
        )
    strata = [
        [_theme(theme, catalogue), identity.node_name(window), str(cases), str(drawn)]
        for theme, window, cases, drawn in made.strata
    ]
    told = [
        ["期间", f"{made.since} 至 {made.until}，按办结日期，首尾两日计入"],
        ["抽样", f"按主题和窗口分层，{made.total} 件中抽取 {len(made.lines)} 件"],
        ["种子", made.seed],
        ["抽样规则", "层内按种子、空字节、案件标识相连的 SHA-256 由小到大取前若干件；同一种子、同一批办件，结果相同"],
        ["联系方式", f"只列同意回访的；{'未脱敏，凭导出授权' if made.contacts else '已脱敏'}，不得用于其他用途"],
        ["在线评价", f"已评价 {_few(made.rated)}"],
        ["电子监察", f"有监察牌 {_few(made.carded)}"],
        *([["未计入", f"{made.left_out} 件记录未通过核验或者不完整"]] if made.left_out else []),
    ]
    header = ["主题", "窗口", "办结件数", "抽取件数"]
    return {
        "抽样": rows,
        "分层": [header, *strata],
        "说明": [["项目", "内容"], *told, *_stated_rows(made.stated, node)],
    }


def survey_document(made: Sample, node: str) -> dict[str, object]:
    """The same for programs."""
    return {"v": 1, "node": node, "list": made.contents(), **stated_object(made.stated)}


def _theme(code: str, catalogue: Catalogue) -> str:
    if code in (SINGLE, JOINT):
        return "单个事项" if code == SINGLE else "多地联办"
    return catalogue.themes[code].name if code in catalogue.themes else code


def _few(count: int) -> str:
    return f"不足 {SMALL} 件" if 0 < count < SMALL else f"{count} 件"


def stated_object(stated: Stated | None) -> Mapping[str, object]:
    """What somebody needs to find the list in the log."""
    return {"digest": stated.digest, "salt": stated.salt} if stated else {}


def _stated_rows(stated: Stated | None, node: str) -> Rows:
    made = [["出具单位", identity.node_name(node)]]
    return made + [["登记摘要", stated.digest], ["盐值", stated.salt]] if stated else made
