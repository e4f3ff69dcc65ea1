"""The session as peers meet it: bytes and a virtual time in, events and bytes out. No socket, no clock, no wait."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.smpp.consts import RESPONSE_BIT, BindType, CommandId, CommandStatus, Tag
from smppgw.smpp.errors import LocalProtocolError
from smppgw.smpp.events import Answered, Ended, EndReason, Event, Fault, Received, Refused, Unanswered
from smppgw.smpp.fields import SmeAddress
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import (
    CLASSES,
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    decode,
    encode,
    respond,
)
from smppgw.smpp.session import Session
from smppgw.smpp.settings import SessionSettings
from smppgw.smpp.states import State
from smppgw.smpp.tally import UNKNOWN, Tally

ROK = CommandStatus.ESME_ROK
RECIPIENTS = (SmeAddress(destination_addr="491701234567"),)
BINDS: dict[BindType, type[BindTransmitter] | type[BindReceiver] | type[BindTransceiver]] = {
    BindType.TRANSMITTER: BindTransmitter,
    BindType.RECEIVER: BindReceiver,
    BindType.TRANSCEIVER: BindTransceiver,
}


def sent(session: Session) -> list[Pdu]:
    """What the peer would read."""
    return [decode(frame) for frame in Framer().feed(session.data_to_send())]


def statuses(session: Session) -> list[tuple[CommandId, int, int]]:
    """What the peer would read, in short."""
    return [(pdu.command_id, pdu.command_status, pdu.sequence_number) for pdu in sent(session)]


def give(session: Session, *pdus: Pdu, now: float = 0.0) -> list[Event]:
    """The peer sends these in one burst."""
    return session.receive_data(b"".join(map(encode, pdus)), now)


def bound(
    bind_type: BindType = BindType.TRANSCEIVER, *, version: int = 0x34, options: SessionSettings | None = None
) -> Session:
    """A session that is bound since 0."""
    session = Session(options or SessionSettings(), 0.0)
    request = BINDS[bind_type](sequence_number=1, system_id="legacy", password="secret", interface_version=version)
    give(session, request)
    session.answer(respond(request, ROK))
    session.data_to_send()
    return session


def submit(sequence_number: int) -> SubmitSm:
    """Any message."""
    return SubmitSm(sequence_number=sequence_number, destination_addr="491701234567", short_message=b"hi")


def answer_all(session: Session, events: Sequence[Event], status: CommandStatus = ROK) -> None:
    """What a lazy application does."""
    for event in events:
        if isinstance(event, Received):
            session.answer(respond(event.pdu, status))


def reasons(events: Sequence[Event]) -> list[EndReason]:
    """Why it ended, as often as it said so."""
    return [event.reason for event in events if isinstance(event, Ended)]


class TestBinding:
    """From the connection to a bound session."""

    @pytest.mark.parametrize(
        ("bind_type", "state"),
        [
            (BindType.TRANSMITTER, State.BOUND_TX),
            (BindType.RECEIVER, State.BOUND_RX),
            (BindType.TRANSCEIVER, State.BOUND_TRX),
        ],
    )
    def test_a_good_answer_binds_the_session(self, bind_type: BindType, state: State) -> None:
        """The application decides; the session remembers what the peer said of itself."""
        session = bound(bind_type, version=0x50)

        known = (session.state, session.bind_type, session.system_id, session.interface_version)
        assert known == (state, bind_type, "legacy", 0x50)

    def test_bind_resp_names_us_and_our_version(self) -> None:
        """Its absence would tell the peer to send no TLVs."""
        session = Session(SessionSettings(system_id="GATE"), 0.0)
        request = BindTransceiver(sequence_number=7, interface_version=0x34)
        give(session, request)

        session.answer(respond(request, ROK))

        tlvs = ((Tag.SC_INTERFACE_VERSION, b"\x34"),)
        assert sent(session) == [BindTransceiverResp(sequence_number=7, system_id="GATE", tlvs=tlvs)]

    @pytest.mark.parametrize("version", [0x00, 0x33])
    def test_a_peer_older_than_3_4_gets_no_tlvs(self, version: int) -> None:
        """Neither in bind_resp nor in anything later (SMPP v5.0, 2.11.2)."""
        session = Session(SessionSettings(), 0.0)
        request = BindTransceiver(sequence_number=1, interface_version=version)
        give(session, request)

        session.answer(respond(request, ROK))
        session.request(DeliverSm(tlvs=((Tag.RECEIPTED_MESSAGE_ID, b"1\0"),)), 0.0)

        assert [pdu.tlvs for pdu in sent(session)] == [(), ()]

    def test_a_refused_bind_leaves_the_session_open_for_another_try(self) -> None:
        """The second one may succeed."""
        session = Session(SessionSettings(), 0.0)
        first, second = BindTransceiver(sequence_number=1), BindTransceiver(sequence_number=2)
        give(session, first)
        session.answer(respond(first, CommandStatus.ESME_RBINDFAIL))
        state, bind_type = session.state, session.bind_type

        give(session, second)
        session.answer(respond(second, ROK))

        assert (state, bind_type, session.state) == (State.OPEN, None, State.BOUND_TRX)

    def test_a_second_bind_is_refused_and_the_session_stays(self) -> None:
        """RALYBND in the response of that very bind."""
        session = bound()

        events = give(session, BindReceiver(sequence_number=2))

        assert statuses(session) == [(CommandId.BIND_RECEIVER_RESP, CommandStatus.ESME_RALYBND, 2)]
        assert not reasons(events)
        assert session.state is State.BOUND_TRX

    def test_while_a_bind_is_checked_everything_else_waits_for_nothing(self) -> None:
        """A second bind and early work are refused; enquire_link is answered."""
        session = Session(SessionSettings(), 0.0)
        give(session, BindTransceiver(sequence_number=1))

        give(session, BindTransceiver(sequence_number=2), submit(3), EnquireLink(sequence_number=4))

        assert statuses(session) == [
            (CommandId.BIND_TRANSCEIVER_RESP, CommandStatus.ESME_RALYBND, 2),
            (CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 3),
            (CommandId.ENQUIRE_LINK_RESP, ROK, 4),
        ]

    @pytest.mark.parametrize("octets", [16, 17])
    def test_a_malformed_bind_can_be_repeated(self, octets: int) -> None:
        """The body's own fault is told; the session stays open."""
        session = Session(SessionSettings(), 0.0)
        frame = encode(BindTransceiver(sequence_number=1, system_id="legacy"))[:octets]

        session.receive_data(len(frame).to_bytes(4, "big") + frame[4:], 0.0)

        (response,) = sent(session)
        assert isinstance(response, BindTransceiverResp)
        assert response.command_status != ROK
        assert session.state is State.OPEN


