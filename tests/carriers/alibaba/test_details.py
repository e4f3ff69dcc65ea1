"""QuerySendDetails: outcomes and look-ups by number, day and our reference."""

import asyncio
import json
from datetime import UTC, datetime

import httpx2 as httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Outcome
from smppgw.core.verdict import Accepted, Doubtful, Evidence, StatusReport, Verdict
from tests.carriers.alibaba.builders import (
    Clock,
    answer,
    attempt_of,
    chinese,
    chinese_batch,
    details,
    mainland,
    query,
    row,
    sent,
)
from tests.carriers.contract import NOW, Handler, Wire, answering, json_like, sent_of

BEFORE_MIDNIGHT = datetime(2026, 1, 2, 15, 59, 58, tzinfo=UTC).timestamp()
"""Two seconds before midnight in Beijing."""


async def report_on(handler: Handler, ref: str | None = "9^0") -> StatusReport | None:
    reports = await mainland(handler).statuses(sent(chinese(), ref))
    assert len(reports) <= 1
    return reports[0] if reports else None


async def resolved(handler: Handler, *, at: float = NOW, now: float | None = None) -> Verdict:
    one = chinese()
    carrier = mainland(handler, clock=Clock(now or at))
    verdicts = await carrier.resolve(attempt_of(carrier, one, at=at), sent(one, None, at))
    return verdicts[one.id]


def by_day(**pages: dict[str, object]) -> Handler:
    """Answer by the day asked for, ``d20260102=...``; other days are empty."""

    def handler(request: httpx.Request) -> httpx.Response:
        page = pages.get("d" + query(request)["SendDate"], details())
        return httpx.Response(200, content=msgspec.json.encode(page))

    return handler


async def test_a_poll_asks_by_number_day_and_biz_id() -> None:
    wire = Wire(answer(details(row())))

    await report_on(wire)

    assert query(wire.requests[0]) == {
        "PhoneNumber": "13900000000",
        "SendDate": "20231115",
        "PageSize": "50",
        "CurrentPage": "1",
        "BizId": "9^0",
    }
    assert b"BizId=9%5E0" in wire.requests[0].url.query


@pytest.mark.parametrize(
    ("changes", "outcome", "final", "error"),
    [
        ({}, Outcome.DELIVERED, True, ErrorCode.NONE),
        ({"SendStatus": "3"}, Outcome.DELIVERED, True, ErrorCode.NONE),
        ({"SendStatus": 1, "ErrCode": ""}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"SendStatus": 1, "ErrCode": None}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"SendStatus": 1, "ErrCode": "REQUEST_SUCCESS"}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"SendStatus": 4, "ErrCode": "NEW"}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"SendStatus": 2, "ErrCode": "MOBILE_IN_BLACK"}, Outcome.REJECTED, True, ErrorCode.BLOCKED),
        ({"SendStatus": 2, "ErrCode": "EXPIRED"}, Outcome.EXPIRED, True, ErrorCode.VALIDITY_EXCEEDED),
        ({"SendStatus": 2, "ErrCode": "NEW"}, Outcome.UNDELIVERABLE, True, ErrorCode.UNKNOWN_STATUS),
        # Where the two disagree, the status is believed.
        ({"SendStatus": 1, "ErrCode": "DELIVERED"}, Outcome.ENROUTE, False, ErrorCode.NONE),
        ({"SendStatus": 2, "ErrCode": "DELIVERED"}, Outcome.UNDELIVERABLE, True, ErrorCode.UNKNOWN_STATUS),
        ({"SendStatus": 3, "ErrCode": "MOBILE_IN_BLACK"}, Outcome.DELIVERED, True, ErrorCode.NONE),
    ],
)
async def test_the_status_decides_and_the_code_explains(
    changes: dict[str, object], outcome: Outcome, final: bool, error: ErrorCode
) -> None:
    report = await report_on(answer(details(row(**changes))))

    assert report
    assert (report.outcome, report.final, report.error) == (outcome, final, error)


async def test_a_report_tells_when_it_ended_by_beijing_time() -> None:
    report = await report_on(answer(details(row(ReceiveDate="2023-11-15 06:13:23"))))

    assert report
    assert report.at == NOW + 3


