"""Texts of the acts off the straight path as agents refuse them before the hub is asked: window, department, coordinator."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    "CONTACT_MISSING": say("要告知申请人，须有所选方式的号码或账号。", "请当面核对后填写；不愿留的改为凭查询号自己查询。", "channel"),
    "NOTICE_UNKNOWN": say("没有这一条待打的电话。", "请先列出要打的电话，按清单上的编号登记。", "notice"),
    # window
    "PRE_REVIEW_ASKED": say("一份草稿只送一次预审。", "请等答复；要改的照答复改好以后直接封存。", "case"),
    "NOTHING_MISSING": say("材料已经齐全，不能不予收件。", "请封存；申请人不办了的请作废草稿。", "case"),
    "DRAFT_ERASED": say("这一件由统筹退回，本机的页面影像在封存以后已经清除。", "请先重开草稿，系统把封存的页面取回来。", "case"),
    "DRAFT_NEWER": say("另一个操作刚才改过这份草稿，这一次没有保存。", "刚才收进的页都在；请先看一遍材料清单，再办一次。", "case"),
    "PAGES_NEWER": say("办这一步的时候，另一个操作又给这项材料收进了页，这一次没有保存。", "请先看一遍材料清单；确实要换掉那些页的，再办一次。", "material"),
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
    "OPTION_MISSING": say("这一步少写了一项。", "请补上这一项，再办一次。", "option", "see"),
    "OPTION_VALUE": say("这一项填写的内容不合要求。", "请改正这一项，再办一次。", "option", "problem", "see"),
    "OPTION_UNKNOWN": say("这个命令没有这一选项。", "请核对写法，再办一次。", "option", "near", "see"),
    "OPTION_FORM": say("这一选项后面该不该写内容，写反了。", "请核对写法，再办一次。", "given", "see"),
    "COMMAND_UNKNOWN": say("没有这个命令。", "请核对写法，再办一次。", "given", "see"),
    "WORDS_TOO_MANY": say("这个命令后面多写了内容。", "请去掉多写的；内容里有空格的，请加引号。", "given", "see"),
    "USAGE_WRONG": say("命令的写法不对。", "请核对写法，再办一次。", "see"),
    "PROGRAM_FAULT": say("程序出错，这一步没有办成。", "请把种类和位置告诉技术值守；已经签收的办件不受影响。", "fault", "place"),
    "PAGE_LIST_FORMAT": say("页与材料的对应表须写明事项编码，逐页写明材料和文件。", "请照样例补齐后再办。", "member"),
    "PAIR_FORMAT": say("这一项须写成材料编号、等号和内容，文件须存在。", "请照样例重新填写。", "option", "value"),
}
# fmt: on
