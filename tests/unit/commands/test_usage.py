"""Wrong usage, help and faults as staff see them: Chinese, with a code, and no stack trace (promise 7)."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer._click.exceptions import UsageError
from typer.main import get_command
from typer.testing import CliRunner

from deploy.cli import GROUPS, app
from deploy.commands.shared import usage

ENGLISH = re.compile(r"\b(?:Usage|Options|Arguments|Commands|Error|Missing|Invalid|required|default|Show|Try|range)\b")


def said(*words: str) -> tuple[int, str]:
    """Exit code and what was shown, in one line: how the panel breaks lines is no matter here."""
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    return done.exit_code, re.sub(r"[\s│]+", "", done.output)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["dept", "notice", "1"], "OPTION_MISSING", "--home（本节点的文件夹）"),
        (["dept", "notice", "1", "--home", "{home}", "--due", "明天"], "OPTION_VALUE", "日期写成2026-11-22的样子"),
        (["dept", "show", "1", "--home", "/nowhere"], "OPTION_VALUE", "没有这个文件或文件夹"),
        (["window", "rate", "1", "--home", "{home}", "--process", "7"], "OPTION_VALUE", "不能大于5"),
        (["window", "rate", "1", "--home", "{home}", "--process", "0"], "OPTION_VALUE", "不能小于1"),
        (["dept", "extend", "1", "--home", "{home}", "--staff", "B01", "--days", "x"], "OPTION_VALUE", "须是整数"),
        (["dept", "grant", "--home", "{home}", "--staff", "B00", "--kind", "X"], "OPTION_VALUE", "DECIDE、SEAL_USE"),
        (["dept", "show", "--bla", "1"], "OPTION_UNKNOWN", "--bla"),
        (["dept", "show", "1", "--home"], "OPTION_FORM", "--home"),
        (["dept", "foo"], "COMMAND_UNKNOWN", "foo"),
        (["windo"], "COMMAND_UNKNOWN", "windo"),
        (["dept", "show", "1", "2", "--home", "{home}"], "WORDS_TOO_MANY", "所写内容：2"),
    ],
)
def test_wrong_usage_is_refused_in_chinese(words: Sequence[str], code: str, told: str, tmp_path: Path) -> None:
    words = [word.format(home=tmp_path) for word in words]
    exit_code, shown = said(*words)
    assert exit_code == usage.EXIT_USAGE
    assert code in shown and told in shown and not ENGLISH.search(shown)
    if words[0] != "windo" and code != "OPTION_FORM":  # the library does not say of which command it speaks
        assert f"写法见：yidi{words[0]}" in shown
    done = CliRunner().invoke(app, [*words, "--json"])
    if code != "OPTION_FORM":  # its last option takes the word --json for its own
        assert json.loads(done.stdout)["refusal"]["code"] == code


def test_no_words_of_the_library_in_any_help() -> None:
    for group, _ in GROUPS:
        _, shown = said(group, "--help")
        assert "命令" in shown and "显示这份说明" in shown and not ENGLISH.search(shown), group
    for words in (["dept", "notice"], ["window", "seal"], ["figures", "report"], ["audit", "verify"], ["query"]):
        code, shown = said(*words, "--help")
        assert code == 0 and "用法：yidi" in shown and "必填" in shown and not ENGLISH.search(shown), words


def test_every_wrong_usage_has_words() -> None:
    """What the library may say elsewhere still ends in Chinese."""
    for message in ("Missing command.", "something new"):
        assert usage.told(UsageError(message)).code == "USAGE_WRONG"
    assert usage._problem("something new") == "填写的内容不合要求"


def test_who_embeds_the_commands_is_told_by_exceptions() -> None:
    with pytest.raises(UsageError):
        get_command(app).main(["dept", "foo"], standalone_mode=False)


def test_an_interrupted_question_is_no_success() -> None:
    asked = typer.Typer(cls=usage.InChinese)

    @asked.command()
    def first() -> None:
        raise typer.Abort

    @asked.command()
    def second() -> None:
        raise typer.Exit(3)

    done = CliRunner().invoke(asked, ["first"])
    assert (done.exit_code, done.output) == (usage.EXIT_ABORTED, "已中止。\n")
    assert CliRunner().invoke(asked, ["second"]).exit_code == 3


def test_a_fault_is_told_by_kind_and_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise KeyError("张三 13900000000")

    monkeypatch.setattr(sys, "argv", ["yidi", "--json"])
    with pytest.raises(SystemExit) as ended:
        usage.guarded(fails)
    assert ended.value.code == usage.EXIT_FAILED
    told = json.loads(capsys.readouterr().out)["refusal"]
    assert told["code"] == "PROGRAM_FAULT" and told["values"]["fault"] == "KeyError"
    assert told["values"]["place"].startswith("test_usage.py:") and "张三" not in json.dumps(told, ensure_ascii=False)
    monkeypatch.setenv(usage.SHOW_FAULTS, "1")
    with pytest.raises(KeyError):
        usage.guarded(fails)


def test_the_command_of_the_module_is_the_same() -> None:
    done = subprocess.run([sys.executable, "-m", "deploy", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == usage.EXIT_USAGE and "COMMAND_UNKNOWN" in done.stdout and "Traceback" not in done.stderr
