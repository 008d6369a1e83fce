"""Texts of reading pages and finding personal data on them (issue 5, part 3)."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    "PAGE_QUEUE_FULL": say("等待识别的页太多，已到上限。", "请稍候再拍；一直不减少的，请联系技术值守查看识别进程。", "limit"),
}