class TestRequests:
    """What a peer may ask, and when."""

    @pytest.mark.parametrize(
        "pdu", [submit(9), QuerySm(sequence_number=9), CancelSm(sequence_number=9), Unbind(sequence_number=9)]
    )
    def test_work_before_a_bind_is_refused_in_its_own_response(self, pdu: Pdu) -> None:
        """Not in a generic_nack."""
        session = Session(SessionSettings(), 0.0)

        give(session, pdu)

        assert statuses(session) == [(pdu.command_id | RESPONSE_BIT, CommandStatus.ESME_RINVBNDSTS, 9)]

    def test_before_a_bind_no_body_is_read(self) -> None:
        """Whoever is not bound cannot reach the body's decoder."""
        session = Session(SessionSettings(), 0.0)
        frame = b"\x00\x00\x00\x12" + encode(submit(9))[4:16] + b"\xff\xff"

        session.receive_data(frame, 0.0)

        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 9)]

    def test_a_receiver_may_not_submit(self) -> None:
        """RINVBNDSTS, and the session lives."""
        session = bound(BindType.RECEIVER)

        events = give(session, submit(2))

        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RINVBNDSTS, 2)]
        assert [event.fault for event in events if isinstance(event, Refused)] == [Fault.STATE]

    def test_submit_sm_goes_to_the_application(self) -> None:
        """And nothing is answered by itself."""
        session = bound()

        events = give(session, submit(2))

        assert events == [Received(pdu=submit(2))]
        assert session.data_to_send() == b""

    @pytest.mark.parametrize(
        ("pdu", "status"),
        [
            (QuerySm(sequence_number=5), CommandStatus.ESME_RQUERYFAIL),
            (CancelSm(sequence_number=5), CommandStatus.ESME_RCANCELFAIL),
            (ReplaceSm(sequence_number=5), CommandStatus.ESME_RREPLACEFAIL),
            (SubmitMulti(sequence_number=5, dest_address=RECIPIENTS), CommandStatus.ESME_RINVCMDID),
            (DataSm(sequence_number=5), CommandStatus.ESME_RINVCMDID),
            (DeliverSm(sequence_number=5), CommandStatus.ESME_RINVCMDID),
        ],
    )
    def test_unserved_commands_are_answered_and_harmless(self, pdu: Pdu, status: CommandStatus) -> None:
        """Jasmin disconnects here, others keep silent."""
        session = bound()

        give(session, pdu)

        assert statuses(session) == [(pdu.command_id | RESPONSE_BIT, status, 5)]
        assert session.state is State.BOUND_TRX

    def test_a_command_that_the_application_serves_goes_to_it(self) -> None:
        """The serving set is a setting."""
        session = bound(options=SessionSettings(serves=frozenset({CommandId.QUERY_SM})))

        events = give(session, QuerySm(sequence_number=2))

        assert events == [Received(pdu=QuerySm(sequence_number=2))]

    def test_an_unknown_command_gets_a_generic_nack_and_the_session_lives(self) -> None:
        """SMPP v3.4, 4.3."""
        session = bound()

        session.receive_data(bytes.fromhex("00000010 000000ff 00000000 0000002a"), 0.0)

        assert statuses(session) == [(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 42)]
        assert session.state is State.BOUND_TRX

    def test_an_outbind_has_no_response_and_gets_a_generic_nack(self) -> None:
        """Only a message centre sends it."""
        session = bound()

        give(session, Outbind(sequence_number=3))

        assert statuses(session) == [(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID, 3)]

    @pytest.mark.parametrize("sequence_number", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    def test_any_sequence_number_is_echoed(self, sequence_number: int) -> None:
        """The specification has no status for a breach."""
        session = bound()

        answer_all(session, give(session, submit(sequence_number)))

        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, ROK, sequence_number)]

    def test_the_same_sequence_number_twice_is_answered_twice(self) -> None:
        """Nothing keyed by it is overwritten."""
        session = bound()

        answer_all(session, give(session, submit(5), submit(5)))

        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, ROK, 5)] * 2
        assert session.owed == 0

    def test_a_body_error_is_answered_and_the_next_pdu_is_read(self) -> None:
        """command_length still delimits."""
        session = bound()
        bad = bytearray(encode(submit(2)))
        bad[-3] = 200  # sm_length: more than there is

        events = session.receive_data(bytes(bad) + encode(submit(3)), 0.0)

        ((command, status, sequence_number),) = statuses(session)
        assert (command, sequence_number) == (CommandId.SUBMIT_SM_RESP, 2)
        assert status != ROK
        assert events[1:] == [Received(pdu=submit(3))]

    def test_enquire_link_is_answered_by_the_session(self) -> None:
        """Before and after the bind."""
        fresh, ready = Session(SessionSettings(), 0.0), bound()

        give(fresh, EnquireLink(sequence_number=2))
        give(ready, EnquireLink(sequence_number=3))

        assert [*sent(fresh), *sent(ready)] == [EnquireLinkResp(sequence_number=2), EnquireLinkResp(sequence_number=3)]

    def test_an_enquire_link_with_a_corrupt_body_is_refused(self) -> None:
        """Three octets cannot be a TLV."""
        session = bound()

        session.receive_data(bytes.fromhex("00000013 00000015 00000000 00000002 010203"), 0.0)

        ((command, status, _),) = statuses(session)
        assert command is CommandId.ENQUIRE_LINK_RESP
        assert status != ROK


