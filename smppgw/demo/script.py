"""What the demo sends, and what must become of it. Plain values: nothing is sent here.

The last four digits of a recipient tell the simulated carriers what to do with it (0001 invalid number, 0003 expired,
0005 not reachable); every recipient occurs once, so that a message can be found again by its number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smppgw.smpp.receipt import Stat

MAX_FURTHER: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One text for one recipient."""

    recipient: str
    """E.164 digits without plus."""
    text: str
    carrier: str
    """The carrier that the routes must choose."""
    stat: Stat = Stat.DELIVRD
    """What each of its receipts must say."""
    sender: str = "Shop"


RETARUS: Final = "retarus"
ALIBABA: Final = "alibaba"
ALIBABA_INTL: Final = "alibaba-intl"

_LONG: Final = (
    "A text of more than 160 characters does not fit into one SMS. An SMPP client cuts it up and sends each piece as a "
    "message of its own, with a small header that says: part 1 of 3, part 2 of 3, part 3 of 3. HTTP carriers want the "
    "whole text. So the gateway waits for all the parts, in any order, joins them, sends one message, and gives the "
    "client one receipt for each part it had sent."
)

CASES: Final = (
    Case(recipient="4915112345678", text="Your parcel arrives today.", carrier=RETARUS),
    Case(recipient="447700900123", text="Grüße aus Köln, 您好 👋", carrier=RETARUS),
    Case(recipient="4366412345678", text=_LONG, carrier=RETARUS),
    Case(recipient="4915112340001", text="To a wrong number", carrier=RETARUS, stat=Stat.UNDELIV),
    Case(recipient="4915112340003", text="To a phone that stays off", carrier=RETARUS, stat=Stat.EXPIRED),
    Case(recipient="8613812345678", text="您的验证码为：739214，请勿泄露于他人！", carrier=ALIBABA),
    Case(
        recipient="8613812340005",
        text="尊敬的王芳，您的订单A1024已发货，快递单号SF1357。",
        carrier=ALIBABA,
        stat=Stat.UNDELIV,
    ),
    Case(recipient="85261234567", text="Your table is booked.", carrier=ALIBABA_INTL),
    Case(recipient="6581230001", text="Refused by the carrier", carrier=ALIBABA_INTL, stat=Stat.UNDELIV),
)
"""The long one is 3 parts; the Chinese ones fit templates that the simulated platform has approved."""


def further(count: int) -> Iterator[Case]:
    """Make plain messages beyond ``CASES``, at most ``MAX_FURTHER``; no number ends in digits that mean something."""
    for number in range(count):
        block, place = divmod(number, 9000)
        yield Case(recipient=f"49152{block:04}{1000 + place}", text=f"Plain message {number + 1}", carrier=RETARUS)
