"""`smppgw costs`: what the ledger of a configuration's store adds up to, whether the daemon runs or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from smppgw.config.settings import Settings
from smppgw.core.spending import Dimension, Spending, add_up
from smppgw.store.base import StoreError
from smppgw.store.sqlite.opening import connect_reader, in_our_terms
from smppgw.store.sqlite.rows import ms
from smppgw.store.sqlite.spending import spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Sums of some days."""

    by: Sequence[Dimension]
    since: date
    until: date
    """The last day."""
    reporting: str
    """The reporting currency, ISO 4217."""
    rows: Sequence[Spending]


def statement(
    settings: Settings, by: Sequence[Dimension], since: date | None, until: date | None, now: float
) -> Statement:
    """Add up what was booked on days of UTC.

    Args:
        settings: They name the store.
        by: What is told apart, in this order.
        since: The first day; None: of the month of the last one.
        until: The last day; None: today.
        now: Unix seconds.

    Raises:
        StoreError: There is no store, or it cannot be read.
    """
    last = until or datetime.fromtimestamp(now, UTC).date()
    first = since or last.replace(day=1)
    path = settings.store.path
    if not path.is_file():
        raise StoreError(f"there is none at {path}")
    with in_our_terms(path):
        reader = connect_reader(path)
        try:
            rows = add_up(spent(reader, by, _start_ms(first), _start_ms(last + timedelta(days=1))))
        finally:
            reader.close()
    return Statement(by=by, since=first, until=last, reporting=settings.rates.currency, rows=rows)


def _start_ms(day: date) -> int:
    return ms(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
