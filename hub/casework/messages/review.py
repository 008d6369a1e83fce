"""Texts of the inner life of a case at the department: posts, steps, special procedures, opinions, other ends."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    # who answers for it
    "TAKEN_ALREADY": say("本件已有人接办。", "请由接办人办理；要接手的请选接手、交接班或A岗不在岗。", "person"),
    "NOBODY_TO_TAKE_OVER": say("本件还没有人接办，谈不上接手。", "请选当班接办。", "basis"),
    "POST_NOT_HELD": say("本事项设有AB岗，只有在岗的人可以接办。", "请由A岗或B岗接办，或请负责人指派。", "person"),
    "POST_A_ON_DUTY": say("A岗在岗时由A岗接办。", "请A岗接办；A岗不在岗的请附依据接办，满一个工作日无人接办的B岗可直接接办。",
        "person"),
    "HANDOVER_UNSIGNED": say("交接班须由原接办人一并签名。", "请与原接办人当面交接后同签；原接办人不在的请负责人指派。", "person"),
    "ASSIGNEE_UNFIT": say("只能指派给本单位登记有受理、承办或审批岗位的人。", "请另选人员，或请登记员办理登记。", "person"),
    "NOT_RESPONSIBLE": say("设有AB岗的事项由接办人本人答复。", "请先接办，或请接办人办理。", "person"),
    "UNTAKEN_NOT_DUE": say("还没有到提醒的时间，或者已有人接办。", "到时系统自动办理，不用操作。", "due", "person"),
    "SECTION_UNKNOWN": say("只能转给清单里登记的本单位股室，对外仍由本单位一个口子负责。",
        "请改选股室；新设的请联系清单管理员登记后再转。", "section"),
    "SECTION_SAME": say("这一件已经在这个股室。", "请直接办理，或改转别的股室。", "section"),
    # steps
    "STEP_ORDER": say("环节须按承办、审核、批准的顺序办理。", "请先办理当前环节。", "step", "next"),
    "STEP_ROLE": say("这一环节须由规定的岗位办理。", "请由有权的同事登录后办理。", "step", "role"),
    "SAME_PERSON": say("审查的人不得批准或者决定同一件（审批与技术审查相分离）。", "请换另一名有权的同事办理。", "person"),
    "STEP_NOT_DONE": say("只有办完的环节才能退回重办。", "请核对环节后再退。", "step"),
    "STEP_OPEN": say("清单规定的环节还没有办完，不能决定。", "请先办完当前环节。", "step"),
    # special procedures and extension
    "SPECIAL_NOT_LISTED": say("本事项的清单没有这一特别程序。", "请从清单所列的特别程序中选择；没有的不得进行。", "special"),
    "CLOCK_STOP_FORBIDDEN": say("这一程序依法不停止计时（《行政许可法》第四十五条）。",
        "请按不停止计时的程序登记，并在期限内办结。", "special"),
    "CLOCK_STOP_DUE": say("这一程序的时间依法不计入期限，须书面告知申请人。", "请按特别程序办理，并封装告知书。", "special"),
    "NOTICE_MISSING": say("停止计时或者延长期限须先有给申请人的书面告知（《行政许可法》第四十二条、第四十五条）。",
        "请写好告知书，加密封装后再办。", "event"),
    "WORDS_MISSING": say("这一步须有写明的文字。", "请把要写的话放进文件，办理时一并指定。"),
    "SPECIAL_OPEN": say("还有特别程序没有结果。", "请先登记它的结果。", "special"),
    "SPECIAL_UNKNOWN": say("没有这一项进行中的程序。", "请刷新本件，核对后再办。", "special"),
    "DUE_TOO_LATE": say("日期太远：补正期限最远一年，特别程序和征求意见每次最远九十日。", "请改选更近的日期。", "due", "latest"),
    "SPECIAL_OVER": say("告知的日期已过，不能再续。", "系统已恢复计时；确需再停的请重新办理特别程序和告知。", "due"),
    "SPECIAL_NOT_OVER": say("还没有到告知的日期。", "到时系统自动恢复计时，不用操作。", "due"),
    # opinions, passing up
    "CONSULTED_ALREADY": say("已经在征求这个单位的意见。", "请等它答复，或到期后再征求。", "node"),
    "CONSULT_UNKNOWN": say("没有向本单位征求这项意见，或者已经结束。", "请刷新后再答复。", "consult"),
    "OPINION_LATE": say("答复的日期已过。", "请电话联系征求意见的单位重新征求。", "due"),
    "OPINION_NOT_DUE": say("还没有到答复的日期，或者已经答复。", "到时系统自动登记，不用操作。", "consult"),
    "TARGET_NOT_ABOVE": say("只能转报给管辖本地的上级受理部门（《行政许可法》第四十三条）。",
        "请另选上级部门；送错部门的请在受理前提出改派。", "node"),
    "REFERRAL_UNDER_WAY": say("上级部门已经能打开全部材料，转报不能再收回。",
        "请等上级签收，满一个工作日不签收的视为签收；有误的请电话联系上级部门。", "node"),
    "LINK_WRONG": say("所关联的须是另外一件，且没有关联过。", "请核对另一件的编号。", "linked"),
    # decision
    "HEAD_MUST_DECIDE": say("这一事项须由部门负责人决定，初审权不能代替决定权。", "请部门负责人登录后决定。", "role"),
    "RECORD_MISSING": say("集体决定的事项须附会议纪要。", "请附上集体决定的记录后再办。"),
    "RESULT_UNDER_WAY": say("结果已经寄出，不能直接更正。", "请先召回邮件；退回后再更正。", "parcel"),
    "NOT_INSTANT": say("只有承诺一个工作日内办结、没有特别程序的即办件可以当场受理并决定。",
        "请先受理，再按环节审查、决定。", "name"),
}
