"""Texts of late entries: done on paper while nothing worked, entered afterwards (states.md 9; A22)."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    "LATE_ENTRY_ONLINE": say("网上办理没有纸上补录。", "请按网上实际提交的时间办理；在窗口办过的由窗口补录。", "event"),
    "LATE_CAUSE_UNKNOWN": say("补录须注明规定的原因。", "请从停电、断网、系统停用、设备故障、突发事件中选。", "cause"),
    "LATE_ENTRY_TIMES": say("补录的办理时间须早于录入时间，录入时间不得晚于枢纽时间。",
        "请照纸质记录核对办理时间，校准本机时钟后重新录入；不是事后补录的，不用写办理时间。", "occurred_at", "entered_at"),
    "LATE_ENTRY_PARTS": say("补录须同时写明办理时间、原因和一同签名的同事。", "请补上所缺的一项；不是补录的，都不写。", "option"),
}
