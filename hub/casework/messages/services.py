"""Texts of hub, store, transfer, enrolment and the services of one machine."""

from hub.casework.messages.entry import ASK_SUPPORT, TRY_LATER, Message, say

_START = "请部署人员查看服务记录，排除后重新启动。"

# fmt: off
MESSAGES: dict[str, Message] = {
    # hub
    "HUB_SETTINGS_MISSING": say("核对账目须在枢纽的机器上、用枢纽的设置进行。", "请给出单机环境的目录，或者先载入枢纽的设置。"),
    "INTERNAL": say("枢纽这一步没有办成，没有改动这一件。", "请稍候再试；仍不行请把事件号告诉技术值守。", "incident"),
    "HUB_BUSY": say("枢纽正忙。", "不用操作，本机会自动重试。"),
    "RATE_LIMITED": say("本单位近期请求过多，枢纽暂时限速。",
        "不用操作，本机会在枢纽给出的时间之后自动重试；经常如此请联系技术值守。", "retry_after_ms"),
    "HUB_NUMBER": say("枢纽进程数超出了范围。", "请改用允许的数目。", "number", "most"),
    "HUB_SLOW": say("枢纽没有在规定时间内答复，是否办成尚不确定。", "请稍候刷新；重复提交不会办两次。"),
    "HUB_STOPPING": say("枢纽正在重启。", "不用操作，本机会自动重试。"),
    "HUB_UNAVAILABLE": say("暂时连不上枢纽，窗口可以照常收件。", "材料已保存在本机，连通后自动续传。"),
    "DATABASE_UNAVAILABLE": say("枢纽的数据库暂时不可用，未收妥的不会出回执。", TRY_LATER),
    "METHOD_UNKNOWN": say("枢纽没有这项服务。", "请更新本机程序后再试。"),
    "MESSAGE_TOO_LARGE": say("一次提交的内容超过上限。", "请分几次提交。", "size", "most"),
    "STATEMENT_TOO_LARGE": say("一份文书的大小超过上限。", "请缩短填写内容后重新提交。", "size", "most"),
    "ATTACHMENT_TOO_LARGE": say("一个附件的大小超过上限。", "请压缩或分开提交。", "size", "most"),
    "ATTACHMENT_UNNAMED": say("附件须在所签的文书中列明。", "请重新提交，不要另加附件。"),
    "TOO_MANY_SUBMISSIONS": say("一次提交的份数超过上限。", "请分几次提交。", "most"),
    "STATEMENT_UNKNOWN": say("没有查到这份文书，或与本单位无关。", "请核对后再查。"),
    "CHECK_CODE_WRONG": say("查询号或校验码不对。", "请按收件凭证核对后再输入。"),
    "CHECK_CODE_LIMIT": say("校验码输错次数过多，暂停核对。", "请在所示时间以后再试，或到原收件窗口补交。", "until"),
    "PAGE_SIZE": say("每页条数超出了范围。", "请改小每页条数。", "most"),
    "PAGE_TOKEN": say("翻页标记已失效。", "请从第一页重新查询。"),
    "STATE_UNKNOWN": say("没有这种办件状态。", "请从列表中选择状态。", "state"),
    "ACT_UNKNOWN": say("本机没有这一步的记录。", "请核对后再查；在别的机器上办的请到那台机器查。"),
    "NODE_UNKNOWN": say("清单指定的受理单位还没有登记。", "请联系统筹人员。", "node"),
    "NOT_PUBLISHED": say("还没有发布事项清单或工作日历。", "请联系清单维护人员发布。", "kind"),
    "DOCUMENT_MISSING": say("本机还没有这一版清单或日历的全文。", "请联网刷新后再试。"),
    # objects and transfer
    "OBJECT_MISSING": say("存储中没有这份材料。", "请等上传完成后再试；已完成的请联系技术值守。"),
    "OBJECT_CHANGED": say("存储中的材料与登记的不一致，不予采用。", "请重新上传或下载；仍不行请报技术值守。"),
    "OBJECT_EXISTS": say("这份材料已经存在，不能覆盖。", "不用再传；如需更正请另做一版。"),
    "OBJECT_TOO_LARGE": say("一次封装的材料总大小超过上限。", "请减少页数或降低分辨率后重新封装。", "size", "most"),
    "PART_NUMBER": say("上传的分段超过上限。", "请减少页数后重新封装。", "most"),
    "STORE_ANSWER": say("存储的答复无法识别。", TRY_LATER),
    "STORE_DENIED": say("存储拒绝了访问。", ASK_SUPPORT),
    "STORE_UNAVAILABLE": say("存储暂时不可用，窗口可以照常收件。", TRY_LATER),
    "TRANSFER_DENIED": say("上传或下载的许可已过期或不适用。", "不用操作，本机会重新取得许可后续传。"),
    "UPLOAD_DONE": say("这次上传已经完成。", "不用再传，请刷新。"),
    "UPLOAD_INCOMPLETE": say("还有分段没有传完。", "不用操作，本机会从断点续传。", "missing"),
    "UPLOAD_MISSING": say("这次上传已经结束或过期。", "不用操作，本机会重新开始上传。"),
    # enrolment
    "ENROLMENT_ANSWERED": say("这份登记申请已经答复过。", "请刷新申请列表。"),
    "ENROLMENT_DESK_FULL": say("待办的登记申请太多。", "请登记员先处理积压，稍后再提交。", "waiting"),
    "ENROLMENT_FORMAT": say("登记申请填写不符合规定。", "请照说明重新填写后提交。"),
    "ENROLMENT_TOO_LARGE": say("登记申请的大小超过上限。", "请照说明重新填写后提交。"),
    "ENROLMENT_UNKNOWN": say("没有查到这份登记申请。", "请核对申请编号，或重新提交。"),
    "ENROLMENT_REFUSED": say("登记申请没有通过。", "请联系登记员问明原因，改正后重新提交。", "reason"),
    "ENROLMENT_SLOW": say("登记申请还没有答复，申请仍然有效。", "请联系登记员；答复后重新运行即可续办。", "enrolment"),
    # the hub's own start
    "CREDENTIALS_FORMAT": say("存储的访问凭据文件格式不对。", _START, "file"),
    "FOUNDING_FORMAT": say("初始登记文件格式不对。", "请登记员重新制作后再启动。", "file"),
    "LOG_NOT_EMPTY": say("日志里已有记录，不能再次初始化。", "请直接启动；要新建请换一个空的数据库。"),
    "PINS_DIFFER": say("枢纽的密钥与公布的信任锚不一致，不能启动。", "请登记员核对信任锚文件。", "origin"),
    # services of one machine
    "DATABASE_SETUP_FAILED": say("数据库没有建成。", _START),
    "NO_FREE_PORT": say("本机没有空闲端口可用。", "请部署人员关闭占用端口的程序，或换一段端口。", "first", "last"),
    "PATH_CLOSED": say("数据库用户无权进入这个目录。", "请部署人员换一个目录，或放开上级目录的通行权限。", "path"),
    "SERVER_USER_MISSING": say("本机没有运行数据库所需的用户。", "请部署人员先建立该用户。", "user"),
    "SERVICE_NOT_READY": say("服务没有在规定时间内启动。", _START, "service"),
    "SERVICE_PORT_TAKEN": say("服务端口已被占用。", "请部署人员关闭占用的程序，或换一个端口。", "service", "port"),
    "SOCKET_DIRECTORY_FOREIGN": say("数据库的通信目录属于别的用户，不安全。", "请部署人员删除该目录后重新启动。",
        "path"),
    "PORT_TAKEN": say("服务端口已被占用。", "请部署人员关闭占用的程序，或换一个端口。", "address"),
    # journal and spool of an agent
    "JOURNAL_UNWRITABLE": say("本机的办件记录写不进去，为防丢失已停止收件。", "请检查磁盘空间和权限，或换一台机器。"),
    "SPOOL_UNWRITABLE": say("本机写不进待传的材料。", "请检查磁盘空间后重新封装，草稿还在。"),
}
