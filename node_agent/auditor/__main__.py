"""``python -m node_agent.auditor PACKAGE PINS [--json]``: verify one evidence package offline.

Opens these two files and nothing else. Exit status: 0 VALID, 1 INVALID, 2 INDETERMINATE, 3 the arguments or the pins
cannot be used.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NoReturn

from crypto.evidence.pins import read_pins
from crypto.evidence.report import Verdict
from crypto.refusal import Refusal
from node_agent.auditor.texts import lines
from node_agent.auditor.verify import audit

STATUS = {Verdict.VALID: 0, Verdict.INVALID: 1, Verdict.INDETERMINATE: 2}
UNUSABLE = 3


class _Parser(argparse.ArgumentParser):
    """argparse ends with 2, which means INDETERMINATE here."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UNUSABLE, f"{message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Exit status; the report goes to standard output."""
    parser = _Parser(prog="python -m node_agent.auditor", description="离线核验证据包")
    parser.add_argument("package", type=Path, help="证据包（zip）")
    parser.add_argument("pins", type=Path, help="约定的密钥（日志、登记机构、见证人）")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    options = parser.parse_args(arguments)
    try:
        pins = read_pins(options.pins.read_bytes())
        package = options.package.read_bytes()
    except (Refusal, OSError) as error:
        print(f"无法开始：{error}", file=sys.stderr)
        return UNUSABLE
    report = audit(package, pins)
    if options.json:
        print(json.dumps(report.as_object(), ensure_ascii=False, indent=1))
    else:
        print("\n".join(lines(report)))
    return STATUS[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
