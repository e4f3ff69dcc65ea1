"""Small servers that speak like known aggregators, for carriers that exist by configuration alone.

They take messages, count them, and can take one and then break the connection. They share nothing with the adapter.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

import httpx2 as httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from smppgw.simulators.calls import Calls
from smppgw.simulators.faults import Fault, FaultKind, Operation
from smppgw.simulators.serving import running

SECRET = "S3cret-of-the-carrier"
Taken = dict[str, Any]
"""A message: to, text, from, id, batch."""


class Aggregator:
    """What all of them have."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[Taken] = []
        self._calls = Calls(accept_delay=0.0, sleep=asyncio.sleep)

    def routes(self) -> list[Route]:
        """The paths of this aggregator."""
        raise NotImplementedError

    def order(self, fault: str, **details: Any) -> None:
        """Let the next calls that send meet a fault."""
        self._calls.faults.add(Fault(operation=Operation.SEND, fault=FaultKind(fault), **details))

    def count(self, operation: str) -> int:
        """Return how many calls of an operation came."""
        return self._calls.counts[Operation(operation)]

    def take(self, to: str, text: str, sender: str | None, batch: str = "", own_id: str | None = None) -> Taken:
        """Keep a message."""
        taken = {"to": to, "text": text, "from": sender, "batch": batch, "id": own_id or f"id-{len(self.taken) + 1}"}
        self.taken.append(taken)
        return taken

    async def answer(self, operation: Operation, work: Any) -> Response:
        """Serve a call, or let it meet its fault."""
        return await self._calls.answer(operation, frozenset(), work, _refused)


def _refused(fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    return JSONResponse({"message": "no"}, fault.code, headers=headers)


def _fails(number: str) -> bool:
    return number.endswith("0005")


def _is_wrong(number: str) -> bool:
    return number.endswith("0001")


class Twilio(Aggregator):
    """Messages as api.twilio.com/2010-04-01 has them."""

    def routes(self) -> list[Route]:
        account = "/2010-04-01/Accounts/ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        return [
            Route(f"{account}/Messages.json", self._send, methods=["POST"]),
            Route(account + "/Messages/{sid}.json", self._status, methods=["GET"]),
        ]

    async def _send(self, request: Request) -> Response:
        login = f"ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx:{SECRET}".encode()
        fields = dict(parse_qsl((await request.body()).decode("ascii")))

        def work() -> Response:
            if request.headers["authorization"] != "Basic " + base64.b64encode(login).decode():
                return JSONResponse({"code": 20003, "message": "Authenticate", "status": 401}, 401)
            if set(fields) != {"To", "From", "Body", "ValidityPeriod"} or int(fields["ValidityPeriod"]) > 36_000:
                return JSONResponse({"code": 21600, "message": "what?", "status": 400}, 400)
            if _is_wrong(fields["To"]):
                return JSONResponse({"code": 21211, "message": f"Invalid 'To' {fields['To']}", "status": 400}, 400)
            taken = self.take(fields["To"], fields["Body"], fields["From"])
            return JSONResponse(self._resource(taken, "queued"), 201)

        return await self.answer(Operation.SEND, work)

    async def _status(self, request: Request) -> Response:
        def work() -> Response:
            for taken in self.taken:
                if taken["id"] == request.path_params["sid"]:
                    return JSONResponse(self._resource(taken, "undelivered" if _fails(taken["to"]) else "delivered"))
            return JSONResponse({"code": 20404, "status": 404}, 404)

        return await self.answer(Operation.STATUS, work)

    def _resource(self, taken: Taken, status: str) -> dict[str, Any]:
        return {
            "sid": taken["id"],
            "status": status,
            "num_segments": "1",
            "error_code": 30003 if status == "undelivered" else None,
            "date_updated": None,
            "body": taken["text"],
            "to": taken["to"],
        }


