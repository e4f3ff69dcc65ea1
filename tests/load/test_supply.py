from smppgw.load.supply import Supply


def test_without_a_rate_everything_may_go_at_once() -> None:
    supply = Supply(10, None)

    assert supply.take(100, 0.0) == range(10)
    assert supply.empty


def test_places_are_handed_out_once() -> None:
    supply = Supply(5, None)

    assert (supply.take(3, 0.0), supply.take(3, 0.0)) == (range(3), range(3, 5))
    assert not supply.take(3, 0.0)


def test_a_rate_lets_go_what_is_due() -> None:
    supply = Supply(100, rate=10.0)

    taken = [len(supply.take(100, now)) for now in (5.0, 5.0625, 5.125, 6.0, 6.0)]

    assert taken == [1, 0, 1, 9, 0]  # 1 + int(10 * elapsed), less what went before


def test_a_rate_does_not_exceed_the_window() -> None:
    supply = Supply(100, rate=10.0)
    supply.take(1, 0.0)

    assert supply.take(3, 10.0) == range(1, 4)


def test_a_rate_ends_with_the_messages() -> None:
    supply = Supply(2, rate=10.0)
    supply.take(1, 0.0)

    assert supply.take(100, 1_000.0) == range(1, 2)
    assert supply.empty
