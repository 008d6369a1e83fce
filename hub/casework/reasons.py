"""The closed lists of the law: what a body may give as reason, defect, answer, method or cause, with the Chinese words.

Invariants:
- a code of these lists is all that reaches the log; the words for people stand here and nowhere else, so that screen,
  notice and department say the same (promise 1, 行政许可法 30);
- a code is never given another meaning: a new meaning is a new code.
"""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

PRE_REVIEW_ANSWERS: Final[Words] = {
    "OK": "预审通过，可以正式收件",
    "LACKS": "材料有缺项或不合要求",
    "NOT_OURS": "不属于本部门办理",
}
"""T04, E05: advice, never a decision."""

DEFECTS: Final[Words] = {
    "MISSING": "缺少这份材料",
    "INCOMPLETE": "内容不完整，有缺页或漏填",
    "WRONG_FORM": "不符合法定形式或规定格式",
    "UNREADABLE": "字迹或影像不清，无法辨认",
    "NOT_SIGNED": "缺少签名或盖章",
    "EXPIRED": "材料已过有效期",
    "INCONSISTENT": "与其他材料不一致",
    "NOT_THE_APPLICANT": "不是申请人本人或本单位的材料",
    "WRONG_MATERIAL": "交的不是这份材料",
}
"""T16, 行政许可法 32(4): what a notice may find wrong with a material; MISSING only where the case holds none (E01)."""

SUPPLEMENT_METHODS: Final[Words] = {
    "WINDOW": "就近窗口补交",
    "POST": "邮寄补交",
    "ONLINE": "网上补交",
}
"""T16, I06: no further visit is needed for a supplement."""

SECOND_NOTICE_BASES: Final[Words] = {
    "ADDENDUM_DEFECT": "补交的材料本身有缺陷",
    "OVERRIDE": "负责人特批再次告知（记红牌）",
}
"""T19: the first raises no card, the second raises R4."""

REFUSAL_REASONS: Final[Words] = {
    "NO_LICENCE_NEEDED": "依法不需要取得行政许可（《行政许可法》第三十二条第一款第一项）",
    "NOT_OUR_POWER": "依法不属于本机关职权范围（《行政许可法》第三十二条第一款第二项）",
    "FALSE_MATERIALS": "隐瞒情况或者提供虚假材料（《行政许可法》第七十八条）",
    "BARRED_PERIOD": "依法在限制期内不得再次申请（《行政许可法》第七十八条、第七十九条）",
}
"""T21. Missing papers are no reason to refuse: they are told once (行政许可法 32(4))."""

MISROUTE_REASONS: Final[Words] = {
    "WRONG_REGION": "应由其他地区办理",
    "WRONG_DEPARTMENT": "应由本地其他部门办理",
    "WRONG_ITEM": "事项选错",
}
"""T22."""

RETURN_REASONS: Final[Words] = {
    "WRONG_ITEM": "事项选错，退回窗口重新登记",
    "APPLICANT_WISH": "申请人要求退回更正",
}
"""T24."""

BOUNCE_REASONS: Final[Words] = {
    "OBJECT_DIGEST": "密文摘要与清单不符",
    "OBJECT_MISSING": "取不到密文",
    "SIGNATURE": "签名验证不通过",
    "MANIFEST": "材料清单不合规定",
    "KEYS": "密钥包打不开材料",
    "PAGE": "页面与承诺值不符",
}
"""T12: what the receiving machine found wrong."""

BOUNCE_FINDINGS: Final[Words] = {
    "SOUND": "枢纽核对：材料完好，退回不成立",
    "UNSOUND": "枢纽核对：材料确有问题，请窗口重传",
}
"""T12E."""

REOPEN_REASONS: Final[Words] = {
    "CIPHERTEXT_GONE": "窗口已无可重传的密文，须请申请人重新交件",
    "APPLICANT_WISH": "申请人要求重新交件",
}
"""T12D."""

ROUTE_FAILURES: Final[Words] = {
    "NO_ITEM": "清单无此事项",
    "ITEM_NOT_LIVE": "事项未启用",
    "NO_QUEUE": "该地无受理队列",
    "AMBIGUOUS": "有多个受理队列，无法确定",
}
"""T09, A05."""

CONSTRUCTIVE_CAUSES: Final[Words] = {
    "SILENT": "逾一个工作日未签收",
    "BOUNCE_UNFOUNDED": "退回经核对不成立",
}
"""T10b."""

