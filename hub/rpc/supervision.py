"""SupervisionService: cases as the log tells them, and the way of a further window into one."""

import asyncio
from typing import Any, Protocol

from grpc import aio

from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.states import State
from hub.casework.time.clocks import ClockState
from hub.rpc import caller, pages
from hub.services.admission import AdmissionService
from hub.services.public_query import PublicQuery
from hub.services.views import Views
from yidi.v1 import supervision_pb2 as messages
from yidi.v1 import supervision_pb2_grpc as wire

LAST = (1 << 63) - 1
_Context = aio.ServicerContext[Any, Any]
_PREFIX = "CASE_STATE_"


class _Row(Protocol):
    """A case as stored."""

    @property
    def document(self) -> bytes: ...


class SupervisionServicer(wire.SupervisionServiceServicer):
    """Reads, admissions, the public's questions."""

    def __init__(self, views: Views, admission: AdmissionService, query: PublicQuery) -> None:
        self._views = views
        self._admission = admission
        self._query = query

    async def GetCase(self, request: messages.GetCaseRequest, context: _Context) -> messages.GetCaseResponse:
        """By id, case number or public number."""
        row, file = await asyncio.to_thread(self._views.find_case, caller.current(), request.case_name)
        return messages.GetCaseResponse(case=_case(row, file))

    async def ListCases(self, request: messages.ListCasesRequest, context: _Context) -> messages.ListCasesResponse:
        """Newest change first."""
        limit = pages.page_size(request.page_size, 200, 50)
        (before,) = pages.read_token(request.page_token, LAST)
        page = await asyncio.to_thread(
            self._views.list_cases, caller.current(), _state_name(request.state), int(before), limit
        )
        token = pages.write_token(page.before) if page.before is not None else ""
        return messages.ListCasesResponse(cases=[_case(row, file) for row, file in page.cases], next_page_token=token)

    async def ListCaseLeaves(
        self, request: messages.ListCaseLeavesRequest, context: _Context
    ) -> messages.ListCaseLeavesResponse:
        """In log order."""
        limit = pages.page_size(request.page_size, 500)
        leaves = await asyncio.to_thread(
            self._views.case_leaves, caller.current(), request.case_name, request.after_index, limit
        )
        return messages.ListCaseLeavesResponse(leaves=leaves)

    async def AdmitWindow(
        self, request: messages.AdmitWindowRequest, context: _Context
    ) -> messages.AdmitWindowResponse:
        """By public number and check code (A-1)."""
        case_id = await self._admission.admit(caller.current(), request.public_no, request.check_code)
        return messages.AdmitWindowResponse(case_id=case_id)

    async def QueryCase(self, request: messages.QueryCaseRequest, context: _Context) -> messages.QueryCaseResponse:
        """By public number and check code (G06)."""
        found = await self._query.ask(caller.current(), request.public_no, request.check_code)
        return messages.QueryCaseResponse(
            public_no=found.public_no,
            state=messages.CaseState.Value(_PREFIX + found.state.value),
            words=found.words,
            holder=found.holder,
            milestones=[messages.Milestone(words=words, date=date) for words, date in found.milestones],
            due=found.due,
            next_step=found.next_step,
            may_rate=found.may_rate,
            case_type=found.case_type,
        )


def _state_name(state: messages.CaseState.ValueType) -> str:
    """The state's name in the law, empty for all. Refusal STATE_UNKNOWN for a number outside the contract."""
    if state == messages.CASE_STATE_UNSPECIFIED:
        return ""
    try:
        return State(messages.CaseState.Name(state).removeprefix(_PREFIX)).value
    except ValueError as error:
        raise Refusal("STATE_UNKNOWN", "states.md 3", state=state) from error


def _case(row: _Row, file: CaseFile) -> messages.Case:
    return messages.Case(
        case_id=file.case,
        case_no=file.case_no,
        public_no=file.public_no,
        state=messages.CaseState.Value(_PREFIX + file.state.value),
        task_code=file.task_code,
        collecting_node=file.collecting_node,
        accepting_node=file.accepting_node,
        holder=file.holder,
        seq=file.seq,
        head=file.head,
        clocks=[_clock(name, clock) for name, clock in sorted(file.clocks.items())],
        document=row.document,
    )


def _clock(name: str, clock: ClockState) -> messages.Clock:
    return messages.Clock(
        clock=name,
        started_at=clock.started_at,
        stopped_at=clock.stopped_at or "",
        due=clock.due or "",
        provisional=clock.provisional,
        calendar=clock.calendar_version,
    )
