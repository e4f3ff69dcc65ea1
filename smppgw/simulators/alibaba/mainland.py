"""Dysmsapi 2017-05-25: sends by template to mainland numbers, and what became of them.

Checks come in the platform's order: signature, template, scene, parameters, number, frequency. A call is taken whole or
refused whole, by the first message at fault; what the platform does with one bad number among several is not
documented. The ban on promotional messages at night is left out: its code is not documented either, and a demo shows
the same at every hour.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from smppgw.simulators.alibaba.answers import BusinessError, Service
from smppgw.simulators.alibaba.frequency import Frequency
from smppgw.simulators.alibaba.options import AlibabaOptions
from smppgw.simulators.alibaba.parameters import (
    PAGE_SIZES,
    PAGES,
    Parameters,
    array,
    beijing,
    day,
    integer,
    invalid,
)
from smppgw.simulators.alibaba.rows import Row
from smppgw.simulators.alibaba.signatures import Signatures, check_scene
from smppgw.simulators.alibaba.sms import Receipt, Sms, receipt_of
from smppgw.simulators.alibaba.statistics import query_send_statistics
from smppgw.simulators.alibaba.templates import Status
from smppgw.simulators.outcomes import Outcome, outcome_of

MAX_NUMBERS = 1000
MAX_BATCH = 100
MAX_OUT_ID = 255
MAX_QUERY_AGE_DAYS = 30

_NUMBER = re.compile(r"(?:\+?86|0086|\+)?(?P<national>1[0-9]{10})")
_TIME = "%Y-%m-%d %H:%M:%S"

Fields = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One text for one number, as a call asks for it."""

    phone: str
    signature: str
    params: str


