"""The contract of all carriers, held by sections of three shapes."""

import base64
import json
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx2 as httpx

from smppgw.carriers.base import Carrier
from smppgw.carriers.configured import HttpCarrier
from smppgw.carriers.http import Observer
from smppgw.core.model import CarrierRef, Message
from smppgw.core.verdict import StatusReport
from tests.carriers.configured.builders import ALIKE, MANY, ONE, config
from tests.carriers.contract import NOW, CarrierContract, Handler, message, sent_of


class _Configured(CarrierContract):
    text: ClassVar[str]
    rotated: ClassVar[dict[str, Any]]

    async def make(self, transport: httpx.AsyncBaseTransport, *, observer: Observer, rotated: bool = False) -> Carrier:
        section = config(self.text, **(self.rotated if rotated else {}))
        return HttpCarrier(
            "acme", section, clock=lambda: NOW, monotonic=lambda: 5.0, observer=observer, transport=transport
        )


LOGIN = (
    "Pass-word.9Zq",
    "Rotated.8Yx",
    base64.b64encode(b"login-7:Pass-word.9Zq").decode(),
    base64.b64encode(b"login-7:Rotated.8Yx").decode(),
)


class TestOneMessageInJson(_Configured):
    text = ONE
    rotated: ClassVar[dict[str, Any]] = {"token": "Rotated.8Yx"}
    secrets: ClassVar[Sequence[str]] = ("Token.9Zq", "Rotated.8Yx")
    ref = CarrierRef("m-17")

    def samples(self) -> tuple[Message, ...]:
        return (message(101, "4915112345678", "Your code is 4711-XY"),)

    def success(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"message": {"id": "m-17", "parts": 1}})

    def final(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/messages/m-17"
        return httpx.Response(200, json={"message": {"id": "m-17", "state": "delivered", "done": NOW + 3}})


class TestManyMessagesInJson(_Configured):
    text = MANY
    rotated: ClassVar[dict[str, Any]] = {"password": "Rotated.8Yx"}
    secrets: ClassVar[Sequence[str]] = LOGIN
    ref = CarrierRef("m-101")

    def samples(self) -> tuple[Message, ...]:
        return (
            message(101, "4915112345678", "Your code is 4711-XY"),
            message(102, "4915112345679", "Your code is 4711-XY"),
            message(103, "4915112345680", "Dear Ms Doe, your parcel waits"),
        )

    def success(self, request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["messages"]
        rows = [{"to": "+" + item["to"], "id": f"m-{item['ref']}", "status": "ok"} for item in reversed(items)]
        return httpx.Response(200, json={"results": rows})

    def final(self, request: httpx.Request) -> httpx.Response:
        ids = [*request.url.params["ids"].split(","), "m-999"]
        return httpx.Response(200, json={"reports": [{"id": one, "state": "D"} for one in ids]})

    async def reports(self, handler: Handler, ref: CarrierRef | None = None) -> Sequence[StatusReport]:
        """Each message has an id of its own here."""
        attempt = await self.attempt()
        carrier = await self.carrier(handler)
        sent = [sent_of(attempt, [one], CarrierRef(f"m-{one.id}"))[0] for one in self.samples()]
        reports = await carrier.statuses(sent)
        await carrier.aclose()
        assert {report.message for report in reports} <= {one.id for one in self.samples()}
        assert len({report.message for report in reports}) == len(reports)
        self.assert_silent(report.detail for report in reports)
        return reports


class TestManyRecipientsInAForm(_Configured):
    text = ALIKE
    rotated: ClassVar[dict[str, Any]] = {"password": "Rotated.8Yx"}
    secrets: ClassVar[Sequence[str]] = LOGIN
    ref = CarrierRef("batch-17")

    def samples(self) -> tuple[Message, ...]:
        text = "Your code is 4711-XY"
        return (message(101, "4915112345678", text), message(102, "4915112345679", text))

    def success(self, request: httpx.Request) -> httpx.Response:
        assert parse_qs(request.content.decode())["to"] == ["4915112345678", "4915112345679"]
        return httpx.Response(200, json={"id": "batch-17"})

    def final(self, request: httpx.Request) -> httpx.Response:
        numbers = ["+4917700000000", *(f"+{one.recipient}" for one in self.samples())]
        rows = [{"number": number, "state": "delivered"} for number in numbers]
        return httpx.Response(200, json={"recipients": rows})