DISCARD_REASONS: Final[Words] = {
    "APPLICANT_LEFT": "申请人不再办理",
    "DUPLICATE": "重复登记",
    "MISTAKE": "登记有误",
    "TIMEOUT": "草稿逾期",
}
"""T07."""

ADMISSION_BASES: Final[Words] = {"CHECK_CODE": "申请人出示取件号和校验码"}
"""A1: why a further window may hand in a supplement."""

# --- the inner life of a case at the department ---------------------------------------------------------------

TAKING_BASES: Final[Words] = {
    "ON_DUTY": "当班接办",
    "OFF_DUTY_A": "A岗不在岗，B岗接办",
    "TAKEOVER": "接手同事的在办件",
    "SHIFT": "交接班",
    "REASSIGNED": "负责人指派",
}
"""T13, F06: why a person answers for the case; REASSIGNED comes from who assigns, never from who takes."""

STEP_NAMES: Final[Words] = {"UNDERTAKE": "承办", "EXAMINE": "审核", "APPROVE": "批准"}
"""T25."""

STEP_RETURN_REASONS: Final[Words] = {
    "INCOMPLETE": "审查内容不全",
    "WRONG_BASIS": "适用依据不当",
    "FACTS_UNCLEAR": "事实没有查清",
    "WRONG_FORM": "文书有误",
}
"""T25: why a step goes back to be done again."""

SPECIAL_KINDS: Final[Words] = {
    "HEARING": "听证",
    "TENDER": "招标",
    "AUCTION": "拍卖",
    "INSPECTION": "检验",
    "TEST": "检测",
    "QUARANTINE": "检疫",
    "APPRAISAL": "鉴定",
    "EXPERT_REVIEW": "专家评审",
    "SITE_VISIT": "现场踏勘",
    "PUBLICITY": "公示公告",
    "TECH_REVIEW": "技术审查",
}
"""T26: words for kinds; which of them an item has, and which stop the clock, the list says (行政许可法 45)."""

SPECIAL_RESULTS: Final[Words] = {
    "PASSED": "通过",
    "FAILED": "不通过",
    "CONDITIONAL": "整改后通过",
    "HELD": "已举行，意见记录在案",
    "CANCELLED": "取消，不再进行",
}
"""T27, C10."""

EXTENSION_REASONS: Final[Words] = {
    "COMPLEX": "案情复杂，需要进一步核实",
    "OTHER_BODY": "须等待其他机关的结论",
    "MANY_PARTIES": "涉及多方利害关系人",
    "FORCE_MAJEURE": "不可抗力",
}
"""T28, 行政许可法 42."""

CONSULT_MATTERS: Final[Words] = {
    "FACTS": "请核实事实",
    "POWERS": "请就职权范围提出意见",
    "TECHNICAL": "请提出专业意见",
    "RECORD": "请核对登记或许可记录",
}
"""T29."""

OPINIONS: Final[Words] = {
    "AGREE": "同意",
    "DISAGREE": "不同意",
    "NO_COMMENT": "没有意见",
    "CONFIRMED": "核实无误",
    "NOT_CONFIRMED": "核实不符",
}
"""T29: silence is none of them."""

CORRECTION_REASONS: Final[Words] = {
    "TYPING": "文字、数字笔误",
    "WRONG_PAGE": "装订或页序错误",
    "SEAL_MISSING": "漏盖印章",
    "WRONG_FORM": "文书格式错误",
}
"""T32: clerical, never the decision itself."""

VOID_REASONS: Final[Words] = {
    "DUPLICATE": "同一申请重复登记",
    "APPLICANT_DEAD": "申请人死亡或者丧失行为能力",
    "APPLICANT_DISSOLVED": "申请单位终止",
    "IMPOSSIBLE": "因不可抗力，申请事项无法实施",
    "INVALID": "申请自始无效",
}
"""T36; 行政许可法 70 by analogy (states.md 9)."""

REVIEW_ORDERS: Final[Words] = {
    "COURT": "人民法院判决重新作出决定",
    "RECONSIDERATION": "复议机关决定重新作出决定",
    "SUPERVISION": "上级机关责令重新处理",
}
"""T39: who ordered that the matter be decided anew."""

LINKS: Final[Words] = {
    "DUPLICATE_OF": "与该件重复",
    "REOPENED_AS": "重新办理的新件",
}
"""What another case is to this one."""

