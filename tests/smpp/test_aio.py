"""The asyncio shell: with a transport that writes down what is done to it, and over real sockets on the loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import uvloop

from smppgw.smpp import aio
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import CommandId
from smppgw.smpp.errors import LocalProtocolError
from smppgw.smpp.events import Answered, Ended, EndReason, Event, Received, Unanswered
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import (
    AlertNotification,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    decode,
    encode,
)
from smppgw.smpp.session import Session
from smppgw.smpp.settings import SessionSettings
from tests.smpp.peers import BOUND_S, Recorder, answer_submits, client, door, noise, submit


class Transport(asyncio.Transport):
    """Keeps what is written and what else is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.calls: list[str] = []

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def is_closing(self) -> bool:
        return "close" in self.calls or "abort" in self.calls

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


def commands(octets: bytes) -> list[CommandId]:
    return [decode(frame).command_id for frame in Framer().feed(octets)]


async def turn() -> None:
    """What was scheduled for the next turn of the loop has run."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class Plugged:
    """A bound connection on a transport that only writes down."""

    def __init__(self, options: SessionSettings | None = None, handler: Recorder | None = None) -> None:
        self.handler = handler or Recorder()
        self.transport = Transport()
        self.ready: list[Connection] = []
        self.gone: list[Connection] = []
        self.now = 0.0
        self.connection = Connection(
            self.handler,
            Session(options or SessionSettings(), self.now),
            clock=lambda: self.now,
            peername=("192.0.2.7", 4000),
            on_bound=self.ready.append,
            on_closed=self.gone.append,
        )
        self.connection.connection_made(self.transport)

    async def bind(self) -> "Plugged":
        self.give(BindTransceiver(sequence_number=1, interface_version=0x34))
        await turn()
        self.transport.writes.clear()
        self.handler.calls.clear()
        return self

    def give(self, *pdus: Pdu) -> None:
        self.connection.data_received(b"".join(map(encode, pdus)))

    def unplug(self) -> None:
        self.connection.connection_lost(None)


@pytest.fixture
async def plugged() -> AsyncIterator[Plugged]:
    """Bound, with the default settings."""
    one = await Plugged().bind()
    yield one
    one.unplug()


class TestWriting:
    """One write per read burst, and per turn of the loop."""

    async def test_answers_given_at_once_leave_in_one_write(self) -> None:
        """A burst of three, answered inside the callback, next to what the session answers itself."""
        plugged = await Plugged(handler=Recorder(on_event=answer_submits)).bind()

        plugged.give(submit(2), EnquireLink(sequence_number=3), submit(4))

        (write,) = plugged.transport.writes
        assert sorted(commands(write)) == [
            CommandId.SUBMIT_SM_RESP,
            CommandId.SUBMIT_SM_RESP,
            CommandId.ENQUIRE_LINK_RESP,
        ]
        plugged.unplug()

    async def test_answers_given_later_leave_in_one_write_per_turn(self, plugged: Plugged) -> None:
        """In the order of the calls: a receipt is behind the response."""
        plugged.give(submit(2), submit(3))

        plugged.connection.answer(SubmitSmResp(sequence_number=3))
        plugged.connection.answer_many([SubmitSmResp(sequence_number=2)])
        plugged.connection.request(DeliverSm())
        before = list(plugged.transport.writes)
        await turn()

        (write,) = plugged.transport.writes
        assert before == []
        assert commands(write) == [CommandId.SUBMIT_SM_RESP, CommandId.SUBMIT_SM_RESP, CommandId.DELIVER_SM]

    async def test_a_slow_reader_is_not_read_and_gets_no_requests(self, plugged: Plugged) -> None:
        """Until its socket has room again."""
        plugged.connection.pause_writing()
        blocked = plugged.connection.can_request

        plugged.connection.resume_writing()
        await turn()

        assert (blocked, plugged.connection.can_request) == (False, True)
        assert plugged.transport.calls == ["pause", "resume"]
        assert plugged.handler.calls == ["writable"]

    async def test_nothing_is_written_to_a_transport_that_is_going_away(self, plugged: Plugged) -> None:
        """The loop would complain about each write."""
        plugged.give(submit(2))
        plugged.transport.close()

        plugged.connection.answer(SubmitSmResp(sequence_number=2))
        await turn()

        assert plugged.transport.writes == []


class TestReading:
    """Flow control towards the peer."""

    async def test_a_burst_beyond_the_window_is_served_to_its_end(self) -> None:
        """The application answers at once; nothing else needs to happen."""
        plugged = await Plugged(SessionSettings(window_in=1), Recorder(on_event=answer_submits)).bind()

        plugged.give(submit(2), submit(3), submit(4))
        for _ in range(3):
            await turn()

        assert plugged.handler.received(SubmitSm) == [submit(2), submit(3), submit(4)]
        plugged.unplug()

    async def test_a_late_timer_lets_the_peer_speak_first(self, plugged: Plugged) -> None:
        """After a standstill of this process what arrived meanwhile is read before silence is judged."""
        plugged.now = 100.0

        plugged.connection._ring()
        first = list(plugged.transport.writes)
        plugged.connection._ring()

        assert first == []
        assert commands(plugged.transport.writes[0]) == [CommandId.ENQUIRE_LINK]

    async def test_a_full_window_stops_reading_until_answers_make_room(self) -> None:
        """And what waited is served then."""
        plugged = await Plugged(SessionSettings(window_in=1)).bind()
        plugged.give(submit(2), submit(3))
        stopped = list(plugged.transport.calls)

        plugged.connection.answer(SubmitSmResp(sequence_number=2))
        await turn()

        assert (stopped, plugged.transport.calls) == (["pause"], ["pause", "resume"])
        assert plugged.handler.received(SubmitSm) == [submit(2), submit(3)]
        plugged.unplug()


class TestRequesting:
    """When the application may send receipts."""

    async def test_the_handler_hears_when_the_window_has_room(self) -> None:
        """After the bind, and after the answer that makes room in a full window."""
        plugged = Plugged(SessionSettings(window_out=1))
        plugged.give(BindTransceiver(sequence_number=1))
        calls = list(plugged.handler.calls)
        number = plugged.connection.request(DeliverSm())

        plugged.give(DeliverSmResp(sequence_number=number))

        assert calls == ["connected", "events", "writable"]
        assert plugged.handler.calls == [*calls, "events", "writable"]
        plugged.unplug()

    async def test_a_window_that_was_not_full_is_no_news(self, plugged: Plugged) -> None:
        """The handler did not stop, so it need not be woken."""
        number = plugged.connection.request(DeliverSm())

        plugged.give(DeliverSmResp(sequence_number=number))

        assert plugged.handler.calls == ["events"]

    async def test_an_alert_leaves_in_its_turn_and_fills_no_window(self) -> None:
        """Behind what was given before it; the handler has nothing to hear."""
        plugged = await Plugged(SessionSettings(window_out=2)).bind()

        plugged.connection.request(DeliverSm())
        plugged.connection.notify(AlertNotification())
        await turn()

        assert commands(plugged.transport.writes[0]) == [CommandId.DELIVER_SM, CommandId.ALERT_NOTIFICATION]
        assert (plugged.connection.can_request, plugged.handler.calls) == (True, [])
        plugged.unplug()

    async def test_an_alert_to_a_slow_reader_is_a_bug_here(self, plugged: Plugged) -> None:
        """Without an answer to wait for, only the socket says how much is too much."""
        plugged.connection.pause_writing()

        with pytest.raises(LocalProtocolError):
            plugged.connection.notify(AlertNotification())


class TestEnding:
    """Each connection ends once."""

    async def test_a_bind_is_announced_once(self, plugged: Plugged) -> None:
        """The door counts those who have not bound."""
        plugged.give(EnquireLink(sequence_number=2))

        assert plugged.ready == [plugged.connection]

    async def test_a_half_closed_connection_stays_until_it_is_answered(self, plugged: Plugged) -> None:
        """The transport is told to stay; then the answer leaves and the socket is closed."""
        plugged.give(submit(2))
        stays = plugged.connection.eof_received()

        plugged.connection.answer(SubmitSmResp(sequence_number=2))
        await turn()

        assert stays
        assert commands(plugged.transport.writes[-1]) == [CommandId.SUBMIT_SM_RESP]
        assert plugged.transport.calls == ["close"]

    async def test_a_peer_that_does_not_take_the_last_octets_is_cut_off(
        self, plugged: Plugged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After LINGER_S."""
        monkeypatch.setattr(aio, "LINGER_S", 0.0)

        plugged.give(Unbind(sequence_number=2))
        await turn()

        assert plugged.transport.calls == ["close", "abort"]

    async def test_a_lost_connection_leaves_no_timer_behind(self, plugged: Plugged) -> None:
        """It would keep the connection in memory."""
        before = plugged.connection._timer

        plugged.unplug()

        assert before is not None
        assert before.cancelled()

    async def test_an_abort_before_there_is_a_transport_is_not_forgotten(self) -> None:
        """The listener may be closed while a connection comes in."""
        plugged = Plugged()
        plugged.transport.calls.clear()
        plugged.unplug()
        plugged.connection.abort()

        plugged.connection.connection_made(plugged.transport)

        assert plugged.transport.calls == ["abort"]

    async def test_a_lost_connection_settles_everything(self, plugged: Plugged) -> None:
        """Unanswered, Ended, closed, in this order, once."""
        plugged.connection.request(DeliverSm())
        plugged.give(submit(2))

        plugged.unplug()
        plugged.unplug()

        assert [type(event) for event in plugged.handler.seen[-2:]] == [Unanswered, Ended]
        assert [event for event in plugged.handler.seen if isinstance(event, Ended)] == [Ended(reason=EndReason.LOST)]
        assert plugged.gone[0] is plugged.connection

    async def test_after_the_end_the_socket_is_closed_behind_the_last_octets(self, plugged: Plugged) -> None:
        """unbind_resp first."""
        plugged.give(Unbind(sequence_number=2))

        assert commands(plugged.transport.writes[-1]) == [CommandId.UNBIND_RESP]
        assert plugged.transport.calls == ["close"]

    async def test_an_exception_in_the_handler_costs_this_connection(self) -> None:
        """It is told to the handler, and the connection is cut."""
        error = RuntimeError("bug")

        def explode(connection: Connection, event: Event) -> None:
            if isinstance(event, Received) and isinstance(event.pdu, SubmitSm):
                raise error

        plugged = await Plugged(handler=Recorder(on_event=explode)).bind()

        plugged.give(submit(2))
        plugged.unplug()

        assert plugged.handler.errors == [error]
        assert plugged.transport.calls == ["abort"]
        assert plugged.handler.seen[-1] == Ended(reason=EndReason.ABORTED)

    async def test_a_handler_may_abort_the_connection_as_it_comes(self) -> None:
        """An address that is not wanted."""
        handler = Recorder()
        handler.connected = Connection.abort  # type: ignore[assignment] # called with the connection, like connected

        plugged = Plugged(handler=handler)

        assert plugged.transport.calls == ["abort"]
        plugged.unplug()


