"""Texts of scanning, carriers and the hand-over folder: what an agent finds before the hub hears of it."""

from hub.casework.messages.entry import Message, say

_RESCAN = "请重新扫描这一页。"

# fmt: off
MESSAGES: dict[str, Message] = {
    # pages
    "PAGE_EMPTY": say("这一页是空文件。", _RESCAN),
    "PAGE_FORMAT": say("只收规定格式的图像。", "请把扫描格式设为 JPEG、PNG 或 TIFF 后重扫。", "format"),
    "PAGE_NAME": say("文件名不合规定。", "请改短文件名，只用文字、数字和短横线。"),
    "PAGE_NOT_FILE": say("所选的不是文件。", "请选择扫描好的图像文件。"),
    "PAGE_NOT_IMAGE": say("所选的文件不是图像。", "请选择扫描好的图像文件。"),
    "PAGE_NOT_SINGLE": say("一个文件只能有一页。", "请逐页扫描保存。", "frames"),
    "PAGE_PIXELS": say("图像尺寸超过上限。", "请降低分辨率后重扫。", "width", "height", "limit"),
    "PAGE_TOO_LARGE": say("一页的大小超过上限。", "请降低分辨率或改用 JPEG 后重扫。", "bytes"),
    "PAGE_TRUNCATED": say("图像不完整。", _RESCAN),
    "CAPTURE_FOLDER": say("扫描目录不能使用。", "请检查目录是否存在、有无权限。"),
    # hand-over folder for a department's own system
    "BUNDLE_CASE_NO": say("办件编号为 43 位。", "请等待编号生成后再导出。", "length"),
    "BUNDLE_DIFFERENT": say("目标位置已有同名而内容不同的文件，不能覆盖。", "请核对后移走旧文件，再导出。",
        "case_no", "file"),
    "BUNDLE_UNWRITABLE": say("业务系统的交换目录写不进去，这一件没有移交。", "请检查磁盘空间和目录权限后再试。"),
    "BUNDLE_LINE": say("清单中有一行不符合导出规定。", "请更正这一行后重新导出。", "line"),
    # carriers
    "CARRIER_UNKNOWN": say("没有接入这家寄递企业。", "请改选已接入的企业。", "carrier"),
    "CARRIER_REFUSED": say("寄递企业没有接受这次下单。", "请核对收寄信息后重新下单，或改选企业。", "carrier"),
    "CARRIER_UNAVAILABLE": say("暂时连不上寄递企业。", "不用操作，系统会自动重试；急件请电话下单。",
        "carrier", "attempts"),
    "CARRIER_ANSWER_INVALID": say("寄递企业的答复不完整，不予采用。", "请稍候重试；仍不行请电话核实。", "carrier"),
    "CARRIER_INSECURE_URL": say("与寄递企业须加密传输（《个人信息保护法》第五十一条）。", "请部署人员改用加密地址。"),
    "CARRIER_SLIP_DIGEST": say("签收回单与寄递企业所报的不一致。", "请重新取回单；仍不行请电话核实。", "carrier"),
    "PARCEL_ONE_CASE": say("一个邮件只装一件。", "请分开封装。", "cases"),
    "TRACKING_MIXED_PARCELS": say("一次只能更新一个邮件的物流。", "请分开提交。"),
    "WAYBILL_CHECK_DIGIT": say("运单号的校验位不对。", "请对照面单重新输入。", "length"),
    "WAYBILL_FORMAT": say("运单号不符合这家企业的编号规则。", "请对照面单重新输入。", "carrier", "length"),
}
