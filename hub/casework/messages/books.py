"""Texts of what a check of the hub's books finds (``yidi audit fsck``): one sentence a code, for the hub's operator.

Invariant: every code that ``hub.services.fsck`` reports has a sentence here (a test compares).
"""

from typing import Final

# fmt: off
BOOKS: Final[dict[str, str]] = {
    # log
    "HEAD_SIZE": "日志头登记的条数与实有条数不一致",
    "HEAD_EPOCH": "日志头登记的登记序次与实有登记记录数不一致",
    "LEAF_GAP": "日志缺少这一序号的记录",
    "LEAF_UNREADABLE": "日志记录读不懂",
    "LEAF_HASH": "日志记录的内容与所存的哈希不一致",
    "LEAF_ROW": "日志记录旁所存的检索项与记录内容不一致",
    "LEAF_EPOCH": "日志记录所写的登记序次与此前的登记记录数不一致",
    "LEAF_TIME": "日志记录的登记时间早于前一条",
    "STATEMENT_TWICE": "同一份文书入账两次",
    "TILE_MISSING": "存储中缺少检查点应覆盖的日志块",
    "TILE_DIFFERS": "存储中的日志块与数据库中的记录不一致",
    "CHECKPOINT_SIGNATURE": "检查点的签名不是由约定的日志密钥作出",
    "CHECKPOINT_ROW": "检查点登记的大小与检查点内容不一致",
    "CHECKPOINT_ROOT": "检查点的根与数据库中的记录算出的不一致",
    "CHECKPOINT_AHEAD": "检查点比日志还长，数据库丢了已收妥的记录",
    "CHECKPOINT_BEHIND": "有已收妥的记录还没有进入检查点",
    "CHECKPOINT_COPY": "存储中的检查点副本与数据库中的不一致",
    # cases
    "CASE_ROW_MISSING": "有日志记录的办件没有办件行",
    "CASE_ROW_STRAY": "办件行没有任何日志记录",
    "CASE_ROW_UNREADABLE": "办件行读不懂",
    "CASE_ROW_DIFFERS": "办件行与由日志重算的不一致",
    "CASE_SEQ": "办件的日志记录顺序号不连续",
    "CASE_LAW": "办件的日志记录中有不符合规则的一步",
    "INBOX_MISSING": "相关单位的收件箱缺少这一条",
    "INBOX_STRAY": "收件箱里有不该有的一条",
    "NUMBER_TWICE": "查询号或者办件编号重复",
    "APPLICANT_DIFFERS": "申请人代码索引与由日志重算的不一致",
    "REGION_DIFFERS": "办件经过地区的索引与由日志重算的不一致",
    "APPLICANT_STRAY": "申请人代码索引里有一条不属于任何办件",
    "REGION_STRAY": "办件经过地区的索引里有一条不属于任何办件",
    "FORMER_NUMBER_DIFFERS": "曾用编号的索引与由日志重算的不一致",
    "FORMER_NUMBER_STRAY": "曾用编号的索引里有一条不属于任何办件",
    "SERIAL_BEHIND": "登记的流水号小于已发出的，会重号",
    # objects
    "OBJECT_UNPINNED": "日志所列的封装没有固定存储版本",
    "PIN_DIFFERS": "所固定的存储版本与日志所写的不一致",
    "MANIFEST_CHANGED": "封装清单缺失，或者与其摘要不一致",
    "OBJECT_MISSING": "存储中缺少所固定的版本",
    "OBJECT_SIZE": "存储中的封装与清单的大小或者分段校验不一致",
    "OBJECT_SHA256": "存储中的封装与清单的摘要不一致",
    # for information
    "PACKET_ABSENT": "日志所列的一组密钥包不在库中（销毁或者换发后为正常）",
    "PIN_UNUSED": "已上传完成、尚无文书引用的封装",
    "ORPHAN_OBJECT": "存储中没有登记引用的版本",
    "ORPHAN_UPLOAD": "存储中没有登记引用的未完成上传",
    "UPLOAD_GONE": "登记为未完成的上传在存储中已不存在",
}
# fmt: on
