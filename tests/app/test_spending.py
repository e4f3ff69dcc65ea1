"""Whole days of UTC, of one month unless somebody says otherwise."""

from datetime import UTC, date, datetime

import pytest

from smppgw.app.spending import statement
from smppgw.core.spending import Dimension
from smppgw.store.base import StoreError
from smppgw.store.sqlite import opening
from tests.app.conftest import Load

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC).timestamp()
MOMENTS = (
    datetime(2026, 2, 28, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2026, 3, 1, tzinfo=UTC),
    datetime(2026, 3, 15, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2026, 3, 16, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, ["2026-03-01", "2026-03-15"]),
        (None, date(2026, 2, 28), ["2026-02-28"]),
        (date(2026, 2, 1), None, ["2026-02-28", "2026-03-01", "2026-03-15"]),
        (date(2026, 3, 1), date(2026, 3, 1), ["2026-03-01"]),
        (date(2026, 3, 15), date(2026, 3, 16), ["2026-03-15", "2026-03-16"]),
    ],
)
def test_both_days_are_inclusive(load_text: Load, since: date | None, until: date | None, days: list[str]) -> None:
    settings = load_text()
    store = opening.connect(settings.store.path)
    store.executemany(
        """INSERT INTO costs (attempt, message, kind, account, carrier, country, traffic_class, parts, at_ms)
           VALUES (1, ?, 0, 'legacy', 'loop', 'DE', 1, 1, ?)""",
        ((number, round(moment.timestamp() * 1000)) for number, moment in enumerate(MOMENTS)),
    )

    found = statement(settings, [Dimension.DAY], since, until, NOW)

    assert [row.key[0] for row in found.rows] == days
    assert found.reporting == "EUR"
    store.close()


def test_without_a_store_there_is_no_statement(load_text: Load) -> None:
    with pytest.raises(StoreError, match="there is none at"):
        statement(load_text(), [], None, None, NOW)