CARDS: Final[Words] = {
    "W1": "预警：环节一个工作日内到期",
    "W2": "预警：承诺时限已用八成",
    "W3": "预警：三个工作日无人接办",
    "Y1": "黄牌：转交逾期",
    "Y2": "黄牌：环节逾期",
    "Y3": "黄牌：逾期未签收",
    "Y4": "黄牌：原件或结果未按时寄出",
    "Y5": "黄牌：影像质量不合规定",
    "Y6": "黄牌：两次送错部门",
    "Y7": "黄牌：改派逾期",
    "Y8": "黄牌：送达逾期",
    "Y9": "黄牌：差评未按期整改",
    "Y10": "黄牌：投诉未按期答复",
    "Y11": "黄牌：特别程序到期未续未结",
    "Y12": "黄牌：征求意见逾期未答复",
    "Y13": "黄牌：转报初审超过二十个工作日",
    "Y14": "黄牌：邮件到达后未按时核收",
    "R1": "红牌：超过承诺时限",
    "R2": "红牌：超过法定时限",
    "R3": "红牌：逾期未告知，视为受理",
    "R4": "红牌：第二次补正告知",
    "R5": "红牌：索要清单外或已有的材料",
    "R6": "红牌：无书面告知或法定事由停钟",
    "R7": "红牌：无有效授权作决定",
    "R8": "红牌：日志签名或链条断裂",
    "R9": "红牌：无授权导出未脱敏数据",
    "R10": "红牌：送达严重逾期",
}
"""G01, standards.md 8; Y7 stands for the escalation of K11, Y8 and R10 for K8, Y9 for K12 (states.md 2)."""

# --- parents and children (states.md 8) ---------------------------------------------------------------------------

PART_ANSWERS: Final[Words] = {"OK": "本部分材料齐全、符合要求", "LACKS": "本部分材料有缺项或不合要求"}
"""P2: what each department of a joint matter answers to the lead."""

PART_MODES: Final[Words] = {"ONLINE": "全程网办", "PROXY_COLLECT": "异地代收代办", "MULTI_PLACE": "多地联办"}
"""A10: how a part is handled."""

FAILURE_POLICIES: Final[Words] = {
    "ALL_OR_NOTHING": "一项不成，其余先停下来问申请人",
    "INDEPENDENT": "一项不成，其余照办",
}
"""P6."""

# --- supervision (T38; standards.md 8, 9) --------------------------------------------------------------------------

CARD_MEASURES: Final[Words] = {
    "CORRECTED": "已改正",
    "IN_HAND": "正在改正",
    "ELSEWHERE": "责任不在本单位",
}
"""What a unit answers to a card: corrected at once, in hand, or not ours."""

CARD_GROUNDS: Final[Words] = {
    "FACTS_WRONG": "所认定的事实有误",
    "LAWFUL": "依法可以不计时限或不受限制",
    "NOT_OURS": "责任在其他单位",
    "SYSTEM_FAULT": "系统、网络故障所致",
}
"""G12: why a unit appeals against a card."""

CARD_RESULTS: Final[Words] = {
    "KEPT": "维持",
    "LIFTED": "撤销",
    "DONE": "整改属实，销号",
}
"""G12: what becomes of a card; a lifted one stays to be seen."""

RATING_LEVELS: Final[Words] = {
    "1": "非常满意",
    "2": "满意",
    "3": "基本满意",
    "4": "不满意",
    "5": "非常不满意",
}
"""GB/T 39046-2020 A.8: 1 is the best; the last two are bad ratings."""

RATING_TARGETS: Final[Words] = {"process": "办事流程", "window": "办事窗口", "staff": "办事人员"}
"""B11: the three targets of one rating."""

INTERNAL_TARGETS: Final[Words] = {"scan": "扫描质量", "routing": "流转准确", "timing": "办理及时"}
"""G03: what nodes rate of each other."""

RATING_BASES: Final[Words] = {
    "TERMINAL": "申请人在评价器上评价",
    "PAPER": "申请人书面评价",
    "CHECK_CODE": "申请人凭取件号和校验码评价",
}
"""T38: how the applicant gave it; nothing is rated without the applicant's own act (standards.md 9)."""

RATING_FINDINGS: Final[Words] = {
    "UPHELD": "核实属实，须整改",
    "EXCLUDED": "核实为误评或恶意差评，不计入",
}
"""国办发〔2019〕51号: false and malicious bad ratings do not count."""

