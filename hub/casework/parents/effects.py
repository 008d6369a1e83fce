"""Effects on a parent: its opening, what the hub reports of the parts, notice, clocks, exit (states.md 8).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace
from typing import Any

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import stop, with_card, with_clock
from hub.casework.context import Act, World
from hub.casework.entry.online import ONLINE
from hub.casework.parents import look, plan
from hub.casework.parents.values import AWAITED, HANDED_IN, TOLD, PartFile
from hub.casework.review import look as review_look
from hub.casework.review.values import Consultation
from hub.casework.states import State
from hub.casework.time import clocks

_JOINT = ("K3", "K4")
ASKED, ANSWERED = "ASKED", "ANSWERED"


def open_parent(act: Act, world: World) -> CaseFile:
    """P1: the parent that the one sealing opens; it has no item of its own, its parts have."""
    body, key = act.statement.body, act.statement.body["applicant_key"]
    assert isinstance(key, dict)  # guarded
    made, parts = plan.bundle(body, act.node.subject, world)
    return CaseFile(
        case=str(act.statement.case),
        state=State.P_COLLECTED,
        seq=0,
        head="",
        case_seq=0,
        task_code=plan.manifest_code(body),
        region=act.text("region"),
        catalogue=act.text("catalogue"),
        collecting_node=act.node.subject,
        holder=act.node.subject,
        public_no=act.text("public_no"),
        applicant_key=str(key["public"]),
        delivery=act.text("delivery"),
        mode=ONLINE if act.by_portal else "",
        opened_at=act.recorded_at,
        recorded_at=act.recorded_at,
        bundle=made,
        parts=parts,
    )


def keep_report(file: CaseFile, act: Act, world: World) -> CaseFile:
    """What became of a part. The department of the lead part leads (B02); the first one that has its part starts the
    days for the answers (P2); a pause on the longest path pauses the whole (P4).
    """
    body, made = act.statement.body, file.bundle
    before = look.part_of(file, act.text("part"))
    assert made is not None and before is not None  # guarded
    state = act.text("state")
    part = replace(
        before,
        state=state,
        node=str(body.get("node", "")),
        outcome=str(body.get("outcome", "")),
        effective_at=str(body.get("effective_at", "")),
        answer=str(body.get("answer", "")),
        notice=str(body.get("notice", "")),
        at=act.text("at"),
        evidence=act.text("evidence"),
        lacks=facts.pairs_of(body.get("lacks", [])),
        papers=_papers(body.get("papers", [])),
        supplement=_supplement(before, state),
    )
    file = _with_part(file, part)
    if part.node and not made.first_at and state == State.PENDING_ACCEPT.value:
        file = file.changed(bundle=replace(made, first_at=part.at))
    if part.part == made.lead and part.node and file.state in (State.P_COLLECTED, *look.UNDER_WAY):
        file = file.changed(accepting_node=part.node)
    return _paused_or_not(file, part.at, world)


def tell_parts(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P2: the notice names something of these parts."""
    told = {part.part for part in plan.lacking(file)}
    parts = tuple(replace(part, supplement=TOLD) if part.part in told else part for part in file.parts)
    return file.changed(parts=parts)


