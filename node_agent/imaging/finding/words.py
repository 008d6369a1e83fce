"""Words of forms, as data: which label asks for what, what can not be a person's name.

Invariant: labels are compared without blanks and brackets, longest first.
"""

import re
from typing import Final

from hub.casework.masking.fields import DOUBLE_SURNAMES
from hub.casework.masking.pictures import PageKind

SURNAMES: Final = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓"
    "郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁"
    "仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦"
    "雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚"
    "越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公岳帅缑亢况郈有琴海归晋楚闫法汝鄢涂钦"
    "代付肖兰覃仝苟佘佟仉涂冼阳占粟亓原卿辜官植区楼揭麦鹿库青来门揣檀衣藏税初练斯塔税才英忻伦"
)
ODD: Final = frozenset("和有时从能通别须来那后向都因由应当将为明全平安常经相成关文方国家公")
"""Surnames that are mostly ordinary words: they count only where a label asks for a name."""

_LABELS: Final = {
    PageKind.NAME: (
        "姓名 申请人 申请人姓名 委托人 受托人 被委托人 代理人 委托代理人 经办人 联系人 法定代表人 负责人 经营者 户主 户主姓名 户名 开户名 账户名 "
        "账户名称 持卡人 收件人 寄件人 收货人 发件人 甲方 乙方 丙方 出租方 承租方 出租人 承租人 当事人 询问人 被询问人 记录人 制表人 填表人 审核人 "
        "承办人 核对人 说明人 申报人 投诉人 举报人 监护人 监护人姓名 配偶 配偶姓名 父亲 母亲 父亲姓名 母亲姓名 男方 女方 医师 主检医师 签到人 权利人 "
        "曾用名 证明人 见证人 签收人 承诺人 收款人 付款人 收款人姓名 借款人 出卖人 买受人 转让方 受让方 赠与人 受赠人 被继承人 继承人 死者 学生姓名 "
        "家长姓名 联系人姓名 代理人姓名 法人姓名 法人代表 法定代表人姓名 经营者姓名 负责人姓名 业主 业主姓名 房主 购房人 投资人 股东 股东姓名 监事 "
        "经理 执行董事 值班人员 接待人 调查人 检查人 陪同人 在场人 被检查人 操作员 登记员 婚姻登记员 受检者 患者 患者姓名 职工姓名 从业人员姓名 "
        "参保人 参保人姓名 领取人 受益人 投保人 被保险人 驾驶人 车主 车主姓名 所有人 机动车所有人 旅客姓名 住宿人 房东 来访人 申诉人 信访人 报告人 "
        "签约人 交款人 缴款人 开票人 复核人 验收人 设计人 英文姓名 中文姓名 Name 声明人 保证人 担保人 抵押人 本人姓名 使用人 管理人 申请人签名 参会人员 "
        "与会人员 签到 出席人 人员姓名 主任医师 医生 检验人 校长 班主任 导师 教师姓名 子女姓名 新生儿姓名 婴儿姓名 丈夫 妻子 持证人 经手人 出纳 会计 复核 审判长 审判员 书记员 人民陪审员 代理审判员 法官助理 "
        "主治医师 住院医师 责任护士 接生人员 紧急联系人 共同申请人 家庭成员 委托诉讼代理人 原告 被告 第三人 申请执行人 被执行人 院长 科长 局长"
    ),
    PageKind.CITIZEN_ID: (
        "身份证号 身份证号码 公民身份号码 公民身份证号码 身份证件号 身份证件号码 证件号码 证件号 证件编号 证号 身份证 居民身份证号 居民身份证号码 "
        "代理人身份证号 法定代表人身份证号 申请人身份证号 经办人身份证号 身份号码 有效身份证件号码"
    ),
    PageKind.PHONE: (
        "电话 手机 手机号 手机号码 联系电话 联系方式 固定电话 移动电话 预留手机号 办公电话 家庭电话 代理人手机 代理人电话 联系人电话 联系手机 "
        "收件人电话 本人电话 宅电 紧急联系电话 单位电话 Tel 传真 电话号码 联系电话1 联系电话2"
    ),
    PageKind.ADDRESS: (
        "住址 地址 家庭住址 家庭地址 通讯地址 通信地址 居住地址 户籍地址 户口地址 户籍所在地 常住户口所在地 户口所在地 经营场所 住所 住所地 现住址 "
        "现居住地 居住地 其他住址 本市县其他住址 坐落 房屋坐落 房屋地址 寄件人地址 收件人地址 收件地址 邮寄地址 联系地址 送达地址 单位地址 Address "
        "营业场所 经营地址 不动产坐落 暂住地址 暂住地 现住地址 家庭详细地址 详细地址 常住地址 身份证地址 租赁地址"
    ),
    PageKind.BIRTH: "出生日期 出生年月 出生年月日 出生 生日 出生时间 DateofBirth",
    PageKind.BANK_CARD: "银行账号 账号 帐号 卡号 银行卡号 收款账号 银行帐号 开户账号 账户号码 收款账户",
    PageKind.PASSPORT: "护照号 护照号码 护照 PassportNo 旅行证号",
    PageKind.PERMIT: "通行证号 通行证号码 居留许可号 居留证号 居住证号 居住证号码 永久居留证号码 台胞证号",
    PageKind.PLATE: "车牌号 车牌号码 号牌号码 车牌 车辆号牌 车号",
    PageKind.EMAIL: "邮箱 电子邮箱 电子邮件 邮箱地址 电子邮箱地址 Email E-mail",
    PageKind.SIGNATURE: (
        "签名 签字 签章 签收 本人签名 申请人签名 申请人签字 申请人签章 委托人签名 受托人签名 甲方签字 乙方签字 持卡人签名 受检者签字 审核人签字 "
        "核对人签名 经办人签字 经办人签名 承诺人签名 代理人签名 代理人签字 寄件人签名 收件人签收 收件人签名 负责人签字 法定代表人签字 家长签字 医师签名 "
        "医师签字 检查人签名 当事人签名 被询问人签名 承办人签章 声明人签名 签名人 领取人签字 户主签名 签字人 领证人签字 领导签字 审批人签字 签署"
    ),
}
OTHER: Final = frozenset(
    [
        "性别",
        "民族",
        "国籍",
        "籍贯",
        "出生地",
        "年龄",
        "职业",
        "职务",
        "学历",
        "文化程度",
        "婚姻状况",
        "序号",
        "编号",
        "备注",
        "单位",
        "单位名称",
        "工作单位",
        "名称",
        "类型",
        "日期",
        "登记日期",
        "注册日期",
        "填表日期",
        "有效期限",
        "有效期",
        "签发机关",
        "登记机关",
        "证件类型",
        "证件名称",
        "宗教信仰",
        "身高",
        "与户主关系",
        "户主或与户主关系",
        "关系",
        "开户行",
        "开户银行",
        "开户行名称",
        "经营范围",
        "经营项目",
        "统一社会信用代码",
        "内件品名",
        "重量",
        "资费",
        "工种",
        "结论",
        "体检日期",
        "初次领证日期",
        "准驾车型",
        "国籍",
        "邮编",
        "邮政编码",
        "参会单位",
        "项目名称",
        "时间",
        "地点",
        "职称",
        "岗位",
        "部门",
        "金额",
        "数量",
        "审查意见",
        "意见",
        "委托事项",
        "委托权限",
        "委托期限",
        "注册资本",
        "成立日期",
        "核准日期",
        "服务处所",
        "兵役状况",
        "血型",
        "申请日期",
        "收件日期",
        "政治面貌",
        "毕业院校",
        "专业",
        "入职日期",
        "签到时间",
        "产权证号",
        "建筑面积",
        "用途",
        "Sex",
        "Nationality",
        "Authority",
        "PlaceofBirth",
        "何时由何地迁来本址",
        "称谓",
        "工作单位及职务",
        "摘要",
        "收入",
        "支出",
        "余额",
        "交易日期",
        "变动日期",
        "保障方式",
        "参保状态",
        "个人编号",
        "科室",
        "床号",
        "住院号",
        "状态",
        "规格型号",
        "品牌型号",
        "使用性质",
        "车辆类型",
    ]
)
"""Labels of what is not personal data: they end a value and make a row of heads."""

