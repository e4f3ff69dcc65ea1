"""Parts of a month, per carrier."""

from datetime import UTC, datetime

from smppgw.core.volumes import Volumes, begin_of_month


def at(month: int, day: int, hour: int = 0) -> float:
    return datetime(2026, month, day, hour, tzinfo=UTC).timestamp()


def test_parts_add_up_by_carrier() -> None:
    volumes = Volumes()
    volumes.add("alpha", 3, at(3, 1))
    volumes.add("alpha", 2, at(3, 31, 23))
    volumes.add("alpha", -1, at(3, 31, 23))

    assert (volumes.taken("alpha", at(3, 31)), volumes.taken("beta", at(3, 31))) == (4, 0)


def test_a_month_begins_with_nothing() -> None:
    volumes = Volumes()
    volumes.add("alpha", 3, at(12, 31, 23))

    assert volumes.taken("alpha", at(12, 31, 23) + 3600) == 0


def test_what_the_ledger_has_takes_the_place_of_the_count() -> None:
    volumes = Volumes()
    volumes.add("alpha", 3, at(3, 1))

    volumes.restore({"alpha": 100, "beta": 7}, at(3, 2))

    assert (volumes.taken("alpha", at(3, 2)), volumes.taken("beta", at(3, 2))) == (100, 7)


def test_moves_tell_how_far_any_count_may_have_come() -> None:
    volumes = Volumes()
    volumes.add("alpha", 3, at(3, 1))
    volumes.add("beta", -2, at(3, 1))

    assert volumes.moves == 5


def test_a_month_begins_at_midnight_utc() -> None:
    assert begin_of_month(at(2, 28, 23)) == at(2, 1)
    assert begin_of_month(at(3, 1)) == at(3, 1)
