"""Trying the datacentres of Retarus without sending."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from smppgw.carriers.http import Operation
from smppgw.carriers.probing import Probe
from smppgw.carriers.retarus import Retarus, RetarusConfig
from tests.carriers.contract import NOW, CallLog, Handler, breaking, silent

VERSION = {"buildNumber": 301, "majorVersion": 2024, "minorVersion": 1, "versionInfo": "secret-words"}
PASSWORD = "Pass-word.9Zq"


class World:
    """Answers by path; keeps what was asked."""

    def __init__(self, version: Any = VERSION, jobs: int = 200, **down: Handler) -> None:
        self._version = version
        self._jobs = jobs
        self._down = down
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if handler := self._down.get(request.url.host.split(".")[1]):
            return handler(request)
        if request.url.path.endswith("/version"):
            is_status = isinstance(self._version, int)
            return httpx.Response(self._version) if is_status else httpx.Response(200, json=self._version)
        return httpx.Response(self._jobs, json=[])


async def probed(world: Handler, log: CallLog | None = None, send_to: str = "de2") -> list[Probe]:
    section = {"username": "u", "password": PASSWORD, "send_to": send_to}
    carrier = Retarus(
        "retarus",
        RetarusConfig.model_validate(section),
        clock=lambda: NOW,
        monotonic=lambda: 5.0,
        observer=log,
        transport=httpx.MockTransport(world),
    )
    try:
        return list(await carrier.probe())
    finally:
        await carrier.aclose()


async def test_both_datacentres_are_tried_with_the_version_and_an_empty_list() -> None:
    world, log = World(), CallLog()

    probes = await probed(world, log)

    assert [(probe.place, probe.ok, probe.authenticated, probe.words) for probe in probes] == [
        ("de2", True, True, "version 2024.1, build 301"),
        ("de1", True, True, "version 2024.1, build 301"),
    ]
    assert sorted(call[1] for call in log.calls) == sorted([Operation.VERSION, Operation.LOOKUP] * 2)
    assert {request.method for request in world.asked} == {"GET"}


async def test_the_list_is_of_one_second_and_one_job() -> None:
    world = World()

    await probed(world)

    (query, _) = [request.url.params for request in world.asked if request.url.path.endswith("/jobs")]
    assert (query["fromTs"], query["toTs"]) == ("2023-11-14T22:13:19.000Z", "2023-11-14T22:13:20.000Z")
    assert (query["jobIdsOnly"], query["limit"]) == ("true", "1")


async def test_a_version_that_needs_no_login_does_not_hide_a_refused_one() -> None:
    probes = await probed(World(jobs=401))

    words = "version 2024.1, build 301; list of jobs: http 401: login refused"
    assert [(probe.reachable, probe.authenticated, probe.ok, probe.words) for probe in probes] == [
        (True, False, False, words)
    ] * 2


@pytest.mark.parametrize("status", [401, 403])
async def test_a_login_refused_at_once_is_not_tried_twice(status: int) -> None:
    world = World(version=status)

    probes = await probed(world)

    assert [(probe.reachable, probe.authenticated) for probe in probes] == [(True, False)] * 2
    assert len(world.asked) == 2


async def test_one_datacentre_that_is_down_is_told_beside_the_other() -> None:
    probes = await probed(World(de2=breaking(httpx.ConnectError)))

    assert [(probe.place, probe.ok, probe.words) for probe in probes] == [
        ("de2", False, "not reached: ConnectError"),
        ("de1", True, "version 2024.1, build 301"),
    ]


async def test_a_list_that_fails_leaves_the_login_open() -> None:
    probes = await probed(World(jobs=500))

    assert [(probe.ok, probe.authenticated) for probe in probes] == [(True, None)] * 2
    assert probes[0].words == "version 2024.1, build 301; list of jobs: http 500"


async def test_the_shared_name_is_tried_with_the_version_alone() -> None:
    world = World()

    probes = await probed(world, send_to="eu")

    assert [(probe.place, probe.ok, probe.authenticated) for probe in probes] == [
        ("eu", True, None),
        ("de2", True, True),
        ("de1", True, True),
    ]
    assert not [request for request in world.asked if ".eu." in request.url.host and "/jobs" in request.url.path]


@pytest.mark.parametrize("body", [{}, [], {"majorVersion": "x"}, f"<html>{PASSWORD}</html>"])
async def test_a_version_without_sense_is_not_repeated(body: Any) -> None:
    probes = await probed(World(version=body))

    assert {probe.words for probe in probes} == {"answers, without a version"}


async def test_nothing_that_was_answered_or_given_is_repeated() -> None:
    said = json.dumps({"message": PASSWORD, "versionInfo": PASSWORD}).encode()

    for status in (200, 401, 403, 404, 500):
        probes = await probed(lambda _request: httpx.Response(status, content=said))  # noqa: B023 # called at once
        assert PASSWORD not in str(probes)
        assert "secret-words" not in str(probes)


async def test_nothing_is_asked_before_it_is_tried() -> None:
    carrier = Retarus(
        "retarus",
        RetarusConfig.model_validate({"username": "u", "password": PASSWORD}),
        clock=lambda: NOW,
        monotonic=lambda: 5.0,
        transport=httpx.MockTransport(silent),
    )
    await carrier.aclose()
