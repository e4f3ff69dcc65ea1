"""Dysmsapi 2018-05-01: free text to numbers outside the mainland, templates to it, and what became of them."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import format_datetime

import msgspec

from smppgw.simulators import gsm
from smppgw.simulators.alibaba.answers import BusinessError, Service
from smppgw.simulators.alibaba.options import AlibabaOptions
from smppgw.simulators.alibaba.parameters import Parameters, array, beijing, invalid
from smppgw.simulators.alibaba.rows import Row
from smppgw.simulators.alibaba.signatures import Signature, Signatures, check_scene
from smppgw.simulators.alibaba.templates import Status, Template
from smppgw.simulators.outcomes import Outcome, outcome_of

MAX_NUMBERS = 1000
MAX_TEXT = 2000
MAX_TASK_ID = 255
BATCH_EVERY_S = 1.0
"""One call of BatchSendMessageToGlobe per account."""
DEFAULT_SENDER = "Alicloud"

_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_MAINLAND = re.compile(r"861[0-9]{10}")
_SENDER = re.compile(r"[0-9]{1,15}|(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")
_TYPES = {"", "OTP", "NOTIFY", "MKT"}
_BATCH_TYPES = _TYPES - {"OTP"}
_WORDS = {
    "isv.TEMPLATE_MISSING_PARAMETERS": "CONTENT_MISSING_PARAMETERS",
    "isv.PARAM_LENGTH_LIMIT": "PARAM_LENGTH_LIMIT",
    "isv.INVALID_JSON_PARAM": "INVALID_JSON_PARAM",
}
"""What this service calls a template's faults; the others are `SMS_CONTENT_ILLEGAL`."""
_COUNTRIES = {
    "1": ("United States", "United States"),
    "44": ("United Kingdom", "United Kingdom"),
    "49": ("Germany", "Germany"),
    "65": ("Singapore", "Singapore"),
    "86": ("China", "Mainland"),
    "852": ("China", "HongKong"),
    "853": ("China", "Macau"),
    "886": ("China", "Taiwan"),
}
_REFUSED = {Outcome.ILLEGAL_NUMBER: "MOBILE_NUMBER_ILLEGAL", Outcome.BLOCKED: "BLACK_KEY_CONTROL_LIMIT"}

Fields = dict[str, object]


class GlobeSms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One accepted message to one number."""

    message_id: str
    to: str
    """Digits, country code first."""
    sender: str
    text: str
    task_id: str
    accepted_at: float
    """Unix seconds."""
    template: str | None = None
    """Its code, where there is one; `sender` is then the signature."""

    @property
    def parts(self) -> int:
        """Billed parts."""
        if self.template is not None:
            length = len(f"【{self.sender}】{self.text}")
            return 1 if length <= 70 else -(-length // 67)
        return gsm.parts_of(self.text, gsm.coding_of(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Receipt:
    """What QueryMessage says; `Status` as today's page has it: 1 sent, 2 failed, 3 being sent."""

    status: str
    error_code: str
    received: bool = True


_PENDING = _Receipt(status="3", error_code="", received=False)
_DELIVERED = _Receipt(status="1", error_code="DELIVERED")
_RECEIPTS: dict[Outcome, _Receipt] = {
    Outcome.EXPIRED: _Receipt(status="2", error_code="EXPIRED"),
    Outcome.NO_CONNECTION: _Receipt(status="2", error_code="UNDELIV"),
    Outcome.UNREACHABLE: _Receipt(status="2", error_code="UNDELIV"),
    Outcome.CONTENT_REJECTED: _Receipt(status="2", error_code="REJECTD"),
    Outcome.NOTHING_KNOWN: _PENDING,
    Outcome.NEVER_FINAL: _PENDING,
    Outcome.UNKNOWN_STATUS: _Receipt(status="2", error_code="ZZ:9999"),
}


