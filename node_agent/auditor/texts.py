"""What an auditor reads: one Chinese sentence a finding code, and the printed report.

Invariant: every code that ``crypto.evidence`` reports has a sentence (a test compares); codes of the law's guards keep
their own texts in ``hub.casework.messages``, here they share one sentence that names the code.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from crypto.evidence.report import Finding, Severity, Verdict
from hub.casework.casefile import CaseFile
from hub.casework.states import CHINESE
from node_agent.auditor.verify import AuditReport

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.VALID: "有效：全部签名、证明和规则均核验通过",
    Verdict.INVALID: "无效：证据包被改动、不完整，或者不符合规则",
    Verdict.INDETERMINATE: "无法判定：有本程序不认识的版本、算法，或者见证不足",
}
SENTENCES: Final[Mapping[str, str]] = {
    "CONTAINER_SIZE": "证据包过大或者条目过多",
    "CONTAINER_UNREADABLE": "证据包不是完好的 zip 文件，或者有条目读不出",
    "CONTAINER_NAME": "证据包里有不该有的文件名",
    "CONTAINER_DUPLICATE": "证据包里有重名文件",
    "CONTAINER_FORM": "证据包的打包形式不是规定的唯一形式，可能夹带内容",
    "PACKAGE_MISSING": "缺少目录 package.json",
    "PACKAGE_FORMAT": "目录 package.json 格式不对",
    "PACKAGE_VERSION": "目录 package.json 是本程序不认识的版本",
    "PACKAGE_LIST": "目录与包内文件不一致",
    "CHECKPOINT_MISSING": "缺少检查点 checkpoint.txt",
    "CHECKPOINT_MALFORMED": "检查点格式不对",
    "CHECKPOINT_SIGNATURE": "检查点没有全部由约定的日志密钥签名",
    "CHECKPOINT_ORIGIN": "检查点不属于约定的日志",
    "WITNESS_SIGNATURE": "见证人的会签不对",
    "WITNESSES_MISSING": "会签的见证人不够",
    "LEAF_FORMAT": "日志记录格式不对",
    "LEAF_VERSION": "日志记录是本程序不认识的版本",
    "LEAF_INDEX": "日志记录的序号与文件名不一致",
    "LEAF_ORIGIN": "日志记录属于另一个日志",
    "LEAF_TWICE": "同一序号既是办件记录又是登记记录",
    "LEAF_NOT_INCLUDED": "日志记录不在检查点之下：内容被改过，或者从未入日志",
    "LEAF_VERSIONS": "日志记录引用的目录或者日历不是当时公布的最新版本",
    "PROOF_MISSING": "缺少包含证明",
    "PROOF_FORMAT": "包含证明格式不对",
    "PROOF_CHECKPOINT": "包含证明带的是另一个检查点",
    "PROOF_SURPLUS": "有不对应任何记录的包含证明",
    "REGISTRY_GAP": "登记记录不全：有密钥、授权或者撤销记录被扣下",
    "REGISTRY_TWICE": "登记记录的序次重复",
    "REGISTRY_CASE": "登记记录里混入办件记录",
    "REGISTRY_FORMAT": "登记记录内容格式不对",
    "REGISTRAR_SIGNATURE_MISSING": "登记记录没有约定的登记机构签名",
    "POSSESSION_UNPROVEN": "登记密钥的一方没有证明自己持有私钥",
    "KEY_REUSED": "密钥已为他人或者已失效，不得再登记",
    "RECORD_NOT_CURRENT": "密钥登记没有接在上一条登记之后",
    "SUBJECT_UNKNOWN": "登记记录提到的机构或者人员没有登记",
    "NOT_A_REGISTRY_STATEMENT": "登记记录里不是登记声明",
    "KEY_RECORD_FORMAT": "密钥登记格式不对",
    "PUBLIC_KEY_INVALID": "登记的公钥不合法",
    "NODE_ID_FORMAT": "机构编号格式不对",
    "PERSON_ID_FORMAT": "人员编号格式不对",
    "GRANT_FORMAT": "授权委托书格式不对",
    "GRANT_UNKNOWN": "撤销的授权不存在或者不属于该机构",
    "VERSION_TAKEN": "同一版本号公布了两次",
    "EXTRACT_MISSING": "缺少枢纽签名的清单 extract.dsse.json",
    "EXTRACT_FORMAT": "枢纽签名的清单格式不对",
    "EXTRACT_VERSION": "枢纽签名的清单是本程序不认识的版本",
    "EXTRACT_SIGNATURE": "清单不是登记在册的枢纽所签",
    "EXTRACT_CASE": "清单属于另一个办件",
    "EXTRACT_TREE_SIZE": "清单与检查点不是同一时刻的",
    "EXTRACT_EPOCH": "清单与登记记录不一致",
    "EXTRACT_TRUNCATED": "清单上的记录不在包内：证据被截掉",
    "EXTRACT_SURPLUS": "包内有清单以外的记录",
    "EXTRACT_MANIFESTS": "清单与包内的材料清单文件不一致",
    "CASE_LEAF_MISSING": "本办件的记录序次有缺",
    "CASE_LEAF_TWICE": "本办件的记录序次重复或者没有序次",
    "CASE_ORDER": "本办件的记录次序颠倒",
    "EPOCH_AHEAD": "记录依据的登记记录不在包内",
    "EPOCH_ORDER": "记录与登记记录的先后不符",
    "TIME_ORDER": "法定时间倒退",
    "STATEMENT_FORMAT": "签名声明格式不对",
    "STATEMENT_VERSION": "签名声明是本程序不认识的版本",
    "STATEMENT_TWICE": "同一声明出现两次",
    "FOREIGN_STATEMENT": "混入了别的办件的声明",
    "SIGNATURE_INVALID": "签名不对：内容在签名之后被改过，或者不是本人所签",
    "SUITE_UNKNOWN": "签名算法是本程序不认识的",
    "SIGNER_UNKNOWN": "签名的密钥没有登记",
    "KEY_REVOKED": "签名的密钥当时已经失效",
    "NODE_SIGNATURE_MISSING": "缺少办理机构的签名",
    "PERSON_SIGNATURE_MISSING": "缺少经办人的签名",
    "SECOND_PERSON_MISSING": "缺少文书所列第二签名人的签名",
    "PERSON_OF_OTHER_NODE": "经办人不属于该机构",
    "ROLE_MISSING": "经办人没有该岗位",
    "CHAIN_BROKEN": "交接链断裂：声明没有接在上一份声明之后",
    "SIDE_CHAIN_LOOSE": "附属声明没有挂在本办件已有的声明上",
    "MANIFEST_MISSING": "缺少封装时写明的材料清单",
    "MANIFEST_MISMATCH": "材料清单被换过，与封装时的摘要不符",
    "MANIFEST_FORMAT": "材料清单格式不对",
    "MANIFEST_VERSION": "材料清单是本程序不认识的版本",
    "MANIFEST_FOREIGN": "材料清单属于另一个办件",
    "MANIFEST_SURPLUS": "有没有任何声明提到的材料清单",
    "CATALOGUE_MISSING": "缺少记录引用的事项目录",
    "CATALOGUE_DIGEST": "事项目录与公布的不符（时限等可能被改）",
    "CATALOGUE_UNPUBLISHED": "事项目录的版本没有公布过",
    "CALENDAR_MISSING": "缺少记录引用的工作日历",
    "CALENDAR_DIGEST": "工作日历与公布的不符",
    "CALENDAR_UNPUBLISHED": "工作日历的版本没有公布过",
    "DOCUMENT_VERSION": "目录或者日历是本程序不认识的格式版本",
    "RULES_MISSING": "缺少规则文本 rules.json",
    "RULES_DIGEST": "规则文本与清单所列不符",
    "RULES_FORMAT": "规则文本格式不对",
    "RULES_UNKNOWN": "记录依据的规则版本本程序不认识",
    "RULES_DIFFER": "同一版本号的规则文本与本程序的不同",
    "DOCUMENT_MISSING": "重算需要的目录或者日历不在包内",
    "OBJECT_VERSION_MISSING": "封装没有写明存储对象的固定版本",
    "CASE_NO_WRONG": "办件编号不合规则",
    "CONSEQUENCE_MISSING": "枢纽没有作出规则要求它当即作出的声明",
    "TIMER_MISSING": "期限已到，枢纽没有先作出规则要求的声明就接受了下一步",
    "CONSEQUENCE_WRONG": "枢纽作出的声明与规则算出的不同",
    "ACT_UNREADABLE": "办理内容读不懂，规则无法适用",
}
_LAW: Final = "按当时的规则，这一步不应被接受"
_SEVERITY: Final = {Severity.INVALID: "无效", Severity.INDETERMINATE: "无法判定"}


def sentence(finding: Finding) -> str:
    """The finding as one line: severity, Chinese sentence, code, file and values."""
    text = SENTENCES.get(finding.code, _LAW)
    where = f"；文件 {finding.where}" if finding.where else ""
    detail = f"；{finding.detail}" if finding.detail else ""
    return f"[{_SEVERITY[finding.severity]}] {text}（{finding.code}）{where}{detail}"


def number_of(file: CaseFile) -> str:
    """The case number as it is printed; a joint matter has none of its own, a case that was never sealed none yet."""
    return file.case_no or ("无（联办件，各部分各有编号）" if file.parts else "尚无")


def lines(report: AuditReport) -> Iterator[str]:
    """The report as lines of text."""
    facts = report.evidence.facts
    yield f"结论：{VERDICTS[report.verdict]}（{report.verdict.value}）"
    yield f"办件：{report.evidence.case or '读不出'}"
    if report.file is not None:
        yield f"办件编号：{number_of(report.file)}；状态：{CHINESE[report.file.state]}（{report.file.state.value}）"
    yield (
        f"已核：办件记录 {facts.get('case_leaves', 0)} 条，登记记录 {facts.get('registry_leaves', 0)} 条，"
        f"包含证明 {facts.get('proofs', 0)} 份，签名 {facts.get('signatures', 0)} 个"
        f"（其中经办人 {facts.get('person_signatures', 0)} 个），见证人 {facts.get('witnesses', 0)} 个"
    )
    for row in report.custody:
        until = row.to_at or "至今"
        yield f"持有：{row.kind.value} {row.item} {row.holder} {row.from_at} → {until} {row.minutes} 分钟"
    for clock in report.clocks:
        ended = clock.stopped_at or "未停"
        leaning = "（暂算）" if clock.provisional else ""
        yield (
            f"时限：{clock.clock} {clock.name} 起 {clock.started_at} 止 {ended} "
            f"届满 {clock.due or '暂停中'}{leaning} 日历 {clock.calendar_version}"
        )
    yield f"发现 {len(report.findings)} 项" if report.findings else "没有发现问题"
    for finding in report.findings:
        yield sentence(finding)