class TestAnswers:
    """The application's side of a request."""

    def test_an_answer_to_nothing_is_a_bug_here(self) -> None:
        """Each PDU is answered exactly once."""
        session = bound()
        answer_all(session, give(session, submit(2)))

        with pytest.raises(LocalProtocolError):
            session.answer(SubmitSmResp(sequence_number=2))

    def test_an_answer_that_does_not_fit_is_still_owed(self) -> None:
        """The application can say something else instead."""
        session = bound()
        give(session, submit(2))

        with pytest.raises(LocalProtocolError):
            session.answer(SubmitSmResp(sequence_number=2, message_id="x" * 65))
        session.answer(SubmitSmResp(sequence_number=2, command_status=CommandStatus.ESME_RSYSERR))

        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RSYSERR, 2)]

    def test_an_answer_after_the_end_goes_nowhere(self) -> None:
        """The commit came back too late for this connection."""
        session = bound()
        give(session, submit(2))
        session.abandon(EndReason.LOST)

        session.answer(SubmitSmResp(sequence_number=2))

        assert session.data_to_send() == b""

    def test_answers_and_requests_leave_in_the_order_of_the_calls(self) -> None:
        """A receipt cannot overtake the response of its submit_sm."""
        session = bound()
        give(session, submit(2))

        session.answer(SubmitSmResp(sequence_number=2, message_id="77"))
        session.request(DeliverSm(), 0.0)

        assert [pdu.command_id for pdu in sent(session)] == [CommandId.SUBMIT_SM_RESP, CommandId.DELIVER_SM]


class TestWindowIn:
    """Too many requests without an answer: the session takes no more."""

    @pytest.fixture
    def session(self) -> Session:
        """A window of two."""
        return bound(options=SessionSettings(window_in=2))

    def test_requests_beyond_the_window_wait(self, session: Session) -> None:
        """The caller stops reading."""
        events = give(session, submit(2), submit(3), submit(4))

        assert events == [Received(pdu=submit(2)), Received(pdu=submit(3))]
        assert session.wants_pause

    def test_a_window_that_is_exactly_full_stops_nothing(self, session: Session) -> None:
        """A peer that keeps to the window is never held up, and its enquire_link and responses still get through."""
        give(session, submit(2), submit(3), EnquireLink(sequence_number=4))

        assert not session.wants_pause
        assert statuses(session) == [(CommandId.ENQUIRE_LINK_RESP, ROK, 4)]

    def test_an_answer_makes_room_for_the_next_request(self, session: Session) -> None:
        """In the order of arrival."""
        give(session, submit(2), submit(3), submit(4), submit(5))

        session.answer(SubmitSmResp(sequence_number=3))

        assert session.has_work
        assert session.receive_data(b"", 0.0) == [Received(pdu=submit(4))]
        assert session.wants_pause

    def test_while_it_waits_the_peer_is_not_judged_silent(self, session: Session) -> None:
        """We do not read, so we cannot hear it."""
        session.request(DeliverSm(), 0.0)
        give(session, submit(2), submit(3), submit(4))

        events = session.tick(10_000.0)

        assert events == []
        assert session.next_deadline() is None

    def test_when_reading_goes_on_the_peer_has_its_full_time(self, session: Session) -> None:
        """Resumed at 1000: the probe is due at 1030."""
        answer_all(session, give(session, submit(2), submit(3), submit(4)))

        answer_all(session, session.receive_data(b"", 1000.0))

        assert session.next_deadline() == 1030.0


