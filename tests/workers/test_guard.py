"""Who fails to bind waits, and in the end is not even looked at; who has the right password does not wait."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from smppgw.core.bind_rates import BindRate
from smppgw.core.lockout import LockoutRules
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import BindTransceiver, Pdu
from tests.workers.fakes import WAIT_S, Depot, FakeClock, Peer, policy, value_of
from tests.workers.front import Front

ROK, RBINDFAIL = CommandStatus.ESME_ROK, CommandStatus.ESME_RBINDFAIL
ATTACKER, HOME = "198.51.100.66", "10.0.0.1"
Events = list[dict[str, object]]


@pytest.fixture
def front(depot: Depot, time: FakeClock) -> Front:
    return Front(
        depot,
        time,
        policies={"acme": policy(), "bolt": policy(system_id="bolt", certificates=frozenset({"bolt.example"}))},
        lockout_rules=LockoutRules(),
    )


@pytest.fixture
def events() -> Iterator[Events]:
    with structlog.testing.capture_logs() as captured:
        yield captured  # type: ignore[misc] # structlog's own dictionaries, which nobody changes


def bind(password: str = "wrong", system_id: str = "acme", number: int = 1) -> Pdu:
    return BindTransceiver(sequence_number=number, system_id=system_id, password=password, interface_version=0x34)


async def settled(front: Front) -> None:
    await front.reception.wait_idle()


async def asked(front: Front, times: int) -> None:
    """Wait until so many passwords are being checked."""
    async with asyncio.timeout(WAIT_S):
        while len(front.passwords.asked) < times:  # noqa: ASYNC110 # a list, no event
            await asyncio.sleep(0)


async def refused(front: Front, peer: Peer, pdu: Pdu) -> float:
    """Let a bind be refused; return the delay of its answer."""
    peer.send(pdu)
    await settled(front)
    (timer,) = front.timers.waiting
    assert peer.transport.pdus == []
    front.timers.ring()
    (answer,) = await peer.got()
    assert answer.command_status == RBINDFAIL
    return timer.delay_s


async def test_refusals_come_later_each_time(front: Front) -> None:
    """A quarter of a second three times, then 1, 2, 4 and 8, whatever connections they come on."""
    delays = [await refused(front, front.peer(), bind()) for _ in range(8)]

    assert delays == [0.25, 0.25, 0.25, 1.0, 2.0, 4.0, 8.0, 8.0]


@pytest.mark.parametrize("system_id", ["acme", "bolt", "nobody"])
async def test_neither_time_nor_answer_tells_what_was_wrong(front: Front, system_id: str) -> None:
    """A wrong password, a missing certificate, an unknown name: the same delays up to the lock and beyond it."""
    delays = [await refused(front, front.peer(ATTACKER), bind("secret?", system_id)) for _ in range(12)]

    assert delays == [0.25, 0.25, 0.25, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0]


async def test_the_time_of_the_check_is_part_of_the_delay(front: Front, time: FakeClock) -> None:
    """0.1 of 0.25 s have gone by."""
    front.passwords.gate.clear()
    front.peer().send(bind())
    await asked(front, 1)

    time.advance(0.1)
    front.passwords.gate.set()
    await settled(front)

    (timer,) = front.timers.waiting
    assert timer.delay_s == pytest.approx(0.15)


async def test_ten_failures_lock_out_and_are_told_once(front: Front, events: Events) -> None:
    for _ in range(15):
        await refused(front, front.peer(ATTACKER), bind())

    alerts = [event for event in events if event["event"] == "locked out after failed binds"]
    assert [(alert["account"], alert["peer"], alert["scope"]) for alert in alerts] == [
        ("acme", ATTACKER, "account at address")
    ]
    assert len([event for event in events if event["event"] == "bind refused"]) == 10
    locked = value_of(front.metrics, "smpp_binds_total", account="acme", bind_type="transceiver", result="locked")
    assert locked == 5


async def test_the_right_password_comes_too_late_for_whoever_is_locked_out(front: Front) -> None:
    """And it is not even compared."""
    for _ in range(10):
        await refused(front, front.peer(ATTACKER), bind())
    asked = len(front.passwords.asked)

    await refused(front, front.peer(ATTACKER), bind("secret"))

    assert len(front.passwords.asked) == asked


async def test_the_right_password_binds_at_once_from_another_address(front: Front) -> None:
    for _ in range(10):
        await refused(front, front.peer(ATTACKER), bind())

    answer = await front.peer(HOME).bind(bind("secret"))

    assert answer.command_status == ROK
    assert front.timers.waiting == []


async def test_guesses_that_come_together_do_not_pass_together(front: Front) -> None:
    """Twenty at once, the right one last: ten fail, and with the tenth the door is shut."""
    front.passwords.gate.clear()
    peers = [front.peer(ATTACKER) for _ in range(20)]
    for number, peer in enumerate(peers):
        peer.send(bind("secret" if number == 19 else f"guess {number}"))
    await asked(front, 20)

    front.passwords.gate.set()
    await settled(front)
    front.timers.ring()

    answers = [(await peer.got())[0].command_status for peer in peers]
    assert answers == [RBINDFAIL] * 20


async def test_none_of_ten_thousand_guesses_comes_through(front: Front, time: FakeClock) -> None:
    """One a second; the right password is among them whenever the door is shut. The owner binds afterwards.

    Ten guesses are looked at, then a lock of 900 s begins at the tenth: ten of each 909. 10,000 are
    eleven times 909, and the first guess of the twelfth.
    """
    passed = 0
    for number in range(10_000):
        peer = front.peer(ATTACKER)
        peer.send(bind(f"guess {number}" if number % 909 < 10 else "secret"))
        await settled(front)
        front.timers.ring()
        passed += (await peer.got())[0].command_status == ROK
        peer.vanish()
        time.advance(1.0)
    looked_at = len(front.passwords.asked)
    owner = await front.peer(HOME).bind(bind("secret"))

    assert (passed, looked_at) == (0, 111)
    assert owner.command_status == ROK


async def test_many_binds_with_the_right_password_wait_for_nothing(front: Front) -> None:
    """A reconnect storm is no guessing."""
    for _ in range(20):
        peer = await front.bound_peer(bind("secret"))
        peer.vanish()

    assert front.timers.waiting == []


async def test_an_account_that_is_full_is_not_locked_out(front: Front) -> None:
    """Its binds may be dead ones that nobody has noticed yet."""
    bound = [await front.bound_peer() for _ in range(4)]
    for _ in range(20):
        await refused(front, front.peer(), bind("secret"))
    bound[0].vanish()

    assert (await front.peer().bind(bind("secret"))).command_status == ROK


def with_rates(front: Front, *, account: float = 0.05, address: float = 0.05) -> Front:
    """Three binds at once, where nothing else is said. The first of an account counts under its address."""
    policies = {"acme": policy(bind_rate=BindRate.of(account), max_binds=100)}
    return Front(front.depot, front.time, policies, lockout_rules=LockoutRules(), bind_rate_per_ip=BindRate.of(address))


async def test_binds_over_the_rate_are_refused_like_any_other_and_not_looked_at(front: Front) -> None:
    front = with_rates(front, address=100.0)
    for _ in range(4):
        await front.bound_peer()
    asked = len(front.passwords.asked)

    delay_s = await refused(front, front.peer(), bind("secret"))

    assert delay_s == 0.25
    assert len(front.passwords.asked) == asked
    assert value_of(front.metrics, "smpp_binds_total", account="acme", bind_type="transceiver", result="rate") == 1


async def test_binds_over_the_rate_count_as_no_failures(front: Front, time: FakeClock) -> None:
    """Twice as many as would lock out; a minute later all is well."""
    front = with_rates(front)
    for _ in range(4):
        await front.bound_peer()
    for _ in range(20):
        await refused(front, front.peer(), bind("secret"))

    time.advance(60.0)

    assert (await front.peer().bind()).command_status == ROK


async def test_strangers_cannot_use_up_the_rate_of_an_account(front: Front) -> None:
    """Neither from elsewhere, in its name, nor in other names from its own address."""
    front = with_rates(front)
    await front.bound_peer()
    for _ in range(10):
        await refused(front, front.peer(ATTACKER), bind("guess"))
        await refused(front, front.peer(HOME), bind("guess", "nobody"))

    assert [(await front.peer(HOME).bind()).command_status for _ in range(3)] == [ROK] * 3


async def test_a_storm_of_binds_is_told_once(front: Front, events: Events) -> None:
    front = with_rates(front)
    for _ in range(20):
        await refused(front, front.peer(ATTACKER), bind("guess", "nobody"))

    told = [(event["event"], event.get("account"), event.get("peer")) for event in events]
    assert told == [("bind refused", "_unknown", ATTACKER)] * 3 + [("binds over the rate", "_unknown", ATTACKER)]


async def test_a_reload_brings_another_rate(front: Front, time: FakeClock) -> None:
    front = with_rates(front, address=100.0)
    for _ in range(4):
        await front.bound_peer()

    front.binds.reload({"acme": policy(bind_rate=BindRate.of(per_s=100.0), max_binds=100)}, time.ticked)

    assert (await front.peer().bind()).command_status == ROK


async def test_a_peer_that_goes_leaves_no_timer_behind(front: Front) -> None:
    peer = front.peer()
    peer.send(bind())
    await settled(front)

    peer.vanish()

    assert front.timers.waiting == []


async def test_a_guess_counts_although_its_peer_has_gone(front: Front) -> None:
    """Or nobody would wait for the answer."""
    for _ in range(10):
        front.passwords.gate.clear()
        peer = front.peer(ATTACKER)
        peer.send(bind())
        peer.vanish()
        front.passwords.gate.set()
        await settled(front)

    assert front.guard.is_locked("acme", ATTACKER)


async def test_a_drain_waits_for_no_refusal(front: Front) -> None:
    """What waits is answered, and what comes is answered at once."""
    waiting, late = front.peer(), front.peer()
    waiting.send(bind())
    await settled(front)

    front.binds.stop()
    late.send(bind())

    assert (await waiting.got())[0].command_status == RBINDFAIL
    assert (await late.got())[0].command_status == RBINDFAIL
    assert front.timers.waiting == []


async def test_a_reload_lifts_locks(front: Front, time: FakeClock) -> None:
    for _ in range(10):
        await refused(front, front.peer(), bind())

    front.binds.reload({"acme": policy()}, time.ticked)

    assert (await front.peer().bind(bind("secret"))).command_status == ROK


async def test_strangers_forge_neither_log_lines_nor_labels(front: Front, events: Events) -> None:
    for _ in range(10):
        await refused(front, front.peer(ATTACKER), bind(system_id='x"}\n1'))

    assert {event["account"] for event in events} == {"_unknown"}
    assert b'x\\"' not in front.metrics.exposition()


@pytest.mark.parametrize(
    ("names", "result"),
    [
        (frozenset(), "certificate"),
        (frozenset({"other.example"}), "certificate"),
        (frozenset({"BOLT.example"}), "certificate"),
        (frozenset({"other.example", "bolt.example"}), "ok"),
    ],
)
async def test_an_account_with_a_certificate_needs_it(front: Front, names: frozenset[str], result: str) -> None:
    peer = front.peer()
    peer.connection.certificate_names = names

    peer.send(bind("secret", "bolt"))
    await settled(front)

    counted = value_of(front.metrics, "smpp_binds_total", account="bolt", bind_type="transceiver", result=result)
    assert counted == 1


async def test_a_certificate_does_not_stand_for_a_password(front: Front) -> None:
    peer = front.peer()
    peer.connection.certificate_names = frozenset({"bolt.example"})

    await refused(front, peer, bind("wrong", "bolt"))