RATING_MEASURES: Final[Words] = {
    "EXPLAINED": "已向申请人说明",
    "CORRECTED": "已改正并回访",
    "APOLOGISED": "已致歉并回访",
    "TRAINED": "已教育培训相关人员",
}
"""国办发〔2019〕51号: 评价、核实、整改、反馈."""

IMAGE_DEFECTS: Final[Words] = {
    "RESOLUTION": "分辨率不足",
    "BLURRED": "影像模糊",
    "CROPPED": "内容被裁切",
    "SKEWED": "页面歪斜",
    "EXPOSURE": "过暗或过亮",
    "NOT_COLOUR": "应彩色而未彩色",
    "PAGE_ORDER": "缺页或页序错乱",
}
"""Y5, DA/T 31-2017: what an image falls short of."""

COMPLAINT_CHANNELS: Final[Words] = {
    "WINDOW": "窗口当面",
    "HOTLINE": "热线转办",
    "ONLINE": "网上",
    "LETTER": "来信",
    "TELEPHONE": "电话",
}
"""G07, G10: a ticket of the hotline (12345) is named by its reference."""

COMPLAINT_KINDS: Final[Words] = {
    "DELAY": "办理拖延",
    "REFUSAL": "该收不收、该办不办",
    "DEMANDS": "多要材料、反复补正",
    "ATTITUDE": "服务态度",
    "FEES": "违规收费",
    "PRIVACY": "泄露个人信息",
    "LOST_PAPERS": "材料丢失损毁",
    "OTHER": "其他方面",
}
"""G07."""

COMPLAINT_FINDINGS: Final[Words] = {
    "FOUNDED": "属实",
    "PARTLY": "部分属实",
    "UNFOUNDED": "不属实",
}
"""GB/T 39046-2020 table 10."""

COMPLAINT_EXTENSIONS: Final[Words] = {
    "INQUIRY": "须进一步调查",
    "OTHER_UNIT": "须其他单位协助",
    "APPLICANT_WISH": "投诉人要求延后",
}
"""GB/T 39046-2020 table 10: an extension names its reason."""

EXPORT_PROFILES: Final[Words] = {
    "RECEIPT": "按回执脱敏",
    "OUTSIDE": "按对外脱敏",
    "NONE": "不脱敏",
}
"""H01: without masking only under a grant."""

EXPORT_KINDS: Final[Words] = {
    "REPORT": "统计报表",
    "CASE_LIST": "办件清单",
    "CASE_FILE": "办件案卷",
    "SHARED_DATA": "共享数据",
}
"""H01, R9: what leaves the handling nodes."""

# --- paper: originals and the result ----------------------------------------------------------------------------

CHECK_IN_FINDINGS: Final[Words] = {
    "OK": "与封装清单一致",
    "MISSING": "清单上有、件内没有",
    "PAGES_DIFFER": "页数不符",
    "WRONG_DOCUMENT": "不是清单上的那份",
    "SEAL_BROKEN": "封签破损",
    "DAMAGED": "破损",
}
"""O6, O7, O12: what is found of each line of the packing list at opening."""

DISCREPANCY_ANSWERS: Final[Words] = {
    "AS_RECEIVED": "寄出时即如此，按收到的为准",
    "FOUND_HERE": "未装入，仍在本处",
    "DISPUTED": "不认可，已按清单装入",
}
"""O7: the sender's side."""

LOSS_CAUSES: Final[Words] = {
    "CARRIER_CONFIRMED": "寄递企业确认丢失",
    "TEN_DAYS": "查找满十日无下落",
}
"""O10."""

RECALL_REASONS: Final[Words] = {
    "WRONG_CONTENT": "内容有误",
    "WRONG_ADDRESS": "收件地址有误",
    "WITHDRAWN": "申请人已撤回申请",
}
"""D11; states.md 9."""

CALL_CAUSES: Final[Words] = {
    "ATTEMPTS": "两次投递未成",
    "UNPROVEN": "显示妥投但签收人不明",
    "RETURNED": "邮件已退回",
}
"""D6 to D8: why the applicant is to be called."""

ADDRESS_ANSWERS: Final[Words] = {
    "SAME": "地址无误，可再寄一次",
    "CHANGED": "地址有变，改到窗口领取",
}
"""D8."""

# --- materials -----------------------------------------------------------------------------------------------------