class TestOurRequests:
    """deliver_sm and what becomes of it."""

    def test_only_a_receiving_bind_gets_requests(self) -> None:
        """Receipts need a receiver or a transceiver."""
        allowed = {bind_type: bound(bind_type).can_request for bind_type in BindType}

        assert allowed == {BindType.TRANSMITTER: False, BindType.RECEIVER: True, BindType.TRANSCEIVER: True}

    def test_a_request_out_of_place_is_a_bug_here(self) -> None:
        """Not bound for receiving."""
        session = bound(BindType.TRANSMITTER)

        with pytest.raises(LocalProtocolError):
            session.request(DeliverSm(), 0.0)

    def test_a_request_that_is_not_ours_to_send_is_a_bug_here(self) -> None:
        """A server does not submit."""
        with pytest.raises(LocalProtocolError):
            bound().request(SubmitSm(), 0.0)

    def test_a_request_that_does_not_fit_takes_no_room(self) -> None:
        """The window is as it was."""
        session = bound(options=SessionSettings(window_out=1))

        with pytest.raises(LocalProtocolError):
            session.request(DeliverSm(source_addr="x" * 21), 0.0)

        assert session.can_request
        assert session.data_to_send() == b""

    def test_the_window_out_has_an_end(self) -> None:
        """An answer makes room again."""
        session = bound(options=SessionSettings(window_out=2))
        numbers = [session.request(DeliverSm(), 0.0) for _ in range(2)]
        full = session.can_request

        give(session, DeliverSmResp(sequence_number=numbers[0]))

        assert (full, session.can_request) == (False, True)

    @pytest.mark.parametrize("status", [0, CommandStatus.ESME_RX_T_APPN, 0x4AB])
    def test_the_response_comes_with_its_request(self, status: int) -> None:
        """Whatever the peer's status is."""
        session = bound()
        request = DeliverSm(short_message=b"id:1")
        number = session.request(request, 0.0)
        response = DeliverSmResp(sequence_number=number, command_status=status)

        events = give(session, response)

        assert events == [Answered(request=replace(request, sequence_number=number), response=response)]

    def test_a_generic_nack_is_an_answer_too(self) -> None:
        """With the sequence number of our request."""
        session = bound()
        number = session.request(DeliverSm(), 0.0)
        response = GenericNack(sequence_number=number, command_status=CommandStatus.ESME_RINVCMDID)

        events = give(session, response)

        assert [event.response for event in events if isinstance(event, Answered)] == [response]

    def test_a_response_with_an_unreadable_body_still_counts_as_what_its_header_says(self) -> None:
        """The peer took the receipt; sending it again would be worse."""
        session = bound()
        number = session.request(DeliverSm(), 0.0)
        frame = bytes.fromhex("00000013 80000005 00000000") + number.to_bytes(4, "big") + b"abc"

        events = session.receive_data(frame, 0.0)

        assert [event.response for event in events if isinstance(event, Answered)] == [
            DeliverSmResp(sequence_number=number)
        ]

    @pytest.mark.parametrize(
        "stray",
        [
            DeliverSmResp(sequence_number=99),
            SubmitSmResp(sequence_number=1),
            EnquireLinkResp(sequence_number=1),
            GenericNack(sequence_number=0),
        ],
    )
    def test_a_response_to_nothing_is_noted_and_never_answered(self, stray: Pdu) -> None:
        """Nack storms begin otherwise; our request 1 is still open."""
        session = bound()
        session.request(DeliverSm(), 0.0)
        session.data_to_send()

        events = give(session, stray)

        assert [type(event) for event in events] == [Refused]
        assert session.data_to_send() == b""

    def test_a_request_without_an_answer_is_given_back(self) -> None:
        """After the response timer; its late answer is a stray one."""
        session = bound(options=SessionSettings(enquire_link_s=math.inf))
        number = session.request(DeliverSm(), 5.0)

        early, due = session.tick(64.9), session.tick(65.0)
        late = give(session, DeliverSmResp(sequence_number=number), now=66.0)

        assert (early, due) == ([], [Unanswered(request=DeliverSm(sequence_number=number))])
        assert [type(event) for event in late] == [Refused]
        assert session.can_request

    def test_only_what_is_due_is_given_back(self) -> None:
        """A younger request has its own time."""
        session = bound(options=SessionSettings(enquire_link_s=math.inf))
        numbers = [session.request(DeliverSm(), at) for at in (5.0, 10.0)]

        assert session.tick(65.0) == [Unanswered(request=DeliverSm(sequence_number=numbers[0]))]
        assert session.next_deadline() == 70.0

    def test_sequence_numbers_wrap_and_skip_what_is_open(self) -> None:
        """1 to 0x7fffffff."""
        session = bound()
        first = session.request(DeliverSm(), 0.0)
        numbers = []
        for _ in range(2):
            session._sequence_number = 0x7FFFFFFE
            numbers.append(session.request(DeliverSm(), 0.0))

        assert (first, numbers) == (1, [0x7FFFFFFF, 2])


class TestOutbind:
    """A connection that we made: the peer is asked to bind."""

    def test_an_outbind_is_the_first_that_leaves(self) -> None:
        """It names us where the caller does not."""
        session = Session(SessionSettings(system_id="GATE"), 0.0)

        session.outbind(Outbind(password="hush"))

        assert session.state is State.OUTBOUND
        assert sent(session) == [Outbind(sequence_number=1, system_id="GATE", password="hush")]

    def test_an_outbind_may_name_us_otherwise(self) -> None:
        """The ESME chose the name."""
        session = Session(SessionSettings(), 0.0)

        session.outbind(Outbind(system_id="OTHER"))

        assert sent(session) == [Outbind(sequence_number=1, system_id="OTHER")]

    @pytest.mark.parametrize("bind_type", [BindType.RECEIVER, BindType.TRANSCEIVER])
    def test_whom_we_called_binds_like_anybody(self, bind_type: BindType) -> None:
        """And gets requests then; the outbind itself is answered by nothing."""
        session = called()
        request = BINDS[bind_type](sequence_number=1, system_id="legacy", interface_version=0x34)

        events = give(session, request)
        session.answer(respond(request, ROK))

        assert events == [Received(pdu=request)]
        assert (session.bind_type, session.can_request) == (bind_type, True)
        assert session.request(DeliverSm(), 0.0) == 2

    def test_whom_we_called_may_not_bind_as_a_transmitter(self) -> None:
        """It may try again as something that receives."""
        session = called()

        give(session, BindTransmitter(sequence_number=1))

        assert statuses(session) == [(CommandId.BIND_TRANSMITTER_RESP, CommandStatus.ESME_RINVBNDSTS, 1)]
        assert session.state is State.OUTBOUND

    def test_a_refused_bind_leads_back_to_where_it_came_from(self) -> None:
        """A transmitter is as wrong as before."""
        session = called()
        request = BindReceiver(sequence_number=1)
        give(session, request)

        session.answer(respond(request, CommandStatus.ESME_RBINDFAIL))
        give(session, BindTransmitter(sequence_number=2))

        assert [status for _, status, _ in statuses(session)] == [
            CommandStatus.ESME_RBINDFAIL,
            CommandStatus.ESME_RINVBNDSTS,
        ]

    def test_whom_we_called_has_as_long_for_its_bind_as_anybody(self) -> None:
        """Also when it answers the outbind, which has no answer."""
        session = called()

        events = give(session, GenericNack(sequence_number=1, command_status=CommandStatus.ESME_RINVCMDID), now=9.0)

        assert [event.fault for event in events if isinstance(event, Refused)] == [Fault.STRAY_RESPONSE]
        assert session.next_deadline() == 10.0
        assert reasons(session.tick(10.0)) == [EndReason.SESSION_INIT]

    def test_we_hang_up_without_an_unbind(self) -> None:
        """There is nothing to undo."""
        session = called()

        session.unbind(1.0)

        assert reasons(session.receive_data(b"", 1.0)) == [EndReason.DRAINED]
        assert session.data_to_send() == b""

    def test_a_second_outbind_is_a_bug_here(self) -> None:
        """So it is on a session that is bound."""
        for session in (called(), bound()):
            with pytest.raises(LocalProtocolError):
                session.outbind(Outbind())

    def test_an_outbind_that_does_not_fit_leaves_the_session_as_it_was(self) -> None:
        """Nothing was sent."""
        session = Session(SessionSettings(), 0.0)

        with pytest.raises(LocalProtocolError):
            session.outbind(Outbind(system_id="x" * 16))

        assert (session.state, session.data_to_send()) == (State.OPEN, b"")


