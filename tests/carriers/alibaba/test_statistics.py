"""How many parts the platform counts for a day."""

from datetime import date

import httpx2 as httpx
import msgspec
import pytest

from tests.carriers.alibaba.builders import answer, mainland, query, reply
from tests.carriers.contract import Handler, Wire, answering

DAY = date(2026, 1, 2)


def days(*counts: object, total: object = None, day: str = "20260102") -> dict[str, object]:
    rows = [{"SendDate": day, "TotalCount": count, "RespondedSuccessCount": 1} for count in counts]
    return {"Code": "OK", "Data": {"TotalSize": len(rows) if total is None else total, "TargetList": rows}}


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        (days(), 0),
        (days(20), 20),
        (days("20", 5, total="2"), 25),
        (days(20, day="20260103"), 0),
    ],
)
async def test_the_rows_of_the_day_are_added_up(document: dict[str, object], parts: int) -> None:
    assert await mainland(answer(document)).billed_parts(DAY) == parts


@pytest.mark.parametrize(("billed_on", "parts"), [("delivery", 17), ("submit", 20)])
async def test_failed_parts_are_on_the_bill_only_where_it_is_made_by_submit(billed_on: str, parts: int) -> None:
    day = {"SendDate": "20260102", "TotalCount": 20, "RespondedFailCount": 3, "NoRespondedCount": 1}
    wire = answer({"Code": "OK", "Data": {"TotalSize": 1, "TargetList": [day]}})

    assert await mainland(wire, billed_on=billed_on).billed_parts(DAY) == parts


async def test_all_pages_are_read() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        page = days(*[1] * 50, total=60) if query(request)["PageIndex"] == "1" else days(*[1] * 10, total=60)
        return httpx.Response(200, content=msgspec.json.encode(page))

    wire = Wire(pages)

    assert await mainland(wire).billed_parts(DAY) == 60
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "handler",
    [
        answering(503),
        answering(200, b"<html>"),
        reply(Code="OK"),
        reply(Code="isv.INVALID_PARAMETERS", Message="m"),
        reply(Code="OK", Data={"TotalSize": "x"}),
        # A count without rows, and a list without end.
        answer(days(total=7)),
        answer(days(1, total=100_000)),
    ],
)
async def test_what_cannot_be_read_whole_is_not_known(handler: Handler) -> None:
    assert await mainland(handler).billed_parts(DAY) is None