KINDS: Final = {label: kind for kind, labels in _LABELS.items() for label in labels.split()}
_ALL: Final = sorted({*KINDS, *OTHER}, key=len, reverse=True)
LABEL: Final = re.compile("|".join(r"[ ]{0,4}".join(re.escape(c) for c in label) for label in _ALL))
AFTER: Final = re.compile(
    r"(?P<bracket>[ ]?[((][^))\t]{1,16}[))])?(?P<english>[ ]?/?[ ]?[A-Za-z][A-Za-z.' ]{2,20}(?=[:\t ]|$))?(?P<sign>[ ]*[::;])?(?P<gap>[ \t]*)"
)
NOT_A_PERSON: Final = re.compile(
    r"公司|[佰仟拾]|局$|店|厂$|院$|医院|中心|协会|委员会|银行|学校|大学|合作社|事务所|集团|支行|机关|政府|部门|单位|窗口|街道办|派出所|无$|详见|本人|以上|签|印章|盖章|"
    r"日期|年$|号|证|不限|男$|女$|公民|居民|汉族|中国|关系|之妻|之子|之女|申请|委托|受托|代理|甲方|乙方|名称|地址|电话|姓名|[0-9]|本[市县区省]|专用|用章|公安|安局|户口"
)


def bare(text: str) -> str:
    """A label without blanks, brackets and colon."""
    return re.sub(r"[((][^))]*[))]|[ \t::*]|/.*$", "", text)


def is_label(text: str) -> bool:
    """Whether the whole text is one label."""
    word = bare(text)
    return word in KINDS or word in OTHER


def looks_like_name(text: str, strict: bool) -> bool:
    """``strict``: a common surname is asked for; else anything that a form would take as a name."""
    word = text.replace(" ", "")
    if re.fullmatch(r"[\u3400-\u9fff]{1,8}[·.][\u3400-\u9fff]{1,8}", word):
        return True
    if re.fullmatch(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}", word) is None or NOT_A_PERSON.search(word):
        return False
    if word[:2] in DOUBLE_SURNAMES:
        return len(word) > 2
    if strict:
        return word[0] in SURNAMES and word[0] not in ODD and len(word) <= 3
    return word[0] in SURNAMES or len(word) <= 3
