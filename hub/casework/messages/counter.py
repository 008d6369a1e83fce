"""Texts of the acts off the straight path as agents refuse them before the hub is asked: window, department, coordinator."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    # window
    "PRE_REVIEW_ASKED": say("一份草稿只送一次预审。", "请等答复；要改的照答复改好以后直接封存。", "case"),
    "NOTHING_MISSING": say("材料已经齐全，不能不予收件。", "请封存；申请人不办了的请作废草稿。", "case"),
    "DRAFT_ERASED": say("这一件由统筹退回，本机的页面影像在封存以后已经清除。", "请先重开草稿，系统把封存的页面取回来。", "case"),
    "NOT_RETURNED": say("这一件没有退回本窗口。", "请查看办件现状；要更正的请走补正或者书面撤回。", "case"),
    "NOTHING_DEMANDED": say("这一件现在没有要求补正。", "请查看办件现状；材料请退还申请人。", "case"),
    "SUPPLEMENT_SEALED": say("上一批补正材料正在发送，封装以后不能再改。", "请等它发出，再补交下一批。", "case"),
    "NOTHING_TO_PRINT": say("这一件没有补正通知，也没有不予受理决定。", "请查看办件现状。", "case"),
    "CHECK_CODE_MISSING": say("在别的窗口收的件，须由申请人出示校验码。", "请申请人看凭证，重新输入六位校验码。"),
    # department
    "LINES_MISSING": say("补正通知须一次写明要补正的全部材料。", "请逐项填写材料和问题后再办。"),
    # coordinator
    "LEAD_MISSING": say("已经转过两次的件，第三次改派须统筹负责人一同签名。", "请负责人核对后填上工号一并签名。", "hops"),
    "TARGET_UNKNOWN": say("没有这个在用的受理部门。", "请从登记在册的部门里选。", "node", "nodes"),
    "QUEUE_AMBIGUOUS": say("这个部门没有能确定的受理队列。", "请写明受理队列。", "node", "queues"),
    # the command line
    "CHOICE_UNKNOWN": say("这一项只能从规定的清单里选。", "请照清单重新填写。", "option", "choices"),
    "PAIR_FORMAT": say("这一项须写成材料编号、等号和内容，文件须存在。", "请照样例重新填写。", "option", "value"),
}
# fmt: on
