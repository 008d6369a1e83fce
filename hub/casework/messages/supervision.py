"""Texts of supervision: cards, ratings, complaints, enquiries, public query, exports (standards.md 8, 9; T38)."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    "UNIT_UNKNOWN": say("登记在册的单位里不能确定是哪一个。", "请写单位全称，或者节点名。", "name"),
    "STATEMENT_WORDS_MISSING": say("须写明情况，文字留在本机，日志里只记摘要。", "请在文件中写好说明后再办。", "event"),
    "CARD_NOT_DUE": say("这张牌还没有到发出的条件，或已经发过。", "到时系统自动发出，不用操作。", "card"),
    "CARD_UNKNOWN": say("本件没有这张牌。", "请刷新本件，按牌的编号办理。", "card"),
    "CARD_NOT_YOURS": say("牌由被发牌的单位答复和申诉。", "请转告该单位办理。", "card", "node"),
    "CARD_ANSWERED": say("这张牌已经答复过或已经处理完毕。", "有新情况请向电子监察人员说明。", "card"),
    "CARD_APPEALED": say("这张牌已经申诉过或已经处理完毕。", "请等监察人员处理，或查看处理结果。", "card"),
    "CARD_NOT_RIPE": say("须先听取单位的答复或申诉，已处理的不再处理。", "请等单位答复；已处理的请查看结果。", "card"),
    "CARD_JUDGE": say("本单位的牌、本人经手或答复过的牌，不能由自己处理。",
        "请换其他监察人员；本单位的牌请上级或审计处理。", "card", "person"),
    "QUALITY_SAID": say("这份材料的影像质量已经指出过。", "不用再报；需要重拍的请办理补正告知。"),
    "RATING_LEVEL": say("评价分五级，1 为非常满意，5 为非常不满意。",
        "请按流程、窗口、人员三项各选一级；单位互评至少选一项。", "member", "level"),
    "RATING_NOT_GIVEN": say("评价须由申请人本人作出，不得默认好评或代评。", "请由申请人自己评价；不愿评价的不评。"),
    "RATED_ALREADY": say("一次服务只评价一次。", "不用再评；有新的意见可以登记投诉。", "at"),
    "RATING_UNKNOWN": say("本件没有这条评价。", "请刷新本件后再办。"),
    "RATING_STEP": say("差评按核实、整改、反馈的顺序各办一次。", "请看这条评价办到哪一步；好评不用核实。", "at"),
    "RATING_EXCLUDER": say("误评、恶意差评须由监察人员认定。", "请把核实情况报电子监察人员。", "role"),
    "TICKET_FORMAT": say("热线转办的投诉须填工单编号，只用大写字母、数字和短横。", "请照工单填写编号后再登记。", "ticket"),
    "COMPLAINT_NODE": say("被投诉的须是经办本件的单位，或该单位的人员。", "请核对单位和人员编号。", "node", "person"),
    "COMPLAINT_HANDLER": say("投诉由经办单位或本地区的监察单位处理，不交被投诉的单位。",
        "请另选处理单位；只投诉某个人的请写明人员。", "node"),
    "COMPLAINT_UNKNOWN": say("本件没有这条投诉。", "请刷新本件后再办。"),
    "COMPLAINT_STEP": say("投诉由指定的单位答复一次；有异议由登记的单位提出一次。", "请转告该单位办理，或查看办理结果。", "node"),
    "COMPLAINT_ANSWERER": say("被投诉人、原答复人不能处理这条投诉，有异议的由监察人员处理。", "请换人处理。", "person"),
    "COMPLAINT_EXTENSION": say("投诉答复只能在到期前延期一次。", "请尽快答复投诉人。", "due"),
    "ENQUIRY_UNKNOWN": say("本件没有这条咨询。", "请刷新本件后再办。"),
    "ENQUIRY_STEP": say("咨询由首问单位负责到接手的单位接办为止，只答复一次。", "请转告负责的单位办理，或查看答复。", "node"),
    "ENQUIRY_TO": say("咨询可以转给收件地、受理地或本地区的监察单位，不转回自己。", "请另选单位，或自己答复。", "node"),
    "ENQUIRY_EXTENSION": say("咨询答复只能在到期前延期一次。", "请尽快答复咨询人。", "due"),
    "QUERY_WRONG": say("查询号或校验码不对。", "请照收件凭证重新输入；凭证遗失的请本人带证件到窗口查询。"),
}