SECOND_INTAKES: Final[Words] = {
    "OTHER_MATTER": "同一事项的另一笔业务（如另一处场所、另一份证照）",
    "FIRST_WITHDRAWN_SOON": "申请人已申请撤回前一件",
    "FIRST_UNREACHABLE": "前一件所在窗口联系不上，申请人要求在本窗口办理",
    "NEW_FACTS": "情况有变，申请人要求重新申请",
}
"""A22: why a second intake of the same applicant for the same item is right."""

COMMITMENT_RESULTS: Final[Words] = {
    "KEPT": "核查属实",
    "BROKEN": "核查不实，承诺未兑现",
    "REPAIRED": "信用已修复",
}
"""B09, G15; 国办发〔2020〕42号."""

REVOCATION_GROUNDS: Final[Words] = {
    "DEBT_OVERDUE": "容缺材料逾期未补",
    "COMMITMENT_BROKEN": "承诺不实",
}
"""行政许可法 69; B09, B10."""

# --- data of other bodies (H03, H05 to H07) ----------------------------------------------------------------------

DATA_KINDS: Final[Words] = {
    "IDENTITY": "自然人和企业身份核验",
    "INVESTMENT_PROJECT": "投资项目基本信息",
    "TAX": "纳税证明",
    "REAL_ESTATE": "不动产登记",
    "EDUCATION": "学位学历证明",
    "QUALIFICATION": "资格资质",
    "SOCIAL_INSURANCE": "社会保险",
}
"""H06: the seven kinds of data that may be asked for."""

DATA_PURPOSES: Final[Words] = {"INTAKE": "收件核验", "REVIEW": "审查核验"}
"""H02, H03: what data may be asked for."""

DATA_RESULTS: Final[Words] = {
    "OK": "核验一致",
    "MISMATCH": "核验不一致",
    "NOT_FOUND": "查无此证照",
    "EXPIRED": "证照已过期",
    "UNAVAILABLE": "核验服务没有应答",
    "REFUSED": "数据提供部门拒绝核验",
    "INVALID": "核验答复不合规定",
}
"""D20: what became of a query; all but OK fall back to a scan, and say why."""

DATA_FLOWS: Final[Words] = {"VERIFY": "核验（问是否一致）", "FETCH": "提取（取电子证照）"}
"""H07."""

SHARING_GROUNDS: Final[Words] = {
    "BEYOND_SCOPE": "超出授权范围",
    "BEYOND_PURPOSE": "用于其他用途",
    "DATA_WRONG": "数据有误",
    "NOT_SUPPLIED": "应供未供",
}
"""H03: why supplier or consumer disputes an authorisation."""

SHARING_OUTCOMES: Final[Words] = {"CONTINUED": "维持授权", "CORRECTED": "更正后继续", "ENDED": "终止授权"}
"""H03: what the platform makes of a dispute."""

SHARING_REASONS: Final[Words] = {
    "PURPOSE_ENDED": "用途已经结束",
    "BASIS_ENDED": "依据已经失效",
    "MISUSE": "违规使用",
    "SUPPLIER_ASKED": "供给方要求",
}
"""H05: why an authorisation is withdrawn."""

PAGE_REASONS: Final[Words] = {
    "PAPER_IS_SO": "原件本身如此，已与原件核对",
    "NO_BETTER_SHOT": "重拍仍然如此，内容可以辨认",
    "BOTH_NEEDED": "两页内容相同而都要收",
    "BLANK_NEEDED": "空白页须一并留存",
}
"""A04: why the lead lets a page with a fault in (DA/T 31-2017)."""

UNMASK_REASONS: Final[Words] = {
    "NOT_PERSONAL": "不是个人信息",
    "PUBLIC_BY_LAW": "依法公开的信息",
    "OFFICIAL": "机关或者经办人员的公务信息",
    "RECIPIENT_NEEDS": "接收方办理本件必须看到",
}
"""standards 15; 个人信息保护法 6: why a clerk opens what was found on a page."""

WITHHELD_REASONS: Final[Words] = {
    "NOTHING_READ": "页上没有读出文字",
    "POORLY_READ": "整页字迹读不准",
    "LINES_NOT_READ": "有几行读不出来",
    "VERTICAL_TEXT": "有竖排文字",
    "DIGIT_GRID": "逐格填写的号码没有读全",
    "TIME_LIMIT": "识别超时",
    "MEMORY_LIMIT": "识别占用内存过多",
    "READING_BROKE": "识别中断",
}
"""standards 15: why a page cannot be judged and stays withheld until a clerk has looked at all of it."""
