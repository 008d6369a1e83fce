"""Texts of a node's test of its own connection (B24)."""

from hub.casework.messages.entry import ASK_REGISTRAR, ASK_SUPPORT, Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    "CLOCK_DIFFERS": say("本机时钟与枢纽相差过大，所签文书会被退回。", "请校准本机时间（接入统一授时），再重新自检。", "seconds", "most"),
    "CERTIFICATE_PURPOSE": say("连接证书不是用于客户端连接的。", ASK_REGISTRAR),
    "CERTIFICATE_ENDING": say("连接证书快要到期，自动换发没有办成。", "请确认本机服务在运行；仍未换发的请登记员换发证书。", "days", "ended"),
    "CATALOGUE_OVER": say("本机的事项清单已过有效期。", "请清单维护人员发布新的一版，发布后自动更新。", "version", "ended"),
    "SELFTEST_ECHO": say("枢纽送回的内容与送去的不同。", ASK_SUPPORT, "size"),
    "SELFTEST_BYTES": say("从存储取回的内容与存入的不同。", ASK_SUPPORT, "size"),
    "PROBE_FORMAT": say("自检所用的临时文件超出了允许的大小或格式。", "请更新本机程序后重新自检。"),
}
# fmt: on
