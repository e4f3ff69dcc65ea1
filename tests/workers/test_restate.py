"""data_sm and submit_multi in the words of submit_sm."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.model import Message, MessageId, TrafficClass
from smppgw.core.operations import Original
from smppgw.smpp import times, tlv
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.fields import DistributionList, SmeAddress
from smppgw.smpp.pdu import DataSm, ReplaceSm, SubmitMulti, SubmitSm
from smppgw.workers import restate
from smppgw.workers.translate import Draft, Refusal, Rewrite, read_destinations, read_replacement, read_submit
from tests.workers.fakes import RECIPIENT, START, policy

PAYLOAD = (Tag.MESSAGE_PAYLOAD, b"hello")


def data_sm(*tlvs: tuple[int, bytes], **changes: Any) -> DataSm:
    made: dict[str, Any] = {
        "sequence_number": 3,
        "service_type": "CMT",
        "source_addr_ton": 5,
        "source_addr": "ACME",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": RECIPIENT,
        "esm_class": 0x40,
        "registered_delivery": 1,
        "data_coding": 8,
    }
    return DataSm(**(made | changes), tlvs=tlvs)


def test_a_data_sm_is_a_submit_sm_with_a_payload() -> None:
    pdu = data_sm(PAYLOAD)

    stated = restate.data_sm(pdu, START)

    assert isinstance(stated, SubmitSm)
    assert {field.name: getattr(stated, field.name) for field in fields(pdu)} == {
        field.name: getattr(pdu, field.name) for field in fields(pdu)
    }
    assert (stated.validity_period, stated.short_message) == ("", b"")


@pytest.mark.parametrize(("life_s", "lives_s"), [(1, 1), (3600, 3600), (2**32 - 1, 10 * 366 * 86400)])
def test_its_time_to_live_is_its_validity(life_s: int, lives_s: int) -> None:
    stated = restate.data_sm(data_sm(PAYLOAD, tlv.of_int(Tag.QOS_TIME_TO_LIVE, life_s)), START)

    assert isinstance(stated, SubmitSm)
    assert times.parse(stated.validity_period, START) == START + lives_s


def test_no_time_to_live_is_the_accounts_validity() -> None:
    stated = restate.data_sm(data_sm(PAYLOAD, tlv.of_int(Tag.QOS_TIME_TO_LIVE, 0)), START)

    assert isinstance(stated, SubmitSm)
    assert stated.validity_period == ""


@pytest.mark.parametrize("flag", [0, 1])
def test_its_delivery_pending_flag_is_set_or_not(flag: int) -> None:
    assert isinstance(restate.data_sm(data_sm(PAYLOAD, tlv.of_int(Tag.SET_DPF, flag)), START), SubmitSm)


@pytest.mark.parametrize(
    ("pdu", "status"),
    [
        pytest.param(data_sm(), CommandStatus.ESME_RMISSINGOPTPARAM, id="no payload"),
        pytest.param(data_sm(PAYLOAD, (Tag.QOS_TIME_TO_LIVE, b"1")), CommandStatus.ESME_RINVPARLEN, id="short TLV"),
        pytest.param(data_sm(PAYLOAD, (Tag.SET_DPF, b"")), CommandStatus.ESME_RINVPARLEN, id="empty set_dpf"),
        pytest.param(
            data_sm(PAYLOAD, (Tag.SET_DPF, b"\2")), CommandStatus.ESME_RINVOPTPARAMVAL, id="impossible set_dpf"
        ),
        pytest.param(data_sm(PAYLOAD, source_addr="A" * 21), CommandStatus.ESME_RINVSRCADR, id="long source"),
        pytest.param(data_sm(PAYLOAD, destination_addr="1" * 21), CommandStatus.ESME_RINVDSTADR, id="long destination"),
    ],
)
def test_what_no_submit_sm_could_say_is_refused(pdu: DataSm, status: int) -> None:
    refusal = restate.data_sm(pdu, START)

    assert isinstance(refusal, Refusal)
    assert refusal.status == status


def test_a_submit_multi_is_a_submit_sm_but_for_its_destinations() -> None:
    shared = {field.name for field in fields(SubmitMulti)} & {field.name for field in fields(SubmitSm)}
    values: dict[str, Any] = {
        name: "A" if isinstance(getattr(SubmitSm(), name), str) else place for place, name in enumerate(sorted(shared))
    }
    values |= {"tlvs": (PAYLOAD,), "short_message": b"hello", "command_status": 0}
    pdu = SubmitMulti(dest_address=(SmeAddress(destination_addr=RECIPIENT),), **values)

    stated = restate.submit_multi(pdu)

    assert {name: getattr(stated, name) for name in shared} == values
    assert stated.destination_addr == ""


# --- whatever a peer writes -------------------------------------------------------------------------------------------

_OCTETS = st.integers(0, 255)
_LATIN = st.characters(min_codepoint=1, max_codepoint=255)
_NUMBERS = st.sampled_from([RECIPIENT, "+491710000098", "01710000099", "33612345678"])
_TEXTS = st.binary(max_size=200) | st.binary(max_size=20).map(lambda octets: b"\x05\x00\x03\x07\x02\x01" + octets)
_TIMES = st.sampled_from(["", "", "000000010000000R", "231114231320000+"]) | st.text(_LATIN, max_size=16)
_TLVS = st.lists(
    st.tuples(
        st.sampled_from([Tag.MESSAGE_PAYLOAD, Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM])
        | st.sampled_from([Tag.QOS_TIME_TO_LIVE, Tag.SET_DPF, Tag.USER_MESSAGE_REFERENCE, 0x1501]),
        st.binary(max_size=4),
    ),
    max_size=5,
).map(tuple)


@settings(max_examples=200)
@given(
    st.builds(
        DataSm,
        source_addr=st.text(_LATIN, max_size=64),
        source_addr_ton=_OCTETS,
        destination_addr=_NUMBERS | st.text(_LATIN, max_size=64),
        dest_addr_ton=st.sampled_from([0, 1]) | _OCTETS,
        esm_class=st.sampled_from([0, 0x40]) | _OCTETS,
        data_coding=st.sampled_from([0, 8]) | _OCTETS,
        tlvs=_TLVS,
    )
)
def test_any_data_sm_is_read_or_refused(pdu: DataSm) -> None:
    stated = restate.data_sm(pdu, START)

    read = stated if isinstance(stated, Refusal) else read_submit(stated, policy(), 0x34, START)

    assert isinstance(read, Draft | Refusal)


@settings(max_examples=200)
@given(
    st.builds(
        SubmitMulti,
        source_addr=st.text(_LATIN, max_size=20),
        dest_address=st.lists(
            st.builds(SmeAddress, destination_addr=_NUMBERS | st.text(_LATIN, max_size=20), dest_addr_ton=_OCTETS)
            | st.builds(DistributionList, dl_name=st.text(_LATIN, max_size=20)),
            min_size=1,
            max_size=5,
        ).map(tuple),
        esm_class=st.sampled_from([0, 0x40]) | _OCTETS,
        data_coding=st.sampled_from([0, 8]) | _OCTETS,
        schedule_delivery_time=_TIMES,
        validity_period=_TIMES,
        short_message=_TEXTS,
        tlvs=_TLVS,
    )
)
def test_any_submit_multi_is_read_or_refused_for_each_destination(pdu: SubmitMulti) -> None:
    read = read_destinations(restate.submit_multi(pdu), pdu.dest_address, policy(), 0x34, START)

    if not isinstance(read, Refusal):
        assert len(read) == len(pdu.dest_address)
        drafts = [one for one in read if isinstance(one, Draft)]
        assert len({(draft.text, draft.parts, draft.part, draft.expires_at) for draft in drafts}) <= 1


ORIGINAL = Message(
    id=MessageId(1),
    account="acme",
    recipient=RECIPIENT,
    country="DE",
    sender="ACME",
    sender_is_number=False,
    text="old",
    parts=1,
    flash=False,
    traffic_class=TrafficClass.TRANSACTIONAL,
    priority_flag=0,
    service_type="",
    vendor_tlvs=b"",
    accepted_at=START,
    expires_at=START + 3600,
)


@settings(max_examples=200)
@given(
    st.builds(
        ReplaceSm,
        schedule_delivery_time=_TIMES,
        validity_period=_TIMES,
        sm_default_msg_id=st.sampled_from([0, 1]),
        short_message=_TEXTS,
        tlvs=_TLVS,
    ),
    st.sampled_from([0, 8]) | _OCTETS,
)
def test_any_replace_sm_is_read_or_refused(pdu: ReplaceSm, data_coding: int) -> None:
    read = read_replacement(pdu, Original(replace(ORIGINAL, data_coding=data_coding), 0), policy(), 0x34, START)

    assert isinstance(read, Rewrite | Refusal)
    if isinstance(read, Rewrite):
        assert read.schedule_at is None or read.schedule_at < read.expires_at
