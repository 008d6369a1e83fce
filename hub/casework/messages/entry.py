"""One text of the catalogue.

Invariant: a message has a rule and a way out, both whole sentences that a clerk may read aloud; the value stands
between them and is filled in from the refusal, so no sentence can go wrong when a value is absent.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """``rule``: what holds. ``way_out``: what to do next. ``shows``: names of the refusal's values that are shown."""

    rule: str
    way_out: str
    shows: tuple[str, ...] = ()


def say(rule: str, way_out: str, *shows: str) -> Message:
    """A message that shows the values named."""
    return Message(rule, way_out, shows)


ASK_SUPPORT = "请联系技术值守处理，已保存的材料仍在本机。"
TRY_LATER = "请稍候再试，已上传的页不用重传。"
ASK_REGISTRAR = "请联系本地区密钥登记员核对登记后再试。"
CHECK_AGAIN = "请不要采用这份数据，重新取一次；仍不通过请报技术值守和审计人员。"
"""What to do when something that must be provable is not."""
