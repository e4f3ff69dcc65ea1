"""What an account may send with: pages, faults, what stays in force, and the duty that keeps it fresh."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2 as httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from smppgw.carriers.alibaba import Alibaba, catalogue
from tests.carriers.alibaba.builders import (
    Clock,
    answer,
    attempt_of,
    by_action,
    chinese,
    mainland,
    query,
    reply,
    sign_list,
    sign_row,
    template_page,
    template_row,
)
from tests.carriers.contract import Handler, Wire, answering, breaking, json_like

WAIT_S = 5.0


def listing(count: int, total: object = None, start: int = 0) -> dict[str, object]:
    rows = [template_row(f"SMS_{number}", f"第{number}号${{x}}") for number in range(start, start + count)]
    return template_page(*rows, total=total)


def platform(templates: Handler, **others: Handler) -> Handler:
    return by_action(QuerySmsTemplateList=templates, **others)


async def test_all_pages_of_both_lists_are_read() -> None:
    def templates(request: httpx.Request) -> httpx.Response:
        start = 50 * (int(query(request)["PageIndex"]) - 1)
        return httpx.Response(200, content=msgspec.json.encode(listing(min(50, 120 - start), "120", start)))

    def signatures(request: httpx.Request) -> httpx.Response:
        page = int(query(request)["PageIndex"])
        return answer(sign_list(sign_row(SignName=f"签名{page}"), total=2))(request)

    wire = Wire(platform(templates, QuerySmsSignList=signatures))
    carrier = mainland(wire, templates=None, sign_name="签名2")

    await carrier.refresh()

    assert [carrier.check(chinese(f"第{number}号甲")) for number in (0, 60, 119)] == [None, None, None]
    asked = sorted((request.headers["x-acs-action"], query(request)["PageIndex"]) for request in wire.requests)
    assert asked == [
        ("QuerySmsSignList", "1"),
        ("QuerySmsSignList", "2"),
        ("QuerySmsTemplateList", "1"),
        ("QuerySmsTemplateList", "2"),
        ("QuerySmsTemplateList", "3"),
    ]


async def test_a_count_that_is_too_high_ends_at_the_empty_page() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        count = 3 if query(request)["PageIndex"] == "1" else 0
        return httpx.Response(200, content=msgspec.json.encode(listing(count, 9)))

    carrier = mainland(platform(pages), templates=None)

    await carrier.refresh()

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
        (answer(listing(1, 10_000)), "more than 2000 rows"),
    ],
)
async def test_a_list_that_cannot_be_loaded_is_a_problem(handler: Handler, problem: str) -> None:
    carrier = mainland(platform(handler), templates=None)

    await carrier.refresh()

    assert carrier.problem == f"templates not loaded: {problem}"


async def test_without_the_list_of_signatures_the_platform_judges_them() -> None:
    carrier = mainland(platform(answer(listing(1)), QuerySmsSignList=answering(503)), templates=None)

    await carrier.refresh()

    assert (carrier.problem, carrier._catalogue.problems) == (None, "signatures: http 503")
    assert carrier.check(chinese("【谁知道】第0号甲")) is None


async def test_both_problems_are_known_and_without_templates_the_carrier_has_one() -> None:
    carrier = mainland(answering(503), templates=None)

    await carrier.refresh()

    assert carrier._catalogue.problems == "signatures: http 503; templates: http 503"
    assert carrier.problem == "templates not loaded: http 503"


async def test_a_failed_refresh_leaves_the_lists_in_force() -> None:
    templates = iter([answer(listing(1)), answering(503)])
    signatures = iter([answer(sign_list()), answering(503)])
    carrier = mainland(
        platform(lambda request: next(templates)(request), QuerySmsSignList=lambda request: next(signatures)(request)),
        templates=None,
    )
    await carrier.refresh()

    await carrier.refresh()

    assert carrier.problem
    assert carrier.check(chinese("第0号甲")) is None
    assert carrier.check(chinese("第1号甲")) is not None
    assert carrier.check(chinese("【谁知道】第0号甲")) is not None


async def test_a_refresh_replaces_the_templates() -> None:
    answers = iter([answer(listing(1)), answer(listing(1, start=1))])
    carrier = mainland(platform(lambda request: next(answers)(request)), templates=None)
    await carrier.refresh()

    await carrier.refresh()

    assert carrier.check(chinese("第0号甲")) is not None
    assert carrier.check(chinese("第1号甲")) is None


async def test_an_account_without_templates_has_an_empty_list() -> None:
    carrier = mainland(platform(answer(listing(0))), clock=Clock(), templates=None)

    await carrier.refresh()

    refused = carrier.check(chinese("第0号甲"))
    assert refused
    assert refused.reason == "fits no template: there is no approved template"


async def test_a_list_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return httpx.Response(200)

    monkeypatch.setattr(catalogue, "LOAD_S", 0.0)
    carrier = mainland(httpx.MockTransport(never), templates=None)

    await carrier.refresh()

    assert carrier._catalogue.problems == "signatures: not within 0 s; templates: not within 0 s"


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
async def test_no_list_makes_loading_raise(data: st.DataObject) -> None:
    templates = data.draw(json_like(listing(2)))
    signatures = data.draw(json_like(sign_list()))
    carrier = mainland(
        platform(
            answering(200, json.dumps(templates).encode()),
            QuerySmsSignList=answering(200, json.dumps(signatures).encode()),
        ),
        templates=None,
    )

    await carrier.refresh()

    known = carrier.check(chinese("不是模板")) is not None
    assert known is not ("templates not loaded" in (carrier.problem or ""))


# --- the duty ---------------------------------------------------------------------------------------------------------


class Loads:
    """A handler that answers the lists of templates one by one, the last one for ever, and counts."""

    def __init__(self, *answers: Handler) -> None:
        self.count = 0
        self._answers = answers
        self._changed = asyncio.Event()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        handler = self._answers[min(self.count, len(self._answers) - 1)]
        self.count += 1
        self._changed.set()
        return handler(request)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


DETAILS = reply(Code="OK", VariableAttribute="{}")


@contextlib.asynccontextmanager
async def kept_fresh(loads: Loads, *, every_s: float = 3600.0, **others: Handler) -> AsyncIterator[Alibaba]:
    """A carrier whose lists are looked at so often; long, where only a doubt is to bring the next look."""
    handler = platform(loads, **({"GetSmsTemplate": DETAILS} | others))
    carrier = mainland(handler, templates=None, refresh=max(every_s, 30.0))
    carrier._catalogue._every_s = every_s
    await carrier.ready()
    try:
        yield carrier
    finally:
        await carrier.aclose()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rest between two loads."""
    monkeypatch.setattr(catalogue, "REST_S", 0.0)


