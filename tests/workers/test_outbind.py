"""Who is called, when, and how often; the calls end at peers without sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from ssl import SSLContext
from typing import Any

import pytest
from structlog.testing import capture_logs

from smppgw.core.values import Secret
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.dial import Dialler, HandshakeError
from smppgw.smpp.pdu import BindReceiver, BindTransmitter, DeliverSm, EnquireLink, EnquireLinkResp, Outbind, Pdu
from smppgw.smpp.settings import SessionSettings
from smppgw.store.base import StoreError
from smppgw.workers import outbind
from smppgw.workers.outbind import Callee, Outbinds
from tests.workers.fakes import WAIT_S, Depot, FakeClock, Peer, policy, value_of
from tests.workers.front import Front

CALLEE = Callee(host="esme.example", port=2776, system_id="GATE", password=Secret("hush"))
ELSEWHERE = replace(CALLEE, port=2777)

Told = Callable[[Connection], None]


class Exchange(Dialler):
    """Puts calls through to peers, or to what is on the list instead; keeps whom it called."""

    def __init__(self, front: Front) -> None:
        super().__init__(front.reception, SessionSettings(), clock=front.time.clock.monotonic)
        self._front = front
        self.faults: list[OSError] = []
        """Raised instead, one per call."""
        self.gate = asyncio.Event()
        """Calls get through when it is open."""
        self.gate.set()
        self.asked: list[tuple[str, int, Outbind, str, SSLContext | None]] = []
        self.peers: list[Peer] = []
        self.changed = asyncio.Event()

    async def dial(
        self,
        host: str,
        port: int,
        outbind: Outbind,
        *,
        called: str,
        ssl: SSLContext | None,
        on_bound: Told,
        on_closed: Told,
    ) -> None:
        self.asked.append((host, port, outbind, called, ssl))
        self.changed.set()
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)

        def gone(connection: Connection) -> None:
            self.connections.discard(connection)
            on_closed(connection)
            self.changed.set()

        front = self._front
        peer = Peer(front.reception, front.time.clock, called=called, on_bound=on_bound, on_closed=gone)
        self.connections.add(peer.connection)
        self.peers.append(peer)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Scene:
    """The worker, and whom it may call."""

    front: Front
    exchange: Exchange
    outbinds: Outbinds

    @property
    def ports(self) -> list[int]:
        """Where it called, one per call."""
        return [port for _, port, *_ in self.exchange.asked]

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Let it look by itself, and stop it in the end."""
        async with asyncio.timeout(2 * WAIT_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.outbinds.run())
            try:
                yield
            finally:
                self.outbinds.stop()

    async def look(self) -> None:
        """Let it look once, and let the calls that it makes come to their end, or to their wait."""
        calls = Tasks()
        await self.outbinds._look(calls)
        for _ in range(3):
            await asyncio.sleep(0)
        for call in calls.made:
            if call.done() and not call.cancelled():
                call.result()

    async def reached(self) -> Peer:
        """Let it look, and expect a call that gets through; return who got it, the outbind read."""
        before = len(self.exchange.peers)
        await self.look()
        assert len(self.exchange.peers) == before + 1
        peer = self.exchange.peers[-1]
        (first,) = await peer.got()
        assert isinstance(first, Outbind)
        return peer

    async def bound(self) -> Peer:
        """Let it look, and expect a call that leads to a bind."""
        peer = await self.reached()
        answer = await peer.bind(bind())
        assert answer.command_status == CommandStatus.ESME_ROK
        return peer

    def counted(self, result: str, account: str = "acme") -> float:
        return value_of(self.front.metrics, "outbinds_total", account=account, result=result)


