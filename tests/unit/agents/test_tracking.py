"""What carriers say: code tables, signers, status of the whole set, proof levels, waybills, masking."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from node_agent.gateway.tracking import (
    NOTHING,
    ParcelStatus,
    ProofSource,
    SignerKind,
    TrackingEvent,
    alerts_of,
    canonical,
    check_s10,
    check_waybill,
    event_key,
    of_waybill,
    proof_of,
    status_of,
)

START = datetime(2026, 11, 2, 9, 0, tzinfo=CHINA)
WAYBILL = "9850000000001"
SELF_TEXT = "您的快件已签收【本人签收】，如有疑问请电联投递员【测试乙，电话:13000000001】"
HOUSEHOLD_TEXT = "您的快件已代签收【家人，，】，如有疑问请电联投递员【测试乙，电话:13000000001】"
DOOR_TEXT = "已代签收【家门口】"
S = ParcelStatus
K = SignerKind


def event(code: str, hour: int, text: str = "", provider: str = "EMS", **more: object) -> TrackingEvent:
    status, signer = canonical(provider, code, text)
    plain = TrackingEvent(
        carrier="EMS",
        waybill_no=WAYBILL,
        provider=provider,
        provider_code=code,
        provider_text=text,
        canonical=status,
        signer_kind=signer,
        occurred_at=START + timedelta(hours=hour),
        received_at=START + timedelta(hours=hour, minutes=5),
    )
    return dataclasses.replace(plain, **more)  # type: ignore[arg-type]


def to_the_door(text: str, **more: object) -> list[TrackingEvent]:
    delivered = dataclasses.replace(event("704", 24, text), **more)  # type: ignore[arg-type]
    return [event("203", 0), event("954", 10), event("306", 20), event("702", 22), delivered]


# --- UPU S10 and waybills


@pytest.mark.parametrize(
    ("serial", "check"),
    [
        ("47312482", 9), ("26399951", 3), ("29034617", 5), ("00846342", 9), ("23093084", 4), ("00000000", 5),
        ("00000015", 5), ("00000008", 0), ("00000012", 0), ("00000001", 4), ("12345678", 5), ("98765432", 6),
    ],
)  # fmt: skip
def test_s10_check_digit(serial: str, check: int) -> None:
    assert check_s10(f"RR{serial}{check}GB") == f"RR{serial}{check}GB"
    for wrong in set(range(10)) - {check}:
        with pytest.raises(Refusal) as refused:
            check_s10(f"RR{serial}{wrong}GB")
        assert refused.value.code == "WAYBILL_CHECK_DIGIT"


@pytest.mark.parametrize("text", ["RR473124829GB", "EM263999513JP", "LZ290346175CN", "EM008463429KR", "EG230930844KR"])
def test_s10_valid(text: str) -> None:
    assert check_s10(text) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("RR473124828GB", "WAYBILL_CHECK_DIGIT"),
        ("RR47312482GB", "WAYBILL_FORMAT"),
        ("R1473124829GB", "WAYBILL_FORMAT"),
        ("RR473124829Gb", "WAYBILL_FORMAT"),
        ("RR473124829GB\n", "WAYBILL_FORMAT"),
        ("RR４７３１２４８２９GB", "WAYBILL_FORMAT"),
        ("", "WAYBILL_FORMAT"),
    ],
)
def test_s10_invalid(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_s10(text)
    assert refused.value.code == code
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    ("carrier", "text", "number"),
    [
        ("EMS", " 9850000000001 ", "9850000000001"),
        ("EMS", "lz290346175cn", "LZ290346175CN"),
        ("SF", "sf1234567890123", "SF1234567890123"),
        ("SF", "123456789012", "123456789012"),
    ],
)
def test_waybill_of_carrier(carrier: str, text: str, number: str) -> None:
    assert check_waybill(carrier, text) == number


@pytest.mark.parametrize(
    ("carrier", "text", "code"),
    [
        ("EMS", "985000000001", "WAYBILL_FORMAT"),
        ("EMS", "SF1234567890123", "WAYBILL_FORMAT"),
        ("EMS", "LZ290346174CN", "WAYBILL_CHECK_DIGIT"),
        ("SF", "LZ290346175CN", "WAYBILL_FORMAT"),
        ("SF", "9850000000001", "WAYBILL_FORMAT"),
        ("PIGEON", "9850000000001", "CARRIER_UNKNOWN"),
    ],
)
def test_waybill_refused(carrier: str, text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_waybill(carrier, text)
    assert refused.value.code == code


# --- vocabularies


@pytest.mark.parametrize(
    ("provider", "codes", "status"),
    [
        ("EMS", "203", S.COLLECTED),
        ("EMS", "303 345 305 389 954 911 912", S.IN_TRANSIT),
        ("EMS", "306", S.AT_DELIVERY_OFFICE),
        ("EMS", "702", S.OUT_FOR_DELIVERY),
        ("EMS", "705", S.ATTEMPT_FAILED),
        ("EMS", "704", S.DELIVERED),
        ("EMSEVT", "EMA", S.COLLECTED),
        ("EMSEVT", "EMB EXA EXC EMC EMJ EMK EMD EDB EDC EMF EDD EDE EMX", S.IN_TRANSIT),
        ("EMSEVT", "EXB EXD EDA EME EDF", S.HELD),
        ("EMSEVT", "EXX", S.CANCELLED),
        ("EMSEVT", "EMG", S.AT_DELIVERY_OFFICE),
        ("EMSEVT", "EDG", S.OUT_FOR_DELIVERY),
        ("EMSEVT", "EMH", S.ATTEMPT_FAILED),
        ("EMSEVT", "EDH", S.AT_PICKUP_POINT),
        ("EMSEVT", "EMI", S.DELIVERED),
        ("EMSEVT", "EDX", S.RETURNING),
        ("SF", "50 54", S.COLLECTED),
        ("SF", "30 31 36 407 501", S.IN_TRANSIT),
        ("SF", "130 44", S.AT_DELIVERY_OFFICE),
        ("SF", "204", S.OUT_FOR_DELIVERY),
        ("SF", "33 70", S.ATTEMPT_FAILED),
        ("SF", "80", S.DELIVERED),
        ("SF", "99", S.RETURNING),
        ("SF", "631 648", S.RETURNED),
        ("KUAIDI100", "1 103", S.COLLECTED),
        ("KUAIDI100", "0 1001 1002", S.IN_TRANSIT),
        ("KUAIDI100", "1003 7", S.REDIRECTED),
        ("KUAIDI100", "5", S.OUT_FOR_DELIVERY),
        ("KUAIDI100", "501 205", S.AT_PICKUP_POINT),
        ("KUAIDI100", "3 301 302 303 304", S.DELIVERED),
        ("KUAIDI100", "6", S.RETURNING),
        ("KUAIDI100", "4", S.RETURNED),
        ("KUAIDI100", "14 203", S.REFUSED),
        ("KUAIDI100", "401 210", S.CANCELLED),
        ("KUAIDI100", "209", S.DAMAGED),
        ("KUAIDI100", "abort", S.LOST_SUSPECTED),
    ],
)
def test_code_tables(provider: str, codes: str, status: ParcelStatus) -> None:
    assert {code: canonical(provider, code, "")[0] for code in codes.split()} == dict.fromkeys(codes.split(), status)


def test_unknown_code_is_unknown_and_alerts() -> None:
    assert canonical("EMS", "997", "邮件已发往下一站") == (S.UNKNOWN, K.UNKNOWN)
    assert canonical("PIGEON", "704", SELF_TEXT) == (S.UNKNOWN, K.UNKNOWN)
    strange = event("997", 11)
    events = [event("203", 0), strange, strange]
    assert alerts_of(events) == (strange,)
    assert status_of(events) is S.COLLECTED
    assert status_of([strange]) is S.UNKNOWN


def test_the_code_alone_is_never_looked_up() -> None:
    assert canonical("KUAIDI100", "204", "")[0] is S.ATTEMPT_FAILED
    assert canonical("SF", "204", "")[0] is S.OUT_FOR_DELIVERY


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SELF_TEXT, K.SELF),
        (HOUSEHOLD_TEXT, K.HOUSEHOLD),
        ("已代签收【单位收发室，，】", K.UNIT),
        ("已代签收【同事】", K.UNIT),
        (DOOR_TEXT, K.DOORSTEP),
        ("已代签收【家人，家门口】", K.DOORSTEP),
        ("已签收,他人代收：测试代收点，投递员：测试乙，电话：13000000001", K.PICKUP_POINT),
        ("已签收,其他：中心商店,投递员:测试乙:13000000001", K.PICKUP_POINT),
        ("已代签收【丰巢快递柜，，】", K.LOCKER),
        ("本人签收，已放入快递柜", K.LOCKER),
        ("已签收", K.UNKNOWN),
        ("", K.UNKNOWN),
        ("已签收，他人代收", K.UNKNOWN),
        ("非本人签收", K.UNKNOWN),
        ("本人不在，已由他人签收", K.UNKNOWN),
        ("本人委托邻居代收", K.UNKNOWN),
        ("已签收，如有疑问请电联投递员【单位前台本人】", K.UNKNOWN),
    ],
)
def test_who_signed_an_ems_704(text: str, kind: SignerKind) -> None:
    assert canonical("EMS", "704", text) == (S.DELIVERED, kind)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("301", "", K.SELF),
        ("301", "已代签收【家门口】", K.DOORSTEP),
        ("301", "已代收", K.UNKNOWN),
        ("302", "本人签收", K.UNKNOWN),
        ("303", "家人代签", K.HOUSEHOLD),
        ("303", "本人签收", K.UNKNOWN),
        ("304", "", K.LOCKER),
        ("304", "已投驿站", K.PICKUP_POINT),
        ("3", "", K.UNKNOWN),
    ],
)
def test_who_signed_by_kuaidi100(code: str, text: str, kind: SignerKind) -> None:
    assert canonical("KUAIDI100", code, text) == (S.DELIVERED, kind)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("收件人拒收", S.REFUSED),
        ("收件人拒收，邮件退回寄件人", S.RETURNING),
        ("逾期未领，将退回", S.ATTEMPT_FAILED),
        ("名址有误/不详", S.ATTEMPT_FAILED),
        ("收件人已搬迁，改寄新址", S.REDIRECTED),
    ],
)
def test_why_an_ems_705(text: str, status: ParcelStatus) -> None:
    assert canonical("EMS", "705", text) == (status, K.UNKNOWN)


# --- status of the whole set


def test_late_scan_does_not_undo_delivery() -> None:
    events = to_the_door(SELF_TEXT)
    assert status_of([*events, event("954", 30)]) is S.DELIVERED
    assert status_of([*events, event("abort", 40, provider="KUAIDI100")]) is S.DELIVERED


@pytest.mark.parametrize("turn", ["收件人拒收", "邮件退回寄件人"])
def test_delivered_after_turning_back_is_returned(turn: str) -> None:
    events = [event("203", 0), event("705", 20, turn), event("954", 30), event("704", 40, SELF_TEXT)]
    assert status_of(events[:3]) is S.RETURNING
    assert status_of(events) is S.RETURNED
    assert proof_of(events) == NOTHING


def test_abort_and_silence_are_suspicions_that_a_scan_ends() -> None:
    events = [event("203", 0), event("abort", 200, provider="KUAIDI100")]
    assert status_of(events) is S.LOST_SUSPECTED
    assert status_of([*events, event("306", 201)]) is S.AT_DELIVERY_OFFICE
    last = START + timedelta(hours=22)
    travelling = to_the_door(SELF_TEXT)[:-1]
    assert status_of(travelling, now=last + timedelta(days=5)) is S.LOST_SUSPECTED
    assert status_of(travelling, now=last + timedelta(days=5, seconds=-1)) is S.OUT_FOR_DELIVERY
    assert status_of(to_the_door(SELF_TEXT), now=last + timedelta(days=90)) is S.DELIVERED


def test_lost_and_damaged_stay() -> None:
    lost = event("LOST", 30, provider="SERVICE")
    assert status_of([event("203", 0), lost, event("954", 31)]) is S.LOST
    assert status_of([event("203", 0), lost, event("704", 99, SELF_TEXT)]) is S.DELIVERED
    damaged = [*to_the_door(SELF_TEXT), event("DAMAGED", 30, provider="SERVICE")]
    assert status_of(damaged) is S.DAMAGED
    assert proof_of(damaged) == NOTHING


def test_equal_times_follow_the_usual_course() -> None:
    same = [event(code, 1, SELF_TEXT if code == "704" else "") for code in ("704", "306", "203", "702")]
    assert status_of(same) is S.DELIVERED


def test_nothing_heard_is_created_and_two_parcels_are_refused() -> None:
    assert status_of([]) is S.CREATED
    slip = event("704", 50, "已代签收【单位收发室】", waybill_no="9820000000001")
    mixed = [event("203", 0), slip]
    with pytest.raises(Refusal) as refused:
        status_of(mixed)
    assert refused.value.code == "TRACKING_MIXED_PARCELS"
    assert status_of(of_waybill(mixed, WAYBILL)) is S.COLLECTED


POOL = [
    event("203", 0), event("954", 10), event("306", 20), event("702", 22), event("705", 23, "电话无法接通"),
    event("705", 24, "收件人拒收"), event("705", 25, "邮件退回寄件人"), event("997", 12),
    event("702", 22, "x"),
    event("704", 24, SELF_TEXT), event("704", 24, DOOR_TEXT), event("704", 40, HOUSEHOLD_TEXT),
    event("301", 24, "", "KUAIDI100"), event("304", 26, "", "KUAIDI100"), event("abort", 60, "", "KUAIDI100"),
    event("LOST", 50, provider="SERVICE"), event("FOUND", 55, provider="SERVICE"),
    event("DAMAGED", 44, provider="SERVICE"), event("80", 24, "本人签收", "SF"),
    event("704", 24, SELF_TEXT, proof_source=ProofSource.ELECTRONIC_SLIP, proof_digest="ab" * 32),
    event("PAPER_SLIP", 70, "", "GATEWAY", proof_source=ProofSource.PAPER_SLIP, proof_digest="cd" * 32),
]  # fmt: skip


@given(st.lists(st.sampled_from(POOL), max_size=12), st.data())
def test_duplicates_and_order_never_change_status_or_proof(events: list[TrackingEvent], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=8)) if events else []
    later = [dataclasses.replace(e, received_at=e.received_at + timedelta(days=9), seq=e.seq + 40) for e in again]
    told = data.draw(st.permutations(events + later))
    assert status_of(told) is status_of(events)
    assert proof_of(told) == proof_of(events)
    assert [event_key(e) for e in alerts_of(told)] == [event_key(e) for e in alerts_of(events)]


@given(st.text(alphabet="已签收本人家门口代他非不【】，。：未快件妥投柜驿站单位"))
def test_self_needs_the_word_and_no_doubt(text: str) -> None:
    _, kind = canonical("EMS", "704", text)
    if kind is K.SELF:
        assert "本人" in text
        assert not set(text) & set("代他非不未柜")


def test_event_key_tells_what_was_said_only() -> None:
    first = event("203", 0, "甲")
    assert event_key(dataclasses.replace(first, received_at=START + timedelta(days=3), seq=9)) == event_key(first)
    changed = [
        event("203", 1, "甲"),
        event("204", 0, "甲"),
        event("203", 0, "乙"),
        event("203", 0, "甲", "SF"),
        event("203", 0, "甲", waybill_no="9850000000002"),
    ]
    assert len({event_key(e) for e in [first, *changed]}) == 6


# --- proof


@pytest.mark.parametrize(
    ("text", "level", "kind"),
    [
        (SELF_TEXT, 2, K.SELF),
        (HOUSEHOLD_TEXT, 1, K.HOUSEHOLD),
        ("已代签收【单位收发室】", 1, K.UNIT),
        (DOOR_TEXT, 0, K.DOORSTEP),
        ("已代签收【丰巢】", 0, K.LOCKER),
        ("他人代收：代收点", 0, K.PICKUP_POINT),
        ("已签收", 0, K.UNKNOWN),
    ],
)
def test_proof_level_of_the_word(text: str, level: int, kind: SignerKind) -> None:
    proof = proof_of(to_the_door(text))
    assert (proof.level, proof.signer_kind, proof.source) == (level, kind, ProofSource.EVENT)
    assert proof.signed_at == (START + timedelta(hours=24) if level else None)


@pytest.mark.parametrize(("text", "level"), [(SELF_TEXT, 3), (HOUSEHOLD_TEXT, 3), (DOOR_TEXT, 0), ("已签收", 0)])
def test_an_image_lifts_only_a_named_signer(text: str, level: int) -> None:
    image = {"proof_source": ProofSource.SIGNATURE_IMAGE, "proof_digest": "ab" * 32}
    assert proof_of(to_the_door(text, **image)).level == level
    without = {"proof_source": ProofSource.SIGNATURE_IMAGE}
    assert proof_of(to_the_door(text, **without)).level < 3


def test_delivery_code_and_paper() -> None:
    assert proof_of(to_the_door(HOUSEHOLD_TEXT, proof_source=ProofSource.DELIVERY_CODE)).level == 2
    paper = {"proof_source": ProofSource.PAPER_SLIP, "proof_digest": "cd" * 32}
    slip = event("PAPER_SLIP", 90, "", "GATEWAY", **paper)
    assert proof_of([*to_the_door(DOOR_TEXT), slip]).level == 4
    assert proof_of(to_the_door(HOUSEHOLD_TEXT, **paper)).level == 1


def test_sources_that_differ_count_as_the_weakest() -> None:
    events = to_the_door(DOOR_TEXT)
    assert proof_of([*events, event("301", 25, "", "KUAIDI100")]).signer_kind is K.DOORSTEP
    assert proof_of([*to_the_door(SELF_TEXT), event("3", 25, "", "KUAIDI100")]).level == 2
    assert proof_of([*events, event("704", 40, SELF_TEXT)]).level == 2


def test_no_proof_before_delivery() -> None:
    assert proof_of(to_the_door(SELF_TEXT)[:-1]) == NOTHING


# --- what may be shown


def test_restricted_text_is_not_in_repr() -> None:
    assert "测试乙" not in repr(event("704", 1, SELF_TEXT))
