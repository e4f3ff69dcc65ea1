"""The HTTP face of the simulated Retarus: hosts as path prefixes, Basic authentication, the five calls.

`/de1/rest/v1` and `/de2/rest/v1` are two data centres with a job store each; `/eu/rest/v1` hands every call, look-ups
too, to one of them at random, which is how the real alias leads a look-up to the wrong one.
"""

import asyncio
import base64
import binascii
import random
import time
from collections.abc import Callable, Iterator

import httpx2
import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from smppgw.simulators.calls import Calls, Sleep
from smppgw.simulators.control import JSON, Control
from smppgw.simulators.faults import Fault, Operation
from smppgw.simulators.retarus.ids import JOB_ID
from smppgw.simulators.retarus.job_request import RefusalError, instant, read
from smppgw.simulators.retarus.jobs import Center, Job
from smppgw.simulators.retarus.options import RetarusOptions
from smppgw.simulators.retarus.pushes import Pushes

MAX_WINDOW_S = 30 * 86400.0
DEFAULT_LIMIT = 100
LIMITS = range(1, 1001)

_VERSION = {
    "buildNumber": 301,
    "buildTimestamp": "2024-01-15 11:05:25 +0100",
    "majorVersion": 2024,
    "minorVersion": 1,
    "versionInfo": "",
    "message": None,
}


