"""What goes to a department's platform beside its own acts: payments (Table 14) and the numbers of licences it issued.

Invariants:
- kept in this node's journal alone: the hub takes no money and learns no certificate number;
- told once: the same again changes nothing, another value under the same number is refused;
- a note goes out with one batch, and names it from then on;
- of the one payment of a joint matter each department tells the share of its own part, as the parent's leaves say it
  (一口式收费, I04); what was given back is a row of its own with a negative amount: what was told before stays, and the
  sum of all rows is the money that was kept.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from crypto import canonical
from crypto.refusal import Refusal
from node_agent.department import sealed
from node_agent.exchange import rows as making
from node_agent.exchange.rows import Row, Source
from node_agent.exchange.tables import SOURCE, TABLES, moment, problem_in
from node_agent.known.casemirror import Recorded, history, last_of, mirror, parent_of
from node_agent.process.runtime import Agent

PAYMENT, LICENCE, SHARE = "exchange:payment:", "exchange:licence:", "exchange:share:"
BACK = "exchange:share-back:"
_SHARES = {"PAID": SHARE, "REFUNDED": BACK}
_PAID = frozenset({"pay_no", "charge_org", "charge_user", "amount", "charge_date", "payer"})
_LICENSED = frozenset({"certificate_type_code", "certificate_number"})
_AMOUNT = re.compile(r"[0-9]{1,13}\.[0-9]{2}")
_ISSUED = ("issue", "reissue", "correct_result")


def tell_payment(agent: Agent, case_id: str, told: Mapping[str, str]) -> None:
    """Keep what the department charged (Table 14, I03). ``told``: columns of the table, without those that all have.

    Refusals EXCHANGE_FIELD (names the field), EXCHANGE_PAID (this number was told with other values).
    """
    row = _columns("payment", _PAID, told)
    problem = _problem("payment", row)
    if not problem and _AMOUNT.fullmatch(row["amount"]) is None:
        problem = "payment.amount"
    if not problem and re.fullmatch(r"[0-9]{8}T[0-9]{6}", row["charge_date"]) is None:
        problem = "payment.charge_date"
    if problem:
        raise Refusal("EXCHANGE_FIELD", "GB/T 39046-2020", member=problem)
    _keep(agent, PAYMENT, case_id, row["pay_no"], {"case_no": _case_no(agent, case_id), "told": row})


def tell_licence(agent: Agent, case_id: str, told: Mapping[str, str]) -> None:
    """Keep type and number of the licence that the case's result is (``up_lic_data``); holder, body and day are known.

    Refusals EXCHANGE_NO_LICENCE (nothing was granted and issued, or the item's result is none), EXCHANGE_FIELD,
    EXCHANGE_PAID.
    """
    file = mirror(agent, case_id).file
    issued = last_of(history(agent.journal, case_id), *_ISSUED)
    certificate = file is not None and sealed.item_of(agent, case_id).result.kind == "CERTIFICATE"
    if file is None or issued is None or file.outcome != "GRANT" or not certificate:
        raise Refusal("EXCHANGE_NO_LICENCE", "GB/T 39046-2020", case=case_id)
    row = _columns("up_lic_data", _LICENSED, told)
    missing = next((f"up_lic_data.{name}" for name in sorted(_LICENSED) if not row[name]), "")
    problem = missing or _problem("up_lic_data", {**_HELD_BY_OTHERS, **row})
    if problem:
        raise Refusal("EXCHANGE_FIELD", "GB/T 39046-2020", member=problem)
    value = {"case_no": _case_no(agent, case_id), "told": row, "issued_at": issued.leaf.recorded_at}
    _keep(agent, LICENCE, case_id, row["certificate_number"], value)


def keep_shares(agent: Agent, case_ids: Iterable[str]) -> None:
    """Keep the share of every part of this node in what was paid for its parent, and in what was given back.

    ``case_ids``: cases with news, of a part or of a parent; may be repeated. A payment that is due or waived is none
    (Table 14 has paid ones). One that was paid and given back between two batches brings both rows.
    """
    for parent in sorted({parent_of(history(agent.journal, case_id)) or case_id for case_id in case_ids}):
        file = mirror(agent, parent).file if agent.journal.leaves(parent) else None
        if file is None or file.fee is None or file.fee.state not in _SHARES:
            continue
        shares = dict(file.fee.shares)
        mine = [part for part in file.parts if part.part in shares and _has(agent, part.case)]
        for said in [one for one in history(agent.journal, parent) if one.statement.type == "fee_told"]:
            prefix = _SHARES.get(str(said.statement.body["state"]), "")
            for part in mine if prefix else ():
                told = _share(said, file.fee.pay_no, shares[part.part], back=prefix == BACK)
                _keep(agent, prefix, part.case, file.fee.pay_no, {"case_no": _case_no(agent, part.case), "told": told})


def waiting(agent: Agent) -> dict[str, list[str]]:
    """Notes that no batch has, by case."""
    found: dict[str, list[str]] = {}
    for prefix in (PAYMENT, LICENCE, SHARE, BACK):
        for name, value in agent.journal.notes(prefix):
            if "batch" not in canonical.parse(value):
                found.setdefault(name.removeprefix(prefix).split(":")[0], []).append(name)
    return found


def rows_of(
    agent: Agent, names: Sequence[str], opened: Callable[[], Source], batch: str, data_source: str
) -> Iterator[Row]:
    """Rows of these notes. ``opened``: the case with its form, asked for only where a row holds personal data."""
    for name in names:
        note: dict[str, Any] = canonical.parse(agent.journal.kept(name) or b"{}")
        if name.startswith(PAYMENT):
            yield making.payment_row(str(note["case_no"]), note["told"], batch, data_source)
        elif name.startswith((SHARE, BACK)):
            paid = making.share_told(opened(), note["told"])
            yield making.payment_row(str(note["case_no"]), paid, batch, data_source, back=name.startswith(BACK))
        else:
            yield making.licence_row(opened(), note, batch)


def moved(agent: Agent, names: Sequence[str], batch: str) -> dict[str, bytes]:
    """The notes as they stand once ``batch`` has them."""
    return {
        name: canonical.encode({**canonical.parse(agent.journal.kept(name) or b"{}"), "batch": batch}) for name in names
    }


_HELD_BY_OTHERS = dict.fromkeys(("holder", "holder_code", "issue_dept", "issue_date", "area_code"), "-")


def _has(agent: Agent, case_id: str) -> bool:
    """Whether this node is the department of the case, by all that it knows."""
    file = mirror(agent, case_id).file if agent.journal.leaves(case_id) else None
    return file is not None and file.accepting_node == agent.identity.node


def _share(said: Recorded, pay_no: str, fen: int, *, back: bool) -> dict[str, str]:
    return {
        "pay_no": pay_no,
        "charge_user": (said.statement.actor.person or "").rpartition("/")[2],
        "amount": f"{'-' if back else ''}{fen // 100}.{fen % 100:02}",
        "charge_date": moment(said.leaf.recorded_at),
    }


def _columns(table: str, mine: frozenset[str], told: Mapping[str, str]) -> dict[str, str]:
    return {name: str(told.get(name, "")).strip() for name in TABLES[table].columns if name in mine}


def _problem(table: str, row: Mapping[str, str]) -> str:
    sync = {"row_guid": "-", "project_no": "-", "cd_operation": "I", "cd_time": "-", "cd_batch": "-"}
    return problem_in(TABLES[table], {**row, **sync, "data_source": SOURCE})


def _keep(agent: Agent, prefix: str, case_id: str, number: str, value: Mapping[str, object]) -> None:
    name = f"{prefix}{case_id}:{canonical.digest(number.encode())[:16]}"
    kept = agent.journal.kept(name)
    if kept is None:
        agent.journal.keep(name, canonical.encode({"v": 1, **value}))
    elif canonical.parse(kept)["told"] != value["told"]:
        raise Refusal("EXCHANGE_PAID", "GB/T 39046-2020", case=case_id)


def _case_no(agent: Agent, case_id: str) -> str:
    numbers = [one.leaf.assigned.get("case_no", "") for one in history(agent.journal, case_id)]
    found = [number for number in numbers if number]
    if not found:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    return found[-1]