def called() -> Session:
    """A session on a connection that we made at 0."""
    session = Session(SessionSettings(), 0.0)
    session.outbind(Outbind())
    session.data_to_send()
    return session


class TestNotifying:
    """alert_notification: sent, and forgotten."""

    def test_an_alert_holds_nothing_in_flight(self) -> None:
        """Neither a place in the window nor a timer; its sequence_number is used up."""
        session = bound(options=SessionSettings(window_out=1))
        deadline = session.next_deadline()

        session.notify(ALERT)
        session.notify(ALERT)
        number = session.request(DeliverSm(), 0.0)

        alerts = [replace(ALERT, sequence_number=1), replace(ALERT, sequence_number=2)]
        assert sent(session) == [*alerts, DeliverSm(sequence_number=number)]
        assert (number, deadline) == (3, 30.0)
        assert reasons(session.tick(59.0)) == []

    def test_a_peer_older_than_3_4_gets_it_without_tlvs(self) -> None:
        """As everything."""
        session = bound(version=0x33)

        session.notify(ALERT)

        assert [pdu.tlvs for pdu in sent(session)] == [()]

    def test_an_answer_to_an_alert_is_one_to_nothing(self) -> None:
        """A peer that does not know it says so, and the session stays."""
        session = bound()
        session.notify(ALERT)

        events = give(session, GenericNack(sequence_number=1, command_status=CommandStatus.ESME_RINVCMDID))

        assert [event.fault for event in events if isinstance(event, Refused)] == [Fault.STRAY_RESPONSE]
        assert session.state is State.BOUND_TRX

    def test_an_alert_out_of_place_is_a_bug_here(self) -> None:
        """Not bound for receiving, a full window, an end that has begun."""
        full, leaving = bound(options=SessionSettings(window_out=1)), bound()
        full.request(DeliverSm(), 0.0)
        leaving.unbind(0.0)

        for session in (Session(SessionSettings(), 0.0), bound(BindType.TRANSMITTER), full, leaving, called()):
            with pytest.raises(LocalProtocolError):
                session.notify(ALERT)


ALERT = AlertNotification(
    source_addr_ton=1, source_addr="491701234567", esme_addr="12345", tlvs=((Tag.MS_AVAILABILITY_STATUS, b"\0"),)
)


class TestTimers:
    """What happens although nothing arrives."""

    def test_whoever_does_not_bind_is_let_go(self) -> None:
        """Ten seconds, refused binds included."""
        session = Session(SessionSettings(), 0.0)
        bind = BindTransceiver(sequence_number=1)
        give(session, bind, now=9.0)
        session.answer(respond(bind, CommandStatus.ESME_RBINDFAIL))
        give(session, now=9.0)

        assert reasons(session.tick(9.9)) == []
        assert reasons(session.tick(10.0)) == [EndReason.SESSION_INIT]

    def test_the_time_in_which_a_bind_is_checked_is_not_the_peers(self) -> None:
        """It came at 9 and was refused at 60; one second of ten is left."""
        session = Session(SessionSettings(), 0.0)
        bind = BindTransceiver(sequence_number=1)
        give(session, bind, now=9.0)

        while_checked = (session.next_deadline(), reasons(session.tick(59.0)))
        session.answer(respond(bind, CommandStatus.ESME_RBINDFAIL))
        give(session, now=60.0)

        assert while_checked == (None, [])
        assert session.next_deadline() == 61.0

    def test_an_idle_peer_is_probed_and_its_answer_keeps_it(self) -> None:
        """30 s idle; the enquire_link_resp is no event."""
        session = bound()
        session.tick(30.0)
        (probe,) = sent(session)

        events = give(session, EnquireLinkResp(sequence_number=probe.sequence_number), now=31.0)

        assert isinstance(probe, EnquireLink)
        assert events == []
        assert session.next_deadline() == 61.0

    def test_a_dead_link_ends_the_session(self) -> None:
        """Two probes without a sign of life; the receipts on their way are given back."""
        session = bound(options=SessionSettings(response_s=1000.0))
        number = session.request(DeliverSm(), 0.0)

        events = [event for now in (30.0, 60.0, 90.0) for event in session.tick(now)]

        assert events == [Unanswered(request=DeliverSm(sequence_number=number)), Ended(reason=EndReason.LINK_DEAD)]

    def test_inactivity_ends_the_session(self) -> None:
        """300 s without any PDU, where no enquire_link is sent."""
        session = bound(options=SessionSettings(enquire_link_s=math.inf))

        assert reasons(session.tick(299.9)) == []
        assert reasons(session.tick(300.0)) == [EndReason.INACTIVITY]

    def test_a_pdu_that_never_becomes_whole_ends_the_session(self) -> None:
        """Octets that trickle do not prolong it."""
        session = bound()
        octets = encode(submit(2))
        for at in range(9):
            session.receive_data(octets[at : at + 1], float(at))

        assert reasons(session.tick(9.9)) == []
        assert reasons(session.tick(10.0)) == [EndReason.PDU_READ]

    def test_a_tick_after_a_long_standstill_probes_first(self) -> None:
        """The peer is asked before it is judged."""
        session = bound(options=SessionSettings(inactivity_s=math.inf))

        events = session.tick(10_000.0)

        assert events == []
        assert [type(pdu) for pdu in sent(session)] == [EnquireLink]

    def test_timers_that_are_switched_off_need_no_tick(self) -> None:
        """Infinity is never."""
        session = bound(options=SessionSettings(enquire_link_s=math.inf, inactivity_s=math.inf))

        assert session.next_deadline() is None


