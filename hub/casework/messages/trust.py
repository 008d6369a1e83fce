"""Texts of signatures, keys, sealings, registry, log and evidence: what has to be provable."""

from hub.casework.messages.entry import ASK_REGISTRAR, ASK_SUPPORT, CHECK_AGAIN, Message, say

_LOG = "日志的这部分数据须能核验，现在核验不通过。"
_NOTE = "日志的签名须由登记的密钥作出，现在核对不上。"

# fmt: off
MESSAGES: dict[str, Message] = {
    # statements and signatures
    "NOT_CANONICAL": say("提交的数据须是唯一的规范写法。", "请更新本机程序后再试。"),
    "STATEMENT_FORMAT": say("提交的文书格式不对。", "请更新本机程序后再试。"),
    "ENVELOPE_FORMAT": say("签名封套格式不对。", "请更新本机程序后再试。"),
    "SIGNATURE_INVALID": say("签名核验不通过。", "请重新登录后再签；仍不行请联系技术值守，不要代签。"),
    "SIGNER_UNKNOWN": say("签名所用的密钥没有登记。", ASK_REGISTRAR),
    "SUITE_UNKNOWN": say("只能使用登记过的密码算法。", "请更新本机程序，或联系技术值守。"),
    "PUBLIC_KEY_INVALID": say("公钥无效。", ASK_REGISTRAR),
    # keys and registry
    "KEY_REVOKED": say("这个密钥已经吊销或更换，不能再用。", ASK_REGISTRAR, "subject", "node"),
    "STATEMENT_TWICE": say("一份登记文书只能入账一次，重放的不予采用。", "请重新签一份；不是本人重发的请报技术值守和审计人员。"),
    "NODE_NAME_TAKEN": say("节点短名在全网只能有一个。", "请换一个短名重新登记。", "subject"),
    "KEY_REUSED": say("一个密钥只能登记给一个对象使用一次。", "请重新生成密钥后登记。"),
    "KEY_LABEL_TAKEN": say("本机已有同名密钥，不能覆盖。", "请核对是否已登记；确需更换请联系技术值守。", "label"),
    "KEY_MISSING": say("本机没有所需的密钥。", "请核对密钥目录；遗失请立即联系登记员吊销并重新登记。", "label"),
    "KEY_RECORD_FORMAT": say("密钥登记表填写不符合规定。", "请重新填写后提交登记。", "subject", "kind"),
    "KEM_MISSING": say("这一单位没有登记加密密钥，不能接收材料。", ASK_REGISTRAR, "subject"),
    "POSSESSION_UNPROVEN": say("登记密钥须证明密钥在申请人手里。", "请在持有密钥的机器上重新提交登记。", "subject"),
    "RECORD_NOT_CURRENT": say("登记变更须接着最近一次登记。", "请刷新登记信息后重新提交。", "subject"),
    "REGISTRAR_SIGNATURE_MISSING": say("这项登记须由地区登记员签名。", "请报登记员办理。", "subject"),
    "SUBJECT_UNKNOWN": say("没有登记这一单位或人员。", ASK_REGISTRAR, "subject"),
    "NOT_A_REGISTRY_STATEMENT": say("这不是登记类文书。", "请从登记页面办理。", "type"),
    "NODE_ID_FORMAT": say("单位编号的格式不对。", ASK_REGISTRAR, "value"),
    "PERSON_ID_FORMAT": say("人员编号由单位编号和工号组成，工号不得用姓名。", ASK_REGISTRAR, "value"),
    "VERSION_TAKEN": say("同一版本号只能发布一次。", "请换一个版本号发布。", "kind", "version"),
    "VERSION_UNKNOWN": say("没有发布过这一版本。", "请刷新清单和日历后再试。", "kind", "version"),
    "VERSION_DIFFERS": say("文件里的版本号须与发布的一致。", "请更正后重新发布。", "version"),
    "REGISTRY_UNTRUSTED": say("收到的登记信息核验不通过，不予采用。", CHECK_AGAIN),
    "REGISTRY_FORMAT": say("登记记录的格式不对，不予采用。", CHECK_AGAIN),
    "DOCUMENT_DIGEST": say("收到的清单或日历与发布的不一致，不予采用。", CHECK_AGAIN, "kind", "version"),
    # certificates
    "CERTIFICATE_FORMAT": say("连接证书格式不对。", ASK_REGISTRAR),
    "CERTIFICATE_UNKNOWN": say("本机的连接证书没有登记。", ASK_REGISTRAR, "node"),
    "CERTIFICATE_EXPIRED": say("本机的连接证书已过期，材料仍在本机。", "请登记员换发证书，换好后自动续传。", "ended"),
    "CERTIFICATE_DIFFERS": say("证书须与登记的单位和密钥一致。", ASK_REGISTRAR, "subject"),
    "REQUEST_INVALID": say("证书申请无效，或写的不是本单位。", "请在本单位机器上重新申请。", "node"),
    "RENEWAL_CHANGES_MORE": say("换发证书只能更换连接密钥。", "其他变更请报登记员办理。", "subject"),
    # sealing and key packets
    "NOTHING_SEALED": say("封装至少要有一页材料。", "请先扫描材料。"),
    "CIPHERTEXT_CHANGED": say("收到的密文与封装时不一致，不予打开。", CHECK_AGAIN, "line", "page"),
    "STREAM_UNREADABLE": say("这一页无法解密，不予显示。", "请核对密钥后重试；仍不行请收件窗口重新提供。",
        "line", "page"),
    "COMMITMENT_MISMATCH": say("解开的内容与封装时的承诺不符，不予显示。", CHECK_AGAIN, "line", "page"),
    "PACKET_UNREADABLE": say("密钥包打不开，可能不是发给本单位的。", "请持有密钥的单位重新分发。"),
    "PACKETS_DIFFER": say("随附的密钥包须与签名中列出的一致。", "请重新分发密钥。"),
    "MANIFEST_FORMAT": say("材料清单的格式不对。", "请从草稿重新封装；仍不行请更新本机程序。"),
    # log
    **dict.fromkeys(
        ("LEAF_MALFORMED", "TILE_MALFORMED", "TILE_MISMATCH", "TILE_ROOT", "CHECKPOINT_MALFORMED",
         "CHECKPOINT_EXTENSIONS", "CHECKPOINT_KEY_MISSING", "PROOF_MALFORMED", "COSIGNATURE_TIME"),
        say(_LOG, CHECK_AGAIN),
    ),
    **dict.fromkeys(("NOTE_KEY", "NOTE_MALFORMED", "NOTE_SIGNATURE", "NOTE_UNSIGNED", "WITNESS_KEY"),
        say(_NOTE, CHECK_AGAIN)),
    "CHECKPOINT_ORIGIN": say("检查点须出自所指定的日志。", CHECK_AGAIN, "origin"),
    "CHECKPOINT_MOVED": say("日志已经有更新的检查点。", "请取最新检查点后再签。"),
    "CONSISTENCY_INVALID": say("新旧两份日志接不上，可能有人改过。", CHECK_AGAIN),
    "INCLUSION_INVALID": say("这条记录不能证明在日志里。", CHECK_AGAIN),
    "LOG_RANGE": say("所要的位置超出了日志长度。", "请先刷新日志长度再查。", "size"),
    "LOG_ROLLED_BACK": say("日志比已公布的短，系统已停止收件以免丢失记录。", "请立即报技术值守从备份恢复，不要重启。",
        "database", "published"),
    "NOT_INTEGRATED": say("这条记录已收妥，证明还在生成。", "请几秒后再取。"),
    "LEAF_TOO_LARGE": say("一条记录的大小超过上限。", "请减少附带内容后重新提交。", "bytes", "most"),
    "ENTRY_TOO_LARGE": say("一条记录的大小超过上限。", "请减少附带内容后重新提交。", "bytes", "most"),
    "TILE_PATH": say("日志里没有这个位置。", "请核对地址后再取。", "path"),
    # evidence
    "EVIDENCE_NAME": say("证据包内有不合规定的文件名。", "请勿使用，向出具单位重新索取。", "name"),
    "EVIDENCE_PART_MISSING": say("证据包内容不全。", "请重新导出。"),
    "EVIDENCE_SIZE": say("证据包内的文件数超过上限。", "请分件导出。", "most"),
    "EXTRACT_FORMAT": say("摘录的格式不对。", "请向出具单位重新索取。", "member"),
    "EXTRACT_VERSION": say("摘录的版本本机程序不认识。", "请更新核验程序。"),
    "PINS_FORMAT": say("信任锚文件格式不对。", "请向登记员重新索取信任锚文件。"),
    "CHAIN_BROKEN": say("这一件的记录前后接不上，暂停在本机办理。", CHECK_AGAIN, "case"),
    "OBJECT_KEY": say("存放位置不合规定。", ASK_SUPPORT),
}
