"""Both carriers against the simulated platform, which was written apart from them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest

from smppgw.carriers.alibaba import Alibaba, AlibabaGlobe
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Attempt, Batch, BatchId, Message, MessageId, Outcome
from smppgw.core.verdict import Accepted, Deferred, Doubtful, Evidence, PauseCause, Rejected, StatusReport, Verdict
from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.alibaba.signatures import Signature, SignatureType
from smppgw.simulators.alibaba.templates import Status
from tests.carriers.alibaba.builders import (
    KEY_ID,
    KEY_SECRET,
    SHIPPED,
    TEMPLATES,
    Clock,
    chinese,
    chinese_batch,
    foreign,
    globe,
    mainland,
)
from tests.carriers.contract import sent_of

FINAL_DELAY_S = 5.0
OTP = "您的验证码为：123456，请勿泄露于他人！"


class World:
    """A simulated platform and both carriers on it, with one clock."""

    def __init__(self, **more: Any) -> None:
        self.clock = Clock()
        options = AlibabaOptions(access_key_id=KEY_ID, access_key_secret=KEY_SECRET, final_delay=FINAL_DELAY_S, **more)
        app = alibaba_app(options, self.clock)
        self.control = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim")
        self.platform = httpx.ASGITransport(app)
        self.mainland = mainland(self.platform, clock=self.clock, templates=None)
        self.globe = globe(self.platform, clock=self.clock)
        self.batches = 0

    async def send(self, carrier: Alibaba | AlibabaGlobe, one: Message) -> tuple[Attempt, Verdict]:
        assert carrier.check(one) is None
        self.batches += 1
        attempt = carrier.prepare(Batch(id=BatchId(f"batch{self.batches}"), messages=(one,)), self.clock())
        return attempt, (await carrier.send(attempt))[one.id]

    async def send_batch(self, messages: Sequence[Message]) -> tuple[Attempt, set[Verdict]]:
        assert [self.mainland.check(one) for one in messages] == [None] * len(messages)
        self.batches += 1
        batch = Batch(id=BatchId(f"batch{self.batches}"), messages=tuple(messages))
        attempt = self.mainland.prepare(batch, self.clock())
        return attempt, set((await self.mainland.send(attempt)).values())

    async def outcome(self, carrier: Alibaba | AlibabaGlobe, one: Message) -> StatusReport:
        attempt, verdict = await self.send(carrier, one)
        assert isinstance(verdict, Accepted)
        self.clock.now += FINAL_DELAY_S
        (report,) = await carrier.statuses(sent_of(attempt, [one], verdict.ref))
        return report

    async def fault(self, **fault: object) -> None:
        (await self.control.post("/_sim/faults", json=fault)).raise_for_status()

    async def messages(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = (await self.control.get("/_sim/messages")).json()
        return found


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.mainland.refresh()
    yield made
    await made.control.aclose()
    await made.mainland.aclose()
    await made.globe.aclose()


async def test_templates_come_from_the_platform(world: World) -> None:
    assert world.mainland.problem is None
    assert world.mainland.check(chinese(OTP)) is None
    assert world.mainland.check(chinese("您预约的明天服务已确认。")) is not None


async def test_the_recipient_gets_the_text_that_was_submitted(world: World) -> None:
    await world.send(world.mainland, chinese("【示例科技】" + SHIPPED))

    (row,) = await world.messages()
    assert (row["to"], row["text"], row["batch_ref"]) == ("+8613900000000", SHIPPED, "batch1")


async def test_free_text_abroad_arrives_as_submitted(world: World) -> None:
    await world.send(world.globe, foreign("50% & mehr €~*'()+ 你好", sender="Shop"))

    (row,) = await world.messages()
    assert (row["to"], row["text"], row["from"]) == ("+4915112345678", "50% & mehr €~*'()+ 你好", "Shop")


# CONTRACT.md, section 6.


@pytest.mark.parametrize(
    ("suffix", "outcome", "error"),
    [
        ("0002", Outcome.REJECTED, ErrorCode.BLOCKED),
        ("0003", Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
        ("0004", Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
        ("0005", Outcome.UNDELIVERABLE, ErrorCode.NOT_ON_SERVICE),
        ("0008", Outcome.REJECTED, ErrorCode.CONTENT_REFUSED),
        ("0010", Outcome.ENROUTE, ErrorCode.NONE),
        ("0015", Outcome.ENROUTE, ErrorCode.NONE),
        ("0016", Outcome.UNDELIVERABLE, ErrorCode.UNKNOWN_STATUS),
        ("4321", Outcome.DELIVERED, ErrorCode.NONE),
    ],
)
async def test_a_mainland_message_ends_as_its_number_says(
    world: World, suffix: str, outcome: Outcome, error: ErrorCode
) -> None:
    report = await world.outcome(world.mainland, chinese(recipient=f"861390000{suffix}"))

    assert (report.outcome, report.error) == (outcome, error)
    assert report.final is (outcome is not Outcome.ENROUTE)


@pytest.mark.parametrize(
    ("suffix", "outcome"),
    [
        ("0003", Outcome.EXPIRED),
        ("0004", Outcome.UNDELIVERABLE),
        ("0005", Outcome.UNDELIVERABLE),
        ("0008", Outcome.REJECTED),
        ("0010", Outcome.ENROUTE),
        ("0015", Outcome.ENROUTE),
        ("0016", Outcome.UNDELIVERABLE),
        ("4321", Outcome.DELIVERED),
    ],
)
async def test_an_international_message_ends_as_its_number_says(world: World, suffix: str, outcome: Outcome) -> None:
    report = await world.outcome(world.globe, foreign(recipient=f"49151000{suffix}"))

    assert report.outcome is outcome
    assert report.final is (outcome is not Outcome.ENROUTE)


@pytest.mark.parametrize(
    ("where", "suffix", "outcome", "error"),
    [
        ("mainland", "0001", Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
        ("globe", "0001", Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
        ("globe", "0002", Outcome.REJECTED, ErrorCode.BLOCKED),
    ],
)
async def test_a_number_may_be_refused_at_once(
    world: World, where: str, suffix: str, outcome: Outcome, error: ErrorCode
) -> None:
    if where == "mainland":
        _, verdict = await world.send(world.mainland, chinese(recipient=f"861390000{suffix}"))
    else:
        _, verdict = await world.send(world.globe, foreign(recipient=f"49151000{suffix}"))

    assert isinstance(verdict, Rejected)
    assert (verdict.outcome, verdict.error, verdict.may_fail_over) == (outcome, error, False)


async def test_a_second_password_within_a_minute_waits_for_the_next(world: World) -> None:
    await world.send(world.mainland, chinese(OTP))

    _, verdict = await world.send(world.mainland, chinese(OTP))

    # The clock stands at second 20 of its minute.
    assert verdict == Deferred("http 200: isv.BUSINESS_LIMIT_CONTROL", not_before=world.clock() + 40)


async def test_a_second_password_within_a_minute_is_not_admitted(world: World) -> None:
    await world.send(world.mainland, chinese(OTP))

    verdict = world.mainland.admit(chinese(OTP, 2), world.clock())

    assert isinstance(verdict, Deferred)
    assert verdict.not_before == world.clock() + 41


# Batches.


async def test_a_batch_is_taken_with_one_reference_and_polled_number_by_number(world: World) -> None:
    messages = [*chinese_batch(3), chinese(number=4, recipient="8613900000005")]
    messages[1] = replace(messages[1], text="【示例科技】尊敬的韩梅梅，您的订单B已发货，快递单号Y。")

    attempt, verdicts = await world.send_batch(messages)
    (verdict,) = verdicts
    assert isinstance(verdict, Accepted)
    world.clock.now += FINAL_DELAY_S
    reports = await world.mainland.statuses(sent_of(attempt, messages, verdict.ref))

    rows = await world.messages()
    assert [(row["text"], row["from"]) for row in rows[:2]] == [
        (SHIPPED, "阿里云"),
        ("尊敬的韩梅梅，您的订单B已发货，快递单号Y。", "示例科技"),
    ]
    assert {row["batch_ref"] for row in rows} == {"batch1"}
    assert verdict.parts == rows[0]["parts"] == 1
    outcomes = {report.message: report.outcome for report in reports}
    assert [outcomes[one.id] for one in messages] == [*[Outcome.DELIVERED] * 3, Outcome.UNDELIVERABLE]


async def test_a_batch_that_was_taken_without_an_answer_is_proved_by_its_repeat_and_found(world: World) -> None:
    messages = chinese_batch(3)
    await world.fault(operation="send", fault="garbage", count=1)

    attempt, first = await world.send_batch(messages)
    repeated = set((await world.mainland.send(attempt)).values())
    found = await world.mainland.resolve(attempt, sent_of(attempt, messages, None))

    assert {type(verdict) for verdict in first} == {Doubtful}
    assert repeated == {Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)}
    assert list(found.values()) == [Accepted(parts=1)] * 3
    assert len(await world.messages()) == 3


async def test_a_batch_that_was_not_taken_is_taken_when_it_is_repeated(world: World) -> None:
    await world.fault(operation="send", fault="status", code=503, count=1)

    attempt, first = await world.send_batch(chinese_batch(3))
    (repeated,) = set((await world.mainland.send(attempt)).values())

    assert {type(verdict) for verdict in first} == {Doubtful}
    assert isinstance(repeated, Accepted)
    assert len(await world.messages()) == 3


async def test_a_copy_that_came_and_was_refused_is_found_nowhere(world: World) -> None:
    """Whether the platform uses up the nonce of what it refuses is not known: the look-up has the last word."""
    await world.fault(operation="send", fault="status", code=500, arrives=True, count=1)
    messages = chinese_batch(2)

    attempt, _ = await world.send_batch(messages)
    repeated = set((await world.mainland.send(attempt)).values())
    found = await world.mainland.resolve(attempt, sent_of(attempt, messages, None))

    assert repeated == {Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)}
    assert list(found.values()) == [Doubtful("not found", Evidence.ABSENT)] * 2


async def test_a_repeat_past_the_date_is_refused_by_the_platform(world: World) -> None:
    """What the fence is for: fifteen minutes later the same request is not taken any more."""
    await world.fault(operation="send", fault="status", code=503, count=1)
    attempt, _ = await world.send_batch(chinese_batch(2))
    world.clock.now += 901

    (verdict,) = set((await world.mainland.send(attempt)).values())

    assert isinstance(verdict, Deferred)
    assert "InvalidTimeStamp.Expired" in verdict.reason


async def test_the_fence_ends_before_a_nonce_may_come_back(world: World) -> None:
    attempt, _ = await world.send_batch(chinese_batch(2))
    assert world.mainland.limits.fence_s
    world.clock.now += world.mainland.limits.fence_s

    verdicts = set((await world.mainland.send(attempt)).values())

    assert verdicts == {Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)}


async def test_one_bad_number_spoils_its_batch_whole(world: World) -> None:
    _, verdicts = await world.send_batch([*chinese_batch(2), chinese(number=3, recipient="8613900000001")])

    (verdict,) = verdicts
    assert isinstance(verdict, Rejected)
    assert (verdict.error, verdict.whole_batch) == (ErrorCode.INVALID_NUMBER, True)
    assert await world.messages() == []


# Templates by name, signatures, what variables take, statistics.


async def test_a_template_that_a_text_names_is_sent(world: World) -> None:
    await world.send(world.mainland, chinese('template:SMS_100000002|{"name":"李雷","order":"A-17","no":"SF1"}'))

    (row,) = await world.messages()
    assert row["text"] == SHIPPED


async def test_signatures_are_those_of_the_account() -> None:
    signatures = (
        Signature(name="阿里云"),
        Signature(name="验证", type=SignatureType.OTP),
        Signature(name="旧", status=Status.REJECTED),
    )
    world = World(signatures=signatures)
    await world.mainland.refresh()

    assert world.mainland.check(chinese("【验证】" + OTP)) is None
    for text in ("【验证】" + SHIPPED, "【旧】" + SHIPPED, "【示例科技】" + SHIPPED):
        refused = world.mainland.check(chinese(text))
        assert refused
        assert refused.error is ErrorCode.SENDER_REFUSED


async def test_a_text_that_fits_a_template_in_review_is_told_so(world: World) -> None:
    refused = world.mainland.check(chinese("您预约的明天服务已确认。"))

    assert refused
    assert refused.reason == "fits SMS_100000004, which is not approved"


async def test_the_platform_counts_what_we_count(world: World) -> None:
    long = f"尊敬的{'李' * 35}，您的订单{'A' * 13}已发货，快递单号1。"
    messages = chinese_batch(3)
    messages[1] = replace(messages[1], text=long)
    attempt = world.mainland.prepare(Batch(id=BatchId("b"), messages=tuple(messages)), world.clock())
    verdicts = await world.mainland.send(attempt)

    theirs = await world.mainland.billed_parts(datetime.fromtimestamp(world.clock(), Alibaba.billing_zone).date())

    ours = sum(verdict.parts or 0 for verdict in verdicts.values() if isinstance(verdict, Accepted))
    assert (ours, theirs) == (4, 4)


async def test_a_repeated_request_is_known_to_the_platform(world: World) -> None:
    one = chinese()
    attempt, _ = await world.send(world.mainland, one)

    verdicts = await world.mainland.send(attempt)

    assert verdicts[one.id] == Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)
    assert len(await world.messages()) == 1


@pytest.mark.parametrize("fault", ["garbage", "truncated", "empty"])
async def test_abroad_a_lost_answer_is_proved_by_the_repeat_and_sent_once(world: World, fault: str) -> None:
    await world.fault(operation="send", fault=fault, count=1)
    one = foreign()
    attempt, verdict = await world.send(world.globe, one)

    again = await world.globe.send(attempt)

    assert isinstance(verdict, Doubtful)
    assert again[one.id] == Doubtful("http 400: SignatureNonceUsed", Evidence.ARRIVED)
    assert len(await world.messages()) == 1


async def test_abroad_a_call_that_never_came_is_made_good_by_the_repeat(world: World) -> None:
    await world.fault(operation="send", fault="status", code=503, count=1)
    one = foreign()
    attempt, verdict = await world.send(world.globe, one)

    again = await world.globe.send(attempt)

    assert isinstance(verdict, Doubtful)
    assert isinstance(again[one.id], Accepted)
    assert len(await world.messages()) == 1


async def test_abroad_the_segments_of_the_answer_are_its_parts(world: World) -> None:
    _, verdict = await world.send(world.globe, foreign("a" * 350))

    assert isinstance(verdict, Accepted)
    assert verdict.parts == 3  # ceil(350 / 153)


async def test_from_abroad_a_text_reaches_mainland_china_as_its_template(world: World) -> None:
    carrier = globe(world.platform, clock=world.clock, mainland=True, sign_name="阿里云", templates=TEMPLATES)

    report = await world.outcome(carrier, chinese("【示例科技】" + SHIPPED))
    (row,) = await world.messages()

    assert (report.outcome, report.final) == (Outcome.DELIVERED, True)
    assert (row["to"], row["text"], row["from"]) == ("+8613900000000", SHIPPED, "示例科技")


@pytest.mark.parametrize("shuffled", [False, True])
async def test_the_receipts_of_a_call_for_several_are_those_of_their_numbers(shuffled: bool) -> None:
    world = World(shuffle_ids=shuffled)
    carrier = globe(world.platform, clock=world.clock, max_batch=100, calls_per_s=10.0)
    suffixes = ["4321", "0001", "0003", "0005", "0008", "4322", "0015", "0016", "0002", "4323", "4324", "4325"]
    messages = [
        foreign(f"to {suffix}", id=MessageId(place), recipient=f"49151000{suffix}")
        for place, suffix in enumerate(suffixes, start=1)
    ]
    attempt = carrier.prepare(Batch(id=BatchId("batch1"), messages=tuple(messages)), world.clock())

    verdicts = await carrier.send(attempt)
    world.clock.now += FINAL_DELAY_S
    sent = [
        sent_of(attempt, [one], verdict.ref)[0] for one in messages if isinstance(verdict := verdicts[one.id], Accepted)
    ]
    outcomes = {report.message: report.outcome for report in await carrier.statuses(sent) if report.final}

    assert {row["to"]: row["text"] for row in await world.messages()} == {
        f"+{one.recipient}": one.text for one in messages if isinstance(verdicts[one.id], Accepted)
    }
    refused = [suffixes[number - 1] for number, verdict in verdicts.items() if isinstance(verdict, Rejected)]
    assert refused == ["0001", "0002"]
    assert {suffixes[number - 1]: outcome for number, outcome in outcomes.items()} == {
        **dict.fromkeys(["4321", "4322", "4323", "4324", "4325"], Outcome.DELIVERED),
        "0003": Outcome.EXPIRED,
        "0005": Outcome.UNDELIVERABLE,
        "0008": Outcome.REJECTED,
        "0016": Outcome.UNDELIVERABLE,
    }


async def test_a_wrong_key_pauses_the_carrier(world: World) -> None:
    wrong = mainland(world.platform, clock=world.clock, access_key_secret="wrong")
    await wrong.refresh()

    _, verdict = await world.send(wrong, chinese())

    assert isinstance(verdict, Deferred)
    assert verdict.whole_carrier


async def test_a_throttled_call_names_the_pause(world: World) -> None:
    await world.fault(operation="send", fault="status", code=429, retry_after=2.5, count=1)

    _, verdict = await world.send(world.mainland, chinese())

    assert verdict == Deferred(
        "http 429: Throttling.User", not_before=world.clock() + 2.5, whole_carrier=True, pause=PauseCause.THROTTLE
    )


@pytest.mark.parametrize("fault", ["garbage", "truncated", "empty"])
async def test_a_message_that_was_taken_without_a_readable_answer_is_found(world: World, fault: str) -> None:
    await world.fault(operation="send", fault=fault, count=1)
    one = chinese()

    attempt, verdict = await world.send(world.mainland, one)
    found = await world.mainland.resolve(attempt, sent_of(attempt, [one], None))

    assert isinstance(verdict, Doubtful)
    assert found[one.id] == Accepted(parts=1)


async def test_a_message_that_was_not_taken_is_not_found(world: World) -> None:
    await world.fault(operation="send", fault="status", code=503, count=1)
    one = chinese()

    attempt, verdict = await world.send(world.mainland, one)
    found = await world.mainland.resolve(attempt, sent_of(attempt, [one], None))

    assert isinstance(verdict, Doubtful)
    assert found[one.id] == Doubtful("not found", Evidence.ABSENT)


async def test_a_message_found_without_biz_id_is_polled_by_our_reference(world: World) -> None:
    one = chinese()
    attempt, _ = await world.send(world.mainland, one)
    world.clock.now += FINAL_DELAY_S

    reports = await world.mainland.statuses(sent_of(attempt, [one], None))

    assert [report.outcome for report in reports] == [Outcome.DELIVERED]
