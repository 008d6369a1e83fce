"""Texts of the window's and the department's own work: drafts, pulling, opening, receipts, witnesses, registrar."""

from hub.casework.messages.entry import ASK_REGISTRAR, ASK_SUPPORT, CHECK_AGAIN, Message, say

_DISK = "请检查磁盘空间和目录权限后再试。"

# fmt: off
MESSAGES: dict[str, Message] = {
    # drafts and sealing at the window
    "ACQUISITION_NOT_ALLOWED": say("这份材料不能用这种方式取得。", "请改用清单允许的方式。",
        "material", "acquisition", "allowed"),
    "CLASSIFIED_MATERIAL": say("涉密材料不得在本系统办理。", "请停止扫描，按保密规定引导申请人到指定窗口。"),
    "DRAFT_SEALED": say("这一件已经封装，不能再改。", "需要更正请走补正，或撤回后重新收件。", "case"),
    "DRAFT_UNKNOWN": say("本机没有这份草稿。", "请核对后再查；在别的机器上登记的请到那台机器办。", "case"),
    "DRAFT_UNWRITABLE": say("草稿保存不了。", _DISK),
    "FORM_UNREADABLE": say("申请表内容读不出来。", "请重新填写或重新选择表单文件。", "line", "file"),
    "MATERIAL_IS_KEY": say("主要材料不能容缺。", "请补齐；申请人坚持提交的，请登记缺项。", "material"),
    "ORIGINAL_UNKNOWN": say("原件的处理方式须从规定的几种中选择。", "请重新选择。", "original"),
    "PAGES_NONE": say("以纸质提交的材料至少要有一页扫描件。", "请先扫描这份材料。", "material"),
    "PAGE_UNREADABLE": say("这一页读不出来。", "请重新扫描这一页。"),
    "PROMISE_DATE": say("容缺补交的期限须在承诺办结之前。", "请重新约定日期。", "due"),
    "REFERENCE_MISSING": say("没有纸质扫描件的材料须写明核验编号或承诺书。", "请补填后再封装。", "material"),
    "PUBLIC_NUMBERS_SPENT": say("本机的取件号已用完，暂不能收件。", ASK_REGISTRAR, "prefix"),
    "PUBLIC_PREFIX_MISSING": say("本机没有登记取件号段，不能收件。", ASK_REGISTRAR, "node"),
    "CHECK_CODE_FORMAT": say("查询码的格式不对。", "请照回执重新输入。", "length"),
    # snapshot and registry held by an agent
    "SNAPSHOT_MISSING": say("本机还没有登记快照，不能离线收件。", "请联网片刻，本机会自动同步，然后再试。"),
    "SNAPSHOT_TOO_OLD": say("本机的登记快照太旧，不能离线收件。", "请联网同步后再收。", "made_at", "hours"),
    "SNAPSHOT_FROM_FUTURE": say("登记快照的时间晚于本机时钟。", "请校准本机时钟后再试。", "made_at", "now"),
    "SNAPSHOT_BEHIND": say("收到的登记快照比本机已有的旧，不予采用。", CHECK_AGAIN),
    "SNAPSHOT_FORMAT": say("登记快照的格式不对，不予采用。", CHECK_AGAIN),
    "SNAPSHOT_UNTRUSTED": say("登记快照核验不通过，不予采用。", CHECK_AGAIN),
    "HUB_SIGNATURE_MISSING": say("这份数据没有枢纽的签名，不予采用。", CHECK_AGAIN, "node"),
    "HUB_UNKNOWN": say("签名的枢纽没有登记，不予采用。", CHECK_AGAIN, "node"),
    "REGISTRY_BEHIND": say("本机的登记信息还没有跟上。", "不用操作，同步后会自动继续。"),
    "PROOF_MISMATCH": say("登记记录不能证明在日志里，不予采用。", CHECK_AGAIN),
    "PROOF_MISSING": say("登记记录缺少证明，不予采用。", CHECK_AGAIN),
    # pulling and opening at the department
    "CASE_UNKNOWN_HERE": say("本机没有这一件。", "请先同步；仍没有请核对是否由本单位承办。", "case"),
    "MANIFEST_MISSING": say("本机没有这一件的材料清单。", "请先同步后再打开。"),
    "PULL_MANIFEST": say("收到的材料清单与签名的不一致，不予签收。", CHECK_AGAIN),
    "NOT_PULLED": say("这一件的材料还没有下载完。", "不用操作，下载完会自动继续。"),
    "PACKET_MISSING": say("没有发给本单位的密钥包，打不开这份材料。", "请持有密钥的单位补发。", "line"),
    "PURPOSE_MISSING": say("查阅材料须写明事由（《个人信息保护法》第五十一条）。", "请填写查阅事由。", "case"),
    "PURPOSE_UNKNOWN": say("查阅事由须从规定的几种中选择。", "请按所列事由重新选择。", "purposes"),
    "ACCESS_UNCONFIRMED": say("查阅记录还没有收妥，先不显示材料。", "请联网后再打开。", "case"),
    "INBOX_UNWRITABLE": say("收件目录写不进去。", _DISK),
    "OUT_EXISTS": say("导出位置已有同名文件，不能覆盖。", "请换一个文件名。", "file"),
    "OUT_UNWRITABLE": say("导出位置写不进去。", _DISK),
    "REASONS_MISSING": say("不予许可须写明理由（《行政许可法》第三十八条）。", "请填写理由和救济途径。", "case"),
    "DECISION_TEXT_MISSING": say("不予许可的理由和救济途径须随结果一并送达，本机没有这份文字。",
        "请在作出决定的那台机器上制发。", "case"),
    "APPLICANT_KEY_MISSING": say("这一件没有申请人的领取密钥，结果不能电子封装。", "请改用窗口领取或邮寄。", "case"),
    "GATEWAY_UNSET": say("本单位没有设定寄递网关。", "请部署人员在设置中指定。"),
    "LINE_SYSTEM_UNSET": say("本单位没有设定业务系统的交换目录。", "请部署人员在设置中指定。"),
    # address for the carrier
    "ADDRESS_FORMAT": say("收件地址的格式不对。", "请收件窗口与申请人核对后更正。"),
    "ADDRESS_MISSING": say("选择邮寄须有完整的收件地址。", "请与申请人核对后补填。", "case"),
    "ADDRESS_NOT_WRAPPED": say("寄递网关还没有拿到这一件的收件地址。", "不用操作，密钥到后会自动下单。", "case"),
    # leaves, receipts, witness
    **dict.fromkeys(
        ("LEAF_CHANGED", "LEAF_EPOCH", "LEAF_MISPLACED", "LEAF_MISSING", "LEAF_ORDER", "LEAF_UNTRUSTED",
         "LEAF_WITHHELD"),
        say("枢纽发来的办件记录核验不通过，不予采用。", CHECK_AGAIN)),
    "LOG_FORKED": say("枢纽给出了两份不同的日志，本机拒绝见证。", "请立即报审计人员，保留本机数据。"),
    "LOG_SHRANK": say("枢纽的日志比见证过的短，本机拒绝见证。", "请立即报审计人员，保留本机数据。"),
    "RECEIPT_CONTRADICTED": say("枢纽的回执与日志不符，回执留作证据。", "请立即报审计人员，保留本机数据。", "index"),
    "RECEIPT_FORMAT": say("回执的格式不对。", CHECK_AGAIN),
    "RECEIPT_NOT_PROVEN": say("已收妥，日志证明还没有到。", "不用操作，稍后会自动补齐。"),
    "RECEIPT_UNTRUSTED": say("回执核验不通过，本机仍按未收妥处理。", CHECK_AGAIN, "event"),
    "SPOOL_UNREADABLE": say("本机待传的材料读不出来。", ASK_SUPPORT),
    # auditor and commands
    "CASE_NAME": say("请用 43 位办件编号、12 位取件号或件号查询。", "请核对后重新输入。", "length"),
    "EVIDENCE_UNWRITABLE": say("证据包写不进去。", _DISK),
    "FILE_UNREADABLE": say("文件读不出来。", "请核对文件位置和权限。", "file"),
    "HOME_MISSING": say("没有指明本机的数据目录。", "请在命令中指明目录。"),
    "PINS_MISSING": say("没有信任锚文件，不能核验。", "请向登记员索取信任锚文件。", "file"),
    "AGENT_RUNNING": say("本机程序已在运行，不能再开一个。", "请使用已打开的那个。"),
    "SETTING_MISSING": say("本机设置缺少一项。", "请部署人员补上后重新启动。", "setting"),
    # registrar
    "PREFIXES_EXHAUSTED": say("取件号段已分配完。", "请联系上级登记员。", "last"),
    "RECORD_DIFFERS": say("提交的登记与已批准的不一致。", "请重新提交登记申请。", "subject"),
    "TOKEN_EXPIRED": say("登记口令已过期。", "请登记员重新发给口令。", "subject", "ended"),
    "TOKEN_UNKNOWN": say("登记口令不对。", "请核对后重新输入，或请登记员重新发给。", "subject"),
    "TOKEN_USED": say("登记口令已经用过。", "请登记员重新发给口令。", "subject"),
    # demonstration
    "ATTACK_IMPOSSIBLE": say("演示需要的办件记录还没有。", "请先把演示办件走完。", "event", "subject"),
    "DEMO_COMMAND": say("演示中的一个命令没有成功。", "请查看演示记录后重新运行。", "command"),
    "DEMO_STUCK": say("演示等待超时。", "请查看演示记录后重新运行。", "waiting_for"),
}