class Mainland:
    """The mainland service and what it has accepted."""

    def __init__(
        self,
        options: AlibabaOptions,
        clock: Callable[[], float],
        on_accepted: Callable[[Sequence[Sms]], None] = lambda _accepted: None,
    ) -> None:
        self._options = options
        self._clock = clock
        self._on_accepted = on_accepted
        self._templates = {template.code: template for template in options.templates}
        self._signatures = Signatures(options.signatures)
        self.forget()

    def forget(self) -> None:
        """Back to the start."""
        self._accepted: list[Sms] = []
        self._by_number: defaultdict[str, list[Sms]] = defaultdict(list)
        self._frequency = Frequency()
        self._queries = 0
        self.messages = 0

    @property
    def recipients(self) -> int:
        """Numbers that a message was accepted for."""
        return len(self._accepted)

    def rows(self) -> Iterator[Row]:
        """Everything accepted, oldest first."""
        for sms in list(self._accepted):
            yield Row(
                ref=sms.biz_id,
                to=f"+86{sms.number}",
                sender=sms.signature,
                text=sms.text,
                parts=sms.parts,
                billed_parts=sms.billed_parts,
                batch_ref=sms.out_id or None,
                template=sms.template.code,
                accepted_at=sms.accepted_at,
                datacenter=Service.MAINLAND,
            )

    def send_sms(self, parameters: Parameters) -> Fields:
        """One text for up to a thousand numbers."""
        phones = parameters["PhoneNumbers"].split(",")
        _check_count(phones, MAX_NUMBERS)
        params = parameters.get("TemplateParam", "")
        orders = [_Order(phone=phone, signature=parameters["SignName"], params=params) for phone in phones]
        return self._send(orders, parameters, messages=1)

    def send_batch_sms(self, parameters: Parameters) -> Fields:
        """Up to a hundred numbers, each with its own signature and values."""
        phones = array(parameters, "PhoneNumberJson", list[str])
        _check_count(phones, MAX_BATCH)
        signatures = array(parameters, "SignNameJson", list[str])
        values = array(parameters, "TemplateParamJson", list[dict[str, str]]) or [{}] * len(phones)
        if not phones or not len(phones) == len(signatures) == len(values):
            raise invalid("PhoneNumberJson, SignNameJson, TemplateParamJson")
        orders = [
            _Order(phone=phone, signature=signature, params=msgspec.json.encode(each).decode())
            for phone, signature, each in zip(phones, signatures, values, strict=True)
        ]
        return self._send(orders, parameters, messages=len(orders))

    def query_send_details(self, parameters: Parameters) -> Fields:
        """What became of the messages to one number on one day in Beijing, newest first."""
        phone, on = parameters["PhoneNumber"], day(parameters, "SendDate")
        if not phone.isdecimal():
            raise BusinessError("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")
        size = integer(parameters, "PageSize", PAGE_SIZES)
        page = integer(parameters, "CurrentPage", PAGES)
        now = self._clock()
        if not 0 <= (beijing(now).date() - on).days <= MAX_QUERY_AGE_DAYS:
            raise invalid("SendDate")
        found = self._found(phone, on, parameters.get("BizId", ""), now)
        details = [self._detail(sms, now) for sms in found[(page - 1) * size : page * size]]
        return {"TotalCount": self._total(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": details}}

    def query_send_statistics(self, parameters: Parameters) -> Fields:
        """Billed parts per day."""
        now = self._clock()
        return query_send_statistics(parameters, self._accepted, lambda sms: self._receipt(sms, now))

    def _send(self, orders: Sequence[_Order], parameters: Parameters, *, messages: int) -> Fields:
        now = self._clock()
        out_id = parameters.get("OutId", "")
        if len(out_id) > MAX_OUT_ID:
            raise invalid("OutId")
        biz_id = f"{int(now * 1000)}{self.recipients % 100_000:05d}^0"
        accepted = [self._checked(order, parameters["TemplateCode"], out_id, biz_id, now) for order in orders]
        if self._options.frequency_limits:
            self._check_frequency(accepted)
        self._keep(accepted)
        self.messages += messages
        return {"BizId": biz_id}

    def _checked(self, order: _Order, code: str, out_id: str, biz_id: str, now: float) -> Sms:
        signature = self._signatures.check(order.signature)
        template = self._templates.get(code)
        if template is None or template.status is not Status.APPROVED:
            raise BusinessError("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        check_scene(signature, template)
        text = template.rendered(order.params)
        found = _NUMBER.fullmatch(order.phone)
        if found is None or outcome_of(order.phone) is Outcome.ILLEGAL_NUMBER:
            raise BusinessError("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")
        return Sms(
            number=found["national"],
            signature=order.signature,
            template=template,
            text=text,
            out_id=out_id,
            biz_id=biz_id,
            accepted_at=now,
        )

    def _check_frequency(self, accepted: Sequence[Sms]) -> None:
        for sms in accepted:
            self._frequency.check(sms.signature, sms.template, sms.number, sms.accepted_at)
        for sms in accepted:
            self._frequency.count(sms.signature, sms.template, sms.number, sms.accepted_at)

    def _keep(self, accepted: Sequence[Sms]) -> None:
        for sms in accepted:
            self._accepted.append(sms)
            self._by_number[sms.number].append(sms)
        self._on_accepted(accepted)

    def _found(self, phone: str, on: date, biz_id: str, now: float) -> list[Sms]:
        return [
            sms
            for sms in reversed(self._by_number.get(phone, []))
            if beijing(sms.accepted_at).date() == on
            and now >= sms.accepted_at + self._options.visible_after
            and biz_id in ("", sms.biz_id)
        ]

    def _receipt(self, sms: Sms, now: float) -> Receipt:
        return receipt_of(sms, self._options.final_delay, now)

    def _detail(self, sms: Sms, now: float) -> Fields:
        receipt = self._receipt(sms, now)
        detail: Fields = {
            "PhoneNum": sms.number,
            "SendStatus": receipt.send_status,
            "ErrCode": receipt.err_code,
            "TemplateCode": sms.template.code,
            "Content": sms.content,
            "SendDate": beijing(sms.accepted_at).strftime(_TIME),
            "OutId": sms.out_id,
        }
        if receipt.received:
            detail["ReceiveDate"] = beijing(sms.accepted_at + self._options.final_delay).strftime(_TIME)
        return detail

    def _total(self, count: int) -> int | str:
        """The metadata says text, real answers had a number: both come, in turns."""
        self._queries += 1
        return str(count) if self._queries % 2 else count


def _check_count(phones: Sequence[str], most: int) -> None:
    if len(phones) > most:
        raise BusinessError("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
