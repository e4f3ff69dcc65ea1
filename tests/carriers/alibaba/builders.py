"""What the tests of both Alibaba services build: carriers on a scripted platform, answers, rows."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2 as httpx
import msgspec

from smppgw.carriers.alibaba import Alibaba, AlibabaConfig, AlibabaGlobe, AlibabaGlobeConfig
from smppgw.carriers.http import Observer
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, Sent
from smppgw.core.values import Secret
from tests.carriers.contract import BATCH, NOW, Handler, message, sent_of

TEMPLATES = Path(__file__).with_name("templates.json")
KEY_ID, KEY_SECRET = "LTAI5tEXAMPLEKEYID000", "EXAMPLEsecretKEY0123456789abcd"
SHIPPED = "尊敬的李雷，您的订单A-17已发货，快递单号SF1。"
MAINLAND_NUMBER, GLOBE_NUMBER = "8613900000000", "4915112345678"


class Clock:
    """Stands at NOW until it is told."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def mainland(
    handler: Handler | httpx.AsyncBaseTransport,
    *,
    clock: Callable[[], float] | None = None,
    observer: Observer | None = None,
    **keys: Any,
) -> Alibaba:
    """Make a mainland carrier whose templates, loaded by ``ready``, come from a file unless ``keys`` say otherwise."""
    section = {
        "access_key_id": KEY_ID,
        "access_key_secret": Secret(KEY_SECRET),
        "sign_name": "阿里云",
        "templates": TEMPLATES,
    }
    config = AlibabaConfig.model_validate(section | keys)
    at = clock or Clock()
    return Alibaba("alibaba", config, clock=at, monotonic=at, observer=observer, transport=_transport(handler))


def globe(
    handler: Handler | httpx.AsyncBaseTransport,
    *,
    clock: Callable[[], float] | None = None,
    observer: Observer | None = None,
    **keys: Any,
) -> AlibabaGlobe:
    """Make an international carrier."""
    section = {"access_key_id": KEY_ID, "access_key_secret": Secret(KEY_SECRET)}
    config = AlibabaGlobeConfig.model_validate(section | keys)
    at = clock or Clock()
    return AlibabaGlobe("intl", config, clock=at, monotonic=at, observer=observer, transport=_transport(handler))


def chinese(text: str = SHIPPED, number: int = 1, **changes: Any) -> Message:
    """Make a message to a mainland number."""
    return message(number, changes.pop("recipient", MAINLAND_NUMBER), text, **{"country": "CN", **changes})


def chinese_batch(count: int, text: str = SHIPPED) -> list[Message]:
    """Make messages to as many mainland numbers, none of which means anything to a simulator."""
    return [chinese(text, number, recipient=f"86139{number + 100:08}") for number in range(1, count + 1)]


def foreign(text: str = "Your parcel is here", **changes: Any) -> Message:
    """Make a message to a number abroad."""
    return message(1, changes.pop("recipient", GLOBE_NUMBER), text, **changes)


def attempt_of(carrier: Alibaba | AlibabaGlobe, one: Message, *others: Message, at: float = NOW) -> Attempt:
    """Prepare a message, and others with it."""
    return carrier.prepare(Batch(id=BATCH, messages=(one, *others)), at)


def sent(one: Message, ref: str | None = "900619746936498440^0", at: float = NOW) -> list[Sent]:
    """Make what a store would hand out for polling."""
    attempt = attempt_of(mainland(reply()) if one.country == "CN" else globe(reply()), one, at=at)
    return sent_of(attempt, [one], CarrierRef(ref) if ref else None)


def query(request: httpx.Request) -> dict[str, str]:
    """Read the parameters of a request."""
    return {name: values[0] for name, values in parse_qs(request.url.query.decode(), keep_blank_values=True).items()}


def answer(document: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    """Answer every call with one JSON object."""
    return lambda _request: httpx.Response(status, content=msgspec.json.encode(document), headers=headers)


def reply(status: int = 200, headers: Mapping[str, str] | None = None, **fields: object) -> Handler:
    """Answer every call with one JSON object, given as its fields."""
    return answer(fields, status, headers)


def by_action(**handlers: Handler) -> Handler:
    """Answer by what is asked for; the list of signatures is that of an account with two, unless it is given."""
    given = {"QuerySmsSignList": answer(sign_list())} | handlers

    def handler(request: httpx.Request) -> httpx.Response:
        return given[request.headers["x-acs-action"]](request)

    return handler


def sign_list(*rows: dict[str, object], total: int | None = None) -> dict[str, object]:
    """Make the fields of a page of QuerySmsSignList."""
    found = rows or (sign_row(), sign_row(SignName="示例科技"))
    return {"Code": "OK", "SmsSignList": list(found), "TotalCount": len(found) if total is None else total}


def sign_row(**changes: object) -> dict[str, object]:
    """Make a row of it: approved, for all kinds of messages."""
    return {"SignName": "阿里云", "AuditStatus": "AUDIT_STATE_PASS", "BusinessType": "通用类型"} | changes


def template_page(*rows: dict[str, object], total: object = None) -> dict[str, object]:
    """Make the fields of a page of QuerySmsTemplateList."""
    return {"Code": "OK", "SmsTemplateList": list(rows), "TotalCount": len(rows) if total is None else total}


def template_row(code: str, content: str, kind: int = 1, **changes: object) -> dict[str, object]:
    """Make a row of it: approved, a notification."""
    return {
        "TemplateCode": code,
        "TemplateContent": content,
        "OuterTemplateType": kind,
        "AuditStatus": "AUDIT_STATE_PASS",
    } | changes


def row(**changes: object) -> dict[str, object]:
    """Make a row of QuerySendDetails: ours, delivered."""
    return {
        "PhoneNum": "13900000000",
        "SendStatus": 3,
        "ErrCode": "DELIVERED",
        "TemplateCode": "SMS_100000002",
        "Content": "【阿里云】" + SHIPPED,
        "SendDate": "2023-11-15 06:13:20",
        "ReceiveDate": "2023-11-15 06:13:23",
        "OutId": BATCH,
    } | changes


def details(*rows: dict[str, object], total: int | str | None = None) -> dict[str, object]:
    """Make the fields of a page of QuerySendDetails."""
    return {
        "Code": "OK",
        "Message": "OK",
        "TotalCount": len(rows) if total is None else total,
        "SmsSendDetailDTOs": {"SmsSendDetailDTO": list(rows)},
    }


def _transport(handler: Handler | httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    return handler if isinstance(handler, httpx.AsyncBaseTransport) else httpx.MockTransport(handler)
