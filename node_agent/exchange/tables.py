"""The exchange tables and the field sets of GB/T 39046-2020 (standards.md 7) as data.

Invariants:
- a field that is ``needed`` is never empty in an exported row, none is longer than ``most``; a case with a row that
  breaks this is left out whole and named, never cut off;
- times are ``YYYYMMDDThhmmss``, local time (GB/T 39046-2020);
- every table ends in the fields that the platforms synchronise by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SOURCE: Final = "p36"
"""``data_source``: three characters, p and the province; replaced by the department's own where it is told one."""


@dataclass(frozen=True)
class Field:
    """One column: name on the platform, Chinese words, whether it must be filled, longest content in characters."""

    name: str
    words: str
    needed: bool = False
    most: int = 255


@dataclass(frozen=True)
class Table:
    """One table: name, Chinese words, where the field set stands."""

    name: str
    words: str
    source: str
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(field.name for field in self.fields)


def _fields(text: str) -> tuple[Field, ...]:
    """Fields from lines ``name words [most]``; a name that ends in ``*`` must be filled."""
    made = []
    for line in text.strip().splitlines():
        name, words, *most = line.split()
        made.append(Field(name.rstrip("*"), words, name.endswith("*"), int(most[0]) if most else 255))
    return tuple(made)


_SYNC: Final = """
cd_operation* 操作标识 1
cd_time* 操作时间 15
cd_batch* 批次号 32
data_source* 数据来源 3
"""
_KEY: Final = "row_guid* 行标识 36\nproject_no* 办件编号 50\n"


def _table(name: str, words: str, source: str, fields: str) -> Table:
    return Table(name, words, source, _fields(_KEY + fields.strip() + _SYNC))