class Globe:
    """The international service and what it has accepted."""

    def __init__(
        self,
        options: AlibabaOptions,
        clock: Callable[[], float],
        on_accepted: Callable[[Sequence[GlobeSms]], None] = lambda _accepted: None,
    ) -> None:
        self._options = options
        self._clock = clock
        self._signatures = Signatures(options.signatures)
        self._templates = {template.code: template for template in options.templates}
        self._random = random.Random(options.seed)
        self._on_accepted = on_accepted
        self.forget()

    def forget(self) -> None:
        """Back to the start."""
        self._accepted: dict[str, GlobeSms] = {}
        self._batch_at = float("-inf")
        self.messages = 0

    @property
    def recipients(self) -> int:
        """Numbers that a message was accepted for."""
        return len(self._accepted)

    def rows(self) -> Iterator[Row]:
        """Everything accepted, oldest first."""
        for sms in list(self._accepted.values()):
            yield Row(
                ref=sms.message_id,
                to=f"+{sms.to}",
                sender=sms.sender,
                text=sms.text,
                parts=sms.parts,
                billed_parts=sms.parts,  # on submit, whatever the receipt says
                batch_ref=sms.task_id or None,
                template=sms.template,
                accepted_at=sms.accepted_at,
                datacenter=Service.INTERNATIONAL,
            )

    def send_message_to_globe(self, parameters: Parameters) -> Fields:
        """One text for one number."""
        sms = self._checked(parameters["To"], parameters["Message"], parameters)
        self._keep([sms])
        return {
            "MessageId": sms.message_id,
            "From": sms.sender,
            "To": sms.to,
            "Segments": str(sms.parts),
            "NumberDetail": _number_detail(sms.to),
        }

    def send_message_with_template(self, parameters: Parameters) -> Fields:
        """One template for one number of the mainland."""
        number, signature = parameters["To"], parameters["From"]
        try:
            approved = self._signatures.check(signature)
        except BusinessError as error:
            raise BusinessError("SMS_SIGN_NAME_ILLEGAL", "The signature is invalid.") from error
        template = self._templates.get(parameters["TemplateCode"])
        if template is None or template.status is not Status.APPROVED:
            raise BusinessError("SMS_CONTENT_CODE_ILLEGAL", "The template is invalid.")
        text = _rendered(approved, template, parameters.get("TemplateParam", ""))
        if not _MAINLAND.fullmatch(number):
            raise BusinessError("MOBILE_NUMBER_ILLEGAL", "The mobile phone number is invalid.")
        if refusal := _REFUSED.get(outcome_of(number)):
            raise BusinessError(refusal, "The mobile phone number is refused.")
        now = self._clock()
        sms = GlobeSms(
            message_id=self._message_id(now),
            to=number,
            sender=signature,
            text=text,
            task_id="",
            accepted_at=now,
            template=template.code,
        )
        self._keep([sms])
        return {
            "MessageId": sms.message_id,
            "To": number,
            "Segments": str(sms.parts),
            "NumberDetail": _number_detail(number),
        }

    def batch_send_message_to_globe(self, parameters: Parameters) -> Fields:
        """Up to a thousand numbers with one text, or a text each; refused numbers are listed, the others sent."""
        self._check_batch_pace()
        if parameters.get("Type", "") not in _BATCH_TYPES:
            raise BusinessError("INVALID_PARAMETERS", "A parameter is invalid.")
        numbers = array(parameters, "To", list[str])
        if len(numbers) > MAX_NUMBERS:
            raise BusinessError("MOBILE_COUNT_OVER_LIMIT", "The number of mobile phone numbers exceeds the limit.")
        accepted: list[GlobeSms] = []
        failed: list[str] = []
        for number, text in zip(numbers, _texts(parameters["Message"], len(numbers)), strict=True):
            try:
                accepted.append(self._checked(number, text, parameters, position=len(accepted)))
            except BusinessError:
                failed.append(number)
        self._keep(accepted)
        ids = [sms.message_id for sms in accepted]
        if self._options.shuffle_ids:
            self._random.shuffle(ids)
        return {
            "From": parameters.get("From") or DEFAULT_SENDER,
            "MessageIdList": _text(ids),
            "SuccessCount": str(len(accepted)),
            "FailedList": _text(failed),
        }

    def query_message(self, parameters: Parameters) -> Fields:
        """What became of one message."""
        sms = self._accepted.get(parameters["MessageId"])
        now = self._clock()
        if sms is None or now < sms.accepted_at + self._options.visible_after:
            raise BusinessError("DATA_NOT_EXIST", "The record does not exist.")
        final_at = sms.accepted_at + self._options.final_delay
        receipt = _PENDING if now < final_at else _RECEIPTS.get(outcome_of(sms.to), _DELIVERED)
        answer: Fields = {
            "MessageId": sms.message_id,
            "Status": receipt.status,
            "ErrorCode": receipt.error_code,
            "ErrorDescription": "success" if receipt is _DELIVERED else receipt.error_code,
            "Message": sms.text,
            "To": sms.to,
            "SendDate": format_datetime(beijing(sms.accepted_at)),
            "NumberDetail": _number_detail(sms.to),
        }
        if receipt.received:
            answer["ReceiveDate"] = format_datetime(beijing(final_at))
        return answer

    def _checked(self, number: str, text: str, parameters: Parameters, *, position: int = 0) -> GlobeSms:
        sender, task_id = parameters.get("From", ""), parameters.get("TaskId", "")
        if sender and not _SENDER.fullmatch(sender):
            raise BusinessError("INVALID_SENDERID", "The sender ID is invalid.")
        if len(task_id) > MAX_TASK_ID or parameters.get("Type", "") not in _TYPES or len(text) > MAX_TEXT:
            raise BusinessError("INVALID_PARAMETERS", "A parameter is invalid.")
        _check_number(number)
        now = self._clock()
        return GlobeSms(
            message_id=self._message_id(now, position),
            to=number,
            sender=sender or DEFAULT_SENDER,
            text=text,
            task_id=task_id,
            accepted_at=now,
        )

    def _message_id(self, now: float, position: int = 0) -> str:
        return f"{int(now * 1000)}{(self.recipients + position) % 1_000_000:06d}"

    def _check_batch_pace(self) -> None:
        now = self._clock()
        if now - self._batch_at < BATCH_EVERY_S:
            raise BusinessError("QPS_LIMIT_CONTROL", "The QPS exceeds the limit.")
        self._batch_at = now

    def _keep(self, accepted: list[GlobeSms]) -> None:
        self._accepted |= {sms.message_id: sms for sms in accepted}
        self.messages += len(accepted)
        self._on_accepted(accepted)


