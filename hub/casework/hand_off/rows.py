"""Rows: routing, delivery to the department, bounces, re-routing (T08 to T12, T22 to T24, K11)."""

from hub.casework import common as c
from hub.casework.hand_off import effects as er
from hub.casework.hand_off import guards as gr
from hub.casework.law import Party, Rule
from hub.casework.parents import effects_child as fc
from hub.casework.parents import guards_child as fk
from hub.casework.review import effects as pe
from hub.casework.review import guards as pg
from hub.casework.row_values import (
    ACCEPTOR,
    APPLICANTS,
    BY_HUB,
    COORDINATOR,
    DEPARTMENT_NODE,
    HUB,
    INTAKE_NODE,
    NODE,
    PERSON,
    WINDOW,
    members,
)
from hub.casework.states import State

ROWS = (
    Rule(
        "T08", "route", (State.COLLECTED,), State.FORWARDED, Party.HUB, HUB, BY_HUB,
        (gr.no_open_bounce, fk.part_released, gr.route_is_the_one), (er.forward,), "states.md T08; A05",
        members("accepting_node queue"),
    ),
    Rule(
        "T09", "route_failed", (State.COLLECTED,), State.REROUTING, Party.HUB, HUB, BY_HUB,
        (gr.no_open_bounce, fk.part_released, gr.route_fails, gr.coordinator_there), (er.ask_coordinator,),
        "states.md T09; A05", members("cause"),
    ),
    Rule(
        "T10", "delivered", (State.FORWARDED,), State.PENDING_ACCEPT, Party.ACCEPTING, DEPARTMENT_NODE, NODE,
        (c.not_from_future, gr.delivered_whole), (er.hand_over, pe.receive, c.stop("K1"), er.start_accept_clock),
        "states.md T10; GB/T 39786-2021 8.4 h", members("manifest"),
    ),
    Rule(
        "T10b", "constructive_delivery", (State.FORWARDED,), State.PENDING_ACCEPT, Party.HUB, HUB, BY_HUB,
        (gr.delivered_whole, gr.delivery_is_constructive),
        (er.hand_over, pe.receive, c.stop("K1"), er.start_accept_clock, er.card_receiver), "states.md T10b",
        members("cause manifest"),
    ),
    Rule(
        "T11", "retry", (State.FORWARDED,), None, Party.HUB, HUB, BY_HUB,
        (gr.retry_due,), (er.count_retry,), "states.md T11", members("attempt"),
    ),
    Rule(
        "T12", "bounced", (State.FORWARDED,), State.COLLECTED, Party.ACCEPTING, DEPARTMENT_NODE, NODE,
        (c.not_from_future, gr.delivered_whole, gr.bounce_reason_known), (er.keep_bounce,), "states.md T12",
        members("manifest reason"),
    ),
    Rule(
        "T12E", "bounce_examined", (State.COLLECTED,), None, Party.HUB, HUB, BY_HUB,
        (gr.bounce_unexamined,), (er.keep_finding,), "states.md T10b, T12", members("bounce finding"),
    ),
    Rule(
        "T12R", "resend", (State.COLLECTED,), None, Party.COLLECTING, INTAKE_NODE, NODE,
        (c.not_from_future, gr.resent_the_same), (er.keep_resent,), "states.md T12; promise 5", members("manifest"),
    ),
    Rule(
        "T12D", "reopen", (State.COLLECTED,), State.DRAFT, Party.COLLECTING, WINDOW, APPLICANTS,
        (c.not_from_future, gr.lost_for_good), (er.give_up_bounce, er.back_to_window, fc.forget_answer, c.stop()),
        "states.md T12; invariant 12", members("reason"),
    ),
    Rule(
        "T22", "misrouted", (State.PENDING_ACCEPT,), State.REROUTING, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, pg.responsible_acts, gr.hops_left, gr.misroute_told, gr.coordinator_there),
        (pe.first_act_takes, er.keep_hop, fc.forget_answer, c.stop("K2"), er.ask_coordinator),
        "states.md T22; A05, F05; P2",
        members("reason target queue"),
    ),
    Rule(
        "T23", "redirect", (State.REROUTING,), State.FORWARDED, Party.COORDINATOR, COORDINATOR, PERSON,
        (c.not_from_future, gr.target_live, gr.target_is_new, gr.lead_on_third_hop),
        (er.card_wrong_route, er.direct, er.forward, c.stop("K11")), "states.md T23, 9; A05",
        members("accepting_node queue forced second_person"),
    ),
    Rule(
        "T23H", "redirected", (State.REROUTING,), State.FORWARDED, Party.HUB, HUB, BY_HUB,
        (gr.proposal_is_the_lists,), (er.card_wrong_route, er.direct, er.forward, c.stop("K11")),
        "states.md T23; A05", members("accepting_node queue"),
    ),
    Rule(
        "T24", "return_to_window", (State.REROUTING,), State.DRAFT, Party.COORDINATOR, COORDINATOR, PERSON,
        (c.not_from_future, gr.return_reason_known), (er.back_to_window, fc.forget_answer, c.stop()),
        "states.md T24; P2", members("reason"),
    ),
    Rule(
        "K11", "escalate", (State.REROUTING,), None, Party.HUB, HUB, BY_HUB,
        (gr.reroute_overdue,), (er.escalate,), "states.md 2 (K11), 10 (17)", members("clock due"), chain="supervision",
    ),
)  # fmt: skip
