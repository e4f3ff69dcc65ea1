"""What routing is asked about in tests: messages, and a market whose knowledge is written down."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Message, MessageId, TrafficClass
from smppgw.core.routing.market import Check, Standing
from smppgw.core.verdict import Rejected

NOW = 1_700_000_000.0
"""Tuesday, 2023-11-14 22:13:20 UTC."""


def routed(
    account: str = "legacy",
    country: str = "DE",
    recipient: str = "491711234567",
    sender: str = "Shop",
    **changes: Any,
) -> Message:
    """Make a message that wants a route."""
    fields: dict[str, Any] = {
        "id": MessageId(1),
        "account": account,
        "recipient": recipient,
        "country": country,
        "sender": sender,
        "sender_is_number": sender.isdecimal(),
        "text": "hello",
        "parts": 1,
        "flash": False,
        "traffic_class": TrafficClass.TRANSACTIONAL,
        "priority_flag": 0,
        "service_type": "",
        "vendor_tlvs": b"",
        "accepted_at": NOW,
        "expires_at": NOW + 86400,
    }
    return Message(**(fields | changes))


@dataclass
class FakeMarket:
    """Implements ``Market`` from what a test writes down."""

    refusals: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, Standing] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    parts: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def checks(self) -> Mapping[str, Check]:
        refused = {name: Rejected(ErrorCode.NO_CARRIER, reason) for name, reason in self.refusals.items()}
        return defaultdict(lambda: lambda message: None, {name: partial(_say, said) for name, said in refused.items()})

    def part_prices(self, message: Message, at: float) -> Mapping[str, int]:
        return self.prices

    def standings(self, message: Message, at: float) -> Mapping[str, Standing]:
        return self.records

    def down(self) -> frozenset[str]:
        return self.closed

    def parts_this_month(self) -> Mapping[str, int]:
        return self.parts

    def delivered_last(self, account: str, recipient: str) -> str | None:
        return self.last.get((account, recipient))


def _say(rejected: Rejected, message: Message) -> Rejected:
    return rejected