_ACCEPT: Final = """
catalog_code* 基本编码 12
local_catalog_code 地方基本编码 12
task_code* 实施编码 36
local_task_code 地方实施编码 36
task_handle_item 业务办理项编码 50
task_name* 事项名称
task_version* 事项版本号 30
applyer_name* 申请人名称
applyer_type* 申请人类型 1
applyer_page_type* 申请人证件类型 3
applyer_page_code* 申请人证件号码 30
apply_date* 申请时间 15
apply_type* 申请方式 1
legal 法定代表人
contact_name 联系人
contact_type 联系人证件类型 3
contact_code 联系人证件号码 30
contact_mobile 联系人手机 11
zip_code 邮编 6
address 通讯地址
org_name* 受理部门
org_code* 受理部门代码 18
handle_user_name 受理人
accept_date* 受理时间 15
accept_doc_no 受理文书编号 30
project_name 办理摘要
project_type* 办件类型 1
promise_date 承诺办结时间 15
"""
_PROCESS: Final = """
process_name* 环节名称
event_name* 业务动作 10
handle_user_name* 办理人
handle_explain* 办理意见 1000
event_start_time* 开始时间 15
event_end_time* 结束时间 15
remark 备注
"""
_SPECIAL: Final = """
special_type* 特别程序类型 1
special_name* 特别程序名称
special_time* 开始时间 15
special_reason* 启动理由
applyer_user_name 申请人员
end_time* 结束时间 15
result 结果
special_explain 说明
handle_user 办理人
"""
_RESULT: Final = """
handle_user_name* 办结人
result_type* 办结类型 1
result_date* 办结时间 15
result_cetr_name 证照名称
result_cetr_no 证照编号
result_explain 结果说明
is_delivery_results* 是否快递递送 1
satisfaction 满意度 1
"""
_MATERIAL: Final = """
material_name* 材料名称
get_type* 收取方式 1
get_num 收取数量 4
material_attach_name 附件名称
"""
_PAYMENT: Final = """
pay_no* 缴款单号 50
charge_org* 收费单位
charge_user 收费人员
amount* 收费金额 19
charge_date* 收费时间 15
payer* 缴款人
"""
_POST: Final = """
waybill_no* 物流单号 50
sender_org* 寄送单位
send_date* 寄送日期 15
sender* 寄送人
receiver_org 接收单位
receiver 接收人
receive_date 接收日期 15
"""
_RATING: Final = """
channel* 评价渠道 1
evaluator 评价人
rate_date* 评价时间 15
rate_times* 评价次数 4
satisfaction* 满意度代码 1
words 文字评价 1000
region_code* 行政区划 9
"""
_COMPLAINT: Final = """
title* 标题
complainant 投诉人
complained_org* 被投诉单位
complained_user 被投诉人
content* 内容 1000
source* 来源
ticket_no 工单编号 50
complain_date* 投诉时间 15
handle_org* 处理单位
handle_user 处理人
handle_date 处理时间 15
feedback 处理反馈 1000
promise_date* 承诺答复时间 15
extend_reason 延期理由
overdue_days 逾期天数 5
"""
_ENQUIRY: Final = """
title* 标题
enquirer 咨询人
consulted_org* 首问单位
content* 内容 1000
source* 来源
ticket_no 工单编号 50
enquiry_date* 咨询时间 15
handle_org* 处理单位
handle_user 处理人
handle_date 处理时间 15
feedback 处理反馈 1000
promise_date* 承诺答复时间 15
extend_reason 延期理由
overdue_days 逾期天数 5
"""
_LICENCE: Final = """
certificate_type_code* 证照类型代码 50
certificate_number* 证照编号
holder* 持证主体
holder_code* 持证主体代码 30
issue_dept* 发证机关
issue_date* 发证日期 15
area_code* 行政区划 9
"""
_SUPERVISION: Final = """
supervise_content* 督办内容
org_name* 机构
task_type* 事项类型 2
supervise_date* 督办发出时间 15
supervise_no* 监察编号 50
rule_no* 监察规则编号 10
warning_type* 预警类型代码 1
state_date* 状态产生时间 15
result 监察结果描述
duty_org* 责任部门
"""
_ALL: Final = (
    _table("up_pro_accept", "受理", "GB/T 39046-2020；up_pro_accept", _ACCEPT),
    _table("up_pro_process", "过程", "GB/T 39046-2020；up_pro_process", _PROCESS),
    _table("up_pro_special_procedure", "特别程序", "GB/T 39046-2020；up_pro_special_procedure", _SPECIAL),
    _table("up_pro_result", "办结", "GB/T 39046-2020；up_pro_result", _RESULT),
    _table("up_pro_material", "材料", "GB/T 39046-2020；up_pro_material", _MATERIAL),
    _table("payment", "支付", "GB/T 39046-2020 表14", _PAYMENT),
    _table("post", "物流", "GB/T 39046-2020 表15", _POST),
    _table("rating", "评价", "GB/T 39046-2020 表9", _RATING),
    _table("complaint", "投诉", "GB/T 39046-2020 表10", _COMPLAINT),
    _table("enquiry", "咨询", "GB/T 39046-2020 表10", _ENQUIRY),
    _table("up_lic_data", "证照", "GB/T 39046-2020；up_lic_data", _LICENCE),
    _table("supervision", "电子监察", "GB/T 39046-2020 表11", _SUPERVISION),
)
TABLES: Final[Mapping[str, Table]] = {table.name: table for table in _ALL}

PERSONAL: Final = frozenset({"up_pro_accept", "post", "up_lic_data"})
"""Tables that hold the applicant's data, for which the form is opened (H02)."""
RESULT_TYPES: Final = {
    "0": "出证办结", "1": "退回办结", "2": "作废办结", "3": "删除办结",
    "4": "转报办结", "5": "补交不来办结", "6": "办结",
}  # fmt: skip
"""standards.md 7; 3 (an entry by mistake, deleted) never arises: a draft is no case, a case is voided."""
WARNINGS: Final = {"REMINDER": "1", "YELLOW": "2", "RED": "3"}
CHANNELS: Final = {"TERMINAL": "1", "PAPER": "1", "CHECK_CODE": "2"}
"""A.5 of GB/T 39046: 1 window, 2 computer."""
GET_TYPES: Final = {"SUBMIT": "1", "COMMITMENT": "1"}
ELECTRONIC: Final = "2"
"""How a material was got: 1 handed in on paper, 2 in electronic form. A province with other codes maps these two."""


def moment(text: str) -> str:
    """``YYYYMMDDThhmmss`` of a time of the log (UTC+8); empty of nothing."""
    return text[:19].replace("-", "").replace(":", "") if text else ""


def problem_in(table: Table, values: Mapping[str, str]) -> str:
    """``table.field`` of the first field that is missing or too long; empty when the row may go out."""
    for field in table.fields:
        value = values.get(field.name, "")
        if (field.needed and not value) or len(value) > field.most:
            return f"{table.name}.{field.name}"
    return ""
