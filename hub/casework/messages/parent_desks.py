"""Texts of what agents say about parents before the hub is asked (多地联办, 一件事)."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    "FORM_FIELD_UNKNOWN": say("“一件事”的一张表只填方案列出的栏目，多问的不收。", "请去掉这一栏后再登记。", "fields"),
    "MODE_UNKNOWN": say("办理方式须从清单中选择。", "请选全程网办、异地代收代办或者多地联办。", "mode", "modes"),
    "NOT_A_PARENT": say("这一件不是联办件。", "单独的办件请用单件的命令。", "case"),
    "NOTHING_LACKS": say("各部门答复里没有需要补正的内容，不发一次告知。", "请先看各部分的答复。", "case"),
    "PARENT_DRAFT": say("联办草稿不作单件的不予收件。", "请核对清单告知申请人；坚持提交的照常封存，不办的作废草稿。", "case"),
    "PARENT_NOT_WHOLE": say("本机还没有这一件的全部记录，或者记录与法不符。", "请稍候再试；仍不行请联系技术值守。", "case"),
    "PART_UNKNOWN": say("没有这个部分。", "请用 P1、P2 这样的编号，按事项的先后数。", "part", "parts"),
    "PARTS_TOO_FEW": say("多地联办至少要有两个部分。", "只有一项的请按单件登记。", "parts"),
    "RESULTS_AWAITED": say("结果还没有到齐，不能从一个出口交付。", "请等各部门制发；申请人愿意分别领取的，封存时选分别送达。", "parts"),
}