class _Api:
    """One simulated Retarus with its state."""

    operations = frozenset({Operation.SEND, Operation.STATUS, Operation.LOOKUP, Operation.VERSION, Operation.PUSH})
    places = frozenset({"de1", "de2", "eu"})

    def __init__(
        self,
        options: RetarusOptions,
        clock: Callable[[], float],
        sleep: Sleep,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self.calls = Calls(accept_delay=options.accept_delay, sleep=sleep)
        self.pushes = Pushes(
            options, self.calls.faults, places=self.places, clock=clock, sleep=sleep, transport=transport
        )
        self._options = options
        self._clock = clock
        self._centers = {name: Center(name, options) for name in ("de1", "de2")}
        self._random = random.Random(options.seed)
        self._login = f"{options.username}:{options.password}".encode()

    def routes(self) -> list[Route]:
        base = "/{host}/rest/v1"
        return [
            Route(f"{base}/sms", self._get_sms, methods=["GET"]),
            Route(f"{base}/jobs", self._post_job, methods=["POST"]),
            Route(f"{base}/jobs/{{job_id}}", self._get_job, methods=["GET"]),
            Route(f"{base}/jobs", self._list_jobs, methods=["GET"]),
            Route(f"{base}/version", self._get_version, methods=["GET"]),
        ]

    def rows(self) -> Iterator[bytes]:
        for center in self._centers.values():
            yield from center.rows()

    def totals(self) -> tuple[int, int]:
        centers = self._centers.values()
        return sum(center.messages for center in centers), sum(center.recipients for center in centers)

    def forget(self) -> None:
        for center in self._centers.values():
            center.forget()

    async def _post_job(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)  # for nobody: half a job is none
        return await self._call(request, Operation.SEND, lambda center: self._taken(center, body))

    async def _get_sms(self, request: Request) -> Response:
        def shown(center: Center) -> Response:
            job = self._known(center, request.query_params.get("jobId", ""))
            return _json(center.reports(job, self._clock()))

        return await self._call(request, Operation.STATUS, shown)

    async def _get_job(self, request: Request) -> Response:
        def shown(center: Center) -> Response:
            job = self._known(center, request.path_params["job_id"])
            return _json(center.report(job, self._clock()))

        return await self._call(request, Operation.LOOKUP, shown)

    async def _list_jobs(self, request: Request) -> Response:
        return await self._call(request, Operation.LOOKUP, lambda center: self._listed(center, request))

    async def _get_version(self, request: Request) -> Response:
        return await self._call(request, Operation.VERSION, lambda _center: _json(_VERSION))

    async def _call(self, request: Request, operation: Operation, work: Callable[[Center], Response]) -> Response:
        host = request.path_params["host"]
        center = self._center_behind(host)
        if center is None:
            return Response(status_code=404)

        def guarded() -> Response:
            if not self._is_authorized(request):
                return self._error(401, "authentication failed", {"WWW-Authenticate": 'Basic realm="sms4a"'})
            try:
                return work(center)
            except RefusalError as refused:
                return self._error(refused.status, refused.reason)

        return await self.calls.answer(operation, frozenset({host, center.name}), guarded, self._refusal)

    def _center_behind(self, host: str) -> Center | None:
        return self._centers.get(self._random.choice(("de1", "de2")) if host == "eu" else host)

    def _is_authorized(self, request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            return scheme.lower() == "basic" and base64.b64decode(encoded, validate=True) == self._login
        except (binascii.Error, ValueError):
            return False

    def _taken(self, center: Center, body: bytes) -> Response:
        wanted = read(body, strict=self._options.strict)
        suffix = self._options.refuse_suffix
        if suffix and any((recipient.dst or "").endswith(suffix) for recipient in wanted.recipients):
            raise RefusalError(422, "a recipient that spoils the job")
        job = center.take(wanted, body, self._clock())
        return _json({"jobId": job.job_id}, status=201)

    def _known(self, center: Center, job_id: str) -> Job:
        if not JOB_ID.fullmatch(job_id):
            raise RefusalError(400, "no job id")
        job = center.find(job_id, self._clock())
        if job is None:
            raise RefusalError(self._options.unknown_as, "unknown here")
        return job

    def _listed(self, center: Center, request: Request) -> Response:
        query = request.query_params
        if query.get("jobIdsOnly") != "true":
            raise RefusalError(400, "only jobIdsOnly=true is supported")
        now = self._clock()
        end = _time(query.get("toTs"), now)
        start = _time(query.get("fromTs"), end - MAX_WINDOW_S)
        if not 0 < end - start <= MAX_WINDOW_S:
            raise RefusalError(400, "fromTs is before toTs, at most 30 days")
        offset, limit = _number(query.get("offset"), 0), _number(query.get("limit"), DEFAULT_LIMIT)
        if offset < 0 or limit not in LIMITS:
            raise RefusalError(400, "offset or limit is out of range")
        found = center.listed(start, end, is_open=_flag(query.get("open")), now=now)
        return _json([{"jobId": job_id} for job_id in found[offset : offset + limit]])

    def _refusal(self, fault: Fault) -> Response:
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        return self._error(fault.code, fault.error or "fault", headers)

    def _error(self, status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
        if self._options.error_body == "none":
            return Response(status_code=status, headers=headers)
        return _json({"message": reason, "code": status}, status=status, headers=headers)


def retarus_app(
    options: RetarusOptions,
    clock: Callable[[], float] = time.time,
    sleep: Sleep = asyncio.sleep,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """A simulated Retarus as an ASGI app; all state lives inside it.

    Args:
        options: what can be chosen.
        clock: Unix seconds; statuses are computed from it when somebody asks.
        sleep: waits for `accept_delay`, for faults with `seconds`, and between the tries of a push.
        transport: stands in for the network that pushes go over.
    """
    api = _Api(options, clock, sleep, transport)
    return Starlette(routes=[*api.routes(), *Control(api).routes()])


def _json(content: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type=JSON)


def _time(text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        return instant(text)
    except (ValueError, OverflowError) as error:
        raise RefusalError(400, "not a time") from error


def _number(text: str | None, default: int) -> int:
    try:
        return default if text is None else int(text)
    except ValueError as error:
        raise RefusalError(400, "not a number") from error


def _flag(text: str | None) -> bool | None:
    match text:
        case None:
            return None
        case "true" | "false":
            return text == "true"
        case _:
            raise RefusalError(400, "not a flag")
