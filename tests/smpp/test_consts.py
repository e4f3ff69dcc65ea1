import pytest

from smppgw.smpp import consts
from smppgw.smpp.consts import BindType, CommandId, CommandStatus, MessageState, Tag

WITHOUT_RESPONSE = {CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION}


@pytest.mark.parametrize("command", [c for c in CommandId if c < consts.RESPONSE_BIT and c not in WITHOUT_RESPONSE])
def test_the_response_to_a_command_has_its_number_with_the_highest_bit_set(command: CommandId) -> None:
    response = CommandId(command | consts.RESPONSE_BIT)

    assert response.name == f"{command.name}_RESP"


@pytest.mark.parametrize(
    ("name", "value"),  # SMPP v3.4, 5.1.3; v5.0, 4.7.6
    [
        ("ESME_RINVBNDSTS", 0x04),
        ("ESME_RINVSRCADR", 0x0A),
        ("ESME_RBINDFAIL", 0x0D),
        ("ESME_RINVPASWD", 0x0E),
        ("ESME_RMSGQFUL", 0x14),
        ("ESME_RINVNUMDESTS", 0x33),
        ("ESME_RINVESMCLASS", 0x43),
        ("ESME_RSUBMITFAIL", 0x45),
        ("ESME_RTHROTTLED", 0x58),
        ("ESME_RINVSCHED", 0x61),
        ("ESME_RINVEXPIRY", 0x62),
        ("ESME_RX_T_APPN", 0x64),
        ("ESME_RQUERYFAIL", 0x67),
        ("ESME_RINVOPTPARSTREAM", 0xC0),
        ("ESME_RUNKNOWNERR", 0xFF),
        ("ESME_RPROHIBITED", 0x101),
        ("ESME_RINVDCS", 0x104),
    ],
)
def test_a_status_has_the_number_of_the_specification(name: str, value: int) -> None:
    assert CommandStatus[name] == value


def test_message_states_count_from_enroute_to_rejected() -> None:
    assert [state.name for state in MessageState] == [
        "ENROUTE", "DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE", "ACCEPTED", "UNKNOWN", "REJECTED",
    ]  # fmt: skip
    assert [int(state) for state in MessageState] == list(range(1, 9))


def test_bind_types_have_the_words_of_the_configuration() -> None:
    assert {bind_type.value for bind_type in BindType} == {"transmitter", "receiver", "transceiver"}


@pytest.mark.parametrize(
    ("tag", "value"),  # SMPP v3.4, 5.3.2
    [
        (Tag.RECEIPTED_MESSAGE_ID, 0x001E),
        (Tag.USER_MESSAGE_REFERENCE, 0x0204),
        (Tag.SAR_MSG_REF_NUM, 0x020C),
        (Tag.SAR_TOTAL_SEGMENTS, 0x020E),
        (Tag.SAR_SEGMENT_SEQNUM, 0x020F),
        (Tag.SC_INTERFACE_VERSION, 0x0210),
        (Tag.NETWORK_ERROR_CODE, 0x0423),
        (Tag.MESSAGE_PAYLOAD, 0x0424),
        (Tag.MESSAGE_STATE, 0x0427),
    ],
)
def test_a_tag_has_the_number_of_the_specification(tag: Tag, value: int) -> None:
    assert tag == value
