"""Inbound texts that Retarus pushes ("SMS to applications"). Outbound receipts are never pushed.

The fields are documented; the elements around them, the answer that is expected and the retries are not, so these are
assumed: any 2xx within 10 seconds, and three more tries after 1, 5 and 10 minutes.
"""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import httpx2

from smppgw.simulators.calls import Sleep
from smppgw.simulators.faults import Faults
from smppgw.simulators.pushing import Delivery, Pusher, PushRules
from smppgw.simulators.retarus.options import RetarusOptions

TIMEOUT_S = 10.0
RETRIES_S = (60.0, 300.0, 600.0)


class Pushes:
    """The pushes of one customer."""

    def __init__(
        self,
        options: RetarusOptions,
        faults: Faults,
        *,
        places: frozenset[str],
        clock: Callable[[], float],
        sleep: Sleep,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        rules = PushRules(
            timeout_s=TIMEOUT_S,
            retries_s=tuple(pause_s * options.push_retry_scale for pause_s in RETRIES_S),
            heard=lambda status, _body: 200 <= status < 300,
        )
        self._clock = clock
        self._pusher = Pusher(
            options.push_url, rules, faults=faults, places=places, clock=clock, sleep=sleep, transport=transport
        )
        self._numbers = itertools.count(1)

    def aim(self, url: str | None, intl_url: str | None) -> None:
        """Push to another address from now on; there is one only."""
        self._pusher.url = url or intl_url

    def deliveries(self) -> list[Delivery]:
        """Every try so far."""
        return self._pusher.deliveries

    def forget(self) -> None:
        """Back to the start, but for the address."""
        self._pusher.forget()

    def inbound(self, sender: str, destination: str, text: str) -> None:
        """Push a text that somebody has sent."""
        at = datetime.fromtimestamp(self._clock(), UTC)
        fields = {
            "cuNo": "12345",
            "smsId": f"I.{at:%Y%m%d-%H%M%S}.{next(self._numbers):06}",
            "storeTs": at.isoformat(timespec="milliseconds"),
            "src": sender,
            "dst": destination,
            "text": text,
        }
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        body = f'<?xml version="1.0" encoding="UTF-8"?><sms>{inner}</sms>'
        self._pusher.push("inbound", body.encode(), "application/xml;charset=UTF-8")
