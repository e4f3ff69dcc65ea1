"""One SMPP server session without I/O: bytes and the time go in, events and bytes come out.

Nothing a peer sends raises; what it sends wrong is refused in the PDU and with the status that the specification names,
and each of its requests is answered exactly once. The application answers what it gets as `Received`; everything else
(enquire_link, unbind, malformed PDUs, wrong states, unknown or unserved commands, second binds) is answered here.

Whoever made the connection, we are the message centre: where we made it, it begins with our `outbind`.

How a session ends. An unbind or the end of the stream comes after other requests, so their answers leave first, and the
unbind_resp last. The same holds when the stream can no longer be understood and when we unbind: what was taken is
answered, for at most `response_s`, and then comes `Ended`. A request of ours that is still open then is `Unanswered`.

What this module may not do: touch a socket, a clock or a log, or decide about a message.
"""

from collections import deque
from dataclasses import replace
from struct import Struct
from typing import Final, TypeAlias

from smppgw.smpp import tlv
from smppgw.smpp.consts import (
    MAX_SEQUENCE_NUMBER,
    RESPONSE_BIT,
    VERSION_3_4,
    BindType,
    CommandId,
    CommandStatus,
    Tag,
)
from smppgw.smpp.errors import LocalProtocolError, RemoteProtocolError, UnframableError
from smppgw.smpp.events import Answered, Ended, EndReason, Event, Fault, Received, Refused, Unanswered
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import (
    HEADER_OCTETS,
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    EnquireLink,
    Outbind,
    Pdu,
    Unbind,
    decode,
    encode,
)
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.states import (
    BIND_TYPES,
    BOUND,
    BOUND_STATES,
    RECEIVING,
    Action,
    Reaction,
    State,
    reactions,
    response_id,
)
from smppgw.smpp.tally import UNKNOWN, Tally
from smppgw.smpp.timers import Alarm, Timers

REQUESTS: Final = frozenset({CommandId.DELIVER_SM, CommandId.DATA_SM})
"""What the application may send with `request` (SMPP v3.4, Table 2-1)."""

UNBINDABLE: Final = BOUND | {State.UNBINDING}
"""Where our unbind makes sense; before a bind there is nothing to undo."""

_HEADER: Final = Struct(">IIII")
_FIELDS: Final = Struct(">4xIII")  # command_id, command_status, sequence_number
_MINUTE_S: Final = 60.0

BindPdu: TypeAlias = BindTransmitter | BindReceiver | BindTransceiver
BindResp: TypeAlias = BindTransmitterResp | BindReceiverResp | BindTransceiverResp