class TestErrors:
    """Peers that do not keep to the protocol."""

    @pytest.mark.parametrize("length", [0, 2, 15, 68 * 1024 + 1, 0xFFFFFFFF])
    def test_a_lost_framing_is_nacked_and_ends_the_session(self, length: int) -> None:
        """Nothing later in the stream can be trusted."""
        session = bound()

        events = session.receive_data(length.to_bytes(4, "big") + encode(submit(7))[4:], 0.0)

        assert statuses(session) == [(CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDLEN, 7)]
        assert reasons(events) == [EndReason.FRAMING]

    def test_what_came_before_the_fault_is_answered(self) -> None:
        """The message was taken: its answer leaves before the end, later bytes are not looked at."""
        session = bound()
        events = session.receive_data(encode(submit(2)) + bytes(16) + encode(submit(3)), 0.0)
        more = session.receive_data(encode(submit(4)), 0.0)

        answer_all(session, events)

        assert [event for event in events if isinstance(event, Received)] == [Received(pdu=submit(2))]
        assert more == []
        assert [one[0] for one in statuses(session)] == [CommandId.GENERIC_NACK, CommandId.SUBMIT_SM_RESP]
        assert reasons(session.receive_data(b"", 0.0)) == [EndReason.FRAMING]

    def test_ten_protocol_errors_in_a_minute_are_too_many(self) -> None:
        """The tenth is answered, then it ends."""
        session = bound()
        unknown = bytes.fromhex("00000010 000000ff 00000000 00000001")

        seen = [reasons(session.receive_data(unknown, now)) for now in map(float, range(10))]

        assert seen == [[]] * 9 + [[EndReason.PROTOCOL_ERRORS]]
        assert len(sent(session)) == 10

    def test_the_response_that_is_one_error_too_many_still_counts(self) -> None:
        """The end is the last event, behind the answer."""
        session = bound(options=SessionSettings(protocol_errors_per_min=1))
        number = session.request(DeliverSm(), 0.0)

        events = session.receive_data(
            bytes.fromhex("00000013 80000005 00000000") + number.to_bytes(4, "big") + b"abc", 0.0
        )

        assert [type(event) for event in events] == [Answered, Refused, Ended]

    def test_errors_that_are_far_apart_are_forgiven(self) -> None:
        """Ten errors, seven seconds apart: 63 s from the first to the last."""
        session = bound(options=SessionSettings(enquire_link_s=math.inf))
        unknown = bytes.fromhex("00000010 000000ff 00000000 00000001")

        events = [event for step in range(30) for event in session.receive_data(unknown, step * 7.0)]

        assert reasons(events) == []

    def test_impatience_is_no_protocol_error(self) -> None:
        """A peer that sends fifty messages right behind its bind is refused fifty times and keeps its session."""
        session = Session(SessionSettings(), 0.0)
        bind = BindTransceiver(sequence_number=1)

        give(session, bind, *(submit(number) for number in range(2, 52)))
        session.answer(respond(bind, ROK))

        assert session.state is State.BOUND_TRX
        assert len(sent(session)) == 51


