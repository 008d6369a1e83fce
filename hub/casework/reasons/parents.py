"""Closed lists of parents and children (states.md 8)."""

from typing import Final

from hub.casework.reasons.words import Words

PART_ANSWERS: Final[Words] = {"OK": "本部分材料齐全、符合要求", "LACKS": "本部分材料有缺项或不合要求"}
"""P2: what each department of a joint matter answers to the lead."""

PART_MODES: Final[Words] = {"ONLINE": "全程网办", "PROXY_COLLECT": "异地代收代办", "MULTI_PLACE": "多地联办"}
"""A10: how a part is handled."""

FEE_STATES: Final[Words] = {"DUE": "待缴", "PAID": "已缴", "WAIVED": "减免", "REFUNDED": "已退"}
"""P14, I04: how far the one payment of a parent has come; the hub takes no money."""
