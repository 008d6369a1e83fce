"""Texts of parents and children: 多地联办, 一件事 (states.md 8)."""

from hub.casework.messages.entry import Message, say

KIN_FINDINGS = {
    "KIN_FOREIGN": "这一件不是该联办件的一部分",
    "KIN_UNTRUE": "联办件上记的部分进展，与该部分自己的日志不符",
    "KIN_UNPROVEN": "部分上记的联办情况，在联办件的日志里没有依据",
    "KIN_WITHHELD": "枢纽应当立即告知对方的情况没有告知（事件、没有得到告知的件）",
}
"""What parent and children say of each other does not agree (``node_agent.auditor.kin``)."""

# fmt: off
MESSAGES: dict[str, Message] = {
    "PARENT_PARTS": say("联办的各部分须与方案一致，没有方案的至少两个，最多二十四个，不得重复，也不得互相等待。",
        "请照“一件事”方案重新登记各部分后再封装；部分太多的，分成几件登记。",
        "theme", "part", "n", "most"),
    "PARENT_SERVES": say("一份材料只有在各部分清单中名称相同时才能共用，每项材料只登记一次。",
        "请分开登记这份材料，或改对材料编码。", "line", "part", "material"),
    "PARENT_EXIT": say("统一出件的地点须登记在册，并且就是收件的窗口。",
        "请到所列的出件窗口收件，或请申请人选择分别出件；方案有误的请联系统筹人员。", "node"),
    "PARENT_UNKNOWN": say("没有查到这一部分所属的联办件，或者联办件里没有这一部分。",
        "请先封装联办件，再封装各部分。", "parent", "part"),
    "PARENT_DIFFERS": say("各部分须与联办件一次封装、内容一致。", "请从联办草稿重新封装，不要单独改动某一部分。", "member"),
    "PART_MODE": say("这一部分的事项没有开通所选的办理方式。", "请改选该事项开通的方式，或按多地联办登记。",
        "part", "mode", "modes"),
    "PART_DEPARTMENT": say("方案要征求意见的部门没有接入，无处可问。", "请联系统筹人员补登部门节点后再收件。", "part", "body"),
    "PART_LINES": say("每个部门只能打开本部分所需的材料。", "请只授权本部分的材料、申请表和寄送地址。", "part"),
    "PART_BLOCKED": say("各部分还没有封装齐，或者前一部分还没有准予，这一部分先不转交。",
        "请把其余部分封装完，或等前一部分办结，系统会自动转交；封装不成的，可以整件撤回。", "parts"),
    "PART_HELD": say("联办中有一部分没有办成，正在征求申请人意见，其余部分暂不作决定。",
        "请等申请人答复；逾五个工作日未答复的自动继续办理。", "parent"),
    "PART_DECIDED": say("联办中已有部分作出决定，不能整件撤回。", "请改为撤回尚未决定的部分。", "part"),
    "NOTHING_LEFT": say("没有可以撤回的部分。", "还没有部分作出决定的，请整件撤回；全部已决定的不能再撤回。", "parts"),
    "NOTICE_MERGED": say("联办只发一次补正告知，由牵头部门汇总。", "请把本部分的缺项答复给牵头部门。", "parent"),
    "NOTICE_DIFFERS": say("汇总的补正告知须与各部门答复的缺项完全一致，不得增减。", "请刷新各部门答复后重新汇总。", "parts"),
    "ANSWERS_OPEN": say("还有部门没有答复，三个工作日内先等答复。", "请催办未答复的部门，或等到期后再汇总。", "parts", "until"),
    "MERGE_NOT_DUE": say("牵头部门的汇总期限还没有过，统筹人员暂不代发。", "请催牵头部门汇总；到期后可以代发。", "until", "node"),
    "ANSWERED_ALREADY": say("本部分已经答复过，或者已经告知过申请人。", "请按已有的答复办理。", "answer"),
    "ANSWER_LATE": say("牵头部门已经发出汇总告知，不能再补答复。", "请按材料现状办理；到期未处理的视为受理。", "at"),
    "NO_PARENT": say("这一件不是联办的一部分。", "请直接向申请人告知补正。"),
    "NOT_ASKED": say("现在没有要申请人答复的事。", "请刷新联办件查看当前情况。"),
    "FEE_PART": say("缴费只能分摊到联办的各部分，每部分一笔。", "请对照联办件的各部分重新填写分摊。", "part"),
    "FEE_SUM": say("各部分分摊之和须等于总额。", "请核对缴款单后重新填写。", "total", "shares"),
    "FEE_NOT_LISTED": say("清单规定不收费的事项不得收费（《行政许可法》第五十八条）。",
        "请去掉这一部分的收费；已经收的请退还申请人。", "part"),
    "FEE_STATE": say("缴费按待缴、已缴或减免、已退的顺序登记。", "请刷新联办件，看过已登记的状态后再办。", "fee", "fee_before"),
    "FEE_TOLD": say("一件联办只有一笔缴费，登记过的单号、金额和分摊不再改动。",
        "请照原单号登记；登记有误的，先登记退款，再向统筹人员说明。", "pay_no"),
    "KIN_NOT_OWED": say("枢纽的陈述须与各部分的实际情况一致。", "请重新核验这一件；仍不一致请报告审计。", "event"),
    "RESULT_GATHERED": say("全部结果已在统一出件处到齐，这一部分的结果不能再收回或重出。",
        "请统一出件处先完成送达；结果有误的，送达后由作出决定的部门另行依法更正。", "parent"),
    "RESULTS_MISSING": say("统一出件须等全部结果到齐。", "请等所列部分的结果送到后再确认到齐。", "parts"),
    "EXIT_ONE": say("联办结果由统一出件地点一次送达，各部分不单独送达。", "请把结果送到统一出件地点。", "parent"),
    "RATE_THE_PARENT": say("联办只评价一次，在联办件上评价。", "请用联办件的取件号评价。", "parent"),
}
# fmt: on
