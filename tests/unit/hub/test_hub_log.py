"""What the hub logs of an error: what kind and where, never its text, which may be somebody's words (promise 1)."""

import json
import logging
import os
import subprocess
import sys
import threading

import pytest

from crypto.refusal import Refusal
from hub.server.__main__ import OneLine, _thread_broke
from node_agent.process.daemon import OneLine as AgentLine

WORDS = "张三 13800000000"


def logged(error: BaseException) -> str:
    record = logging.LogRecord("hub.x", logging.ERROR, __file__, 1, "a batch failed", None, None)
    record.exc_info = (type(error), error, error.__traceback__)
    return OneLine().format(record)


def broken() -> BaseException:
    try:
        try:
            raise ValueError(f"no such name: {WORDS}")
        except ValueError as cause:
            raise Refusal("CASE_NAME", "test", name=WORDS) from cause
    except Refusal as error:
        return error


def test_an_error_is_told_by_type_code_and_place() -> None:
    line = json.loads(logged(broken()))
    assert (line["error"], line["code"], line["message"]) == ("Refusal", "CASE_NAME", "a batch failed")
    assert line["cause"]["error"] == "ValueError"
    assert line["at_code"][-1].startswith("test_hub_log.py:")


def test_no_text_of_an_error_or_of_its_cause_is_told() -> None:
    line = logged(broken())
    assert "\n" not in line
    assert "张三" not in line and "13800000000" not in line and "no such name" not in line


@pytest.mark.requirement("H01")
@pytest.mark.parametrize("formatter", [OneLine(), AgentLine()])
def test_a_line_that_names_somebody_all_the_same_is_masked(formatter: logging.Formatter) -> None:
    """Nobody writes such a line; the formatter is the net below (standards.md 15: never log raw values)."""
    digest = "18312345678" * 2 + "abcdef0123"
    message = f"case {digest} waits: 申请人:张三 360101199003070018"
    line = json.loads(formatter.format(logging.LogRecord("x", logging.INFO, __file__, 1, message, None, None)))
    assert line["message"] == f"case {digest} waits: 申请人:张* 3****************8"


def test_a_thread_that_breaks_is_told_in_the_same_way(caplog: pytest.LogCaptureFixture) -> None:
    error = broken()
    _thread_broke(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
    assert [record.message for record in caplog.records] == ["a thread broke"]
    assert "张三" not in OneLine().format(caplog.records[0])


def test_wrong_settings_are_named_without_what_was_given() -> None:
    given = {"PATH": os.environ["PATH"], "YIDI_HUB_DATABASE_POOL": "hunter2-by-mistake", "YIDI_HUB_PINS": "pins.json"}
    given["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-m", "hub.server"], env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "database_pool" in done.stderr and "database_url" in done.stderr
    assert "hunter2" not in done.stderr and "Traceback" not in done.stderr
