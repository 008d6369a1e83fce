"""Texts of what goes another way than straight: pre-review, supplement, refusal, bounce, re-routing."""

from hub.casework.messages.entry import Message, say

_LIST_REASON = "请从清单中选择原因；需要说明的文字请随告知书加密封装。"

# fmt: off
MESSAGES: dict[str, Message] = {
    # how a case begins and ends at the window
    "PUBLIC_NUMBER_KEPT": say("退回窗口的件沿用原查询号。", "请用原查询号重新封装，申请人手中的收件凭证仍然有效。", "number"),
    "ANSWER_UNKNOWN": say("预审意见只能是通过、缺项或不属本部门。", "请重新选择。", "answer"),
    "SEALED_ALREADY": say("已经给过收件凭证的件不能作废，也不能再不予收件。",
        "申请人不办了请办理书面撤回；坚持要办的，列明缺项后重新封装。", "number"),
    "PAPERS_LEFT": say("申请人的原件还没有退清，这件不能不予收件或作废。",
        "请先把原件退还申请人并请其签收；在途的邮件等了结后再办。", "items"),
    "REASON_UNKNOWN": say("原因只能从规定的清单中选。", _LIST_REASON, "reason"),
    # one notice
    "SECOND_NOTICE": say("需要补正的内容须一次告知，本件已告知过（《行政许可法》第三十二条）。",
        "请按现有材料受理或依法不予受理；补交材料本身有缺陷的，请部门负责人共同签名后再次告知。", "notice", "at"),
    "FIRST_NOTICE_MISSING": say("本件还没有补正告知，谈不上再次告知。", "请办理补正告知。"),
    "DEFECT_NOT_NEW": say("再次告知只能指出补交材料本身的缺陷。",
        "请去掉这一项；确须再提的由负责人特批，并记红牌。", "material"),
    "DEFECT_UNKNOWN": say("缺陷只能从规定的清单中选。", _LIST_REASON, "defect"),
    "ALREADY_HELD": say("本件已有的材料不得要求申请人再交。", "请查阅已交的材料；看不清、过期等请改选相应的缺陷。",
        "material", "node"),
    "DUE_TOO_SOON": say("补正期限至少留一个工作日，延期须晚于原期限。", "请改选更晚的日期。", "due"),
    "SUPPLEMENT_METHOD": say("补正方式只能是窗口、邮寄或网上。", "请重新选择，可以多选。", "method"),
    "NOT_DEMANDED": say("补正只收告知书要求的材料。", "请撤下这份材料，退还申请人。", "material"),
    "SUPPLEMENT_INCOMPLETE": say("告知书要求的材料还没有补齐。", "请先补齐这几项，补齐后系统自动恢复受理。", "missing"),
    "LAPSE_TOO_EARLY": say("补正期满、提醒过并再满一个工作日，才能按补正不来终止。", "请届时再办；申请人要求延期的请先延期。",
        "due", "until"),
    "SUPPLEMENT_WHOLE": say("申请人已补齐告知的材料，不得按补正不来终止。",
        "请等收件窗口补发密钥，系统会自动恢复受理；久等不到请联系窗口。", "node"),
    "HELPER_NOT_WINDOW": say("只有收件窗口可以代收补正材料。", "请引导申请人到收件窗口，或改用邮寄、网上补交。", "node"),
    "HELPER_ALREADY": say("这个窗口已经可以代收本件的补正材料。", "请直接登记补正材料。", "node"),
    # second signature
    "SECOND_PERSON_MISSING": say("这一步须有第二人签名。", "请按要求的岗位请同事核对后一并签名。", "role"),
    "SECOND_PERSON_WRONG": say("第二签名人须是本单位有此岗位的另一人。", "请换有此岗位的同事签名。", "person", "role"),
    # hand-off
    "BOUNCE_OPEN": say("被退回的件须先核对，确有问题的重传后才能再转交。", "请等枢纽核对；核对为有问题的由收件窗口重传。",
        "reason"),
    "BOUNCE_UNKNOWN": say("没有待核对或待重传的退回。", "请刷新本件，看过最新情况后再办。"),
    "OBJECT_NOT_NEW": say("重传须在存储中另存一份，原来那份不作数。", "请从本机重新上传这份材料。"),
    "DELIVERY_NOT_DUE": say("还没有到再次投递或视为签收的时间。", "到时系统自动办理，不用操作。", "due"),
    "RETRIES_SPENT": say("再次投递的次数已满。", "请电话联系接收单位的联络员；满一个工作日未签收的系统视为签收。",
        "attempts", "most"),
    # re-routing
    "COORDINATOR_MISSING": say("这一地区还没有登记统筹单位，不能改派。",
        "请联系密钥登记员登记统筹单位；急件请按职权受理或依法不予受理。", "region"),
    "HOPS_SPENT": say("本件已被两个单位认定送错，不能再提出改派。",
        "请受理；确实不属本机关职权的，请不予受理并写明主管机关。", "nodes"),
    "TARGET_SAME": say("建议改派的单位不能是本单位。", "请另选单位，或不填建议由统筹决定。", "node"),
    "TARGET_NOT_DEPARTMENT": say("只能改派给在用的受理部门。", "请另选一个受理部门。", "node"),
    "TARGET_WAS_HOP": say("这个单位已经认定本件不归它办。", "请另选单位；确归它办的，请注明坚持改派。", "node"),
    "QUEUE_UNKNOWN": say("现行清单没有给这个单位列这个受理队列。", "请从清单中选择受理队列。", "node", "queue"),
}
