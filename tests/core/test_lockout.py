"""Delays and lock-outs with a virtual clock."""

import pytest

from smppgw.core.lockout import Lockout, LockoutRules, Scope, site_of

RULES = (
    LockoutRules()
)  # patience 3, lock after 10 for 900 s, delays 0.25 to 8 s, addresses and accounts ten times as much


def failed(times: int, account: str = "acme", address: str = "192.0.2.1", now: float = 0.0) -> Lockout:
    lockout = Lockout(RULES)
    for _ in range(times):
        lockout.fail(account, address, now)
    return lockout


@pytest.mark.parametrize(
    ("failures", "delay_s"),
    [(0, 0.25), (1, 0.25), (3, 0.25), (4, 1.0), (5, 2.0), (6, 4.0), (7, 8.0), (8, 8.0), (10, 8.0), (5000, 8.0)],
)
def test_refusals_come_later_each_time(failures: int, delay_s: float) -> None:
    assert failed(failures).delay_s("acme", "192.0.2.1", 0.0) == delay_s


@pytest.mark.parametrize(("failures", "locked"), [(9, False), (10, True), (11, True)])
def test_ten_failures_lock_an_account_out_at_an_address(failures: int, locked: bool) -> None:
    assert failed(failures).is_locked("acme", "192.0.2.1", 0.0) is locked


@pytest.mark.parametrize(("now", "locked"), [(899.9, True), (900.0, False)])
def test_a_lock_ends_by_itself(now: float, locked: bool) -> None:
    assert failed(10).is_locked("acme", "192.0.2.1", now) is locked


def test_after_a_lock_counting_begins_anew() -> None:
    lockout = failed(10)

    lockout.fail("acme", "192.0.2.1", 900.0)

    assert not lockout.is_locked("acme", "192.0.2.1", 900.0)
    assert lockout.delay_s("acme", "192.0.2.1", 900.0) == 0.25


def test_what_fails_during_a_lock_does_not_prolong_it() -> None:
    """A client that retries every few seconds gets out of it."""
    lockout = failed(10)

    for now in range(0, 900, 5):
        lockout.fail("acme", "192.0.2.1", float(now))

    assert not lockout.is_locked("acme", "192.0.2.1", 900.0)


def test_a_right_password_is_not_locked_out_at_another_address() -> None:
    """However many addresses guess."""
    lockout = Lockout(RULES)

    for number in range(200):
        for _ in range(10):
            lockout.fail("acme", f"198.51.100.{number}", 0.0)

    assert not lockout.is_locked("acme", "192.0.2.1", 0.0)


def test_failures_of_an_account_everywhere_delay_its_refusals_anywhere() -> None:
    """31 failures at 31 addresses."""
    lockout = Lockout(RULES)
    for number in range(31):
        lockout.fail("acme", f"198.51.100.{number}", 0.0)

    assert lockout.delay_s("acme", "192.0.2.1", 0.0) == 1.0


def test_an_address_that_tries_many_accounts_is_locked_out_for_all() -> None:
    lockout = Lockout(RULES)

    for number in range(100):
        lockout.fail(f"acme{number}", "192.0.2.1", 0.0)

    assert lockout.is_locked("bolt", "192.0.2.1", 0.0)


def test_where_an_account_has_bound_is_remembered() -> None:
    lockout = Lockout(RULES)
    lockout.succeed("acme", "192.0.2.1")

    assert lockout.has_bound("acme", "192.0.2.1")
    assert not lockout.has_bound("acme", "192.0.2.2")
    assert not lockout.has_bound("bolt", "192.0.2.1")


def test_a_locked_address_spares_accounts_that_have_bound_from_it() -> None:
    """Others behind the same proxy do not pay."""
    lockout = Lockout(RULES)
    lockout.succeed("bolt", "192.0.2.1")

    for number in range(100):
        lockout.fail(f"acme{number}", "192.0.2.1", 0.0)

    assert not lockout.is_locked("bolt", "192.0.2.1", 0.0)


def test_an_account_that_has_bound_can_still_be_guessed_only_ten_times() -> None:
    lockout = Lockout(RULES)
    lockout.succeed("acme", "192.0.2.1")

    for _ in range(10):
        lockout.fail("acme", "192.0.2.1", 0.0)

    assert lockout.is_locked("acme", "192.0.2.1", 0.0)


def test_one_client_with_a_wrong_password_does_not_lock_its_neighbours_out() -> None:
    """It retries every five seconds for a day: ten failures per fifteen minutes count."""
    lockout = Lockout(RULES)

    for now in range(0, 86_400, 5):
        lockout.fail("acme", "192.0.2.1", float(now))

        assert not lockout.is_locked("bolt", "192.0.2.1", float(now))


def test_a_success_forgets_failures() -> None:
    lockout = failed(9)

    lockout.succeed("acme", "192.0.2.1")
    lockout.fail("acme", "192.0.2.1", 0.0)

    assert not lockout.is_locked("acme", "192.0.2.1", 0.0)
    assert lockout.delay_s("acme", "192.0.2.1", 0.0) == 0.25


def test_a_success_of_one_account_does_not_help_the_guesses_at_another() -> None:
    lockout = failed(9)

    lockout.succeed("mallory", "192.0.2.1")
    lockout.fail("acme", "192.0.2.1", 0.0)

    assert lockout.is_locked("acme", "192.0.2.1", 0.0)


def test_each_limit_is_told_once() -> None:
    lockout = Lockout(RULES)

    told = [lockout.fail("acme", "192.0.2.1", 0.0) for _ in range(12)]

    assert told == [()] * 9 + [(Scope.PAIR,), (), ()]


def test_the_limits_of_an_address_and_of_an_account_are_told() -> None:
    """100 accounts at one address, and 100 addresses for one account."""
    lockout = Lockout(RULES)

    address = [lockout.fail(f"acme{number}", "192.0.2.1", 0.0) for number in range(100)]
    account = [lockout.fail("acme", f"198.51.{number}.1", 0.0) for number in range(100)]

    assert (address[-1], account[-1]) == ((Scope.ADDRESS,), (Scope.ACCOUNT,))
    assert not any(address[:-1] + account[:-1])


def test_an_operator_can_lift_locks() -> None:
    lockout = failed(10)

    lockout.forgive()

    assert not lockout.is_locked("acme", "192.0.2.1", 0.0)


def test_memory_is_bounded() -> None:
    lockout = Lockout(LockoutRules(remembered=100))

    for number in range(1000):
        lockout.fail(f"acme{number}", f"198.51.100.{number}", 0.0)
        lockout.succeed(f"bolt{number}", "192.0.2.1")

    assert (len(lockout._counts), len(lockout._good)) == (100, 100)


def test_the_oldest_count_is_forgotten_first() -> None:
    """Room for two failures, of three counts each; the one that goes is not the one that failed again."""
    lockout = Lockout(LockoutRules(remembered=6))

    for account, times in (("acme", 5), ("bolt", 1), ("acme", 4), ("cafe", 1), ("acme", 1)):
        for _ in range(times):
            lockout.fail(account, f"address of {account}", 0.0)

    assert lockout.is_locked("acme", "address of acme", 0.0)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::", "2001:db8:1::/48"),
        ("2001:db8:2::", "2001:db8:2::/48"),
        ("no address", "no address"),
    ],
)
def test_a_site_counts_as_one_address(address: str, site: str) -> None:
    assert site_of(address) == site