async def test_a_missing_route_lets_another_carrier_try() -> None:
    report = await report_on(answer(details(row(SendStatus=2, ErrCode="NO_ROUTE"))))

    assert report
    assert report.nothing_left


async def test_a_code_that_quotes_the_message_is_not_passed_on() -> None:
    report = await report_on(answer(details(row(SendStatus=2, ErrCode="to 13900000000: 尊敬的李雷"))))

    assert report
    assert report.detail == ""


@pytest.mark.parametrize("shown", ["13900000000", "8613900000000", "+8613900000000", "1390000****"])
async def test_a_row_is_ours_however_the_number_is_written(shown: str) -> None:
    assert await report_on(answer(details(row(PhoneNum=shown))))


@pytest.mark.parametrize(
    "changes",
    [{"OutId": "someone-else"}, {"PhoneNum": "13900000001"}, {"PhoneNum": "1390000***9"}, {"PhoneNum": ""}],
)
async def test_a_row_of_somebody_else_is_not_ours(changes: dict[str, object]) -> None:
    assert await report_on(answer(details(row(**changes)))) is None


@pytest.mark.parametrize(("ref", "is_ours"), [("9^0", True), (None, False)])
async def test_a_row_without_our_reference_is_ours_only_when_it_was_asked_for_by_biz_id(
    ref: str | None, is_ours: bool
) -> None:
    report = await report_on(answer(details(row(OutId=None))), ref)

    assert (report is not None) is is_ours


async def test_of_two_rows_with_our_reference_the_delivered_one_counts() -> None:
    report = await report_on(answer(details(row(SendStatus=2), row(SendStatus=9), row(), row(SendStatus=1))))

    assert report
    assert report.outcome is Outcome.DELIVERED


async def test_a_message_just_before_midnight_is_found_on_the_next_day() -> None:
    carrier = mainland(by_day(d20260103=details(row())), clock=Clock(BEFORE_MIDNIGHT + 60))

    reports = await carrier.statuses(sent(chinese(), None, BEFORE_MIDNIGHT))

    assert [report.outcome for report in reports] == [Outcome.DELIVERED]


async def test_each_message_is_asked_about_by_itself_and_one_failure_hurts_no_other() -> None:
    others = [chinese(recipient=f"861390000000{digit}", id=digit) for digit in range(1, 9)]

    def handler(request: httpx.Request) -> httpx.Response:
        number = query(request)["PhoneNumber"]
        return httpx.Response(200 if number.endswith(("2", "4")) else 503, content=page(number))

    def page(number: str) -> bytes:
        return msgspec.json.encode(details(row(PhoneNum=number)))

    reports = await mainland(handler).statuses([one for each in others for one in sent(each)])

    assert sorted(report.message for report in reports) == [2, 4]


async def test_no_more_questions_are_asked_at_once_than_configured() -> None:
    peak = asking = 0

    async def handler(_request: httpx.Request) -> httpx.Response:
        nonlocal peak, asking
        asking += 1
        peak = max(peak, asking)
        for _ in range(5):
            await asyncio.sleep(0)
        asking -= 1
        return httpx.Response(503)

    carrier = mainland(httpx.MockTransport(handler), max_in_flight=2)

    await carrier.statuses([one for _ in range(6) for one in sent(chinese())])

    assert peak == 2


# Look-ups.


async def test_a_look_up_asks_without_biz_id_and_finds_our_row_on_a_later_page() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        rows = [row(OutId=f"other-{each}") for each in range(50)] if query(request)["CurrentPage"] == "1" else [row()]
        return httpx.Response(200, content=msgspec.json.encode(details(*rows, total="51")))

    wire = Wire(pages)

    assert await resolved(wire) == Accepted(parts=1)
    assert "BizId" not in query(wire.requests[0])
    assert [query(request)["CurrentPage"] for request in wire.requests] == ["1", "2"]


@pytest.mark.parametrize("page", [details(), details(row(OutId="other")), {"Code": "OK", "TotalCount": "0"}])
async def test_a_complete_list_without_our_row_is_evidence_of_absence(page: dict[str, object]) -> None:
    assert await resolved(answer(page)) == Doubtful("not found", Evidence.ABSENT)


