"""Texts of online applications (全程网办), of verification online, of data sharing, and of the three administrators."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    # through a portal
    "PORTAL_NO_CLERK": say("网上入口没有窗口人员，须由申请人本人在网上办。", "请申请人在网上操作；要当面办的请到窗口。", "event", "node"),
    "IN_PERSON_REQUIRED": say("法律法规要求这一事项到现场办理，不能网上申请。", "请到可收的窗口提交，由窗口异地代收代办。",
        "name", "nearest", "nearest_region"),
    "ONLINE_NOT_OFFERED": say("这一事项清单上没有开通全程网办。", "请到可收的窗口提交。", "name", "nearest", "nearest_region"),
    "ORIGINAL_NOT_SEEN": say("网上提交的材料没有核对过原件，不得登记为已核对或者已留存。", "请按上传件登记，或者改为在线核验。", "material"),
    "PROXY_MISSING": say("代理人申请须附授权委托书；没有代理人的不附。", "请补上授权委托书，或者取消代理人一项。"),
    "AGENT_EXCLUDED": say("依法须由申请人到场的事项，不能委托代理人申请。", "请申请人本人到可收的窗口办理。", "name"),
    "AGENT_UNNAMED": say("申请表没有写明代理人及其证件号码。", "请在申请表的代理人一栏补上，再收授权委托书。"),
    "PORTAL_NOTICES_ONLY": say("网上入口只能为申请人打开通知，不能打开其他材料。", "请到窗口或者受理部门查看。"),
    "WINDOW_NOT_ISSUING": say("这个窗口只收件，不发结果。", "请改选邮寄、到受理部门领取或者电子送达。", "window"),
    "DELIVERY_NO_COUNTER": say("网上入口没有柜台，不能到收件窗口领取。", "请改选邮寄、到受理部门领取或者电子送达。", "delivery"),
    "APPLICATION_FORMAT": say("网上申请的内容不完整，或者文件不齐。", "请网上入口核对申请后重新送来。", "member"),
    # verification online and sharing of data
    "VERIFICATION_MISSING": say("在线核验的材料须附核验结果，并写明授权和回执；其他材料不写。", "请重新核验，或者改为扫描。", "material"),
    "SHARING_MISSING": say("查询其他部门的数据，须有平台签发的、在有效期内的共享授权。", "请改为扫描；要核验的请登记机构先签发授权。",
        "sharing", "kind"),
    "SHARING_FORMAT": say("数据共享授权的内容不完整，或者不合规定。", "请登记机构核对后重新签发。", "member"),
    "SHARING_UNKNOWN": say("没有这一数据共享授权，或者已经收回。", "请核对授权编号。", "sharing"),
    "SHARING_STATE": say("供给方或者使用方才能提出争议，处理完才能再提。", "请查看这一授权的现状。", "sharing"),
    "VERIFIER_UNAVAILABLE": say("核验服务没有应答。", "请改为扫描原件，原因已登记在案。", "kind"),
    "VERIFIER_REFUSED": say("供数部门没有答复这一查询。", "请改为扫描原件，并请登记机构核对共享授权。", "kind", "status"),
    "VERIFIER_ANSWER_INVALID": say("核验服务的答复不合规定，不予采用。", "请改为扫描原件，并告知技术值守。", "member"),
    # three administrators apart
    "ADMINISTRATOR_MIXED": say("系统、安全、审计管理员不得由一人兼任，也不得兼任经办岗位。", "请另派人员，分别登记。", "roles"),
    "ADMINISTRATOR_PLACE": say("系统、安全管理员设在登记机构，审计管理员设在审计单位。", "请在规定的单位登记。", "role"),
    "PERMIT_MISSING": say("登记机构设了系统管理员，登记须先由系统管理员准予；这一登记没有准予，或者内容与准予的不同。",
        "请系统管理员重新发登记口令，再用新口令登记。", "subject"),
    "PERMIT_FORMAT": say("准予登记的内容不完整。", "请系统管理员重新发登记口令。", "problem"),
    "ADMINISTRATOR_MISSING": say("这一步须由对应的管理员签名办理。", "请该管理员用自己的工号办理。", "role", "type"),
}
# fmt: on