class TestSockets:
    """With the kernel in between."""

    async def test_bind_submit_receipt_unbind(self) -> None:
        """A whole life."""
        handler = Recorder(on_event=answer_submits)
        async with door(handler) as listener, client(listener) as peer:
            await peer.bind()
            peer.give(submit(2))
            response = await peer.take()
            number = handler.connections[0].request(DeliverSm(short_message=b"id:1"))
            receipt = await peer.take()
            peer.give(DeliverSmResp(sequence_number=number), Unbind(sequence_number=3))
            farewell = await peer.take()
            end = await peer.take()

        assert (response, farewell, end) == (SubmitSmResp(sequence_number=2), UnbindResp(sequence_number=3), None)
        assert receipt == DeliverSm(sequence_number=number, short_message=b"id:1")
        assert [type(event) for event in handler.seen] == [Received, Received, Answered, Ended]
        assert handler.calls[-1] == "closed"

    async def test_the_same_life_on_uvloop(self) -> None:
        """In a loop of its own, in a thread of its own: it is what the daemon runs on."""

        def live() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self.test_bind_submit_receipt_unbind())
                runner.run(self.test_a_peer_that_closed_its_side_still_gets_its_answers())
                runner.run(self.test_a_reset_connection_is_lost())

        async with asyncio.timeout(4 * BOUND_S):
            await asyncio.to_thread(live)

    async def test_a_peer_that_closed_its_side_still_gets_its_answers(self) -> None:
        """Then the connection ends."""
        handler = Recorder()
        async with door(handler) as listener, client(listener) as peer:
            await peer.bind()
            peer.give(submit(2))
            peer.writer.write_eof()
            await handler.wait_until(lambda: bool(handler.received(SubmitSm)))
            handler.connections[0].answer(SubmitSmResp(sequence_number=2, message_id="7"))

            answers = [await peer.take(), await peer.take()]

        assert answers == [SubmitSmResp(sequence_number=2, message_id="7"), None]
        assert handler.seen[-1] == Ended(reason=EndReason.EOF)

    async def test_a_reset_connection_is_lost(self) -> None:
        """And the place is free again."""
        handler = Recorder()
        async with door(handler) as listener, client(listener) as peer:
            await peer.bind()
            peer.reset()

            await handler.wait_until(lambda: "closed" in handler.calls)

            assert listener.connections == set()
        assert handler.seen[-1] == Ended(reason=EndReason.LOST)

    async def test_we_close_with_an_unbind(self) -> None:
        """Its answer ends the connection."""
        handler = Recorder()
        async with door(handler) as listener, client(listener) as peer:
            await peer.bind()
            handler.connections[0].close()
            unbind = await peer.take()
            assert isinstance(unbind, Unbind)
            peer.give(UnbindResp(sequence_number=unbind.sequence_number))

            assert await peer.take() is None
        assert handler.seen[-1] == Ended(reason=EndReason.DRAINED)

    async def test_whoever_does_not_bind_is_let_go_by_the_timer(self) -> None:
        """The deadline of the session becomes a timer of the loop."""
        handler = Recorder()
        async with door(handler, SessionSettings(session_init_s=0.02)) as listener, client(listener) as peer:
            assert await peer.take() is None
        assert handler.seen[-1] == Ended(reason=EndReason.SESSION_INIT)

    async def test_an_unfinished_pdu_is_not_awaited_for_ever(self) -> None:
        """A nearer deadline replaces the timer that was set for a farther one."""
        handler = Recorder()
        async with door(handler, SessionSettings(pdu_read_s=0.02)) as listener, client(listener) as peer:
            await peer.bind()
            peer.writer.write(encode(submit(2))[:20])

            assert await peer.take() is None
        assert handler.seen[-1] == Ended(reason=EndReason.PDU_READ)

    async def test_too_many_without_a_bind_are_turned_away(self) -> None:
        """A bind makes room for the next."""
        handler = Recorder()
        async with (
            door(handler, max_unbound=1) as listener,
            client(listener) as first,
            client(listener) as second,
        ):
            turned_away = await second.take()
            await first.bind()
            async with client(listener) as third:
                await third.bind()

        assert turned_away is None
        assert listener.refused == 1

    async def test_one_bad_connection_does_not_harm_another(self) -> None:
        """The handler raises for one of two."""

        def explode(connection: Connection, event: Event) -> None:
            if isinstance(event, Received) and event.pdu.sequence_number == 13:
                raise RuntimeError("bug")
            answer_submits(connection, event)

        handler = Recorder(on_event=explode)
        async with door(handler) as listener, client(listener) as bad, client(listener) as good:
            await bad.bind()
            await good.bind()
            bad.give(submit(13))
            await handler.wait_until(lambda: bool(handler.errors))
            good.give(submit(2))

            assert await good.take() == SubmitSmResp(sequence_number=2)

    async def test_a_peer_that_never_reads_is_not_read_any_more(self) -> None:
        """A flood of enquire_links whose answers nobody takes stops at the high-water mark."""
        handler = Recorder()
        async with door(handler) as listener, client(listener) as peer:
            await peer.bind()
            connection = handler.connections[0]
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined] # a full transport, typed as write-only
            flood = encode(EnquireLink(sequence_number=9)) * 4096
            async with asyncio.timeout(BOUND_S):
                while not connection._write_blocked:
                    peer.writer.write(flood)
                    await asyncio.sleep(0)

            assert not connection.can_request
            peer.reset()

    async def test_a_stalled_handshake_is_ended(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And makes no noise."""
        monkeypatch.setattr(aio, "TLS_HANDSHAKE_S", 0.02)
        handler = Recorder()
        async with door(handler, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as listener, client(listener) as peer:
            assert await peer.take() is None
            async with asyncio.timeout(BOUND_S):
                await listener.wait_empty()

        assert handler.calls == []
        assert noise(caplog) == []

    async def test_plain_text_on_a_tls_port_is_closed_without_noise(self, caplog: pytest.LogCaptureFixture) -> None:
        """No handler call, no trace in the log, and the place is free again."""
        handler = Recorder()
        async with door(handler, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as listener, client(listener) as peer:
            peer.give(BindTransceiver(sequence_number=1))
            async with asyncio.timeout(BOUND_S):
                try:
                    await peer.reader.read()
                except ConnectionError:
                    pass  # an alert may be overtaken by a reset
                await listener.wait_empty()

        assert handler.calls == []
        assert noise(caplog) == []
