"""The carrier without a network: takes everything, ends by the recipient's digits."""

import pytest
from pydantic import ValidationError

from smppgw.carriers.loopback import Loopback, LoopbackConfig
from smppgw.core.codes import ErrorCode
from smppgw.core.model import Batch, CarrierRef, MessageId, Outcome, Sent
from smppgw.core.verdict import Accepted, StatusReport
from tests.carriers.contract import BATCH, NOW, message, sent_of

MESSAGES = (message(1, "4915112345678", "Hello"), message(2, "4915112345678", "您好", sender="ACME"))


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def loopback(clock: Clock | None = None) -> Loopback:
    return Loopback("loopback", LoopbackConfig(final_delay=5.0), clock=clock or Clock())


def sent_to(recipient: str) -> list[Sent]:
    one = message(7, recipient, "x")
    attempt = loopback().prepare(Batch(id=BATCH, messages=(one,)), NOW)
    return sent_of(attempt, (one,), CarrierRef("L.x"))


async def report_on(recipient: str, *, after_s: float) -> StatusReport:
    clock = Clock()
    clock.now = NOW + after_s
    (report,) = await loopback(clock).statuses(sent_to(recipient))
    return report


def test_everything_is_taken_and_travels_together() -> None:
    carrier = loopback()

    assert [carrier.check(one) for one in MESSAGES] == [None, None]
    assert len({carrier.group_key(one) for one in MESSAGES}) == 1


async def test_every_message_is_accepted() -> None:
    carrier = loopback()

    verdicts = await carrier.send(carrier.prepare(Batch(id=BATCH, messages=MESSAGES), NOW))

    assert verdicts == {one: Accepted(CarrierRef(f"L.{BATCH}")) for one in (MessageId(1), MessageId(2))}


async def test_a_doubt_finds_what_was_accepted() -> None:
    carrier = loopback()
    attempt = carrier.prepare(Batch(id=BATCH, messages=MESSAGES), NOW)

    found = await carrier.resolve(attempt, sent_of(attempt, MESSAGES, None))

    assert found == await carrier.send(attempt)


@pytest.mark.parametrize(
    ("digits", "outcome", "error"),
    [
        ("0001", Outcome.UNDELIVERABLE, ErrorCode.INVALID_NUMBER),
        ("0002", Outcome.REJECTED, ErrorCode.BLOCKED),
        ("0003", Outcome.EXPIRED, ErrorCode.VALIDITY_EXCEEDED),
        ("0004", Outcome.UNDELIVERABLE, ErrorCode.NO_ROUTE),
        ("0005", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("0008", Outcome.REJECTED, ErrorCode.NOT_ACCEPTED),
        ("0010", Outcome.UNKNOWN, ErrorCode.CARRIER_FAULT),
        ("0012", Outcome.DELETED, ErrorCode.CANCELLED),
        ("0014", Outcome.UNKNOWN, ErrorCode.KILLED),
        ("0016", Outcome.UNKNOWN, ErrorCode.UNKNOWN_STATUS),
        ("0017", Outcome.UNDELIVERABLE, ErrorCode.UNDELIVERABLE),
        ("0000", Outcome.DELIVERED, ErrorCode.NONE),
        ("5678", Outcome.DELIVERED, ErrorCode.NONE),
    ],
)
async def test_the_last_digits_choose_the_outcome(digits: str, outcome: Outcome, error: ErrorCode) -> None:
    report = await report_on("491511234" + digits, after_s=5.0)

    assert (report.outcome, report.error, report.final) == (outcome, error, True)
    assert report.nothing_left is (digits == "0004")


@pytest.mark.parametrize(("digits", "at"), [("5678", NOW + 5.0), ("0001", NOW), ("0002", NOW)])
async def test_the_time_of_the_end_is_told(digits: str, at: float) -> None:
    assert (await report_on("491511234" + digits, after_s=99.0)).at == at


@pytest.mark.parametrize(("digits", "after_s"), [("5678", 4.9), ("0005", 0.0), ("0015", 1e9)])
async def test_before_the_end_it_is_enroute(digits: str, after_s: float) -> None:
    report = await report_on("491511234" + digits, after_s=after_s)

    assert (report.outcome, report.final) == (Outcome.ENROUTE, False)


@pytest.mark.parametrize("digits", ["0001", "0002"])
async def test_some_end_at_once(digits: str) -> None:
    assert (await report_on("491511234" + digits, after_s=0.0)).final is True


async def test_there_is_nothing_to_open_or_close() -> None:
    carrier = loopback()

    await carrier.ready()
    await carrier.aclose()

    assert carrier.lookup_resolves is True
    assert carrier.limits.fence_s is None


def test_a_faulty_section_is_refused() -> None:
    with pytest.raises(ValidationError):
        LoopbackConfig.model_validate({"type": "loopback", "final_delay": "-1s"})