class TestEnding:
    """Every session ends once, and last."""

    def test_unbind_is_answered_after_everything_before_it(self) -> None:
        """unbind_resp is the last PDU; later work is refused."""
        session = bound()
        events = give(session, submit(2), submit(3), Unbind(sequence_number=4), submit(5))
        answer_all(session, events)

        ends = session.receive_data(b"", 0.0)

        assert [(command, number) for command, _, number in statuses(session)] == [
            (CommandId.SUBMIT_SM_RESP, 5),
            (CommandId.SUBMIT_SM_RESP, 2),
            (CommandId.SUBMIT_SM_RESP, 3),
            (CommandId.UNBIND_RESP, 4),
        ]
        assert (reasons(events), reasons(ends)) == ([], [EndReason.UNBOUND])

    def test_unbind_of_an_idle_session_ends_it_at_once(self) -> None:
        """Our open receipts are given back before the end."""
        session = bound()
        number = session.request(DeliverSm(), 0.0)

        events = give(session, Unbind(sequence_number=2))

        assert events == [Unanswered(request=DeliverSm(sequence_number=number)), Ended(reason=EndReason.UNBOUND)]

    def test_answers_that_never_come_do_not_hold_an_unbind_for_ever(self) -> None:
        """The response timer of the application, so to say."""
        session = bound()
        give(session, submit(2), Unbind(sequence_number=3), now=100.0)

        assert reasons(session.tick(159.9)) == []
        assert reasons(session.tick(160.0)) == [EndReason.UNBOUND]

    def test_the_end_of_the_stream_waits_for_the_answers(self) -> None:
        """A peer may close its side and still read; also what waited behind the window is served."""
        session = bound(options=SessionSettings(window_in=1))
        first = give(session, submit(2), submit(3))
        at_eof = session.receive_eof()

        answer_all(session, first)
        second = session.receive_data(b"", 0.0)
        answer_all(session, second)

        assert (at_eof, reasons(second)) == ([], [])
        assert reasons(session.receive_data(b"", 0.0)) == [EndReason.EOF]
        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, ROK, 2), (CommandId.SUBMIT_SM_RESP, ROK, 3)]

    def test_the_end_of_the_stream_behind_an_unbind_changes_nothing(self) -> None:
        """The unbind is the reason, and it is answered."""
        session = bound()
        events = give(session, submit(2), Unbind(sequence_number=3))
        session.receive_eof()

        answer_all(session, events)

        assert reasons(session.receive_data(b"", 0.0)) == [EndReason.UNBOUND]

    def test_a_peer_that_sends_no_more_gets_no_requests(self) -> None:
        """It could not answer them."""
        session = bound()
        give(session, submit(2))

        session.receive_eof()

        assert not session.can_request

    def test_a_connection_lost_in_the_end_keeps_its_reason(self) -> None:
        """The peer had closed its side before."""
        session = bound()
        give(session, submit(2))
        session.receive_eof()

        assert session.abandon(EndReason.LOST) == [Ended(reason=EndReason.EOF)]

    def test_the_end_of_an_idle_stream_is_the_end(self) -> None:
        """Half a PDU is nothing."""
        session = bound()
        session.receive_data(encode(submit(2))[:20], 0.0)

        assert session.receive_eof() == [Ended(reason=EndReason.EOF)]

    def test_we_unbind_after_our_answers(self) -> None:
        """Answers, unbind, its response, the end."""
        session = bound()
        give(session, submit(2))
        session.unbind(1.0)
        before = session.data_to_send()

        session.answer(SubmitSmResp(sequence_number=2))
        response, unbind = sent(session)
        events = give(session, UnbindResp(sequence_number=unbind.sequence_number), now=2.0)

        assert before == b""
        assert (response.command_id, unbind.command_id) == (CommandId.SUBMIT_SM_RESP, CommandId.UNBIND)
        assert events == [Ended(reason=EndReason.DRAINED)]

    def test_work_that_comes_while_we_unbind_is_refused_as_temporary(self) -> None:
        """The peer shall send it again elsewhere; responses are still matched."""
        session = bound()
        number = session.request(DeliverSm(), 0.0)
        session.unbind(1.0)
        session.data_to_send()

        events = give(session, submit(2), DeliverSmResp(sequence_number=number))

        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RSYSERR, 2)]
        assert [type(event) for event in events] == [Refused, Answered]

    def test_no_work_is_taken_while_our_unbind_waits_for_the_last_answers(self) -> None:
        """Otherwise a busy peer could hold up the end."""
        session = bound()
        give(session, submit(2))
        session.unbind(1.0)

        events = give(session, submit(3))

        assert [type(event) for event in events] == [Refused]
        assert statuses(session) == [(CommandId.SUBMIT_SM_RESP, CommandStatus.ESME_RSYSERR, 3)]

    def test_an_unbind_that_nobody_answers_ends_by_time(self) -> None:
        """60 s from our decision."""
        session = bound()
        session.unbind(1.0)

        assert reasons(session.tick(60.9)) == []
        assert reasons(session.tick(61.0)) == [EndReason.DRAINED]

    def test_unbinds_that_cross_are_both_answered(self) -> None:
        """The peer's unbind arrives while ours is on its way."""
        session = bound()
        session.unbind(1.0)
        session.data_to_send()

        events = give(session, Unbind(sequence_number=8))

        assert sent(session) == [UnbindResp(sequence_number=8)]
        assert reasons(events) == [EndReason.UNBOUND]

    def test_a_session_that_never_bound_is_closed_without_unbind(self) -> None:
        """There is nothing to undo."""
        session = Session(SessionSettings(), 0.0)

        session.unbind(1.0)

        assert session.receive_data(b"", 1.0) == [Ended(reason=EndReason.DRAINED)]
        assert session.data_to_send() == b""

    def test_a_bind_that_is_being_checked_is_answered_before_we_unbind(self) -> None:
        """The peer learns both."""
        session = Session(SessionSettings(), 0.0)
        bind = BindTransceiver(sequence_number=1)
        give(session, bind)
        session.unbind(1.0)

        session.answer(respond(bind, ROK))

        assert [pdu.command_id for pdu in sent(session)] == [CommandId.BIND_TRANSCEIVER_RESP, CommandId.UNBIND]

    def test_a_lost_connection_ends_it_once(self) -> None:
        """Whatever comes after the end says nothing more."""
        session = bound()
        give(session, submit(2))

        first = session.abandon(EndReason.LOST)
        later = [
            *session.abandon(EndReason.LOST),
            *session.receive_eof(),
            *give(session, submit(3)),
            *session.tick(1e9),
        ]

        assert first == [Ended(reason=EndReason.LOST)]
        assert later == []
        assert session.next_deadline() is None


def test_pdus_are_counted_both_ways() -> None:
    """Unknown commands share one key, so that no peer can make the books grow."""
    tally = Tally()
    session = Session(SessionSettings(), 0.0, tally=tally)

    give(session, EnquireLink(), EnquireLink())
    session.receive_data(bytes.fromhex("00000010 000000ff 00000000 00000001"), 0.0)
    session.receive_data(bytes.fromhex("00000010 000000fe 00000000 00000002"), 0.0)

    assert tally.received == {CommandId.ENQUIRE_LINK: 2, UNKNOWN: 2}
    assert tally.sent == {CommandId.ENQUIRE_LINK_RESP: 2, CommandId.GENERIC_NACK: 2}


