"""What an applicant reads who asks with number and check code (G06): one sentence a state, one word a milestone."""

from collections.abc import Mapping
from typing import Final

from hub.casework.states import State

CASE_TYPES: Final[Mapping[str, str]] = {"INSTANT": "即办件", "COMMITTED": "承诺件"}
NEXT_STEPS: Final[Mapping[State, str]] = {
    State.DRAFT: "窗口正在登记，请按窗口提示补齐材料。",
    State.PRE_REVIEW: "受理部门正在预审，有结果后窗口会告诉您。",
    State.COLLECTED: "窗口已收件，正在转交受理部门，您不用再跑。",
    State.REROUTING: "正在确定受理部门，您不用再跑。",
    State.FORWARDED: "已转交受理部门，等待签收。",
    State.PENDING_ACCEPT: "受理部门正在审查是否受理，所示日期前会告诉您。",
    State.SUPPLEMENT: "请在所示日期前补交告知书所列材料，可到就近窗口、邮寄或网上补交。",
    State.UNDER_REVIEW: "已受理，正在办理，所示日期前作出决定。",
    State.SUSPENDED: "正在进行法定的特别程序，所需时间不计入办理时限。",
    State.DECIDED: "已作出决定，正在制作结果。",
    State.DELIVERING: "结果正在送达，请留意领取或签收。",
    State.CLOSED: "已办结，欢迎评价；材料和结果请妥善保管。",
    State.ARCHIVED: "已归档；需要查阅请带证件到窗口。",
    State.NOT_COLLECTED: "窗口未收件，缺少的材料见一次性告知单，备齐后可以再来。",
    State.NOT_ACCEPTED: "不予受理，理由和救济途径见不予受理通知书。",
    State.WITHDRAWN: "已按您的申请撤回；需要可以重新申请。",
    State.TERMINATED: "逾期未补正，已终止；需要可以重新申请。",
    State.REFERRED: "已转报上级部门，由上级部门继续办理。",
    State.VOIDED: "本件已作废；有疑问请到收件窗口询问。",
    State.ABANDONED: "登记已作废；需要可以重新申请。",
    State.P_COLLECTED: "窗口已一次收齐，正在分送各部门，您不用再跑。",
    State.P_DISPATCHED: "各部门正在审查是否受理；如有缺项，由牵头部门一次告知。",
    State.P_SUPPLEMENT: "请在所示日期前补交汇总告知书所列材料，可到就近窗口、邮寄或网上补交。",
    State.P_IN_PROGRESS: "已受理，各部门正在联合办理，所示日期前办结。",
    State.P_CONCLUDED: "各部门都已作出决定，结果正在汇总到统一出件地点。",
    State.P_DELIVERING: "全部结果正在一次送达，请留意领取或签收。",
    State.P_CLOSED: "已办结，欢迎对整件事评价一次；材料和结果请妥善保管。",
    State.P_ARCHIVED: "已归档；需要查阅请带证件到窗口。",
    State.P_WITHDRAWN: "已按您的申请整件撤回；需要可以重新申请。",
    State.P_FAILED: "各部分都没有办成，理由和救济途径见各部门的通知书。",
}
MILESTONES: Final[Mapping[str, str]] = {
    "collected": "收件",
    "delivered": "受理部门签收",
    "noticed": "补正告知",
    "accepted": "受理",
    "decided": "作出决定",
    "served": "送达",
    "enquired": "咨询登记，待答复",
    "answered": "咨询登记，已答复",
}
