"""Wrong usage and help in Chinese: what is missing, what may be written, how to see the help (promise 7).

Invariants:
- wrong usage ends with exit code 2 and is shown as every other refusal is: rule, value, way out; with ``--json`` as
  one JSON object;
- no English sentence of the library reaches staff, and nobody sees a stack trace: what the product did not foresee is
  told by its kind and place, which the technical duty asks for.
"""

import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import typer
from typer import _click
from typer._click.exceptions import BadParameter, MissingParameter, NoArgsIsHelpError, NoSuchOption, UsageError
from typer.core import TyperArgument, TyperGroup, TyperOption

from crypto.refusal import Refusal
from deploy.commands.shared.common import console, show_refusal

RULE: Final = "promise 7: usage"
EXIT_USAGE = 2
EXIT_ABORTED = 130
EXIT_FAILED = 70
"""A fault of the program itself (sysexits.h, EX_SOFTWARE)."""
SHOW_FAULTS = "YIDI_SHOW_FAULTS"
"""Set to 1 by who looks for a fault: the stack trace is shown too."""

_KINDS: Final = {
    **{"str": "文字", "int": "整数", "float": "数字", "bool": "开关"},
    **{"file": "文件", "dir": "文件夹", "path": "路径"},
}
_VALUE_PROBLEMS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"does not exist"), "没有这个文件或文件夹"),
    (re.compile(r"is a (?:file|directory)\."), "文件和文件夹选反了"),
    (re.compile(r"is not (?:readable|writable)"), "没有读写它的权限"),
    (re.compile(r"does not match the formats"), "日期写成 2026-11-22 的样子"),
    (re.compile(r"is not one of (?P<words>.+)\."), "只能是：{words}"),
    (re.compile(r"(?:less than or equal to|<=) ?(?P<words>[-0-9.]+)"), "不能大于 {words}"),
    (re.compile(r"(?:greater than or equal to|>=) ?(?P<words>[-0-9.]+)"), "不能小于 {words}"),
    (re.compile(r"valid integer"), "须是整数"),
    (re.compile(r"valid number"), "须是数字"),
)
_USAGE_PROBLEMS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"No such command '(?P<words>.*)'\."), "COMMAND_UNKNOWN"),
    (re.compile(r"Got unexpected extra argument\(s\) \((?P<words>.*)\)"), "WORDS_TOO_MANY"),
    (re.compile(r"Option '(?P<words>[^']+)' (?:requires|does not take)"), "OPTION_FORM"),
)


class InChinese(TyperGroup):
    """The root of all commands: its wrong usage is told in Chinese."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; ends the process unless ``standalone_mode`` is false."""
        words, prog_name = list(sys.argv[1:] if args is None else args), "yidi"
        rest = {"windows_expand_args": windows_expand_args, **extra}
        if not standalone_mode:
            return super().main(words, prog_name, complete_var, False, **rest)
        try:
            code = super().main(words, prog_name, complete_var, False, **rest)
        except NoArgsIsHelpError:
            code = EXIT_USAGE  # the help was shown
        except UsageError as wrong:
            show_refusal(told(wrong), "--json" in words)
            code = EXIT_USAGE
        except typer.Abort:
            console.print("已中止。")
            code = EXIT_ABORTED
        sys.exit(code if isinstance(code, int) else 0)


def told(wrong: UsageError) -> Refusal:
    """The refusal that says what is wrong, and which help shows the rest."""
    see = f"{wrong.ctx.command_path if wrong.ctx is not None else 'yidi'} --help"
    if isinstance(wrong, MissingParameter):
        return Refusal("OPTION_MISSING", RULE, option=_named(wrong), see=see)
    if isinstance(wrong, BadParameter):
        return Refusal("OPTION_VALUE", RULE, option=_named(wrong), problem=_problem(wrong.message), see=see)
    if isinstance(wrong, NoSuchOption):
        near = "、".join(sorted(wrong.possibilities or ()))
        return Refusal("OPTION_UNKNOWN", RULE, option=wrong.option_name[:60], near=near, see=see)
    for pattern, code in _USAGE_PROBLEMS:
        found = pattern.search(wrong.message)
        if found:
            return Refusal(code, RULE, given=found["words"][:80], see=see)
    return Refusal("USAGE_WRONG", RULE, see=see)


def _named(wrong: BadParameter) -> str:
    """``--staff``, with what it is for; an argument by what it is for alone."""
    param = wrong.param
    if param is None:
        return str(wrong.param_hint or "")
    what = str(getattr(param, "help", None) or "")
    if isinstance(param, TyperArgument):
        return what or str(param.name)
    return f"{param.opts[-1]}（{what}）" if what else str(param.opts[-1])


def _problem(message: str) -> str:
    for pattern, words in _VALUE_PROBLEMS:
        found = pattern.search(message)
        if found:
            given = found.groupdict().get("words", "")
            return words.format(words=given.replace("'", "").replace(", ", "、"))
    return "填写的内容不合要求"


# --- help ------------------------------------------------------------------------------------------------------------


class _Formatter(_click.formatting.HelpFormatter):
    """Made when a help page is: only then the library's drawing is loaded."""

    def __init__(self, *args: Any, **named: Any) -> None:
        from typer import rich_utils

        super().__init__(*args, **named)
        rich_utils.ARGUMENTS_PANEL_TITLE, rich_utils.OPTIONS_PANEL_TITLE = "要写的内容", "选项"
        rich_utils.COMMANDS_PANEL_TITLE = "命令"
        rich_utils.DEFAULT_STRING, rich_utils.ENVVAR_STRING = "[不写为 {}]", "[环境变量 {}]"
        rich_utils.REQUIRED_LONG_STRING = "[必填]"

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]...", "命令 …"), "用法：")


def speak_chinese() -> None:
    """Titles, kinds of values and the line of ``--help`` itself. The library has one set of words a process."""
    _click.Context.formatter_class = _Formatter
    for kind in (TyperOption, TyperArgument):
        kind.display_type = _in_chinese(kind.display_type)  # type: ignore[method-assign, assignment]
    command = _click.core.Command
    command.get_help_option = _help_line(command.get_help_option)  # type: ignore[method-assign]


def _in_chinese(shown: Callable[..., str | None]) -> Callable[..., str | None]:
    def display_type(self: Any, ctx: _click.Context) -> str | None:
        text = shown(self, ctx) or ""
        text = text.replace("%Y-%m-%d", "如 2026-11-22").replace(" range", "")
        return re.sub(r"[a-z]+", lambda word: _KINDS.get(word[0], word[0]), text.replace("list", "可多次："))

    return display_type


def _help_line(found: Callable[..., Any]) -> Callable[..., Any]:
    def get_help_option(self: Any, ctx: _click.Context) -> Any:
        option = found(self, ctx)
        if option is not None:
            option.help = "显示这份说明"
        return option

    return get_help_option


# --- the unforeseen --------------------------------------------------------------------------------------------------


def guarded(run: Callable[[], Any]) -> None:
    """``run``, with a fault of the program told by kind and place; its values may be personal and are not shown."""
    try:
        run()
    except Exception as fault:
        if os.environ.get(SHOW_FAULTS) == "1":
            raise
        at = traceback.extract_tb(fault.__traceback__)[-1]
        place = f"{Path(at.filename).name}:{at.lineno}"
        refusal = Refusal("PROGRAM_FAULT", "promise 7", fault=type(fault).__name__, place=place)
        show_refusal(refusal, "--json" in sys.argv)
        sys.exit(EXIT_FAILED)
