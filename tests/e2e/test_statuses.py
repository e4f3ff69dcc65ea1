"""Each situation that has a status of its own, on a live session with the real daemon.

The tables are those of SMPP v5.0, 4.7.6, as a message centre uses them. Whatever is refused: the response belongs to
the request, has its sequence_number and no body, and the session goes on.
"""

import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import product

import pytest
import pytest_asyncio

from smppgw.smpp.consts import RESPONSE_BIT, CommandId, CommandStatus, DataCoding, Tag
from smppgw.smpp.fields import DistributionList, SmeAddress
from smppgw.smpp.pdu import (
    HEADER_OCTETS,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    Header,
    Outbind,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    decode,
    encode,
    respond,
)
from tests.e2e.configuration import PASSWORD, configuration
from tests.e2e.daemon import Daemon
from tests.e2e.esme import submit as submit_with_receipt
from tests.e2e.simulated import retarus_simulator, serving
from tests.e2e.waiting import until
from tests.e2e.wire import Wire, bind_pdu, wired

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ROK = CommandStatus.ESME_ROK
NACK = CommandId.GENERIC_NACK
NUMBER = "491511234567"
SEQUENCE_NUMBER = 77

SMPP = """
refusal_delay = "1ms"
lockout_after = 100000
max_pdu = 8192
"""
LONG_PASSWORD = "of-sixteen-octet"
ACCOUNTS = "max_tps = 100000" + "".join(
    f"""
[[accounts]]
system_id = "{system_id}"
password = "{PASSWORD if not system_id.startswith("longer") else LONG_PASSWORD[: int(system_id[6:])]}"
country = "DE"
{line}"""
    for system_id, line in {
        "single": "max_binds = 1",
        "elsewhere": 'allowed_ips = ["192.0.2.0/24"]',
        "listener": 'bind_types = ["receiver"]',
        "slow": "max_tps = 1\nwindow = 1",
        "routeless": "",
        "moody": "",
        "picky": """
            senders = "Shop"
            numbers = "valid"
            optout = true
            inbound = "1234"
            duplicates = "1h"
            """,
        "spent": 'budgets = [{ period = "month", limit = "0.05 EUR" }]',
        "vendor": 'budgets = [{ period = "day", limit = "0.05 EUR", status = "0x400" }]',
        "longer9": "",
        "longer16": "",
    }.items()
)
ROUTED = 'match = { account = ["legacy", "slow", "moody", "picky", "spent", "vendor"] }\n'
"""Of the only route, which is the last table of the configuration."""
CONTENT = """
[[content]]
name = "no money"
accounts = "picky"
text = "*money*"
status = 0x412
[[content]]
name = "no links"
accounts = "picky"
links = "example.com"
"""
PUSH_SECRET = "retarus-0123456789"
ASSIGNED, OPTED_OUT = "4915112345678", "4915187654321"
"""Numbers of a range that is in use."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    async with AsyncExitStack() as stack:
        retarus = await stack.enter_async_context(serving(retarus_simulator()))
        carrier = f'push_secret = "{PUSH_SECRET}"\nrates = "card.csv"'
        text = configuration(retarus=retarus.url, smpp=SMPP, account=ACCOUNTS, carrier=carrier) + ROUTED + CONTENT
        daemon = Daemon(tmp_path_factory.mktemp("statuses"), text)
        (daemon.folder / "card.csv").write_text("prefix,price,currency\n,0.05,EUR\n")
        stack.push_async_callback(daemon.dispose)
        await daemon.start()
        await retarus.push_to(f"http://{daemon.events('ready')[-1]['pushes']}/push/retarus/{PUSH_SECRET}")
        await retarus.bring(f"+{OPTED_OUT}", "1234", "Stop!")

        async def has_opted_out() -> bool:
            return bool(daemon.events("opt-out"))

        await until(has_opted_out, "somebody has opted out")
        await daemon.stop()
        await daemon.start()  # and still has
        yield daemon.smpp_port


@pytest_asyncio.fixture(loop_scope="module")
async def wire(port: int) -> AsyncIterator[Wire]:
    """A connection without a bind."""
    async with wired(port) as wire:
        yield wire


@pytest_asyncio.fixture(loop_scope="module")
async def bound(wire: Wire) -> Wire:
    """A transceiver."""
    assert (await wire.ask(bind_pdu())).command_status == ROK
    return wire


def submit(destination: str, text: str = "Hello", **fields: object) -> SubmitSm:
    """Make a submit_sm that asks for nothing, so that only answers come."""
    return submit_with_receipt(destination, text, **{"registered_delivery": 0, **fields})


def numbered(pdu: Pdu) -> bytes:
    return encode(replace(pdu, sequence_number=SEQUENCE_NUMBER))


def refusal(pdu: Pdu, status: int) -> Header:
    return Header(HEADER_OCTETS, pdu.command_id | RESPONSE_BIT, status, SEQUENCE_NUMBER)


async def is_alive(wire: Wire) -> bool:
    answer = await wire.ask(EnquireLink())
    return answer.command_id == CommandId.ENQUIRE_LINK_RESP and answer.command_status == ROK


# --- binds ------------------------------------------------------------------------------------------------------------

BINDS = {
    "unknown user": (bind_pdu("nobody"), CommandStatus.ESME_RBINDFAIL),
    "wrong password": (bind_pdu(password="wrong"), CommandStatus.ESME_RBINDFAIL),
    "empty password": (bind_pdu(password=""), CommandStatus.ESME_RBINDFAIL),
    "address not allowed": (bind_pdu("elsewhere"), CommandStatus.ESME_RBINDFAIL),
    "bind type not allowed": (bind_pdu("listener"), CommandStatus.ESME_RBINDFAIL),
    "empty system_id": (bind_pdu(""), CommandStatus.ESME_RINVSYSID),
}


@pytest.mark.parametrize(("pdu", "status"), BINDS.values(), ids=BINDS)
async def test_a_bind_is_refused_and_the_next_one_taken(wire: Wire, pdu: Pdu, status: CommandStatus) -> None:
    answer = await wire.answer_to(numbered(pdu))

    assert answer == refusal(pdu, status)
    assert (await wire.ask(bind_pdu())).command_status == ROK


def bind_octets(system_id: bytes, password: bytes) -> bytes:
    """A bind_transceiver that no PDU class would write."""
    body = system_id + b"\0" + password + b"\0" + b"\0\x34\0\0\0"
    return struct.pack(">IIII", HEADER_OCTETS + len(body), CommandId.BIND_TRANSCEIVER, 0, SEQUENCE_NUMBER) + body


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        pytest.param(bind_octets(b"legacy", b"p" * 17), CommandStatus.ESME_RINVPASWD, id="password of 17 octets"),
        pytest.param(bind_octets(b"l" * 16, b"secret"), CommandStatus.ESME_RINVSYSID, id="system_id of 16 octets"),
    ],
)
async def test_an_impossible_length_in_a_bind_names_its_field(wire: Wire, octets: bytes, status: CommandStatus) -> None:
    answer = await wire.answer_to(octets)

    assert answer == Header(HEADER_OCTETS, CommandId.BIND_TRANSCEIVER_RESP, status, SEQUENCE_NUMBER)


@pytest.mark.parametrize("octets", [9, 16])
async def test_a_password_longer_than_the_specification_is_compared(wire: Wire, octets: int) -> None:
    """SMPP v3.4, 5.2.2 ends at 8; the wrong one differs in its last octet."""
    name, password = f"longer{octets}", LONG_PASSWORD[:octets]

    wrong = await wire.answer_to(bind_octets(name.encode(), password[:-1].encode() + b"?"))
    right = await wire.answer_to(bind_octets(name.encode(), password.encode()))

    assert (wrong.command_status, right.command_status) == (CommandStatus.ESME_RBINDFAIL, ROK)


async def test_a_bind_beyond_max_binds_is_refused_and_its_session_stays(port: int, wire: Wire) -> None:
    request = bind_pdu("single")
    async with wired(port) as first:
        assert (await first.ask(request)).command_status == ROK

        answer = await wire.answer_to(numbered(request))

        assert answer == refusal(request, CommandStatus.ESME_RBINDFAIL)
        assert await is_alive(wire)


@pytest.mark.parametrize("kind", [BindTransceiver, BindTransmitter, BindReceiver], ids=lambda kind: kind.__name__)
async def test_a_second_bind_is_refused_and_the_session_stays_bound(bound: Wire, kind: type[BindTransceiver]) -> None:
    request = kind(system_id="legacy", password=PASSWORD)

    answer = await bound.answer_to(numbered(request))

    assert answer == refusal(request, CommandStatus.ESME_RALYBND)
    assert (await bound.ask(submit(NUMBER))).command_status == ROK


@pytest.mark.parametrize("version", [0x00, 0x33, 0x34, 0x50], ids=hex)
async def test_bind_resp_has_sc_interface_version_where_the_peer_can_read_it(wire: Wire, version: int) -> None:
    """Its absence tells the ESME to send no TLVs; below 3.4 there are none (SMPP v5.0, 2.11.2)."""
    answer = await wire.ask(bind_pdu(version=version))

    assert answer.command_status == ROK
    assert (Tag.SC_INTERFACE_VERSION in dict(answer.tlvs)) == (version >= 0x34)


async def test_before_the_bind_enquire_link_is_answered(wire: Wire) -> None:
    assert await is_alive(wire)


# --- state and framing ------------------------------------------------------------------------------------------------

OPERATIONS: list[Pdu] = [
    submit(NUMBER),
    SubmitMulti(dest_address=(SmeAddress(destination_addr=NUMBER),), short_message=b"hi"),
    DataSm(destination_addr=NUMBER),
    QuerySm(message_id="1"),
    CancelSm(message_id="1"),
    ReplaceSm(message_id="1"),
    DeliverSm(),
    Unbind(),
]
OF_TRANSMITTERS = OPERATIONS[:6]


@pytest.mark.parametrize("pdu", OPERATIONS, ids=lambda pdu: pdu.command_id.name.lower())
async def test_before_the_bind_an_operation_is_refused_in_its_own_response(wire: Wire, pdu: Pdu) -> None:
    answer = await wire.answer_to(numbered(pdu))

    assert answer == refusal(pdu, CommandStatus.ESME_RINVBNDSTS)
    assert (await wire.ask(bind_pdu())).command_status == ROK


@pytest.mark.parametrize("pdu", OF_TRANSMITTERS, ids=lambda pdu: pdu.command_id.name.lower())
async def test_a_receiver_may_not_submit(wire: Wire, pdu: Pdu) -> None:
    assert (await wire.ask(BindReceiver(system_id="legacy", password=PASSWORD))).command_status == ROK

    answer = await wire.answer_to(numbered(pdu))

    assert answer == refusal(pdu, CommandStatus.ESME_RINVBNDSTS)
    assert await is_alive(wire)


@pytest.mark.parametrize("command_id", [0x000000FF, 0x0000000A, 0x00000112, 0x00010200], ids=hex)
async def test_an_unknown_command_is_a_generic_nack_and_the_session_stays(bound: Wire, command_id: int) -> None:
    answer = await bound.answer_to(struct.pack(">IIII", HEADER_OCTETS, command_id, 0, SEQUENCE_NUMBER))

    assert answer == Header(HEADER_OCTETS, NACK, CommandStatus.ESME_RINVCMDID, SEQUENCE_NUMBER)
    assert await is_alive(bound)


async def test_what_only_a_message_centre_sends_is_refused_in_its_own_response(bound: Wire) -> None:
    answer = await bound.answer_to(numbered(DeliverSm()))

    assert answer == refusal(DeliverSm(), CommandStatus.ESME_RINVCMDID)
    assert await is_alive(bound)


async def test_a_command_without_a_response_is_refused_by_generic_nack(bound: Wire) -> None:
    answer = await bound.answer_to(numbered(Outbind()))

    assert answer == Header(HEADER_OCTETS, NACK, CommandStatus.ESME_RINVCMDID, SEQUENCE_NUMBER)
    assert await is_alive(bound)


@pytest.mark.parametrize("length", [0, 15, 8193, 0x7FFFFFFF, 0xFFFFFFFF])
async def test_an_impossible_length_is_a_generic_nack_and_the_end(bound: Wire, length: int) -> None:
    answer = await bound.answer_to(struct.pack(">IIII", length, CommandId.SUBMIT_SM, 0, SEQUENCE_NUMBER))

    assert (answer.command_id, answer.command_status) == (NACK, CommandStatus.ESME_RINVCMDLEN)
    assert await bound.take() is None


async def test_a_body_cut_in_a_field_is_refused_in_its_own_response(bound: Wire) -> None:
    octets = struct.pack(">IIII", 20, CommandId.SUBMIT_SM, 0, SEQUENCE_NUMBER) + b"\0\0\0\0"

    answer = await bound.answer_to(octets)

    assert answer == refusal(SubmitSm(), CommandStatus.ESME_RINVCMDLEN)
    assert await is_alive(bound)


# --- submit_sm --------------------------------------------------------------------------------------------------------


def with_tlvs(*tlvs: tuple[int, bytes], **fields: object) -> SubmitSm:
    return submit(NUMBER, "Hello", tlvs=tlvs, **fields)


CONCATENATED = b"\x05\x00\x03\x01\x02\x01part"
SAR = ((Tag.SAR_MSG_REF_NUM, b"\0\1"), (Tag.SAR_TOTAL_SEGMENTS, b"\2"), (Tag.SAR_SEGMENT_SEQNUM, b"\1"))

REFUSED = {
    "TLV value of a wrong length": (
        with_tlvs((Tag.USER_MESSAGE_REFERENCE, b"\1")),
        CommandStatus.ESME_RINVPARLEN,
    ),
    "part 3 of 2": (
        with_tlvs(*SAR[:2], (Tag.SAR_SEGMENT_SEQNUM, b"\3")),
        CommandStatus.ESME_RINVOPTPARAMVAL,
    ),
    "short_message and message_payload": (
        with_tlvs((Tag.MESSAGE_PAYLOAD, b"hi")),
        CommandStatus.ESME_RINVMSGLEN,
    ),
    "payload too long": (
        with_tlvs((Tag.MESSAGE_PAYLOAD, b"x" * 4000), short_message=b""),
        CommandStatus.ESME_RINVMSGLEN,
    ),
    "header longer than the text": (
        submit(NUMBER, esm_class=0x40, short_message=b"\x09\x00\x03"),
        CommandStatus.ESME_RINVESMCLASS,
    ),
    "header announced, no text": (
        submit(NUMBER, esm_class=0x40, short_message=b""),
        CommandStatus.ESME_RINVESMCLASS,
    ),
    "sar_* with a user data header": (
        with_tlvs(*SAR, esm_class=0x40, short_message=CONCATENATED),
        CommandStatus.ESME_RINVESMCLASS,
    ),
    "a receipt from an ESME": (submit(NUMBER, esm_class=0x04), CommandStatus.ESME_RINVESMCLASS),
    "source of twelve characters": (submit(NUMBER, source_addr="TwelveLetter"), CommandStatus.ESME_RINVSRCADR),
    "source that is no number": (
        submit(NUMBER, source_addr_ton=1, source_addr="49-1511"),
        CommandStatus.ESME_RINVSRCADR,
    ),
    "no destination": (submit(""), CommandStatus.ESME_RINVDSTADR),
    "destination that is no number": (submit("4915-11"), CommandStatus.ESME_RINVDSTADR),
    "destination of an unknown country": (submit("9991234567"), CommandStatus.ESME_RINVDSTADR),
    "alphanumeric destination": (submit("Shop", dest_addr_ton=5), CommandStatus.ESME_RINVDSTADR),
    "data_coding 4": (submit(NUMBER, data_coding=DataCoding.BINARY), CommandStatus.ESME_RSUBMITFAIL),
    "reserved data_coding": (submit(NUMBER, data_coding=0x0B), CommandStatus.ESME_RSUBMITFAIL),
    "priority_flag 4": (submit(NUMBER, priority_flag=4), CommandStatus.ESME_RINVPRTFLG),
    "schedule that is no time": (
        submit(NUMBER, schedule_delivery_time="tomorrow"),
        CommandStatus.ESME_RINVSCHED,
    ),
    "schedule in the past": (
        submit(NUMBER, schedule_delivery_time="200101000000000+"),
        CommandStatus.ESME_RINVSCHED,
    ),
    "validity that is no time": (submit(NUMBER, validity_period="241301"), CommandStatus.ESME_RINVEXPIRY),
    "validity in the past": (
        submit(NUMBER, validity_period="200101000000000+"),
        CommandStatus.ESME_RINVEXPIRY,
    ),
    "validity before the schedule": (
        submit(NUMBER, schedule_delivery_time="000002000000000R", validity_period="000001000000000R"),
        CommandStatus.ESME_RINVEXPIRY,
    ),
    "replace_if_present_flag 2": (submit(NUMBER, replace_if_present_flag=2), CommandStatus.ESME_RINVREPFLAG),
    "predefined message": (
        submit(NUMBER, sm_default_msg_id=1, short_message=b""),
        CommandStatus.ESME_RINVDFTMSGID,
    ),
}


@pytest.mark.parametrize(("pdu", "status"), REFUSED.values(), ids=REFUSED)
async def test_a_submit_is_refused_with_the_status_of_its_field(
    bound: Wire, pdu: SubmitSm, status: CommandStatus
) -> None:
    answer = await bound.answer_to(numbered(pdu))

    assert answer == refusal(pdu, status)
    assert await is_alive(bound)


SCREENED = {
    "sender of another account": (submit(ASSIGNED, source_addr="Bank"), CommandStatus.ESME_RINVSRCADR),
    "number that nobody has": (submit("15551234567"), CommandStatus.ESME_RINVDSTADR),
    "recipient who has opted out": (submit(OPTED_OUT), CommandStatus.ESME_RSUBMITFAIL),
    "text against a rule": (submit(ASSIGNED, "You won MONEY"), 0x412),
    "link that may not be": (submit(ASSIGNED, "See evil.example.net/x"), CommandStatus.ESME_RSUBMITFAIL),
    "the same text again": (submit(ASSIGNED), CommandStatus.ESME_RSUBMITFAIL),
}


async def test_a_submit_is_refused_with_the_status_of_what_keeps_it_back(wire: Wire) -> None:
    assert (await wire.ask(BindTransmitter(system_id="picky", password=PASSWORD))).command_status == ROK
    assert (await wire.ask(submit(ASSIGNED))).command_status == ROK

    answers = {name: await wire.answer_to(numbered(pdu)) for name, (pdu, _) in SCREENED.items()}

    assert answers == {
        name: Header(HEADER_OCTETS, CommandId.SUBMIT_SM_RESP, status, SEQUENCE_NUMBER)
        for name, (_, status) in SCREENED.items()
    }
    assert await is_alive(wire)


def spoilt(pdu: SubmitSm, old: bytes, new: bytes) -> bytes:
    """The frame with some of its octets replaced, and the length to match."""
    octets = numbered(pdu)
    assert octets.count(old) == 1
    changed = octets.replace(old, new)
    return len(changed).to_bytes(4, "big") + changed[4:]


PLAIN = submit(NUMBER, "Spoilt")
SPOILT = {
    "TLV longer than the frame": (
        numbered(PLAIN)[4:] + b"\x02\x04\x00\x09\x01",
        CommandStatus.ESME_RINVOPTPARSTREAM,
    ),
    "half a TLV header": (numbered(PLAIN)[4:] + b"\x02\x04\x00", CommandStatus.ESME_RINVOPTPARSTREAM),
    "sm_length beyond the frame": (
        spoilt(PLAIN, b"\x06Spoilt", b"\xf0Spoilt")[4:],
        CommandStatus.ESME_RINVMSGLEN,
    ),
    "service_type of six characters": (
        spoilt(submit(NUMBER, service_type="ABCDE"), b"ABCDE\0", b"ABCDEF\0")[4:],
        CommandStatus.ESME_RINVSERTYP,
    ),
    "source of 21 octets": (
        spoilt(submit(NUMBER, source_addr="S" * 20), b"S" * 20, b"S" * 21)[4:],
        CommandStatus.ESME_RINVSRCADR,
    ),
    "destination of 21 octets": (
        spoilt(submit("4" * 20), b"4" * 20, b"4" * 21)[4:],
        CommandStatus.ESME_RINVDSTADR,
    ),
    "schedule of 17 characters": (
        spoilt(submit(NUMBER, schedule_delivery_time="0" * 16), b"0" * 16, b"0" * 17)[4:],
        CommandStatus.ESME_RINVSCHED,
    ),
    "validity of 17 characters": (
        spoilt(submit(NUMBER, validity_period="0" * 16), b"0" * 16, b"0" * 17)[4:],
        CommandStatus.ESME_RINVEXPIRY,
    ),
}


@pytest.mark.parametrize(("rest", "status"), SPOILT.values(), ids=SPOILT)
async def test_a_spoilt_submit_is_refused_with_the_status_of_its_field(
    bound: Wire, rest: bytes, status: CommandStatus
) -> None:
    answer = await bound.answer_to((len(rest) + 4).to_bytes(4, "big") + rest)

    assert answer == refusal(SubmitSm(), status)
    assert await is_alive(bound)


TAKEN = {
    "unknown TLV": with_tlvs((0x1501, b"\xaa\xbb")),
    "TLV repeated": with_tlvs((Tag.USER_MESSAGE_REFERENCE, b"\0\1"), (Tag.USER_MESSAGE_REFERENCE, b"\0\2")),
    "sar_* without its total": with_tlvs(SAR[0], SAR[2]),
    "empty text": submit(NUMBER, ""),
    "reserved TON": submit(NUMBER, dest_addr_ton=9, dest_addr_npi=9, destination_addr="+" + NUMBER),
    "reserved TON of the source": submit(NUMBER, source_addr_ton=9, source_addr_npi=9),
    "registered_delivery with reserved bits": submit(NUMBER, registered_delivery=0xE0),
    "service_type of somebody": submit(NUMBER, service_type="XXXXX"),
    "flash": submit(NUMBER, data_coding=0xF0),
    "flash, group 0x10": submit(NUMBER, data_coding=0x10),
    "Latin-1 in the default alphabet": submit(NUMBER, short_message=b"Gr\xfc\xdfe"),
    "priority_flag 3": submit(NUMBER, priority_flag=3),
    "relative validity": submit(NUMBER, validity_period="000001000000000R"),
    "national number": submit("015112345678", dest_addr_ton=2),
    "00 before the country": submit("00" + NUMBER, dest_addr_ton=0),
}


@pytest.mark.parametrize("pdu", TAKEN.values(), ids=TAKEN)
async def test_what_the_field_tolerates_is_taken(bound: Wire, pdu: SubmitSm) -> None:
    answer = await bound.ask(pdu)

    assert isinstance(answer, SubmitSmResp)
    assert (answer.command_status, bool(answer.message_id)) == (ROK, True)


@pytest.mark.parametrize(
    ("version", "status"),
    [(0x34, CommandStatus.ESME_RSUBMITFAIL), (0x50, CommandStatus.ESME_RINVDCS)],
    ids=["3.4", "5.0"],
)
async def test_a_reserved_data_coding_has_a_status_of_its_own_since_5_0(
    wire: Wire, version: int, status: CommandStatus
) -> None:
    await wire.ask(bind_pdu(version=version))

    answer = await wire.answer_to(numbered(submit(NUMBER, data_coding=0x0B)))

    assert answer == refusal(SubmitSm(), status)


async def test_where_no_route_leads_the_destination_is_refused(wire: Wire) -> None:
    await wire.ask(bind_pdu("routeless"))

    answer = await wire.answer_to(numbered(PLAIN))

    assert answer == refusal(PLAIN, CommandStatus.ESME_RINVDSTADR)
    assert await is_alive(wire)


async def test_above_the_rate_a_submit_is_throttled_and_the_session_stays(wire: Wire) -> None:
    await wire.ask(bind_pdu("slow"))

    first = await wire.ask(PLAIN)
    second = await wire.answer_to(numbered(PLAIN))

    assert first.command_status == ROK
    assert second == refusal(PLAIN, CommandStatus.ESME_RTHROTTLED)
    assert await is_alive(wire)


@pytest.mark.parametrize(("account", "status"), [("spent", CommandStatus.ESME_RSUBMITFAIL), ("vendor", 0x400)])
async def test_without_money_a_submit_is_refused_for_good_or_as_the_account_says(
    wire: Wire, account: str, status: int
) -> None:
    """There is no convention (smpp.md, 1.1); an account without credit is one whose budget is used up."""
    await wire.ask(bind_pdu(account))

    first = await wire.ask(PLAIN)
    second = await wire.answer_to(numbered(PLAIN))

    assert first.command_status == ROK
    assert second == refusal(PLAIN, status)
    assert await is_alive(wire)


# --- other operations -------------------------------------------------------------------------------------------------

NOT_OURS = {
    "query_sm": QuerySm(message_id="4711"),
    "cancel_sm": CancelSm(message_id="4711"),
    "replace_sm": ReplaceSm(message_id="4711", short_message=b"hi"),
}


@pytest.mark.parametrize("pdu", NOT_OURS.values(), ids=NOT_OURS)
async def test_an_unknown_message_is_told_so_and_the_session_stays(bound: Wire, pdu: Pdu) -> None:
    answer = await bound.answer_to(numbered(pdu))

    assert answer == refusal(pdu, CommandStatus.ESME_RINVMSGID)
    assert await is_alive(bound)


@pytest.mark.parametrize("kind", [QuerySm, CancelSm, ReplaceSm], ids=NOT_OURS)
async def test_the_message_of_another_account_is_unknown(
    port: int, bound: Wire, kind: type[QuerySm] | type[CancelSm] | type[ReplaceSm]
) -> None:
    theirs = await bound.ask(submit(NUMBER, schedule_delivery_time="000000010000000R"))
    assert isinstance(theirs, SubmitSmResp)
    pdu = kind(message_id=theirs.message_id, source_addr_ton=5, source_addr="Shop")

    async with wired(port) as other:
        await other.ask(bind_pdu("moody"))
        answer = await other.answer_to(numbered(pdu))

    assert answer == refusal(pdu, CommandStatus.ESME_RINVMSGID)


async def test_what_a_carrier_has_can_be_queried_but_neither_cancelled_nor_replaced(bound: Wire) -> None:
    submitted = await bound.ask(submit(NUMBER, registered_delivery=1))
    assert isinstance(submitted, SubmitSmResp)
    message_id = submitted.message_id
    frame = await bound.take()
    assert frame is not None
    bound.give(encode(respond(decode(frame), ROK)))
    questions: list[Pdu] = [
        QuerySm(message_id=message_id, source_addr="Shop"),
        CancelSm(message_id=message_id, source_addr="Shop"),
        ReplaceSm(message_id=message_id, source_addr="Shop", short_message=b"Too late"),
    ]

    answers = [await bound.ask(question) for question in questions]

    assert [answer.command_status for answer in answers] == [
        ROK,
        CommandStatus.ESME_RCANCELFAIL,
        CommandStatus.ESME_RREPLACEFAIL,
    ]


TEMPORARY = (
    CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RSYSERR, CommandStatus.ESME_RMSGQFUL,
    CommandStatus.ESME_RSUBMITFAIL, CommandStatus.ESME_RX_T_APPN, CommandStatus.ESME_RQUERYFAIL,
    CommandStatus.ESME_RDELIVERYFAILURE, CommandStatus.ESME_RUNKNOWNERR,
)  # fmt: skip
FINAL = (CommandStatus.ESME_RX_P_APPN, CommandStatus.ESME_RX_R_APPN, CommandStatus.ESME_RINVDSTADR)


BODIES = (b"", b"\0", b"text\0")
"""Where there is an error SMPP v3.4, 4.6.2 wants no message_id, and some always send one."""


def receipt_answer(pdu: DeliverSm, status: CommandStatus, body: bytes) -> bytes:
    """A deliver_sm_resp that no PDU class would write."""
    head = (HEADER_OCTETS + len(body), CommandId.DELIVER_SM_RESP, status, pdu.sequence_number)
    return struct.pack(">IIII", *head) + body


async def test_a_receipt_refused_for_a_while_comes_again_and_one_refused_for_good_does_not(wire: Wire) -> None:
    """The second round of receipts is complete when the temporary refusals are back: the others would be among them."""
    await wire.ask(bind_pdu("moody"))
    cases = product((ROK, *TEMPORARY, *FINAL), BODIES)
    answers = {f"49151123{place:05}": case for place, case in enumerate(cases, 20_100)}
    again = {number for number, (status, _) in answers.items() if status in TEMPORARY}
    wire.give(*(encode(wire.numbered(submit(number, registered_delivery=1))) for number in answers))

    seen: Counter[str] = Counter()
    while seen.total() < len(answers) + len(again):
        frame = await wire.take()
        assert frame is not None
        if isinstance(pdu := decode(frame), DeliverSm):
            seen[pdu.source_addr] += 1
            status, body = answers[pdu.source_addr] if seen[pdu.source_addr] == 1 else (ROK, b"\0")
            wire.give(receipt_answer(pdu, status, body))

    assert {number for number, times in seen.items() if times == 2} == again
    assert {number for number, times in seen.items() if times == 1} == answers.keys() - again


def multi(*addresses: SmeAddress | DistributionList) -> SubmitMulti:
    return SubmitMulti(source_addr_ton=5, source_addr="Shop", dest_address=addresses, short_message=b"Hello")


async def test_submit_multi_without_destinations_is_refused(bound: Wire) -> None:
    octets = bytearray(numbered(multi(SmeAddress(destination_addr=NUMBER))))
    octets[octets.index(b"Shop\0") + 5] = 0

    answer = await bound.answer_to(bytes(octets))

    assert answer == refusal(multi(), CommandStatus.ESME_RINVNUMDESTS)
    assert await is_alive(bound)


async def test_submit_multi_with_an_unknown_dest_flag_is_refused(bound: Wire) -> None:
    octets = bytearray(numbered(multi(SmeAddress(destination_addr=NUMBER))))
    octets[octets.index(b"Shop\0") + 6] = 3

    answer = await bound.answer_to(bytes(octets))

    assert answer == refusal(multi(), CommandStatus.ESME_RINVDESTFLAG)
    assert await is_alive(bound)


REFUSED_OTHERS: dict[str, tuple[Pdu, CommandStatus]] = {
    "submit_multi to an unknown list": (multi(DistributionList(dl_name="friends")), CommandStatus.ESME_RINVDLNAME),
    "submit_multi, no good destination": (multi(SmeAddress(destination_addr="")), CommandStatus.ESME_RINVDSTADR),
    "data_sm without message_payload": (DataSm(destination_addr=NUMBER), CommandStatus.ESME_RMISSINGOPTPARAM),
    "data_sm without destination": (
        DataSm(tlvs=((Tag.MESSAGE_PAYLOAD, b"hi"),)),
        CommandStatus.ESME_RINVDSTADR,
    ),
}


@pytest.mark.parametrize(("pdu", "status"), REFUSED_OTHERS.values(), ids=REFUSED_OTHERS)
async def test_other_ways_to_submit_are_refused_alike(bound: Wire, pdu: Pdu, status: CommandStatus) -> None:
    answer = await bound.answer_to(numbered(pdu))

    assert answer == refusal(pdu, status)
    assert await is_alive(bound)


async def test_submit_multi_names_the_destinations_that_failed(bound: Wire) -> None:
    addresses = [SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr=each) for each in (NUMBER, "9991234567")]

    answer = await bound.ask(multi(*addresses))

    assert isinstance(answer, SubmitMultiResp)
    assert (answer.command_status, bool(answer.message_id)) == (ROK, True)
    assert [(each.destination_addr, each.error_status_code) for each in answer.unsuccess_sme] == [
        ("9991234567", CommandStatus.ESME_RINVDSTADR)
    ]
