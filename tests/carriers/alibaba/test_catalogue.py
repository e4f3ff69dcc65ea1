"""Loading templates from the platform: pages, faults, and what stays in force."""

import asyncio
import json

import httpx2 as httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.carriers.alibaba.builders import Clock, answer, chinese, mainland, query, reply
from tests.carriers.contract import Handler, Wire, answering, breaking, json_like


def listing(count: int, total: object = None, start: int = 0) -> dict[str, object]:
    rows = [
        {
            "TemplateCode": f"SMS_{number}",
            "TemplateContent": f"第{number}号${{x}}",
            "OuterTemplateType": 1,
            "AuditStatus": "AUDIT_STATE_PASS",
        }
        for number in range(start, start + count)
    ]
    return {"Code": "OK", "SmsTemplateList": rows, "TotalCount": count if total is None else total}


async def test_all_pages_are_read() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        start = 50 * (int(query(request)["PageIndex"]) - 1)
        return httpx.Response(200, content=msgspec.json.encode(listing(min(50, 120 - start), "120", start)))

    wire = Wire(pages)
    carrier = mainland(wire, templates=None)

    await carrier.ready()

    assert [carrier.check(chinese(f"第{number}号甲")) for number in (0, 60, 119)] == [None, None, None]
    assert [query(request)["PageIndex"] for request in wire.requests] == ["1", "2", "3"]
    assert {request.headers["x-acs-action"] for request in wire.requests} == {"QuerySmsTemplateList"}


async def test_a_count_that_is_too_high_ends_at_the_empty_page() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        count = 3 if query(request)["PageIndex"] == "1" else 0
        return httpx.Response(200, content=msgspec.json.encode(listing(count, 9)))

    carrier = mainland(pages, templates=None)

    await carrier.ready()

    assert carrier.problem is None
    assert carrier.check(chinese("第2号甲")) is None


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (answering(503), "http 503"),
        (answering(200, b"<html>"), "http 200"),
        (reply(Code="OK", SmsTemplateList={}, TotalCount=0), "http 200: OK"),
        (answer(listing(0, 7)), "the list is empty, its count is not"),
        (reply(400, Code="Forbidden.RAM"), "http 400: Forbidden.RAM"),
        (breaking(httpx.ConnectError), "not sent: ConnectError"),
        (breaking(httpx.ReadTimeout), "ReadTimeout"),
        (answer(listing(1, 10_000)), "more than 2000 templates"),
    ],
)
async def test_a_list_that_cannot_be_loaded_is_a_problem(handler: Handler, problem: str) -> None:
    carrier = mainland(handler, templates=None)

    await carrier.ready()

    assert carrier.problem == f"templates not loaded: {problem}"


async def test_a_failed_refresh_leaves_the_templates_in_force() -> None:
    answers = iter([answer(listing(1)), answering(503)])
    carrier = mainland(lambda request: next(answers)(request), templates=None)
    await carrier.ready()

    await carrier.refresh()

    assert carrier.problem == "templates not loaded: http 503"
    assert carrier.check(chinese("第0号甲")) is None
    assert carrier.check(chinese("第1号甲")) is not None


async def test_a_refresh_replaces_the_templates() -> None:
    answers = iter([answer(listing(1)), answer(listing(1, start=1))])
    carrier = mainland(lambda request: next(answers)(request), templates=None)
    await carrier.ready()

    await carrier.refresh()

    assert carrier.check(chinese("第0号甲")) is not None
    assert carrier.check(chinese("第1号甲")) is None


async def test_an_account_without_templates_has_an_empty_list() -> None:
    carrier = mainland(answer(listing(0)), clock=Clock(), templates=None)

    await carrier.ready()

    refused = carrier.check(chinese("第0号甲"))
    assert refused
    assert refused.reason == "fits no template: there is no approved template"


async def test_a_list_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return httpx.Response(200)

    monkeypatch.setattr("smppgw.carriers.alibaba.catalogue.LOAD_S", 0.0)
    carrier = mainland(httpx.MockTransport(never), templates=None)

    await carrier.ready()

    assert carrier.problem == "templates not loaded: not within 0 s"


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
async def test_no_list_makes_loading_raise(data: st.DataObject) -> None:
    document = data.draw(json_like(listing(2)))
    carrier = mainland(answering(200, json.dumps(document).encode()), templates=None)

    await carrier.ready()

    assert (carrier.problem is None) is (carrier.check(chinese("不是模板")) is not None)
