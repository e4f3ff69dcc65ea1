"""Who may bind, how often, and what the others are told."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from smppgw.ops.passwords import UncheckedError
from smppgw.smpp.consts import BindType, CommandStatus
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu, Unbind, UnbindResp
from tests.workers.fakes import WAIT_S, Depot, FakeClock, Peer, policy, value_of
from tests.workers.front import Front

LOCAL = (ip_network("10.0.0.0/8"),)


@pytest.fixture
def front(depot: Depot, time: FakeClock) -> Front:
    return Front(depot, time)


def front_with(depot: Depot, time: FakeClock, **changes: Any) -> Front:
    return Front(depot, time, policies={"acme": policy(**changes)})


def right(cls: type[Pdu] = BindTransceiver, **changes: Any) -> Pdu:
    fields: dict[str, Any] = {"sequence_number": 1, "system_id": "acme", "password": "secret"}
    return cls(**(fields | {"interface_version": 0x34} | changes))


async def asking(front: Front, times: int = 1) -> None:
    """Wait until so many passwords are being checked."""
    async with asyncio.timeout(WAIT_S):
        while len(front.passwords.asked) < times:
            front.passwords.changed.clear()
            await front.passwords.changed.wait()


async def settled(front: Front) -> None:
    """Let everything be answered that was read."""
    await front.reception.wait_idle()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_the_right_password_binds(front: Front) -> None:
    peer = front.peer()

    answer = await peer.bind()

    assert answer.command_status == CommandStatus.ESME_ROK
    assert value_of(front.metrics, "smpp_sessions", account="acme", bind_type="transceiver") == 1
    assert value_of(front.metrics, "smpp_binds_total", account="acme", bind_type="transceiver", result="ok") == 1


@pytest.mark.parametrize(
    ("bind", "changes", "host", "result"),
    [
        ({"password": "wrong"}, {}, "10.0.0.1", "credentials"),
        ({"password": ""}, {}, "10.0.0.1", "credentials"),
        ({"system_id": "nobody"}, {}, "10.0.0.1", "credentials"),
        ({}, {"allowed_networks": LOCAL}, "192.0.2.1", "address"),
        ({}, {"allowed_networks": LOCAL}, "::1", "address"),
        ({}, {"allowed_networks": ()}, "10.0.0.1", "address"),
        ({}, {"allowed_networks": LOCAL}, "no address", "address"),
        ({}, {"bind_types": frozenset({BindType.RECEIVER})}, "10.0.0.1", "bind_type"),
        ({}, {"max_binds": 0}, "10.0.0.1", "limit"),
        ({}, {"max_binds_by_type": {BindType.TRANSCEIVER: 0}}, "10.0.0.1", "limit"),
    ],
)
async def test_every_refusal_looks_the_same(
    depot: Depot, time: FakeClock, bind: dict[str, Any], changes: dict[str, Any], host: str, result: str
) -> None:
    front = front_with(depot, time, **changes)
    peer = front.peer(host)

    answer = await peer.bind(right(**bind))

    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
    known = "acme" if bind.get("system_id") is None else "_unknown"
    assert value_of(front.metrics, "smpp_binds_total", account=known, bind_type="transceiver", result=result) == 1
    assert not front.binds.accounts["acme"].bound


async def test_every_refusal_costs_a_password_check(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, allowed_networks=LOCAL)

    await front.peer().bind(right(system_id="nobody"))
    await front.peer("192.0.2.1").bind()

    assert front.passwords.asked == [("nobody", None), ("acme", None)]


async def test_an_empty_system_id_is_an_impossible_one(front: Front) -> None:
    answer = await front.peer().bind(right(system_id=""))

    assert answer.command_status == CommandStatus.ESME_RINVSYSID


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3"])
async def test_an_allowed_address_may_come_in_its_ipv6_form(depot: Depot, time: FakeClock, host: str) -> None:
    front = front_with(depot, time, allowed_networks=LOCAL)

    answer = await front.peer(host).bind()

    assert answer.command_status == CommandStatus.ESME_ROK


async def test_a_refused_peer_may_try_again(front: Front) -> None:
    peer = front.peer()
    await peer.bind(right(password="wrong"))

    answer = await peer.bind(right(sequence_number=2))

    assert answer.command_status == CommandStatus.ESME_ROK


async def test_binds_that_come_together_do_not_pass_together(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, max_binds=2)
    front.passwords.gate.clear()
    peers = [front.peer() for _ in range(10)]
    for peer in peers:
        peer.send(right())
    await asking(front, 10)

    front.passwords.gate.set()
    answers = [(await peer.got())[0].command_status for peer in peers]

    assert sorted(answers) == [CommandStatus.ESME_ROK] * 2 + [CommandStatus.ESME_RBINDFAIL] * 8
    assert len(front.binds.accounts["acme"].bound) == 2


async def test_a_type_may_have_fewer_places_than_all_have(depot: Depot, time: FakeClock) -> None:
    """One receiver of three; a place of a type is free as soon as its session ends."""
    front = front_with(depot, time, max_binds=3, max_binds_by_type={BindType.RECEIVER: 1})
    receiver = await front.bound_peer(right(BindReceiver))

    second = await front.peer().bind(right(BindReceiver))
    other = await front.peer().bind(right(BindTransmitter))
    receiver.vanish()
    third = await front.peer().bind(right(BindReceiver))

    ok, refused = CommandStatus.ESME_ROK, CommandStatus.ESME_RBINDFAIL
    assert [answer.command_status for answer in (second, other, third)] == [refused, ok, ok]


async def test_the_limits_of_the_types_do_not_raise_that_of_all(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, max_binds=1, max_binds_by_type={BindType.RECEIVER: 2})
    await front.bound_peer(right(BindReceiver))

    answer = await front.peer().bind(right(BindReceiver))

    assert answer.command_status == CommandStatus.ESME_RBINDFAIL


async def test_wrong_passwords_under_check_keep_nobody_out(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, max_binds=1)
    front.passwords.gate.clear()
    for _ in range(3):
        front.peer().send(right(password="guess"))
    peer = front.peer()
    peer.send(right())
    await asking(front, 4)

    front.passwords.gate.set()

    assert (await peer.got())[0].command_status == CommandStatus.ESME_ROK


@pytest.mark.parametrize("leave", ["unbind", "vanish", "eof"])
async def test_a_place_is_free_as_soon_as_its_session_ends(depot: Depot, time: FakeClock, leave: str) -> None:
    front = front_with(depot, time, max_binds=1)
    peer = await front.bound_peer()
    match leave:
        case "unbind":
            peer.send(Unbind(sequence_number=2))
        case "vanish":
            peer.vanish()
        case _:
            peer.connection.eof_received()

    answer = await front.peer().bind()

    assert answer.command_status == CommandStatus.ESME_ROK
    assert value_of(front.metrics, "smpp_sessions", account="acme", bind_type="transceiver") == 1


@pytest.mark.parametrize("asked", [0, 1])
async def test_a_peer_that_goes_while_its_password_is_checked_leaves_nothing_behind(front: Front, asked: int) -> None:
    front.passwords.gate.clear()
    peer = front.peer()
    peer.send(right())
    await asking(front, asked)
    peer.vanish()

    front.passwords.gate.set()
    await settled(front)

    account = front.binds.accounts["acme"]
    assert not account.bound
    assert front.binds.account_of(peer.connection) is None
    assert front.bound == []
    assert value_of(front.metrics, "smpp_sessions", account="acme", bind_type="transceiver") == 0


async def test_a_peer_that_closes_its_side_while_its_password_is_checked_holds_no_place(front: Front) -> None:
    front.passwords.gate.clear()
    peer = front.peer()
    peer.send(right())
    await asking(front)
    peer.connection.eof_received()

    front.passwords.gate.set()
    await settled(front)

    assert not front.binds.accounts["acme"].bound
    assert front.binds.account_of(peer.connection) is None


async def test_nobody_binds_while_draining(front: Front) -> None:
    front.binds.stop()

    answer = await front.peer().bind()

    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
    assert value_of(front.metrics, "smpp_binds_total", account="acme", bind_type="transceiver", result="draining") == 1


async def test_a_bind_that_was_being_checked_when_the_drain_began_is_refused(front: Front) -> None:
    front.passwords.gate.clear()
    peer = front.peer()
    peer.send(right())
    await asking(front)

    front.binds.stop()
    front.passwords.gate.set()

    assert (await peer.got())[0].command_status == CommandStatus.ESME_RBINDFAIL


@pytest.mark.parametrize("name", ["acme", "nobody"])
async def test_a_password_that_cannot_be_checked_is_our_trouble_and_no_guess(
    front: Front, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async def unable(*args: object) -> bool:
        raise UncheckedError("no memory")

    peer = front.peer()
    with monkeypatch.context() as patched:
        patched.setattr(front.passwords, "verify", unable)
        answer = await peer.bind(right(system_id=name))
    again = await peer.bind(right(sequence_number=2))

    assert answer.command_status == CommandStatus.ESME_RSYSERR
    assert again.command_status == CommandStatus.ESME_ROK
    known = "acme" if name == "acme" else "_unknown"
    assert value_of(front.metrics, "smpp_binds_total", account=known, bind_type="transceiver", result="unchecked") == 1
    assert front.guard._lockout.delay_s(name, "10.0.0.1", front.time.ticked) == 0


async def test_a_store_of_passwords_that_fails_costs_one_connection(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object) -> bool:
        raise RuntimeError("no thread")

    monkeypatch.setattr(front.passwords, "verify", broken)
    peer = front.peer()
    peer.send(right())

    await settled(front)

    assert peer.transport.aborted
    assert front.binds.account_of(peer.connection) is None
    assert not front.binds.accounts["acme"].bound


@pytest.mark.parametrize(
    ("cls", "told"), [(BindTransmitter, []), (BindReceiver, ["acme"]), (BindTransceiver, ["acme"])]
)
async def test_receipts_are_looked_for_when_one_binds_who_may_receive(
    front: Front, cls: type[Pdu], told: list[str]
) -> None:
    await front.bound_peer(right(cls))

    assert front.bound == told


async def test_only_receiving_binds_with_room_are_receivers(front: Front) -> None:
    peers = [await front.bound_peer(right(cls)) for cls in (BindTransmitter, BindReceiver, BindTransceiver)]

    receivers = set(front.binds.accounts["acme"].receivers())

    assert receivers == {peer.connection for peer in peers[1:]}


async def test_the_window_is_the_accounts(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, window=7)

    peer = await front.bound_peer()

    assert peer.connection.session._settings.window_in == 7


async def test_an_account_that_a_reload_removes_is_unbound_and_stays_out(front: Front, time: FakeClock) -> None:
    peer = await front.bound_peer()

    front.binds.reload({"bolt": policy(system_id="bolt")}, time.ticked)

    unbind = (await peer.got())[0]
    assert isinstance(unbind, Unbind)
    assert (await front.peer().bind()).command_status == CommandStatus.ESME_RBINDFAIL
    peer.send(UnbindResp(sequence_number=unbind.sequence_number))
    await settled(front)
    assert not front.binds.accounts["acme"].bound


async def test_a_reload_keeps_the_binds_of_accounts_that_stay(front: Front, time: FakeClock) -> None:
    peer = await front.bound_peer()

    front.binds.reload({"acme": policy(max_binds=1)}, time.ticked)

    assert set(front.binds.accounts["acme"].bound) == {peer.connection}
    assert (await front.peer().bind()).command_status == CommandStatus.ESME_RBINDFAIL


async def test_an_account_that_a_reload_removes_while_its_password_is_checked_is_refused(
    front: Front, time: FakeClock
) -> None:
    front.passwords.gate.clear()
    peer = front.peer()
    peer.send(right())
    await asking(front)

    front.binds.reload({}, time.ticked)
    front.passwords.gate.set()

    assert (await peer.got())[0].command_status == CommandStatus.ESME_RBINDFAIL


async def called(front: Front, name: str = "acme") -> Peer:
    """A peer on a connection that was made to call somebody, who has got the outbind."""
    peer = front.peer(called=name)
    await peer.got()
    return peer


async def test_whom_we_called_binds_with_its_password(front: Front) -> None:
    peer = await called(front)

    refused = await peer.bind(right(BindReceiver, password="wrong"))
    taken = await peer.bind(right(BindReceiver, sequence_number=2))

    assert refused.command_status == CommandStatus.ESME_RBINDFAIL
    assert taken.command_status == CommandStatus.ESME_ROK
    assert front.bound == ["acme"]


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"allowed_networks": (ip_network("192.0.2.0/24"),)}, "address"),
        ({"certificates": frozenset({"acme.example"})}, "certificate"),
        ({"bind_types": frozenset({BindType.TRANSMITTER})}, "bind_type"),
        ({"max_binds": 0}, "limit"),
    ],
)
async def test_whom_we_called_is_under_the_same_limits(
    depot: Depot, time: FakeClock, changes: dict[str, Any], result: str
) -> None:
    front = front_with(depot, time, **changes)
    peer = await called(front)

    answer = await peer.bind(right(BindReceiver))

    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
    assert value_of(front.metrics, "smpp_binds_total", account="acme", bind_type="receiver", result=result) == 1
    assert not peer.transport.closing


@pytest.mark.parametrize(("name", "known"), [("acme", "acme"), ("nobody", "_unknown")])
async def test_only_the_account_that_was_called_can_bind_there(
    depot: Depot, time: FakeClock, name: str, known: str
) -> None:
    """Right password or not: the answer is the one of every refusal, and then we hang up."""
    front = Front(depot, time, policies={"acme": policy(), "bolt": policy(system_id="bolt")})
    peer = await called(front, "bolt")

    answer = await peer.bind(right(BindReceiver, system_id=name))
    await peer.until(lambda: peer.transport.closing)

    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
    assert front.passwords.asked == [(name, None)]
    assert not front.binds.accounts["acme"].bound
    result = "uncalled" if known == "acme" else "credentials"
    assert value_of(front.metrics, "smpp_binds_total", account=known, bind_type="receiver", result=result) == 1


async def test_hosts_of_peers_do_not_become_labels(front: Front) -> None:
    peer: Peer = front.peer("192.0.2.77")

    await peer.bind(right(system_id="guess"))

    assert b"192.0.2.77" not in front.metrics.exposition()
    assert b"guess" not in front.metrics.exposition()
