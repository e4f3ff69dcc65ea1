"""The HTTP face of the simulated Alibaba Cloud: one path, the action in a header, a signature to check.

What decides the order: the action and its version must exist; a fault that was ordered for the call comes before
anything else; then the signature, the mandatory parameters, the business. A nonce is used up by the signature, so that
what the business refuses, or nobody answers, has used up its nonce as well.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from smppgw.simulators.alibaba.answers import VERSIONS, Answers, BusinessError, GatewayError, Service, missing
from smppgw.simulators.alibaba.catalogue import Catalogue
from smppgw.simulators.alibaba.globe import Globe
from smppgw.simulators.alibaba.keys import AccessKey, Keys, key_routes
from smppgw.simulators.alibaba.mainland import Mainland
from smppgw.simulators.alibaba.options import AlibabaOptions
from smppgw.simulators.alibaba.parameters import Parameters
from smppgw.simulators.alibaba.pushes import Pushes
from smppgw.simulators.alibaba.rows import pieces
from smppgw.simulators.alibaba.signature import SignedRequest, Verifier
from smppgw.simulators.calls import Calls, Sleep
from smppgw.simulators.control import Control
from smppgw.simulators.faults import Fault, Operation

_DEFAULT_ERRORS = {429: "Throttling.User", 500: "InternalError", 503: "ServiceUnavailable"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Action:
    """One `x-acs-action`."""

    service: Service
    operation: Operation
    required: tuple[str, ...]
    answer: Callable[[Parameters], dict[str, object]]
    methods: tuple[str, ...] = ("GET", "POST")


class _Api:
    """One simulated account with its state."""

    operations = frozenset(Operation) - {Operation.VERSION}
    places: frozenset[str] = frozenset(Service)

    def __init__(
        self,
        options: AlibabaOptions,
        clock: Callable[[], float],
        sleep: Sleep,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self.calls = Calls(accept_delay=options.accept_delay, sleep=sleep)
        self._clock = clock
        self._answers = Answers(options.seed)
        fixed = AccessKey(id=options.access_key_id, secret=options.access_key_secret)
        self._keys = Keys(fixed, lifetime=options.key_lifetime, seed=options.seed)
        self._verifier = Verifier(self._keys)
        self.pushes = Pushes(options, self.calls.faults, clock=clock, sleep=sleep, transport=transport)
        self._mainland = Mainland(options, clock, self.pushes.accepted)
        self._globe = Globe(options, clock, self.pushes.accepted_abroad)
        self._actions = _mainland_actions(self._mainland, Catalogue(options)) | _globe_actions(self._globe)

    def routes(self) -> list[Route]:
        return [*key_routes(self._keys, self._clock), Route("/{path:path}", self._serve, methods=["GET", "POST"])]

    def rows(self) -> Iterator[bytes]:
        yield from pieces(self._mainland.rows())
        yield from pieces(self._globe.rows())

    def totals(self) -> tuple[int, int]:
        services = (self._mainland, self._globe)
        return sum(each.messages for each in services), sum(each.recipients for each in services)

    def forget(self) -> None:
        self._mainland.forget()
        self._globe.forget()
        self._verifier.forget()

    async def _serve(self, request: Request) -> Response:
        signed = SignedRequest(
            method=request.method,
            path=request.scope["path"],
            query=request.scope["query_string"].decode("latin-1"),
            headers=dict(request.headers),
            body=await request.body(),
        )
        try:
            action = self._action(signed)
        except GatewayError as error:
            return self._answers.gateway(signed.headers.get("host", ""), error)
        parameters = _parameters(signed)

        def work() -> Response:
            return self._worked(action, signed, parameters)

        def refuse(fault: Fault) -> Response:
            return self._refusal(action, signed, fault)

        return await self.calls.answer(_operation(action, parameters), frozenset({action.service}), work, refuse)

    def _action(self, request: SignedRequest) -> _Action:
        action = self._actions.get(request.headers.get("x-acs-action", ""))
        if action is None or request.path != "/":
            message = "Specified api is not found, please check your url and method"
            raise GatewayError(404, "InvalidAction.NotFound", message)
        if request.headers.get("x-acs-version") != VERSIONS[action.service]:
            raise GatewayError(400, "InvalidVersion", "Specified parameter Version is not valid.")
        if request.method not in action.methods:
            raise GatewayError(405, "UnsupportedHTTPMethod", "This http method is not supported.")
        return action

    def _worked(self, action: _Action, request: SignedRequest, parameters: Parameters) -> Response:
        try:
            self._verifier.verify(request, self._clock())
            for name in action.required:
                if not parameters.get(name):
                    raise missing(name)
            return self._answers.success(action.service, action.answer(parameters))
        except GatewayError as error:
            return self._answers.gateway(request.headers.get("host", ""), error)
        except BusinessError as error:
            return self._answers.business(action.service, error)

    def _refusal(self, action: _Action, request: SignedRequest, fault: Fault) -> Response:
        if fault.arrives and not fault.after:
            try:
                self._verifier.verify(request, self._clock())
            except GatewayError as refused:
                return self._answers.gateway(request.headers.get("host", ""), refused)
        code = fault.error or _DEFAULT_ERRORS.get(fault.code, "InternalError")
        if fault.code < 400:
            return self._answers.business(action.service, BusinessError(code, code))
        error = GatewayError(fault.code, code, "The request is refused by order of a test.")
        headers = {} if fault.retry_after is None else {"x-acs-retry-after": f"{fault.retry_after * 1000:.0f}"}
        return self._answers.gateway(request.headers.get("host", ""), error, headers)


def alibaba_app(
    options: AlibabaOptions,
    clock: Callable[[], float] = time.time,
    sleep: Sleep = asyncio.sleep,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """A simulated Alibaba Cloud account as an ASGI app; all state lives inside it.

    Args:
        options: what can be chosen.
        clock: Unix seconds; signatures, frequency windows and statuses follow it.
        sleep: waits for `accept_delay`, for faults with `seconds`, and between the tries of a push.
        transport: stands in for the network that pushes go over.
    """
    api = _Api(options, clock, sleep, transport)
    return Starlette(routes=[*Control(api).routes(), *api.routes()])


def _mainland_actions(mainland: Mainland, catalogue: Catalogue) -> dict[str, _Action]:
    def action(operation: Operation, required: str, answer: Callable[[Parameters], dict[str, object]]) -> _Action:
        return _Action(service=Service.MAINLAND, operation=operation, required=tuple(required.split()), answer=answer)

    batch = "PhoneNumberJson SignNameJson TemplateCode"
    details = "PhoneNumber SendDate PageSize CurrentPage"
    post = {
        "QuerySendStatistics": action(
            Operation.STATISTICS, "IsGlobe StartDate EndDate PageIndex PageSize", mainland.query_send_statistics
        ),
        "QuerySmsSignList": action(Operation.TEMPLATES, "", catalogue.query_sms_sign_list),
        "QuerySmsTemplateList": action(Operation.TEMPLATES, "", catalogue.query_sms_template_list),
    }
    return {
        "SendSms": action(Operation.SEND, "PhoneNumbers SignName TemplateCode", mainland.send_sms),
        "SendBatchSms": action(Operation.SEND, batch, mainland.send_batch_sms),
        "QuerySendDetails": action(Operation.STATUS, details, mainland.query_send_details),
        "GetSmsSign": action(Operation.TEMPLATES, "SignName", catalogue.get_sms_sign),
        "GetSmsTemplate": action(Operation.TEMPLATES, "TemplateCode", catalogue.get_sms_template),
    } | {name: replace(each, methods=("POST",)) for name, each in post.items()}


def _globe_actions(globe: Globe) -> dict[str, _Action]:
    def action(operation: Operation, required: str, answer: Callable[[Parameters], dict[str, object]]) -> _Action:
        return _Action(
            service=Service.INTERNATIONAL, operation=operation, required=tuple(required.split()), answer=answer
        )

    return {
        "SendMessageToGlobe": action(Operation.SEND, "To Message", globe.send_message_to_globe),
        "BatchSendMessageToGlobe": action(Operation.SEND, "To Message", globe.batch_send_message_to_globe),
        "SendMessageWithTemplate": action(Operation.SEND, "To From TemplateCode", globe.send_message_with_template),
        "QueryMessage": action(Operation.STATUS, "MessageId", globe.query_message),
    }


def _operation(action: _Action, parameters: Parameters) -> Operation:
    """QuerySendDetails is a poll with a BizId, and the look-up of a doubtful send without one."""
    if action.operation is Operation.STATUS and "PhoneNumber" in action.required and not parameters.get("BizId"):
        return Operation.LOOKUP
    return action.operation


def _parameters(request: SignedRequest) -> Parameters:
    """Query and form together: where a parameter stands is not checked, as the gateway's tolerance is not known."""
    found = dict(parse_qsl(request.query, keep_blank_values=True))
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        found |= parse_qsl(request.body.decode("ascii", "replace"), keep_blank_values=True)
    return found