# What holds for every peer

sequence_numbers = st.integers(0, 5) | st.sampled_from([0x7FFFFFFF, 0xFFFFFFFF])
any_pdu = {command_id: pdu_class() for command_id, pdu_class in CLASSES.items()}
any_pdu[CommandId.SUBMIT_MULTI] = SubmitMulti(dest_address=RECIPIENTS)
whole_pdus = st.builds(
    lambda pdu, number, status: encode(replace(pdu, sequence_number=number, command_status=status)),
    st.sampled_from(list(any_pdu.values())),
    sequence_numbers,
    st.sampled_from([0, 0, 0, 8]),
)
submits = st.builds(lambda number: encode(submit(number)), sequence_numbers)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A PDU with some of its octets changed, or some taken out or put in behind its header."""
    octets = bytearray(draw(whole_pdus | submits))
    for _ in range(draw(st.integers(1, 3))):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
    octets[16:16] = draw(st.binary(max_size=4))
    if draw(st.booleans()):
        octets[0:4] = len(octets).to_bytes(4, "big")
    return bytes(octets)


arrivals = whole_pdus | submits | mutants() | st.binary(max_size=40)
steps = st.lists(
    st.tuples(st.just("data"), arrivals)
    | st.tuples(st.sampled_from(["answer", "refuse", "request", "unbind", "eof"]), st.just(b""))
    | st.tuples(st.sampled_from(["tick", "wait"]), st.just(b"")),
    max_size=25,
)


class Driver:
    """An application and a peer that do whatever the example says, and the books of what must hold."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.now = 0.0
        self.events: list[Event] = []
        self.waiting: list[Pdu] = []
        self.requested = 0
        self.octets = b""

    def step(self, name: str, data: bytes) -> None:
        """One thing happens."""
        self.now += 0.5
        match name:
            case "answer" | "refuse":
                self._answer(ROK if name == "answer" else CommandStatus.ESME_RSYSERR)
            case "request":
                self._request()
            case "unbind":
                self.session.unbind(self.now)
            case "eof":
                self._take(self.session.receive_eof())
            case "tick":
                self._tick()
            case "wait":
                self.now += 40.0
        self._take(self.session.receive_data(data, self.now))
        self.octets += self.session.data_to_send()

    def _answer(self, status: CommandStatus) -> None:
        if self.waiting:
            self.session.answer(respond(self.waiting.pop(0), status))

    def _request(self) -> None:
        if self.session.can_request:
            self.session.request(DeliverSm(), self.now)
            self.requested += 1

    def _tick(self) -> None:
        deadline = self.session.next_deadline()
        self.now = max(self.now, deadline or 0.0)
        self._take(self.session.tick(self.now))

    def _take(self, events: list[Event]) -> None:
        self.events += events
        self.waiting += [event.pdu for event in events if isinstance(event, Received)]

    def of(self, kind: type[Event]) -> int:
        """How many events of a kind there were."""
        return sum(isinstance(event, kind) for event in self.events)


@settings(max_examples=300, deadline=None)
@given(script=steps, is_bound=st.booleans(), patience=st.sampled_from([1, 2, 10]))
def test_nothing_a_peer_sends_raises_and_every_session_ends_once(
    script: list[tuple[str, bytes]], is_bound: bool, patience: int
) -> None:
    """Arbitrary bytes, mutants, whole PDUs, time and the application, in any order and any state."""
    options = SessionSettings(window_in=3, window_out=2, protocol_errors_per_min=patience)
    driver = Driver(bound(options=options) if is_bound else Session(options, 0.0))

    for name, data in script:
        driver.step(name, data)
        assert driver.session.owed <= options.window_in
    driver._take(driver.session.abandon(EndReason.LOST))

    assert driver.of(Ended) == 1
    assert isinstance(driver.events[-1], Ended)
    assert driver.of(Answered) + driver.of(Unanswered) == driver.requested
    assert Framer().feed(driver.octets) or not driver.octets


@settings(max_examples=150, deadline=None)
@given(frames=st.lists(whole_pdus | submits, max_size=12), data=st.data())
def test_any_cut_of_the_stream_gives_the_same_session(frames: list[bytes], data: st.DataObject) -> None:
    """How TCP cuts the bytes is of no meaning."""
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=10)))
    at_once, in_pieces = bound(), bound()

    whole = at_once.receive_data(stream, 0.0)
    pieces = [
        event
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for event in in_pieces.receive_data(stream[start:end], 0.0)
    ]

    assert pieces == whole
    assert in_pieces.data_to_send() == at_once.data_to_send()


@settings(max_examples=150, deadline=None)
@given(frames=st.lists(whole_pdus.filter(lambda frame: not isinstance(decode(frame), Unbind)) | submits, max_size=15))
def test_every_request_is_answered_exactly_once(frames: list[bytes]) -> None:
    """In its own response or a generic_nack, with its sequence number; what follows an unbind is another matter."""
    session = bound(options=SessionSettings(protocol_errors_per_min=1000, window_in=2))
    driver = Driver(session)

    driver.step("data", b"".join([*frames, encode(Unbind(sequence_number=6))]))
    while driver.waiting:
        driver.step("answer", b"")

    asked = Counter([6, *(pdu.sequence_number for pdu in map(decode, frames) if not pdu.command_id & RESPONSE_BIT)])
    assert Counter(decode(frame).sequence_number for frame in Framer().feed(driver.octets)) == asked