@pytest.mark.parametrize(
    "page",
    [
        details(total=2),
        details(row(OutId="other"), total=2),
        details(row(OutId="other"), total="1000000"),
        {"Code": "OK"},
        {"Code": "OK", "TotalCount": "many"},
        {"Code": "isv.INVALID_PARAMETERS"},
        {**details(), "SmsSendDetailDTOs": None},
        details({"SendStatus": 3}),
    ],
)
async def test_an_incomplete_list_is_evidence_of_nothing(page: dict[str, object]) -> None:
    def first_page_only(request: httpx.Request) -> httpx.Response:
        shown = page if query(request)["CurrentPage"] == "1" else details(total=2)
        return httpx.Response(200, content=msgspec.json.encode(shown))

    assert await resolved(first_page_only) == Doubtful("the look-up was not complete")


async def test_a_page_without_rows_ends_the_reading() -> None:
    wire = Wire(answer(details(total=70)))

    await resolved(wire)

    assert len(wire.requests) == 1


async def test_an_endless_list_is_read_for_twenty_pages() -> None:
    wire = Wire(answer(details(row(OutId="other"), total=10**9)))

    assert await resolved(wire) == Doubtful("the look-up was not complete")
    assert len(wire.requests) == 20


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"d20260102": details(row())}, Accepted(parts=1)),
        ({"d20260103": details(row())}, Accepted(parts=1)),
        ({}, Doubtful("not found", Evidence.ABSENT)),
        ({"d20260102": details(total=1)}, Doubtful("the look-up was not complete")),
        ({"d20260103": details(total=1)}, Doubtful("the look-up was not complete")),
    ],
)
async def test_a_doubt_around_midnight_needs_both_days(pages: dict[str, dict[str, object]], expected: Verdict) -> None:
    assert await resolved(by_day(**pages), at=BEFORE_MIDNIGHT, now=BEFORE_MIDNIGHT + 120) == expected


async def test_each_message_of_a_batch_around_midnight_is_found_on_the_day_it_was_filed() -> None:
    """One reference for the whole batch, a look-up by number for each."""
    before, after, nowhere, unclear = chinese_batch(4)
    filed = {before.recipient: "20260102", after.recipient: "20260103"}

    def handler(request: httpx.Request) -> httpx.Response:
        asked = query(request)
        number, day = f"86{asked['PhoneNumber']}", asked["SendDate"]
        if number == unclear.recipient:
            page = details(total=1)
        elif filed.get(number) == day:
            # Somebody else's row with the same number stands beside it.
            page = details(row(OutId="other", PhoneNum=asked["PhoneNumber"]), row(PhoneNum=asked["PhoneNumber"]))
        else:
            page = details()
        return httpx.Response(200, content=msgspec.json.encode(page))

    carrier = mainland(handler, clock=Clock(BEFORE_MIDNIGHT + 120))
    await carrier.refresh()
    batch = (before, after, nowhere, unclear)
    attempt = attempt_of(carrier, *batch, at=BEFORE_MIDNIGHT)

    verdicts = await carrier.resolve(attempt, sent_of(attempt, batch, None))

    assert verdicts == {
        before.id: Accepted(parts=1),
        after.id: Accepted(parts=1),
        nowhere.id: Doubtful("not found", Evidence.ABSENT),
        unclear.id: Doubtful("the look-up was not complete"),
    }


async def never(_request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    return httpx.Response(200)


async def test_a_look_up_that_takes_too_long_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgw.carriers.alibaba.mainland.LOOK_UP_S", 0.0)
    one = chinese()
    carrier = mainland(httpx.MockTransport(never))

    verdicts = await carrier.resolve(attempt_of(carrier, one), sent(one, None))

    assert verdicts == {one.id: Doubtful("the look-up took too long")}


async def test_statuses_that_take_too_long_are_left_for_the_next_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgw.carriers.alibaba.mainland.ASKING_S", 0.0)

    assert list(await mainland(httpx.MockTransport(never)).statuses(sent(chinese()))) == []


async def test_a_found_row_resolves_the_doubt_even_when_it_failed() -> None:
    assert await resolved(answer(details(row(SendStatus=2, ErrCode="MOBILE_IN_BLACK")))) == Accepted(parts=1)


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
async def test_no_list_of_rows_makes_a_look_up_raise(data: st.DataObject) -> None:
    document = data.draw(json_like(details(row(OutId="other"))))

    assert isinstance(await resolved(answering(200, json.dumps(document).encode())), Doubtful)