def accept_whole(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P3, P4, 行政许可法 26, 42(2): K3 as the plan promises, K4 of 45 working days, from the effective date."""
    made = file.bundle
    assert made is not None  # a parent
    file = file.changed(effective_at=act.text("effective_at"))
    limit, unit = made.promised
    for name, length, counted in (("K3", limit, unit), ("K4", made.statutory, clocks.Unit.WORKING_DAY)):
        state = clocks.start(name, file.effective_at, world.calendar, limit=length, unit=clocks.Unit(counted))
        file = with_clock(file, state)
    resting = look.paused_by(file)
    return _paused_or_not(file, resting.at, world) if resting else file


def extend_joint(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P4, 行政许可法 42(2): up to 15 working days more, once; the promise follows where it counts in the same unit."""
    days, notice = act.statement.body["days"], act.text("manifest")
    assert isinstance(days, int)  # guarded
    for name in ("K4", "K3"):
        state = facts.clock_of(file, name, world)
        assert state is not None  # they run while the whole is in progress
        if state.unit is clocks.Unit.WORKING_DAY:
            longer = clocks.extend(state, days, act.recorded_at, notice, world.calendar, joint=True)
            file = with_clock(file, longer)
    return file


def ask_opinion(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P13: the department has a part in the parent until it answered or its day passed."""
    part = look.part_of(file, act.text("part"))
    assert part is not None  # guarded
    asked = Consultation(act.digest, act.text("node"), part.part, act.recorded_at, act.text("until"))
    file = file.changed(consultations=(*file.consultations, asked))
    return _with_part(file, replace(part, state=ASKED, at=act.recorded_at, evidence=act.digest))


def keep_opinion(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P13: what it said."""
    return _answered(file, act, act.text("answer"))


def keep_silence(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P13: it said nothing, and blocks nothing any more; Y12 on it."""
    found = review_look.asked(file, act.text("consult"))
    assert found is not None  # guarded
    return with_card(_answered(file, act, ""), act, "Y12", found.node)


def go_on_unasked(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P13: there was nobody to ask within its days; the decider sees that the opinion is missing."""
    part = look.part_of(file, act.text("part"))
    assert part is not None  # guarded
    return _with_part(file, replace(part, state=ANSWERED, outcome=look.SILENT, at=act.recorded_at, evidence=act.digest))


def admit_to_all(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T17, P2: a further window becomes a party of the whole, and of each part that waits for a supplement."""
    made = file.bundle
    assert made is not None  # a parent
    file = file.changed(helpers=(*file.helpers, act.text("node")))
    return _bundled(file, admitted=(*made.admitted, (act.text("node"), act.digest)))


def ask_applicant(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P6: the other parts wait for the applicant's word."""
    return _bundled(file, asked=act.text("part"), asked_at=act.recorded_at, question=act.digest)


def keep_choice(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P6: the applicant goes on in part, or has said nothing."""
    return _bundled(file, choice="SILENT" if "hub" in act.node.roles else "GO_ON", word=act.digest)


def keep_withdrawal(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P10: all parts that are not decided end."""
    return _bundled(file, withdrawn=act.digest)


def start_exit_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P8, 行政许可法 44: ten working days for the one delivery, from the last decision."""
    assert file.bundle is not None
    return file if file.bundle.partial else with_clock(file, clocks.start("K8", act.recorded_at, world.calendar))


def gather(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P8: all results lie at the one exit, which has the parent from now on."""
    results = tuple((str(one["part"]), str(one["manifest"])) for one in facts.objects_of(act, "results"))
    return _bundled(file, results=results).changed(accepting_node=act.node.subject, holder=act.node.subject)


def close_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """All clocks but K12."""
    return stop("K1", "K3", "K4", "K6", "K8")(file, act, world)


# --- pieces --------------------------------------------------------------------------------------------------------


def _supplement(before: PartFile, state: str) -> str:
    """P2: how far the part is with what the notice asked of it."""
    if not before.supplement:
        return ""
    if state == State.SUPPLEMENT.value:
        return AWAITED
    waiting = before.supplement == TOLD and state == State.PENDING_ACCEPT.value
    return before.supplement if waiting else HANDED_IN


def _papers(told: object) -> tuple[tuple[str, str, str], ...]:
    """What the hub reported of originals, which the law compared with the part."""
    found = told if isinstance(told, list) else []
    return tuple((str(one["line"]), str(one["part"]), str(one["evidence"])) for one in found)


def _paused_or_not(file: CaseFile, at: str, world: World) -> CaseFile:
    """P4: K3 and K4 stand still while a part on the longest path does."""
    if file.state is not State.P_IN_PROGRESS and not file.effective_at:
        return file
    resting = look.paused_by(file)
    for name in _JOINT:
        state = facts.clock_of(file, name, world)
        if state is None or state.stopped_at is not None:
            continue
        if resting is not None and not state.paused:
            file = with_clock(file, clocks.pause(state, _not_before(state, at), resting.notice))
        elif resting is None and state.paused:
            file = with_clock(file, clocks.resume(state, _not_before(state, at), world.calendar))
    return file


def _not_before(state: clocks.ClockState, at: str) -> str:
    """Acts on a clock come in order; an end that was told for an earlier day takes effect with the last act."""
    told = [pause.to_at or pause.from_at for pause in state.pauses] + [extension.at for extension in state.extensions]
    return max([at, state.started_at, *told])


def _answered(file: CaseFile, act: Act, answer: str) -> CaseFile:
    found = review_look.asked(file, act.text("consult"))
    assert found is not None  # guarded
    ended = replace(found, answer=answer, ended_at=act.recorded_at)
    part = look.part_of(file, found.matter)
    assert part is not None  # it asked
    file = file.changed(consultations=tuple(ended if old is found else old for old in file.consultations))
    told = replace(part, state=ANSWERED, outcome=answer or look.SILENT, at=act.recorded_at, evidence=act.digest)
    return _with_part(file, told)


def _with_part(file: CaseFile, part: PartFile) -> CaseFile:
    return file.changed(parts=tuple(part if old.part == part.part else old for old in file.parts))


def _bundled(file: CaseFile, **changes: Any) -> CaseFile:
    assert file.bundle is not None
    return file.changed(bundle=replace(file.bundle, **changes))