async def test_the_lists_are_looked_at_again_and_again() -> None:
    loads = Loads(answer(listing(1)), answer(listing(1, start=1)))

    async with kept_fresh(loads, every_s=0.0) as carrier:
        await loads.until(4)

        assert carrier.check(chinese("第1号甲")) is None
        assert carrier.check(chinese("第0号甲")) is not None


@pytest.mark.usefixtures("at_once")
async def test_a_first_list_is_tried_for_often() -> None:
    loads = Loads(answering(503), answering(503), answer(listing(1)))

    async with kept_fresh(loads) as carrier:
        before = carrier.problem
        await loads.until(3)
        for _ in range(100):
            await asyncio.sleep(0)

    assert before == "templates not loaded: http 503"
    assert carrier.check(chinese("第1号甲")) is not None


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("code", ["isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL", "TemplateNotFound"])
async def test_a_template_or_signature_that_the_platform_does_not_know_has_them_looked_at(code: str) -> None:
    loads = Loads(answer(listing(1)))

    async with kept_fresh(loads, SendSms=reply(Code=code, Message="m")) as carrier:
        await carrier.send(attempt_of(carrier, chinese("第0号甲")))
        await loads.until(2)

    assert loads.count == 2


async def test_other_refusals_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = Loads(answer(listing(1)))

    async with kept_fresh(loads, SendSms=reply(Code="isv.MOBILE_NUMBER_ILLEGAL", Message="m")) as carrier:
        await carrier.send(attempt_of(carrier, chinese("第0号甲")))

        assert not carrier._catalogue._doubted.is_set()


