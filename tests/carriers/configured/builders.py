"""Sections of ``type = "http"`` as an operator would write them, and carriers made of them."""

import tomllib
from collections.abc import Callable
from typing import Any

import httpx2 as httpx

from smppgw.carriers.configured import HttpCarrier, HttpCarrierConfig
from smppgw.carriers.http import Observer
from smppgw.core.model import Attempt, Batch, CarrierRef, Message, Sent
from smppgw.core.verdict import Verdict
from tests.carriers.contract import BATCH, NOW, Handler, sent_of, silent

ONE = """
url = "https://api.example/v1/messages"
token = "Token.9Zq"
body = { to = "{recipient_plus}", from = "{sender}", text = "{text}", ref = "{batch_id}" }

[answer]
id = "message.id"
parts = "message.parts"
code = "error.code"
codes = { "" = "accepted", "E11" = "invalid_number", "E12" = "money", "E13" = "throttled", "E14" = "content_refused" }

[status]
url = "https://api.example/v1/messages/{ref}"
state = "message.state"
states = { queued = "enroute", delivered = "delivered", failed = "undeliverable", dropped = "not_sent" }
error = "message.error"
errors = { "absent" = "not_on_service" }
ended_at = "message.done"
parts = "message.parts"

[lookup]
url = "https://api.example/v1/messages?ref={batch_id}"
id = "id"
rows = { at = "messages", where = "ref", equals = "{batch_id}" }
"""
"""One message per call, JSON, Bearer; the id of a message is its own."""

MANY = """
url = "https://bulk.example/send"
username = "login-7"
password = "Pass-word.9Zq"
max_messages = 3
body = { batch = "{batch_id}" }
each = { at = "messages", item = { to = "{recipient}", from = "{sender}", body = "{text}", ref = "{message_id}" } }

[answer.rows]
at = "results"
where = "to"
equals = "{recipient}"
id = "id"
code = "status"
codes = { ok = "accepted", bad_number = "invalid_number", busy = "later", twice = "arrived" }

[status]
url = "https://bulk.example/reports?ids={refs:,}"
rows = { at = "reports", where = "id", equals = "{ref}" }
state = "state"
states = { D = "delivered", F = "undeliverable", R = "enroute" }

[lookup]
url = "https://bulk.example/batches/{batch_id}"
rows = { at = "messages", where = "to", equals = "{recipient}" }
id = "id"
"""
"""Three messages per call, each with its own text; rows told apart by the number."""

ALIKE = """
url = "https://list.example/sms"
body_type = "form"
username = "login-7"
password = "Pass-word.9Zq"
max_messages = 3
body = { to = "{recipients}", text = "{text}", from = "{sender}", ref = "{batch_id}", ttl = "{validity_s}" }

[answer]
id = "id"

[status]
url = "https://list.example/sms/{ref}"
rows = { at = "recipients", where = "number", equals = "{recipient}" }
state = "state"
states = { delivered = "delivered", failed = "undeliverable" }
"""
"""Three recipients per call, a form, one text and one id for all."""


def section(text: str, **changes: Any) -> dict[str, Any]:
    """Read a section; changes replace whole keys, None takes them out."""
    values = tomllib.loads(text) | changes
    return {key: value for key, value in values.items() if value is not None}


def config(text: str, **changes: Any) -> HttpCarrierConfig:
    return HttpCarrierConfig.model_validate(section(text, **changes))


def carrier(text: str, handler: Handler = silent, *, observer: Observer | None = None, **changes: Any) -> HttpCarrier:
    return HttpCarrier(
        "acme",
        config(text, **changes),
        clock=lambda: NOW,
        monotonic=lambda: 5.0,
        observer=observer,
        transport=httpx.MockTransport(handler),
    )


def attempt_of(text: str, *messages: Message, now: float = NOW, **changes: Any) -> Attempt:
    return carrier(text, **changes).prepare(Batch(id=BATCH, messages=messages), now)


async def verdicts_of(text: str, handler: Handler, *messages: Message, **changes: Any) -> list[Verdict]:
    """Send messages in one call; their verdicts, in order."""
    made = carrier(text, handler, **changes)
    found = await made.send(made.prepare(Batch(id=BATCH, messages=messages), NOW))
    return [found[message.id] for message in messages]


def sent(text: str, *messages: Message, ref: str | None = "id-1", **changes: Any) -> list[Sent]:
    return sent_of(attempt_of(text, *messages, **changes), messages, None if ref is None else CarrierRef(ref))


Answering = Callable[[httpx.Request], httpx.Response]


def answering_json(document: Any, status: int = 200) -> Answering:
    """Answer every request with a document."""
    return lambda _request: httpx.Response(status, json=document)
