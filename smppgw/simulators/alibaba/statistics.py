"""QuerySendStatistics: billed parts per day and outcome. Pure: messages in, fields out."""

from collections import Counter
from collections.abc import Callable, Iterable

from smppgw.simulators.alibaba.parameters import PAGE_SIZES, PAGES, Parameters, beijing, day, integer
from smppgw.simulators.alibaba.sms import Receipt, Sms

_MAINLAND = 1
_WAITING, _FAILED, _DELIVERED = 1, 2, 3

Fields = dict[str, object]


def query_send_statistics(
    parameters: Parameters, messages: Iterable[Sms], receipt_of: Callable[[Sms], Receipt]
) -> Fields:
    """The answer; international days (`IsGlobe` 2) are always empty here."""
    is_mainland = integer(parameters, "IsGlobe", range(1, 3)) == _MAINLAND
    size = integer(parameters, "PageSize", PAGE_SIZES)
    page = integer(parameters, "PageIndex", PAGES)
    first, last = day(parameters, "StartDate"), day(parameters, "EndDate")
    parts: Counter[tuple[str, int]] = Counter()
    for sms in messages if is_mainland else ():
        on = beijing(sms.accepted_at).date()
        if first <= on <= last and _is_wanted(sms, parameters):
            parts[f"{on:%Y%m%d}", receipt_of(sms).send_status] += sms.parts
    days = [_day(on, parts) for on in sorted({on for on, _status in parts})]
    return {"Data": {"TotalSize": len(days), "TargetList": days[(page - 1) * size : page * size]}}


def _is_wanted(sms: Sms, parameters: Parameters) -> bool:
    signature, kind = parameters.get("SignName", ""), parameters.get("TemplateType", "")
    return signature in ("", sms.signature) and kind in ("", str(sms.template.type.value))


def _day(on: str, parts: Counter[tuple[str, int]]) -> Fields:
    waiting, failed, delivered = (parts[on, status] for status in (_WAITING, _FAILED, _DELIVERED))
    return {
        "SendDate": on,
        "TotalCount": waiting + failed + delivered,
        "RespondedSuccessCount": delivered,
        "RespondedFailCount": failed,
        "NoRespondedCount": waiting,
    }