async def test_what_goes_wrong_is_told_once_and_that_it_is_right_again() -> None:
    loads = Loads(*[answer(listing(1)), answering(503), answering(503), answering(503), answer(listing(1))])

    with capture_logs() as logs:
        async with kept_fresh(loads, every_s=0.0):
            await loads.until(7)

    told = [(entry["event"], entry.get("reason")) for entry in logs if entry["event"].startswith("lists")]
    assert told == [
        ("lists not refreshed, the old ones stay", "templates: http 503"),
        ("lists refreshed again", None),
    ]


async def test_at_the_start_it_is_told_that_signatures_are_not_known() -> None:
    loads = Loads(answer(listing(1)))

    with capture_logs() as logs:
        async with kept_fresh(loads, QuerySmsSignList=reply(400, Code="Forbidden.RAM")):
            pass

    assert [(entry["event"], entry["reason"]) for entry in logs] == [
        ("signatures not known, the platform judges them", "http 400: Forbidden.RAM")
    ]


async def test_a_change_is_told() -> None:
    loads = Loads(answer(listing(1)), answer(listing(3)))

    with capture_logs() as logs:
        async with kept_fresh(loads, every_s=0.0):
            await loads.until(4)

    assert [entry["templates"] for entry in logs if entry["event"] == "lists have changed"] == [3]


async def test_a_bug_costs_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "REST_S", 0.0)
    loads = Loads(answer(listing(1)))

    async with kept_fresh(loads, every_s=0.0) as carrier:
        learn = carrier._catalogue._variables.learn
        broken = iter([True])

        async def once(templates: object) -> bool:
            if next(broken, False):
                raise ZeroDivisionError
            return await learn(templates)  # type: ignore[arg-type]

        monkeypatch.setattr(carrier._catalogue._variables, "learn", once)
        await loads.until(loads.count + 3)


async def test_nothing_goes_on_after_the_end() -> None:
    loads = Loads(answer(listing(1)))
    async with kept_fresh(loads, every_s=0.0):
        await loads.until(2)
    count = loads.count

    for _ in range(10):
        await asyncio.sleep(0)

    assert loads.count == count
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("lists")] == []


async def test_a_carrier_that_was_never_ready_can_be_closed() -> None:
    await mainland(answering(503)).aclose()


async def test_a_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "templates.json"
    file.write_text(json.dumps([{"code": "SMS_1", "type": 1, "content": "一${x}"}]))
    carrier = mainland(answering(503), templates=file)
    await carrier.refresh()
    file.write_text(json.dumps([{"code": "SMS_2", "type": 1, "content": "二${x}"}]))

    await carrier.refresh()

    assert carrier.problem is None
    assert carrier.check(chinese("二甲")) is None


# --- what variables take ----------------------------------------------------------------------------------------------


def details_of(attributes: dict[str, str]) -> Callable[[httpx.Request], httpx.Response]:
    # A sample in the documentation ends with a newline.
    return reply(Code="OK", TemplateContent="第0号${x}", VariableAttribute=json.dumps(attributes) + "\n")


async def test_what_the_variables_take_is_asked_for_once_and_then_holds() -> None:
    loads = Loads(answer(listing(1)))
    details = Wire(details_of({"x": "numberCaptcha"}))

    async with kept_fresh(loads, every_s=0.0, GetSmsTemplate=details) as carrier:
        await loads.until(3)

        refused = carrier.check(chinese("第0号甲"))
        assert carrier.check(chinese("第0号1234")) is None
    assert refused
    assert refused.reason == "fits no template; nearest SMS_0: a value does not fit its variable ${x}: 4 to 6 digits"
    assert [query(request)["TemplateCode"] for request in details.requests] == ["SMS_0"]


async def test_another_content_is_asked_for_anew() -> None:
    loads = Loads(answer(listing(1)), answer(template_page(template_row("SMS_0", "新${x}"))))
    details = Wire(details_of({"x": "numberCaptcha"}))

    async with kept_fresh(loads, every_s=0.0, GetSmsTemplate=details):
        await loads.until(4)

    assert len(details.requests) == 2


async def test_what_the_platform_does_not_tell_is_not_checked() -> None:
    loads = Loads(answer(listing(3)))
    details = Wire(reply(400, Code="Forbidden.RAM"))

    async with kept_fresh(loads, GetSmsTemplate=details) as carrier:
        for _ in range(20):
            await asyncio.sleep(0)

        assert carrier.check(chinese("第0号甲")) is None
    assert len(details.requests) == 1