class Session:
    """The server's side of one connection.

    The caller hands in what it reads, and the time whenever `next_deadline` has come; after each call it sends
    `data_to_send` and deals with the events. After `answer` or `unbind` it calls `receive_data(b"", now)`, which goes
    on with what waited.
    """

    __slots__ = (
        "_bind",
        "_deaf",
        "_errors_at",
        "_events",
        "_farewell",
        "_fault",
        "_framer",
        "_frames",
        "_in_flight",
        "_interface_version",
        "_now",
        "_out",
        "_owed",
        "_owed_total",
        "_reactions",
        "_requests_open",
        "_sequence_number",
        "_settings",
        "_state",
        "_table",
        "_tally",
        "_timers",
        "_unbind_number",
        "_unbound",
    )

    def __init__(self, settings: SessionSettings, now: float, *, tally: Tally | None = None) -> None:
        """Open a session at `now`, in monotonic seconds."""
        self._settings = settings
        self._now = now
        self._tally = Tally() if tally is None else tally
        self._framer = Framer(max_octets=settings.max_octets)
        self._timers = Timers(settings=settings, opened_at=now, heard_at=now)
        self._state = self._unbound = State.OPEN  # _unbound: where a refused bind leads back to
        self._table = reactions(settings.serves)
        self._reactions = self._table[State.OPEN]
        self._bind: BindPdu | None = None
        self._interface_version: int | None = None
        self._frames: deque[bytes] = deque()  # whole, not looked at yet
        self._fault: UnframableError | None = None  # what comes after them
        self._deaf = False  # whatever still arrives is not looked at
        self._owed: dict[tuple[int, int], int] = {}  # (response id, sequence number) -> answers due
        self._owed_total = 0
        self._in_flight: dict[int, tuple[Pdu, float]] = {}  # our requests and when they were sent, oldest first
        self._requests_open = 0
        self._sequence_number = 0
        self._errors_at: deque[float] = deque(maxlen=settings.protocol_errors_per_min)
        self._farewell: EndReason | None = None  # set: it ends as soon as nothing is owed
        self._unbind_number: int | None = None  # of the peer's unbind, until it is answered
        self._events: list[Event] = []
        self._out: list[bytes] = []

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._state

    @property
    def bind_type(self) -> BindType | None:
        """What the peer bound as; None before a successful bind. It stays after the end."""
        return None if self._interface_version is None or self._bind is None else BIND_TYPES[self._bind.command_id]

    @property
    def interface_version(self) -> int | None:
        """What the peer said it speaks; None before a successful bind."""
        return self._interface_version

    @property
    def system_id(self) -> str:
        """The peer's name, empty before a successful bind."""
        return "" if self._interface_version is None or self._bind is None else self._bind.system_id

    @property
    def owed(self) -> int:
        """Requests of the peer that wait for `answer`."""
        return self._owed_total

    @property
    def can_request(self) -> bool:
        """Whether `request` is allowed: bound for receiving, not ending, room in the window."""
        return self._state in RECEIVING and self._farewell is None and self._requests_open < self._settings.window_out

    @property
    def wants_pause(self) -> bool:
        """Whether requests beyond the window wait here: the caller stops reading, and TCP pushes back."""
        return bool(self._frames)

    @property
    def has_work(self) -> bool:
        """Whether `receive_data(b"", now)` would do something."""
        return bool(self._events) or (bool(self._frames) and self._owed_total < self._settings.window_in)

    def receive_data(self, data: bytes, now: float) -> list[Event]:
        """Take what was read; with no data, go on with what waited."""
        self._now = now
        if data and not self._deaf:
            self._feed(data)
        self._serve()
        return self._take_events()

    def receive_eof(self) -> list[Event]:
        """The peer sends no more: it ends when everything it sent before is answered."""
        if self._state is not State.CLOSED and self._farewell in (None, EndReason.DRAINED):
            self._leave(EndReason.EOF)
        return self._take_events()

    def limit_window(self, requests: int) -> None:
        """Take at most so many requests of the peer without an answer from now on; an account may have its own."""
        self._settings = replace(self._settings, window_in=requests)

    def abandon(self, reason: EndReason) -> list[Event]:
        """The connection is gone: the session ends now, for this reason or the one it was ending for."""
        self._end(self._farewell or reason)
        return self._take_events()

    def tick(self, now: float) -> list[Event]:
        """Do what is due at `now`."""
        self._now = now
        while (due := self._next_due()) is not None and due[0] <= now:
            self._ring(due[1])
        return self._take_events()

    def next_deadline(self) -> float | None:
        """When `tick` is needed at the latest; None: not before something else happens."""
        due = self._next_due()
        return None if due is None or due[0] == float("inf") else due[0]

    def request(self, pdu: Pdu, now: float) -> int:
        """Send a deliver_sm or data_sm of ours; exactly one `Answered` or `Unanswered` will follow.

        Args:
            pdu: What to send; its own sequence_number does not matter.
            now: Monotonic seconds; the response timer starts.

        Returns:
            The sequence_number it was sent with, which is also that of the event's request.

        Raises:
            LocalProtocolError: The command is not ours to send, `can_request` is false, or a field does not fit.
        """
        if pdu.command_id not in REQUESTS or not self.can_request:
            raise LocalProtocolError(
                f"{type(pdu).__name__}: no request of this kind now, session is {self._state.value}"
            )
        self._now = now
        sequence_number = self._send_request(pdu)
        self._requests_open += 1
        return sequence_number

    def outbind(self, pdu: Outbind) -> None:
        """Ask the peer to bind, so that it can receive: the first PDU of a connection that we made.

        It has no response (SMPP v3.4, 4.1.7): what follows is a bind_receiver or bind_transceiver, or an end. An empty
        system_id becomes that of the settings.

        Raises:
            LocalProtocolError: The session is not open any more, or a field does not fit.
        """
        if self._state is not State.OPEN:
            raise LocalProtocolError(f"no outbind now, session is {self._state.value}")
        self._send_unanswered(replace(pdu, system_id=pdu.system_id or self._settings.system_id))
        self._unbound = State.OUTBOUND
        self._enter(State.OUTBOUND)

    def notify(self, pdu: AlertNotification) -> None:
        """Send an alert_notification: it has no response, takes no room in the window, and nothing follows from it.

        Peers below v3.4 do not know it; whom it is for is the caller's choice.

        Raises:
            LocalProtocolError: `can_request` is false, or a field does not fit.
        """
        if not self.can_request:
            raise LocalProtocolError(f"no alert_notification now, session is {self._state.value}")
        self._send_unanswered(pdu)

    def answer(self, pdu: Pdu) -> None:
        """Answer a request that came as `Received`; the order of calls is the order on the wire.

        A bind is answered here too: ESME_ROK binds the session, anything else leaves it open for another try. After
        the end of the session an answer goes nowhere, silently.

        Raises:
            LocalProtocolError: No such request waits for an answer, or a field does not fit; it is still owed then.
        """
        if self._state is State.CLOSED:
            return
        key = (pdu.command_id, pdu.sequence_number)
        if key not in self._owed:
            raise LocalProtocolError(f"{type(pdu).__name__} {pdu.sequence_number} answers nothing that is open")
        if isinstance(pdu, BindResp):
            self._answer_bind(pdu)
        else:
            self._send(pdu)
        self._settle(key)
        if self._farewell is not None:
            self._conclude()

    def unbind(self, now: float) -> None:
        """End the session from our side: answer what is owed, send unbind, await its answer.

        Work that arrives meanwhile is refused with ESME_RSYSERR, so that the peer sends it again elsewhere.
        """
        self._now = now
        if self._state is State.CLOSED or self._farewell is not None:
            return
        if self._state in BOUND:
            self._enter(State.UNBINDING)
        self._leave(EndReason.DRAINED)

    def data_to_send(self) -> bytes:
        """Everything to write since the last call, in order."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    # What arrives

    def _feed(self, data: bytes) -> None:
        frames: list[bytes] | tuple[bytes, ...]
        try:
            frames = self._framer.feed(data)
        except UnframableError as error:
            frames, self._fault, self._deaf = error.frames, error, True
        if frames:
            self._frames.extend(frames)
            self._timers.hear(self._now)
        partial = self._framer.pending and not self._deaf
        self._timers.hold_partial(partial, fresh=bool(frames), now=self._now)

    def _serve(self) -> None:
        frames, window_in = self._frames, self._settings.window_in
        while frames:
            frame = frames[0]
            command_id, command_status, sequence_number = _FIELDS.unpack_from(frame)
            reaction = self._reactions.get(command_id)
            if reaction is Action.DELIVER and self._owed_total >= window_in:
                break
            frames.popleft()
            self._tally.receive(UNKNOWN if reaction is None else command_id)
            if reaction is Action.DELIVER:
                self._deliver(frame, command_id, sequence_number)
            else:
                self._react(reaction, frame, command_id, command_status, sequence_number)
        self._after_serving()

    def _after_serving(self) -> None:
        if self._fault is not None and not self._frames and self._state is not State.CLOSED:
            self._lose_framing(self._fault)
        if self._farewell is not None:
            self._conclude()
        self._timers.pause(bool(self._frames), self._now)
        self._timers.check_bind(self._state is State.BINDING, self._now)

    def _react(
        self, reaction: Reaction | None, frame: bytes, command_id: int, command_status: int, sequence_number: int
    ) -> None:
        match reaction:
            case None:
                self._refuse_unknown(command_id, sequence_number)
            case Action.MATCH:
                self._match(frame, command_id, command_status, sequence_number)
            case Action.ECHO:
                self._echo(frame, command_id, sequence_number)
            case Action.BIND:
                self._begin_bind(frame, command_id, sequence_number)
            case Action.UNBIND:
                self._unbind_number = sequence_number
                self._enter(State.LEAVING)
                self._leave(EndReason.UNBOUND)
            case CommandStatus.ESME_RINVBNDSTS | CommandStatus.ESME_RALYBND | CommandStatus.ESME_RSYSERR:
                self._refuse(Fault.STATE, command_id, sequence_number, reaction)
            case CommandStatus():
                self._refuse(Fault.UNSERVED, command_id, sequence_number, reaction)

    def _deliver(self, frame: bytes, command_id: int, sequence_number: int) -> Pdu | None:
        try:
            pdu = decode(frame)
        except RemoteProtocolError as error:
            self._refuse(Fault.BODY, command_id, sequence_number, error.status)
            self._count_error()
            return None
        key = (command_id | RESPONSE_BIT, sequence_number)
        self._owed[key] = self._owed.get(key, 0) + 1
        self._owed_total += 1
        self._events.append(Received(pdu=pdu))
        return pdu

    def _echo(self, frame: bytes, command_id: int, sequence_number: int) -> None:
        if len(frame) > HEADER_OCTETS:
            try:
                decode(frame)
            except RemoteProtocolError as error:
                self._refuse(Fault.BODY, command_id, sequence_number, error.status)
                self._count_error()
                return
        self._send_header(command_id | RESPONSE_BIT, CommandStatus.ESME_ROK, sequence_number)

    def _match(self, frame: bytes, command_id: int, command_status: int, sequence_number: int) -> None:
        request, _ = self._in_flight.get(sequence_number, (None, 0.0))
        if request is None or command_id not in (request.command_id | RESPONSE_BIT, CommandId.GENERIC_NACK):
            self._note(Fault.STRAY_RESPONSE, command_id, sequence_number, None)
            return
        del self._in_flight[sequence_number]
        if request.command_id in REQUESTS:
            self._requests_open -= 1
            self._take_response(frame, request, command_id, command_status)
        elif isinstance(request, Unbind):
            self._end(self._farewell or EndReason.DRAINED)

    def _take_response(self, frame: bytes, request: Pdu, command_id: int, command_status: int) -> None:
        number = request.sequence_number
        try:
            self._events.append(Answered(request=request, response=decode(frame)))
        except RemoteProtocolError:
            # The header says which request it answers and how; a body that nobody can read changes neither.
            response = decode(_HEADER.pack(HEADER_OCTETS, command_id, command_status, number))
            self._events.append(Answered(request=request, response=response))
            self._note(Fault.BODY, command_id, number, None)
            self._count_error()

    # Binding

    def _begin_bind(self, frame: bytes, command_id: int, sequence_number: int) -> None:
        pdu = self._deliver(frame, command_id, sequence_number)
        if isinstance(pdu, BindPdu):
            self._bind = pdu
            self._enter(State.BINDING)

    def _answer_bind(self, pdu: BindResp) -> None:
        bind = self._bind
        if pdu.command_status != CommandStatus.ESME_ROK or bind is None or self._state is not State.BINDING:
            self._send(pdu)
            if self._state is State.BINDING:
                self._enter(self._unbound)
            return
        self._send(self._welcome(pdu, bind.interface_version), interface_version=bind.interface_version)
        self._interface_version = bind.interface_version
        self._enter(BOUND_STATES[BIND_TYPES[bind.command_id]])
        self._timers.bound = True

    def _welcome(self, pdu: BindResp, interface_version: int) -> BindResp:
        system_id = pdu.system_id or self._settings.system_id
        if interface_version < VERSION_3_4 or tlv.get(pdu.tlvs, Tag.SC_INTERFACE_VERSION) is not None:
            return replace(pdu, system_id=system_id)
        ours = tlv.of_int(Tag.SC_INTERFACE_VERSION, self._settings.interface_version)
        return replace(pdu, system_id=system_id, tlvs=(*pdu.tlvs, ours))

    # Refusals

    def _refuse(self, fault: Fault, command_id: int, sequence_number: int, status: CommandStatus) -> None:
        self._send_header(response_id(command_id), status, sequence_number)
        self._note(fault, command_id, sequence_number, status)

    def _refuse_unknown(self, command_id: int, sequence_number: int) -> None:
        if command_id & RESPONSE_BIT:
            self._note(Fault.UNKNOWN_COMMAND, command_id, sequence_number, None)
        else:
            self._refuse(Fault.UNKNOWN_COMMAND, command_id, sequence_number, CommandStatus.ESME_RINVCMDID)
        self._count_error()

    def _note(self, fault: Fault, command_id: int, sequence_number: int, status: CommandStatus | None) -> None:
        self._events.append(Refused(fault=fault, command_id=command_id, sequence_number=sequence_number, status=status))

    def _count_error(self) -> None:
        errors = self._errors_at
        errors.append(self._now)
        if len(errors) == errors.maxlen and self._now - errors[0] < _MINUTE_S:
            self._stop_listening(EndReason.PROTOCOL_ERRORS)

    def _lose_framing(self, error: UnframableError) -> None:
        self._fault = None
        self._send_header(CommandId.GENERIC_NACK, error.status, error.sequence_number)
        self._note(Fault.FRAMING, UNKNOWN, error.sequence_number, error.status)
        self._stop_listening(EndReason.FRAMING)

    # Ending

    def _stop_listening(self, reason: EndReason) -> None:
        self._deaf = True
        self._fault = None
        self._frames.clear()
        self._enter(State.LEAVING)
        self._leave(reason)

    def _leave(self, reason: EndReason) -> None:
        self._farewell = reason
        self._timers.end(self._now)
        self._conclude()

    def _conclude(self) -> None:
        if self._owed_total or self._farewell is None or (self._frames and self._farewell is EndReason.EOF):
            return
        if self._farewell is EndReason.DRAINED and self._state in UNBINDABLE:
            self._enter(State.UNBINDING)
            self._send_unbind()
            return
        if self._unbind_number is not None:
            self._send_header(CommandId.UNBIND_RESP, CommandStatus.ESME_ROK, self._unbind_number)
            self._unbind_number = None
        self._end(self._farewell)

    def _send_unbind(self) -> None:
        if not any(isinstance(request, Unbind) for request, _ in self._in_flight.values()):
            self._send_request(Unbind())

    def _end(self, reason: EndReason) -> None:
        if self._state is State.CLOSED:
            return
        self._enter(State.CLOSED)
        self._deaf = True
        self._frames.clear()
        self._owed.clear()
        self._owed_total = 0
        self._give_up(len(self._in_flight))
        self._events.append(Ended(reason=reason))

    # Time

    def _next_due(self) -> tuple[float, Alarm] | None:
        if self._state is State.CLOSED:
            return None
        oldest = next(iter(self._in_flight.values()), None)
        return self._timers.next(None if oldest is None else oldest[1])

    def _ring(self, alarm: Alarm) -> None:
        match alarm:
            case Alarm.ENQUIRE_LINK:
                self._send_request(EnquireLink())
                self._timers.probe(self._now)
            case Alarm.RESPONSE:
                self._give_up(self._count_expired())
            case Alarm.ENDING:
                self._end(self._farewell or EndReason.DRAINED)
            case Alarm.PDU_READ:
                self._stop_listening(EndReason.PDU_READ)
            case Alarm.INACTIVITY:
                self._stop_listening(EndReason.INACTIVITY)
            case Alarm.LINK_DEAD:
                self._end(EndReason.LINK_DEAD)
            case Alarm.SESSION_INIT:
                self._end(EndReason.SESSION_INIT)

    def _count_expired(self) -> int:
        limit = self._now - self._settings.response_s
        return max(1, sum(sent_at <= limit for _, sent_at in self._in_flight.values()))

    def _give_up(self, oldest: int) -> None:
        for sequence_number in list(self._in_flight)[:oldest]:
            request, _ = self._in_flight.pop(sequence_number)
            if request.command_id in REQUESTS:
                self._requests_open -= 1
                self._events.append(Unanswered(request=request))

    # What leaves

    def _send_request(self, pdu: Pdu) -> int:
        pdu = self._send_unanswered(pdu)
        self._in_flight[pdu.sequence_number] = (pdu, self._now)
        return pdu.sequence_number

    def _send_unanswered(self, pdu: Pdu) -> Pdu:
        pdu = replace(pdu, sequence_number=self._next_sequence_number())
        self._send(pdu)
        self._sequence_number = pdu.sequence_number
        return pdu

    def _next_sequence_number(self) -> int:
        number = self._sequence_number % MAX_SEQUENCE_NUMBER + 1
        while number in self._in_flight:
            number = number % MAX_SEQUENCE_NUMBER + 1
        return number

    def _send(self, pdu: Pdu, *, interface_version: int | None = None) -> None:
        version = self._interface_version if interface_version is None else interface_version
        if pdu.tlvs and (version is None or version < VERSION_3_4):
            pdu = replace(pdu, tlvs=())  # such a peer cannot read them (SMPP v5.0, 2.11.2)
        self._out.append(encode(pdu))
        self._tally.send(pdu.command_id)

    def _send_header(self, command_id: int, command_status: CommandStatus, sequence_number: int) -> None:
        # A refusal has no body, nor have enquire_link_resp, unbind_resp and generic_nack (SMPP v3.4, 3.2.1.3 and 4).
        self._out.append(_HEADER.pack(HEADER_OCTETS, command_id, command_status, sequence_number))
        self._tally.send(command_id)

    # The session's own books

    def _enter(self, state: State) -> None:
        self._state = state
        self._reactions = self._table[state]

    def _settle(self, key: tuple[int, int]) -> None:
        due = self._owed[key] - 1
        if due:
            self._owed[key] = due
        else:
            del self._owed[key]
        self._owed_total -= 1

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events