class Infobip(Aggregator):
    """SMS as api.infobip.com/sms/3 has them."""

    def routes(self) -> list[Route]:
        return [
            Route("/sms/3/messages", self._send, methods=["POST"]),
            Route("/sms/3/logs", self._logs, methods=["GET"]),
        ]

    async def _send(self, request: Request) -> Response:
        document = await request.json()

        def work() -> Response:
            if request.headers["authorization"] != f"App {SECRET}":
                return JSONResponse({"requestError": {}}, 401)
            bulk = document["options"]["schedule"]["bulkId"]
            rows = [self._row(one, bulk) for one in document["messages"]]
            return JSONResponse({"bulkId": bulk, "messages": rows[::-1]})

        return await self.answer(Operation.SEND, work)

    def _row(self, one: Any, bulk: str) -> dict[str, Any]:
        ((destination,), text) = one["destinations"], one["content"]["text"]
        assert one["options"]["validityPeriod"]["amount"] <= 2880
        assert one["options"]["flash"] is False
        name = "REJECTED_PREFIX_MISSING" if _is_wrong(destination["to"]) else "PENDING_ACCEPTED"
        if name == "PENDING_ACCEPTED":
            self.take(destination["to"], text, one.get("sender"), bulk, destination["messageId"])
        return {"destination": destination["to"], "messageId": destination["messageId"], "status": {"name": name}}

    async def _logs(self, request: Request) -> Response:
        def work() -> Response:
            bulk = request.query_params["bulkId"]
            rows = [self._log(taken) for taken in self.taken if taken["batch"] == bulk]
            return JSONResponse({"results": rows, "cursor": {"limit": 1000}})

        return await self.answer(Operation.STATUS, work)

    async def push(self, url: str) -> httpx.Response:
        """Report all messages, as the subscription of the account would."""
        rows = [{**self._log(taken), "to": taken["to"]} for taken in self.taken]
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.post(url, json={"results": rows})

    def _log(self, taken: Taken) -> dict[str, Any]:
        name = "UNDELIVERABLE_NOT_DELIVERED" if _fails(taken["to"]) else "DELIVERED_TO_HANDSET"
        error = "EC_ABSENT_SUBSCRIBER" if _fails(taken["to"]) else "NO_ERROR"
        return {
            "messageId": taken["id"],
            "bulkId": taken["batch"],
            "messageCount": 1,
            "status": {"groupName": "DELIVERED", "name": name},
            "error": {"name": error},
        }


class Idempotent(Aggregator):
    """One that knows a repeat by its ``Idempotency-Key``, and answers it as it answered the first copy."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[str, Any] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/messages", self._send, methods=["POST"]),
            Route("/messages/{id}", self._status, methods=["GET"]),
        ]

    async def _send(self, request: Request) -> Response:
        document, key = await request.json(), request.headers["idempotency-key"]

        def work() -> Response:
            if request.headers["authorization"] != f"Bearer {SECRET}":
                return JSONResponse({}, 401)
            if key not in self._answers:
                self._answers[key] = {"id": self.take(document["to"], document["text"], document.get("from"))["id"]}
            return JSONResponse(self._answers[key], 201)

        return await self.answer(Operation.SEND, work)

    async def _status(self, request: Request) -> Response:
        return await self.answer(Operation.STATUS, lambda: JSONResponse({"state": "delivered"}))


class OldStyle(Aggregator):
    """One of the old kind: everything in the address, an answer in one line, and never a word about delivery."""

    def routes(self) -> list[Route]:
        return [Route("/http/send", self._send, methods=["GET"])]

    async def _send(self, request: Request) -> Response:
        query = dict(request.query_params)

        def work() -> Response:
            if query.pop("password") != SECRET or query.pop("user") != "me":
                return PlainTextResponse("ERR: 101, wrong login")
            return PlainTextResponse(f"OK: {self.take(query['to'], query['text'], query.get('from'))['id']}\r\n")

        return await self.answer(Operation.SEND, work)


@asynccontextmanager
async def serving(aggregator: Aggregator) -> AsyncIterator[None]:
    """Serve an aggregator, in the test's own loop."""
    async with running(Starlette(routes=aggregator.routes())) as url:
        aggregator.url = url
        yield
