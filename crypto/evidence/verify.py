"""Offline verification of an evidence package: bytes and pinned keys in, a report out.

Invariants:
- pure: no clock, no file, no network; the same package and pins give the same report;
- it never stops at the first error: each step reports all it finds, later steps go on with what is readable;
- nothing in the package is believed but through the pins: log keys vouch for leaves, registrar keys for key records,
  key records for statements, statements for manifests and documents.

The steps, with the same numbers in ``verify``:

1. container: known names, one form, ``package.json`` agrees with what is there;
2. checkpoint: signed by every pinned log key, of the pinned origin, cosigned by enough pinned witnesses;
3. every leaf: canonical, in its place, included under the checkpoint;
4. registry: epochs 1 to E without gap, replayed from the pinned registrar keys;
5. extract: signed by a node that the registry calls a hub, true to checkpoint and registry;
6. completeness: all leaves that the extract names, all numbers of the case;
7. order: numbers, legal times and registry positions rise;
8. statements: of this case, signed by the acting node and person with keys valid at that position;
9. custody chain: unbroken;
10. manifests: there, unchanged, of this case;
11. documents: catalogues and calendars as published, rules as exported;
12. verdict: INVALID wins over INDETERMINATE wins over VALID.

Whether the acts were lawful is asked elsewhere (``hub.casework.replay``). Severity and codes: ``report`` and the
docstring of each step.
"""

from crypto.directory import Directory
from crypto.evidence import steps_case, steps_log, steps_registry
from crypto.evidence.pins import Pins
from crypto.evidence.read import read
from crypto.evidence.report import Report, verdict_of
from crypto.evidence.work import Work


def verify(package: bytes, pins: Pins) -> Report:
    """The report on ``package`` under ``pins``, with all findings. Raises nothing for any bytes."""
    work = Work(read(package), pins, Directory(pins.registrar_keys))
    steps_log.container(work)  # 1
    steps_log.head(work)  # 2
    steps_log.every_leaf(work)  # 3
    steps_registry.registry(work)  # 4
    steps_registry.extract(work)  # 5
    steps_log.complete(work)  # 6
    steps_log.order(work)  # 7
    steps_case.statements(work)  # 8
    steps_case.chain(work)  # 9
    steps_case.sealings(work)  # 10
    steps_case.documents(work)  # 11
    verdict = verdict_of(work.found.findings)  # 12
    return Report(verdict, work.found.findings, dict(sorted(work.facts.items())), work.case)
