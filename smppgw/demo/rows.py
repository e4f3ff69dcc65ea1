"""The rows of the demo's table: the way of each message beside the receipts that the client got for it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from smppgw.demo.ways import Verdict, Way
from smppgw.smpp.receipt import STATS, Receipt

MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line."""

    account: str
    recipient: str
    text: str
    parts: int
    route: str
    carrier: str
    verdict: Verdict
    receipt: str
    """``stat`` and ``err`` of the receipts that came."""
    micros: int | None
    """Booked price, as in `Way`."""

    @property
    def price(self) -> str:
        """For people: what was not booked costs nothing, and an unknown price says so."""
        if self.verdict is not Verdict.ACCEPTED:
            return "-"
        return "unknown" if self.micros is None else amount(self.micros)


def amount(micros: int) -> str:
    """Write millionths of a currency with four decimals."""
    return f"{Decimal(micros).scaleb(-6):.4f}"


def make_rows(ways: Iterable[Way], receipts: Mapping[str, Sequence[Receipt]]) -> list[Row]:
    """Put each way and its receipts together, in the order of the ways."""
    return [
        Row(
            account=way.account,
            recipient=f"+{way.recipient}",
            text=way.text,
            parts=way.parts,
            route=way.route,
            carrier=way.carrier,
            verdict=way.verdict,
            receipt=_label(way, receipts),
            micros=way.micros,
        )
        for way in ways
    ]


def _label(way: Way, receipts: Mapping[str, Sequence[Receipt]]) -> str:
    said = Counter(label for each in way.message_ids for label in _labels(receipts.get(each, ())))
    return ", ".join(f"{times}x {label}" if times > 1 else label for label, times in said.items())


def _labels(receipts: Sequence[Receipt]) -> list[str]:
    return [f"{STATS[each.state]} {each.err:03}" for each in receipts] or [MISSING]


def fold(rows: Sequence[Row], shown: int) -> list[Row]:
    """Keep the first ``shown`` rows; those that follow become one row for each way they went."""
    groups: dict[Row, list[Row]] = {}
    for row in rows[shown:]:
        alike = replace(row, recipient="", text="", parts=0, micros=None if row.micros is None else 0)
        groups.setdefault(alike, []).append(row)
    return [*rows[:shown], *(_folded(alike, group) for alike, group in groups.items())]


def _folded(alike: Row, group: Sequence[Row]) -> Row:
    return replace(
        alike,
        text=f"({len(group)} more like this)",
        parts=sum(row.parts for row in group),
        micros=None if alike.micros is None else sum(row.micros or 0 for row in group),
    )