def _check_number(number: str) -> None:
    if not _NUMBER.fullmatch(number):
        raise BusinessError("MOBILE_NUMBER_ILLEGAL", "The mobile phone number is invalid.")
    if _MAINLAND.fullmatch(number):
        raise BusinessError("NOT_SUPPORTED_COUNTRY", "The country is not supported.")
    if refusal := _REFUSED.get(outcome_of(number)):
        raise BusinessError(refusal, "The mobile phone number is refused.")


def _rendered(signature: Signature, template: Template, params: str) -> str:
    try:
        check_scene(signature, template)
        return template.rendered(params)
    except BusinessError as error:
        raise BusinessError(_WORDS.get(error.code, "SMS_CONTENT_ILLEGAL"), error.message) from error


def _texts(message: str, count: int) -> list[str]:
    """One text for all, or a JSON array with one for each number."""
    if not message.startswith("["):
        return [message] * count
    try:
        texts = msgspec.json.decode(message, type=list[str])
    except msgspec.DecodeError:
        return [message] * count
    if len(texts) != count:
        raise invalid("Message")
    return texts


def _number_detail(number: str) -> dict[str, str]:
    country, region = next((_COUNTRIES[number[:n]] for n in (3, 2, 1) if number[:n] in _COUNTRIES), ("", ""))
    return {"Country": country, "Region": region, "Carrier": "Simulated"}


def _text(values: list[str]) -> str:
    return msgspec.json.encode(values).decode()
