"""Texts of figures and of the exchange with line systems and platforms (J01 to J11; GB/T 39046-2020)."""

from hub.casework.messages.entry import CHECK_AGAIN, Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    # figures
    "FIGURES_YEAR_OPEN": say("年度结束后才能定稿。", "请在次年办理；现在可以先看统计报表。", "value"),
    "FIGURES_INCOMPLETE": say("有办件未通过核验或记录不全，不能定稿。", "请等记录收齐，或重新导出证据包后再办。",
        "cases", "case", "codes"),
    "FIGURES_EXISTS": say("同名的定稿已经存在，不能覆盖。", "请核对已有的文件，或另选文件夹。", "file"),
    "FIGURES_UNWRITABLE": say("统计文件写不进去。", "请检查文件夹权限和磁盘空间后再试。"),
    "FIGURES_NOT_COLLECTED": say("文件夹里没有取证据包时的检查点，不能定稿。", "请先取齐本地区的证据包。"),
    "SAMPLE_EMPTY": say("这个文件夹里没有证据包，无从抽查。", "请先取齐本地区的证据包，再到那个文件夹抽查。", "file"),
    "FIGURES_FORMAT": say("这不是完好的年度定稿文件。", "请向出具单位重新索取。"),
    "FIGURES_FORMAT_UNKNOWN": say("统计文件只存为表格工作簿、标准文本或文件夹。", "请改用规定的后缀，或不写后缀。", "file"),
    "FIGURES_SIGNATURE": say("年度定稿没有出具人员和单位的有效签名。", CHECK_AGAIN, "person"),
    "FIGURES_RULES": say("年度定稿用的是另一版规则，本程序不能核对。", "请用同一版程序核对。", "version"),
    "FIGURES_DIFFER": say("重新计算的结果与年度定稿不一致。", CHECK_AGAIN),
    "SCHEDULE_UNKNOWN": say("没有这个报送安排。", "请从年末三次、月报、半年报中选。", "value"),
    "REPORTER_UNKNOWN": say("这个单位不在本地区的报送名单里。", "请核对单位的节点名。", "node"),
    "PLAN_FORMAT": say("工作计划表的这一行不符合格式。", "请照表头填写实施编码、单位和日期。", "file", "position"),

    "SURVEY_SIZE": say("抽取件数不合规定：每层至少一件，也不能超过上限。", "请改用范围内的件数。", "size", "least", "limit"),
    "PERIOD_ORDER": say("起始日在截止日之后。", "请核对两个日期后重试。", "since", "until"),

    # exchange tables
    "EXCHANGE_SOURCE": say("数据来源码为三位字母或数字。", "请照平台分配的来源码填写。", "value"),
    "EXCHANGE_FORMAT": say("交换文件只有两种格式。", "请改选表格格式或逐行文本格式。", "format"),
    "EXCHANGE_UNWRITABLE": say("交换文件写不进去，这一批没有导出。", "请检查文件夹和磁盘后再试，会从原处继续。"),
    "EXCHANGE_UNVERIFIED": say("这一件的记录未通过核验，没有导出。", CHECK_AGAIN, "case", "codes"),
    "EXCHANGE_NO_LICENCE": say("只有准予并已制发的证照才登记证照编号。", "请先制发；结果不是证照的不用登记。", "case"),
    "EXCHANGE_FIELD": say("有必填的内容缺失、过长或格式不对，整件没有导出。", "请核对表单或所填内容后再导出。", "case", "member"),
    "EXCHANGE_PAID": say("这张缴款单已登记过，内容不同。", "请核对单号；更正的请换号登记。", "case"),
    "EXCHANGE_MANIFEST": say("这个批次的清单或文件不完整。", "请重新复制整个批次文件夹后再核对。", "file"),
    # the hook for the department's own line system
    "HOOK_HOST": say("接口只对本机开放。", "请在本机调用，地址用本机回环地址。"),
    "HOOK_TOKEN": say("接口口令不对。", "请核对口令文件的内容后重试。"),
    "HOOK_TOKEN_FILE": say("口令文件须只有本用户可读，内容不少于三十二个字符。", "请重新生成口令并收紧文件权限。", "file"),
    "HOOK_TOO_LARGE": say("一次提交的内容超过上限。", "请减少页数或降低分辨率后分次提交。", "limit"),
    "HOOK_JSON": say("提交的内容不是规定的文本格式。", "请照接口说明重新组织内容。"),
    "HOOK_UNKNOWN": say("没有这一项。", "请先列出清单，按清单里的名称取用。", "value"),
    "HOOK_KEY": say("每次提交须带幂等键，八到六十四位字母、数字、横线。", "请为每个业务动作固定一个键后重试。", "length"),
    "HOOK_KEY_REUSED": say("这个幂等键已用于另一份内容。", "内容有变请换新键；没有变请原样重发。", "at"),
    "HOOK_ACT": say("这类动作不能由业务系统提交。", "请由人员用命令办理。", "choices"),
    "HOOK_VALUE": say("提交的内容有缺项、多项，或不在规定的代码之内。", "请照接口说明改正后重发。", "event", "member"),
    "HOOK_FILES": say("只有出件带结果页面，页面须为图像，页数有上限。", "请改正后重发。", "event", "limit"),
    "HOOK_FULL": say("待签的提交太多，暂不接收。", "请先由人员签办或退回已有的提交。", "limit"),
    "HOOK_SETTLED": say("这项提交已经签办或退回。", "请查看办理结果；需要重办的请重新提交。", "at"),
}
