"""A material of an earlier case used again by typed commands: found, agreed to, opened, sealed anew (E02, D21, E01)."""

import json
from pathlib import Path
from typing import cast

import pytest

from deploy.stack.layout import DEPARTMENT, WINDOW
from tests.e2e.town import DEMO, Town

pytestmark = pytest.mark.e2e
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
AGAIN = "M05"
TICKS = ("--no-classified", "--signed", "--notice", "--staff", "A01")


@pytest.mark.requirement("E02", "D21", "E01", "A22", "H02")
def test_what_a_window_checked_once_is_not_asked_for_again(town: Town, tmp_path: Path) -> None:
    form = town.form()
    earlier = town.collect(town.said, form)
    town.countersigned(str(earlier["case"]))
    case = str(town.said(WINDOW, "window", "begin", PLAN["task_code"], "--form", str(form), "--staff", "A01")["case"])
    for page in PLAN["pages"]:
        if page["material"] != AGAIN:
            town.said(WINDOW, "window", "scan", case, page["material"], str(DEMO / page["file"]))
    town.until("the earlier seal", lambda: town.said(WINDOW, "window", "shelf", case)["materials"])
    found = {one["material"]: one for one in town.said(WINDOW, "window", "shelf", case)["materials"]}
    assert (found[AGAIN]["public_no"], found[AGAIN]["trust"]) == (earlier["public_no"], "B")
    agreement = str(DEMO / "pages" / "10-commitment.jpg")
    words = ("--agreement", agreement, "--valid-until", "LONG_TERM", "--staff", "A01")
    refused = town.said(WINDOW, "window", "reuse", case, "M07", *words, code=1)
    assert refused["refusal"]["code"] == "ACQUISITION_NOT_ALLOWED"
    assert town.said(WINDOW, "window", "reuse", case, AGAIN, *words)["from"] == earlier["public_no"]

    twin = town.said(WINDOW, "window", "seal", case, *TICKS, code=1)
    assert twin["acts"][0]["refusal"]["code"] == "DUPLICATE_INTAKE"
    other = ("--other", str(earlier["case"]), "--reason", "OTHER_MATTER")
    town.said(WINDOW, "window", "second-intake", case, *other)
    assert town.said(WINDOW, "window", "seal", case, *TICKS)["ok"]
    town.countersigned(case)
    opened = town.said(DEPARTMENT, "dept", "open", case, "--purpose", "受理审查", "--staff", "B01")
    (line,) = [one for one in opened["lines"] if one["material"] == AGAIN]
    assert (line["acquisition"], line["trust"], opened["doubts"]) == ("REUSED", "B", {})

    (seal,) = [one for one in town.statements(case, tmp_path / "audit") if one.type == "seal"]
    reused = [(one["material"], one["case"]) for one in cast(list[dict[str, str]], seal.body["reused"])]
    assert reused == [(AGAIN, earlier["case"])]
    told = town.statements(str(earlier["case"]), tmp_path / "earlier")
    assert [one.body["purpose"] for one in told if one.type == "open_document"][:1] == ["REUSE"]
