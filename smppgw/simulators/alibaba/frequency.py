"""How often one number may be written to: the sending rules of the mainland.

One-time passwords are counted per signature and number in clock windows of UTC+8 (minute, hour) and in 24 hours from
the first send; 40 a day over all signatures; other templates 50 a day per signature, template and number. Counted as
soon as a send is taken. Pure: `now` is an argument.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from smppgw.simulators.alibaba.answers import BusinessError
from smppgw.simulators.alibaba.templates import Template, TemplateType

DAY_S = 86400.0
_MINUTE = 60
_HOUR = 3600
_LIMIT_CODE = "isv.BUSINESS_LIMIT_CONTROL"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cap:
    """At most `permits` sends that share `key`."""

    key: tuple[object, ...]
    permits: int
    message: str


class Frequency:
    """Counts sends per number and refuses what is over a cap."""

    def __init__(self) -> None:
        self._windows: Counter[tuple[object, ...]] = Counter()
        self._days: dict[tuple[object, ...], tuple[float, int]] = {}

    def check(self, signature: str, template: Template, number: str, now: float) -> None:
        """Refuse a send that is over a cap.

        Raises:
            BusinessError: `isv.BUSINESS_LIMIT_CONTROL`; the message names the window.
        """
        for cap in _window_caps(signature, template, number, now):
            if self._windows[cap.key] >= cap.permits:
                raise BusinessError(_LIMIT_CODE, cap.message)
        for cap in _day_caps(signature, template, number):
            if self._in_day(cap.key, now) >= cap.permits:
                raise BusinessError(_LIMIT_CODE, cap.message)

    def count(self, signature: str, template: Template, number: str, now: float) -> None:
        """Count a send that was taken."""
        for cap in _window_caps(signature, template, number, now):
            self._windows[cap.key] += 1
        for cap in _day_caps(signature, template, number):
            sends = self._in_day(cap.key, now)
            started_at = self._days[cap.key][0] if sends else now
            self._days[cap.key] = (started_at, sends + 1)

    def forget(self) -> None:
        """Back to the start."""
        self._windows.clear()
        self._days.clear()

    def _in_day(self, key: tuple[object, ...], now: float) -> int:
        started_at, sends = self._days.get(key, (now, 0))
        return sends if now < started_at + DAY_S else 0


def _window_caps(signature: str, template: Template, number: str, now: float) -> Iterator[_Cap]:
    if template.type is not TemplateType.OTP:
        return
    # UTC+8 is whole hours away from UTC, so that its minutes and hours begin where those of Unix time do.
    minute, hour = int(now // _MINUTE), int(now // _HOUR)
    yield _Cap(key=("minute", minute, signature, number), permits=1, message="触发分钟级流控Permits:1")
    yield _Cap(key=("hour", hour, signature, number), permits=5, message="触发小时级流控Permits:5")


def _day_caps(signature: str, template: Template, number: str) -> Iterator[_Cap]:
    if template.type is TemplateType.OTP:
        yield _Cap(key=(signature, number), permits=10, message="触发天级流控Permits:10")
        yield _Cap(key=(number,), permits=40, message="触发云通信流控限制")
    else:
        yield _Cap(key=(signature, template.code, number), permits=50, message="触发天级流控Permits:50")