class Tasks(asyncio.TaskGroup):
    """A group that nobody waits for: the test ends what it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[asyncio.Task[Any]] = []

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> asyncio.Task[Any]:
        self.made.append(asyncio.get_running_loop().create_task(coro, name=name, context=context))
        return self.made[-1]


@pytest.fixture
def scene(depot: Depot, time: FakeClock) -> Scene:
    front = Front(depot, time, policies={"acme": policy(), "bolt": policy(system_id="bolt")})
    exchange = Exchange(front)
    outbinds = Outbinds(
        {"acme": CALLEE},
        dialler=exchange,
        accounts=front.binds.accounts,
        store=depot.store,
        clock=time.clock,
        metrics=front.metrics,
        jitter=lambda: 0.5,
    )
    return Scene(front, exchange, outbinds)


def bind(cls: type[BindReceiver] | type[BindTransmitter] = BindReceiver, password: str = "secret") -> Pdu:
    return cls(sequence_number=1, system_id="acme", password=password, interface_version=0x34)


async def test_who_is_owed_something_is_called_binds_and_gets_it(scene: Scene) -> None:
    await scene.front.owe(3)

    async with scene.working(), scene.front.delivering():
        await scene.exchange.until(lambda: bool(scene.exchange.peers))
        [peer] = scene.exchange.peers
        await peer.got()
        peer.send(bind())
        answer, *receipts = await peer.got(4)

    assert scene.exchange.asked == [("esme.example", 2776, Outbind(system_id="GATE", password="hush"), "acme", None)]
    assert answer.command_status == CommandStatus.ESME_ROK
    assert [type(receipt) for receipt in receipts] == [DeliverSm] * 3
    assert scene.counted("bound") == 1


async def test_who_is_owed_nothing_is_not_called(scene: Scene, depot: Depot) -> None:
    await scene.front.owe(1, account="bolt")

    await scene.look()

    assert scene.ports == []
    assert "owed_accounts done" in depot.scripted.log


async def test_who_can_receive_is_neither_called_nor_looked_for(scene: Scene, depot: Depot) -> None:
    await scene.front.bound_peer(bind())
    await scene.front.owe(1)

    await scene.look()

    assert scene.ports == []
    assert "owed_accounts" not in depot.scripted.log


async def test_who_binds_while_the_store_is_asked_is_not_called(scene: Scene, depot: Depot) -> None:
    await scene.front.owe(1)
    asked = depot.scripted.hold("owed_accounts")
    looking = asyncio.create_task(scene.look())
    await depot.scripted.until("owed_accounts")

    await scene.front.bound_peer(bind())
    asked.set()
    await looking

    assert scene.ports == []


async def test_a_transmitter_cannot_receive(scene: Scene) -> None:
    await scene.front.bound_peer(bind(BindTransmitter))
    await scene.front.owe(1)

    await scene.look()

    assert scene.ports == [2776]


async def test_there_is_one_call_at_a_time(scene: Scene, time: FakeClock) -> None:
    """From the dial on, over the wait for the bind, to the end of the session."""
    await scene.front.owe(1)
    scene.exchange.gate.clear()
    await scene.look()
    time.advance(3600)
    await scene.look()
    scene.exchange.gate.set()
    await scene.exchange.until(lambda: bool(scene.exchange.peers))
    [peer] = scene.exchange.peers
    await peer.got()
    time.advance(3600)
    await scene.look()

    await peer.bind(bind())
    time.advance(3600)
    await scene.look()

    assert scene.ports == [2776]


REFUSED = ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize(
    ("fault", "result"),
    [(REFUSED, "unreachable"), (TimeoutError(), "unreachable"), (HandshakeError("certificate has expired"), "tls")],
)
async def test_who_cannot_be_reached_is_called_later_and_later(
    scene: Scene, time: FakeClock, fault: OSError, result: str
) -> None:
    """With the jitter in the middle; an early look calls nobody."""
    await scene.front.owe(1)
    waits = (5, 10, 20, 40, 80, 160, 300, 300)
    scene.exchange.faults = [fault] * len(waits)

    for calls, wait_s in enumerate(waits, 1):
        await scene.look()
        time.advance(wait_s - 0.01)
        await scene.look()
        assert len(scene.ports) == calls
        time.advance(0.02)

    assert scene.counted(result) == len(waits)


async def test_a_call_without_a_bind_is_a_failure(scene: Scene, time: FakeClock) -> None:
    await scene.front.owe(1)

    for wait_s in (5, 10):
        peer = await scene.reached()
        peer.vanish()
        await scene.look()
        time.advance(wait_s)
    await scene.reached()

    assert scene.counted("no_bind") == 2


async def test_a_refused_bind_is_none(scene: Scene) -> None:
    """The ESME may try again until its time is over."""
    await scene.front.owe(1)
    peer = await scene.reached()

    answer = await peer.bind(bind(password="wrong"))
    peer.vanish()

    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
    assert (scene.counted("bound"), scene.counted("no_bind")) == (0, 1)


async def test_after_a_session_the_next_call_waits_the_shortest_time(scene: Scene, time: FakeClock) -> None:
    """However often calls failed before."""
    await scene.front.owe(1)
    scene.exchange.faults = [REFUSED] * 2
    for wait_s in (5, 10):
        await scene.look()
        time.advance(wait_s)
    peer = await scene.bound()

    peer.vanish()
    await scene.look()
    calls = len(scene.ports)
    time.advance(5)
    await scene.look()

    assert (calls, len(scene.ports)) == (3, 4)


async def test_the_log_tells_what_is_new_and_the_counter_all(scene: Scene, time: FakeClock) -> None:
    await scene.front.owe(1)
    scene.exchange.faults = [REFUSED, REFUSED, TimeoutError()]

    with capture_logs() as logs:
        for _ in range(3):
            await scene.look()
            time.advance(300)
        await scene.bound()

    told = [(log["event"], log.get("reason")) for log in logs if log["event"].startswith("outbind")]
    assert told == [
        ("outbind failed", "Connection refused"),
        ("outbind failed", "timed out"),
        ("outbind answered", None),
    ]
    assert (scene.counted("unreachable"), scene.counted("bound")) == (3, 1)
    assert "hush" not in str(logs)


async def test_a_drain_calls_nobody(scene: Scene) -> None:
    await scene.front.owe(1)
    scene.outbinds.stop()

    await scene.look()

    assert scene.ports == []


async def test_a_drain_gives_up_a_call_that_is_being_made(scene: Scene) -> None:
    await scene.front.owe(1)
    scene.exchange.gate.clear()

    async with scene.working():
        await scene.exchange.until(lambda: bool(scene.ports))

    assert scene.exchange.peers == []
    assert [scene.counted(result) for result in ("bound", "no_bind", "unreachable", "tls")] == [0, 0, 0, 0]


async def test_what_a_drain_ends_is_nobodys_failure(scene: Scene) -> None:
    await scene.front.owe(1)
    peer = await scene.reached()

    scene.outbinds.stop()
    peer.connection.close()
    await scene.exchange.until(lambda: not scene.exchange.connections)

    assert scene.counted("no_bind") == 0


async def test_a_store_in_trouble_is_asked_again(scene: Scene, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbind, "LOOK_S", 0.001)
    await scene.front.owe(1)
    depot.scripted.fail("owed_accounts", StoreError("disk full"))

    with capture_logs() as logs:
        async with scene.working():
            await scene.exchange.until(lambda: bool(scene.exchange.peers))

    assert [log["reason"] for log in logs if log["event"] == "nobody called"] == ["disk full"]


class TestReload:
    """SIGHUP."""

    async def test_a_new_callee_is_called(self, scene: Scene) -> None:
        await scene.front.owe(1, account="bolt")

        scene.outbinds.reload({"acme": CALLEE, "bolt": ELSEWHERE})
        await scene.look()

        assert [(port, called) for _, port, _, called, _ in scene.exchange.asked] == [(2777, "bolt")]
        assert scene.counted("bound", "bolt") == 0

    async def test_who_is_no_longer_to_be_called_is_hung_up_on(self, scene: Scene, time: FakeClock) -> None:
        await scene.front.owe(1)
        peer = await scene.reached()

        scene.outbinds.reload({})
        await scene.exchange.until(lambda: not scene.exchange.connections)
        time.advance(3600)
        await scene.look()

        assert peer.transport.closing
        assert scene.ports == [2776]
        assert scene.counted("no_bind") == 0

    async def test_a_call_to_the_old_place_is_given_up_for_one_to_the_new(self, scene: Scene) -> None:
        """Even while it is being made: the old place gets no outbind any more."""
        await scene.front.owe(1)
        scene.exchange.gate.clear()
        await scene.look()

        scene.outbinds.reload({"acme": ELSEWHERE})
        await scene.look()
        scene.exchange.gate.set()
        await scene.exchange.until(lambda: bool(scene.exchange.peers))

        assert scene.ports == [2776, 2777]
        assert len(scene.exchange.peers) == 1

    async def test_the_end_of_a_call_that_was_given_up_is_not_that_of_the_next(self, scene: Scene) -> None:
        await scene.front.owe(1)
        await scene.reached()
        scene.outbinds.reload({"acme": ELSEWHERE})
        await scene.reached()

        await scene.exchange.until(lambda: len(scene.exchange.connections) == 1)
        await scene.look()

        assert scene.ports == [2776, 2777]

    async def test_a_bind_stays(self, scene: Scene) -> None:
        await scene.front.owe(1)
        peer = await scene.bound()

        scene.outbinds.reload({})
        peer.send(EnquireLink(sequence_number=2))

        assert [type(pdu) for pdu in await peer.got()] == [EnquireLinkResp]  # and no unbind

    async def test_who_failed_before_is_called_at_once(self, scene: Scene) -> None:
        await scene.front.owe(1)
        scene.exchange.faults = [REFUSED]
        await scene.look()

        scene.outbinds.reload({"acme": CALLEE})

        await scene.reached()
