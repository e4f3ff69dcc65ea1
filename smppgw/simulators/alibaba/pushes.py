"""What the platform pushes: SmsReport and SmsUp of the mainland, and the international report.

Nothing is pushed while no address is known, and nothing that has no final status. The rules of the pusher are those of
the documentation: 700 ms, HTTP 200 with a number as `code`, three more tries after 1, 5 and 10 minutes.
"""

import itertools
from collections.abc import Callable, Sequence
from email.utils import format_datetime

import httpx2
import msgspec

from smppgw.simulators.alibaba.answers import Service
from smppgw.simulators.alibaba.globe import GlobeSms
from smppgw.simulators.alibaba.options import AlibabaOptions
from smppgw.simulators.alibaba.parameters import beijing
from smppgw.simulators.alibaba.sms import Sms, receipt_of
from smppgw.simulators.calls import Sleep
from smppgw.simulators.faults import Faults
from smppgw.simulators.outcomes import Outcome, outcome_of
from smppgw.simulators.pushing import Delivery, Gatherer, Pusher, PushRules, Row

RETRIES_S = (60.0, 300.0, 600.0)
JSON = "application/json"

_TIME = "%Y-%m-%d %H:%M:%S"
_DELIVERED = 3
_PENDING = frozenset({Outcome.NOTHING_KNOWN, Outcome.NEVER_FINAL})
_GLOBE_DELIVERED = ("1", "success")
_GLOBE_FAILED = {
    Outcome.EXPIRED: ("6", "EXPIRED"),
    Outcome.NO_CONNECTION: ("2", "UNDELIV"),
    Outcome.UNREACHABLE: ("2", "UNDELIV"),
    Outcome.CONTENT_REJECTED: ("2", "REJECTD"),
    Outcome.UNKNOWN_STATUS: ("2", "ZZ:9999"),
}
"""`Status` and `ErrorCode` of the international report."""


class Pushes:
    """The pushes of one account: the mainland's, and those from abroad, each to its own address."""

    def __init__(
        self,
        options: AlibabaOptions,
        faults: Faults,
        *,
        clock: Callable[[], float],
        sleep: Sleep,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        rules = PushRules(
            timeout_s=options.push_timeout,
            retries_s=tuple(pause_s * options.push_retry_scale for pause_s in RETRIES_S),
            heard=_heard,
        )

        def pusher(url: str | None, place: Service) -> Pusher:
            return Pusher(
                url, rules, faults=faults, places=frozenset({place}), clock=clock, sleep=sleep, transport=transport
            )

        def gatherer(hand_on: Callable[[Sequence[Row]], None]) -> Gatherer:
            return Gatherer(hand_on, delay_s=options.final_delay, most=options.push_rows, clock=clock, sleep=sleep)

        self._final_delay = options.final_delay
        self._clock = clock
        self._mainland = pusher(options.push_url, Service.MAINLAND)
        self._globe = pusher(options.intl_push_url or options.push_url, Service.INTERNATIONAL)
        self._reports = gatherer(lambda rows: _push(self._mainland, "SmsReport", rows))
        self._globe_reports = gatherer(lambda rows: _push(self._globe, "GlobeReport", rows))
        self._numbers = itertools.count(1)

    def aim(self, url: str | None, intl_url: str | None) -> None:
        """Push to other addresses from now on; None: nowhere, or abroad as in the mainland."""
        self._mainland.url = url
        self._globe.url = intl_url or url

    def deliveries(self) -> list[Delivery]:
        """Every try so far, by the time it began."""
        return sorted(self._mainland.deliveries + self._globe.deliveries, key=lambda each: each.at)

    def forget(self) -> None:
        """Back to the start, but for the addresses."""
        for each in (self._mainland, self._globe, self._reports, self._globe_reports):
            each.forget()

    def accepted(self, accepted: Sequence[Sms]) -> None:
        """Push their final status when it is due."""
        if self._mainland.url is not None:
            self._reports.add([row for sms in accepted if (row := _sms_report(sms, self._final_delay))])

    def accepted_abroad(self, accepted: Sequence[GlobeSms]) -> None:
        """Push their final status when it is due."""
        if self._globe.url is not None:
            self._globe_reports.add([row for sms in accepted if (row := _globe_report(sms, self._final_delay))])

    def inbound(self, sender: str, destination: str, text: str) -> None:
        """Push a text that a subscriber of the mainland has sent."""
        row: Row = {
            "phone_number": sender.removeprefix("+").removeprefix("86"),
            "content": text,
            "send_time": beijing(self._clock()).strftime(_TIME),
            "dest_code": destination.removeprefix("+"),
            "sequence_id": f"{int(self._clock() * 1000)}{next(self._numbers):04}",
        }
        _push(self._mainland, "SmsUp", [row])


def _push(pusher: Pusher, kind: str, rows: Sequence[Row]) -> None:
    pusher.push(kind, msgspec.json.encode(rows), JSON, len(rows))


def _heard(status: int, body: bytes) -> bool:
    """Whether the answer is the one that the platform wants: only that `code` is a number is looked at."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return status == 200 and isinstance(answer, dict) and type(answer.get("code")) is int


def _sms_report(sms: Sms, final_delay: float) -> Row | None:
    final_at = sms.accepted_at + final_delay
    receipt = receipt_of(sms, final_delay, final_at)
    if not receipt.received:
        return None
    return {
        "phone_number": sms.number,
        "send_time": beijing(sms.accepted_at).strftime(_TIME),
        "report_time": beijing(final_at).strftime(_TIME),
        "success": receipt.send_status == _DELIVERED,
        "err_code": receipt.err_code,
        "err_msg": "用户接收成功" if receipt.send_status == _DELIVERED else receipt.err_code,
        "sms_size": str(sms.parts),
        "biz_id": sms.biz_id,
        "out_id": sms.out_id,
    }


def _globe_report(sms: GlobeSms, final_delay: float) -> Row | None:
    outcome = outcome_of(sms.to)
    if outcome in _PENDING:
        return None
    status, code = _GLOBE_FAILED.get(outcome, _GLOBE_DELIVERED)
    return {
        "To": sms.to,
        "SendDate": format_datetime(beijing(sms.accepted_at)),
        "ReceiveDate": format_datetime(beijing(sms.accepted_at + final_delay)),
        "Status": status,
        "ErrorCode": code,
        "ErrorDescription": code,
        "TaskId": sms.task_id,
        "SmsSize": str(sms.parts),
        "MessageId": sms.message_id,
    }
