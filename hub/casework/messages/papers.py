"""Texts of paper and its way: originals, parcels, counters, the archive (states.md 5, 6; E08, E09, I01)."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    # originals
    "ITEM_EXISTS": say("每份原件须有自己的编号，同一编号只登记一次。", "请换一个编号，或核对是否已登记过。", "item"),
    "ITEM_UNKNOWN": say("本件没有登记这份原件。", "请核对原件编号；确已收存的请先登记收存。", "item"),
    "ITEM_NOT_HERE": say("这份原件不在本处，或还没有了结，不能由本处经手。", "请核对原件现在何处，由保管单位办理。",
        "item", "node"),
    "ORIGINAL_NOT_NEEDED": say("清单没有要求归档的原件不得收存或邮寄。", "请核对后当场退还申请人，以扫描件代替。", "material"),
    "ORIGINAL_KEPT": say("须归档的原件在办件依法终结前不退还。", "请待撤回、不予受理、终止或不予许可后退还。", "item"),
    "ITEM_NOT_FOR_ARCHIVE": say("原件只在办件办结后归档，且只归清单要求归档的。", "请待办结后归档；其余原件请退还申请人。",
        "item"),
    "PARCEL_KIND": say("封装须注明是寄往受理部门、转交下一部分还是退回。", "请重新选择。", "kind"),
    "NOT_ITS_TURN": say("几个部分共用的原件按方案的次序转交，现在只能交给轮到的部门。",
        "请刷新本件看现在轮到谁：轮到所列部门的，选转交下一部分；没有列出部门的，按本件自己的原件办理。", "item", "node"),
    "RECEIVER_WRONG": say("纸质材料只能交给本件的另一方，或退回申请人。", "请核对收件单位。", "node"),
    "PARCEL_NOT_OWED": say("这件现在没有应寄未寄的原件或结果。", "到时系统自动登记，不用操作。", "kind"),
    "CHECK_IN_NOT_DUE": say("还没有到核收的期限，或者邮件已经核收。", "到时系统自动登记，不用操作。", "due"),
    "PARCEL_NOT_OURS": say("这个邮件不是寄给本处的，或已经核收过。", "请核对邮件编号和封面，送错的请退回寄件人。", "parcel"),
    "LIST_NOT_TICKED": say("封装清单上的每一行都须核对并注明。", "请逐行核对后再签收。", "items"),
    "FINDING_UNKNOWN": say("核对结果只能从规定的清单中选。", "请重新选择。", "finding"),
    "DISCREPANCY_NONE": say("没有须由本处答复的核收不符。", "请刷新本件，看过最新情况后再办。", "item"),
    "ANSWER_MISSING": say("核收不符须寄件单位先答复，双方都签过才能了结。", "请联系寄件单位答复。", "item", "node"),
    "NOTHING_TO_SETTLE": say("这份原件没有待了结的丢失、损毁或争议。", "请刷新本件，看过最新情况后再办。", "item"),
    "PARCEL_NOT_MISSED": say("这个邮件没有列为疑似丢失。", "请核对邮件编号；久无物流的，到时系统自动列为疑似丢失。", "parcel"),
    "LOSS_TOO_EARLY": say("寄递企业没有确认丢失的，须查找满十日才能认定。", "请继续查找，或取得寄递企业的书面确认。", "until"),
    "PARCEL_OVER": say("这个邮件的行程已经结束或已召回过。", "请按它现在的状态办理。", "parcel"),
    "PICKUP_EXISTS": say("同一交接编号只能用一次。", "请换一个交接编号。", "handoff"),
    "PICKUP_UNKNOWN": say("没有通知本处来取的这次交接。", "请核对交接编号，或请保管单位重新通知。", "handoff"),
    "COUNT_DIFFERS": say("取件签收的件数、页数须与通知一致。", "请当面重新清点；确有出入的请保管单位重新通知。", "count", "pages"),
    "ORIGINALS_OPEN": say("还有原件或邮件没有着落，不能结案或归档。", "请先核收、退还、归置或认定这些原件。", "items"),
    # the result
    "RESULT_NOT_READY": say("结果不在本处待发，不能由本处办理这一步。", "请核对结果现在何处。", "node"),
    "RESEND_SPENT": say("退回的结果只按确认的地址再寄一次。", "请放到窗口待领，并通知申请人。", "count"),
    "ADDRESS_UNCONFIRMED": say("退回的结果须先向申请人核实地址，地址无误的才能再寄。", "请先致电核实；地址有变的请改到窗口领取。",
        "parcel"),
    "DELIVERY_PACKED": say("结果已经寄出或交付，送达方式不能再改。", "请等邮件的结果；退回后可以改到窗口领取。", "delivery"),
    "ADDRESS_NOT_SEALED": say("收件时没有登记邮寄地址，不能改为邮寄。", "请改选到窗口领取或电子送达。"),
    "DELIVERY_NOT_COUNTER": say("申请人没有选择到受理部门领取。", "请按申请人选定的方式送达。", "delivery"),
    "DELIVERY_PROOF_LOW": say("这个事项要求的送达证明高于电子送达所能提供的，不能电子送达。", "请申请人改选邮寄或到窗口领取。",
        "level", "needed"),
    "DELIVERY_NOT_ELECTRONIC": say("申请人没有选择电子送达。", "请按申请人选定的方式送达。", "delivery"),
    "PARCEL_NOT_ASKED": say("这个邮件没有需要向申请人核实的事。", "请核对邮件编号和它现在的状态。", "parcel"),
    "REMINDER_NOT_DUE": say("还没有到提醒领取的时间。", "到时系统自动提醒，不用操作。", "due"),
    "RESULT_NOT_LOST": say("只有丢失、收回或核收不符的结果才能重新出件。", "请先认定丢失或收回结果。"),
    # the archive
    "PACKAGE_UNKNOWN": say("归档须以已报的归档信息包为准。", "请先由受理部门报归档信息包。", "package"),
}
