"""Receipts as they are written, in every dialect, and as other servers' are read."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.smpp import receipt, tlv
from smppgw.smpp.consts import MessageState, Tag
from smppgw.smpp.dialects import DIALECTS, DateFormat, Dialect, id_in_text
from smppgw.smpp.receipt import Receipt, Stat

STANDARD = DIALECTS["standard"]
SUBMITTED = datetime(2026, 3, 31, 23, 58, 59, tzinfo=UTC).timestamp()
DONE = datetime(2026, 4, 1, 0, 1, 2, tzinfo=UTC).timestamp()

SAFE = "".join(chr(octet) for octet in range(0x20, 0x7F) if chr(octet) not in "$@[\\]^_`{|}~")
IDS = st.from_regex(r"[0-9A-Fa-f]{1,10}", fullmatch=True)
MOMENTS = st.integers(946_684_800, 3_000_000_000).map(float)  # 2000 to 2065: two-digit years read back
RECEIPTS = st.builds(
    Receipt,
    message_id=IDS,
    state=st.sampled_from(MessageState),
    submitted_at=MOMENTS,
    done_at=MOMENTS,
    err=st.integers(0, 999),
    text=st.text(alphabet=SAFE, max_size=20),
    sub=st.integers(1, 255),
    dlvrd=st.integers(0, 255),
)


def a_receipt(
    state: MessageState = MessageState.DELIVERED, *, text: str = "Hello", err: int = 0, sub: int = 1
) -> Receipt:
    return Receipt(
        message_id="1234567890", state=state, submitted_at=SUBMITTED, done_at=DONE, err=err, text=text, sub=sub
    )


def test_a_delivered_message_reads_as_appendix_b_has_it() -> None:
    octets = receipt.render(a_receipt(text="Hello World, how are you?"), STANDARD)

    assert octets == (
        b"id:1234567890 sub:001 dlvrd:001 submit date:2603312358 done date:2604010001 "
        b"stat:DELIVRD err:000 text:Hello World, how are"
    )


@pytest.mark.parametrize(
    ("state", "stat"),
    [
        (MessageState.ENROUTE, "ENROUTE"),
        (MessageState.DELIVERED, "DELIVRD"),
        (MessageState.EXPIRED, "EXPIRED"),
        (MessageState.DELETED, "DELETED"),
        (MessageState.UNDELIVERABLE, "UNDELIV"),
        (MessageState.ACCEPTED, "ACCEPTD"),
        (MessageState.UNKNOWN, "UNKNOWN"),
        (MessageState.REJECTED, "REJECTD"),
    ],
)
def test_every_state_has_its_word(state: MessageState, stat: str) -> None:
    octets = receipt.render(a_receipt(state), STANDARD)

    assert f" stat:{stat} ".encode() in octets


def test_no_state_and_no_word_is_left_out() -> None:
    assert (set(receipt.STATS), set(receipt.STATS.values())) == (set(MessageState), set(Stat))


@pytest.mark.parametrize(
    ("state", "sub", "counts"),
    [
        (MessageState.DELIVERED, 1, b"sub:001 dlvrd:001"),
        (MessageState.DELIVERED, 3, b"sub:003 dlvrd:003"),
        (MessageState.UNDELIVERABLE, 1, b"sub:001 dlvrd:000"),
        (MessageState.ENROUTE, 1, b"sub:001 dlvrd:000"),
    ],
)
def test_only_a_delivered_message_counts_as_delivered(state: MessageState, sub: int, counts: bytes) -> None:
    octets = receipt.render(a_receipt(state, sub=sub), STANDARD)

    assert counts in octets


def test_the_error_code_has_three_digits() -> None:
    octets = receipt.render(a_receipt(MessageState.UNDELIVERABLE, err=7), STANDARD)

    assert b" err:007 " in octets


@pytest.mark.parametrize(
    ("dialect", "dates"),
    [
        (Dialect(dates=DateFormat.SECONDS), b"submit date:260331235859 done date:260401000102"),
        (Dialect(dates=DateFormat.CENTURY_SECONDS), b"submit date:20260331235859 done date:20260401000102"),
        (Dialect(zone=timezone(timedelta(minutes=120))), b"submit date:2604010158 done date:2604010201"),
        (Dialect(zone=timezone(timedelta(minutes=-30))), b"submit date:2603312328 done date:2603312331"),
    ],
)
def test_dates_follow_the_dialect(dialect: Dialect, dates: bytes) -> None:
    octets = receipt.render(a_receipt(), dialect)

    assert dates in octets


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), b"260329015959"),
        (datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC), b"260329030000"),
        (datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), b"261025025959"),
        (datetime(2026, 10, 25, 1, 0, 0, tzinfo=UTC), b"261025020000"),
    ],
)
def test_summer_time_comes_and_goes(at: datetime, written: bytes) -> None:
    """In Berlin: from one to two hours ahead at 01:00 UTC in March, and back in October."""
    dialect = Dialect(zone=ZoneInfo("Europe/Berlin"), dates=DateFormat.SECONDS)

    octets = receipt.render(replace(a_receipt(), submitted_at=at.timestamp()), dialect)

    assert b"submit date:" + written + b" " in octets


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (Dialect(counts=False), rb"id:1234567890 submit date:.*"),
        (Dialect(text_label="Text"), rb".* err:000 Text:Hello"),
        (Dialect(text_characters=0), rb".* err:000 text:"),
        (Dialect(text_characters=3), rb".* err:000 text:Hel"),
        (Dialect(text_label=None), rb".* err:000"),
        (Dialect(fixed_text="none"), rb".* err:000 text:none"),
    ],
)
def test_fields_follow_the_dialect(dialect: Dialect, expected: bytes) -> None:
    octets = receipt.render(a_receipt(), dialect)

    assert re.fullmatch(expected, octets)


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("Grüße", b"Gr??e"),
        ("你好😀", b"???"),
        ("a\r\nb\x00\x1b", b"a??b??"),
        ("5$ @home [x] a_b", b"5? ?home ?x? a?b"),  # something else in GSM 03.38
        ("\ud800", b"?"),
        ("{0.__class__} ${x}", b"?0.??class??? ??x?"),
    ],
)
def test_what_does_not_read_the_same_everywhere_becomes_a_question_mark(text: str, repeated: bytes) -> None:
    octets = receipt.render(a_receipt(text=text), STANDARD)

    assert octets.endswith(b" text:" + repeated)


@given(st.text())
def test_no_text_of_a_peer_changes_the_shape(text: str) -> None:
    octets = receipt.render(a_receipt(text=text), STANDARD)

    assert octets.startswith(receipt.render(a_receipt(text=""), STANDARD))


@given(st.text(), st.sampled_from([*DIALECTS.values(), Dialect(dates=DateFormat.CENTURY_SECONDS)]))
def test_any_text_fits_a_short_message(text: str, dialect: Dialect) -> None:
    octets = receipt.render(a_receipt(text=text, sub=255), dialect)

    assert len(octets) <= 160


@given(RECEIPTS, st.sampled_from(sorted(DIALECTS)))
def test_what_every_profile_writes_is_read_back(written: Receipt, profile: str) -> None:
    dialect = DIALECTS[profile]

    read = receipt.parse(receipt.render(written, dialect))

    assert read is not None
    assert (read.message_id, read.state, read.err) == (
        id_in_text(written.message_id, dialect), written.state, written.err,
    )  # fmt: skip


@given(RECEIPTS, st.sampled_from([DateFormat.SECONDS, DateFormat.CENTURY_SECONDS]))
def test_a_receipt_is_read_back(written: Receipt, dates: DateFormat) -> None:
    read = receipt.parse(receipt.render(written, Dialect(dates=dates)))

    assert read == written


@pytest.mark.parametrize(
    ("octets", "message_id", "state", "err"),
    [
        (
            b"id:c449ab97 sub:001 dlvrd:0 submit date:0610191018 done date:0610191018 stat:ACCEPTD err:0 text:This is",
            "c449ab97",
            MessageState.ACCEPTED,
            0,
        ),
        (
            b"id:00ab sub:1 dlvrd:1 submit date:0610190851 done date:0610190951 stat:DELIVRD err:0 Text:multi\nline",
            "00ab",
            MessageState.DELIVERED,
            0,
        ),
        (
            b"id:12 submit date:20260331235859 done date:20260401000102 stat:undeliv err:017",
            "12",
            MessageState.UNDELIVERABLE,
            17,
        ),
        (b"id:12 submit date:2603312358 done date:2604010001 stat:EXPIRED", "12", MessageState.EXPIRED, 0),
    ],
)
def test_receipts_of_other_servers_are_read(octets: bytes, message_id: str, state: MessageState, err: int) -> None:
    read = receipt.parse(octets)

    assert read is not None
    assert (read.message_id, read.state, read.err) == (message_id, state, err)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"Hello",
        b"id:12 stat:DELIVRD",
        b"id:12 submit date:2613312358 done date:2604010001 stat:DELIVRD err:000 text:",  # month 13
        b"id:12 submit date:26033123581 done date:2604010001 stat:DELIVRD err:000 text:",  # eleven digits
        b"id:12 submit date:2603312358 done date:2604010001 stat:NONSENS err:000 text:",
        b"x id:12 submit date:2603312358 done date:2604010001 stat:DELIVRD err:000 text:",
    ],
)
def test_what_is_no_receipt_is_none(octets: bytes) -> None:
    read = receipt.parse(octets)

    assert read is None


@given(st.binary())
def test_parsing_any_octets_raises_nothing(octets: bytes) -> None:
    read = receipt.parse(b"id:1 submit date:2603312358 done date:2604010001 stat:DELIVRD err:000 text:" + octets)

    assert read is not None
    assert read.text.encode("latin-1") == octets


def test_tlvs_of_a_success_hold_no_error_code() -> None:
    found = receipt.tlvs(a_receipt(err=5), STANDARD)

    assert found == ((Tag.RECEIPTED_MESSAGE_ID, b"1234567890\0"), (Tag.MESSAGE_STATE, b"\x02"))


def test_tlvs_of_a_failure_hold_the_gsm_network_error_code() -> None:
    found = receipt.tlvs(a_receipt(MessageState.UNDELIVERABLE, err=0x102), STANDARD)

    assert tlv.get(found, Tag.NETWORK_ERROR_CODE) == b"\x03\x01\x02"


def test_tlvs_of_a_failure_without_a_code_hold_no_error_code() -> None:
    found = receipt.tlvs(a_receipt(MessageState.EXPIRED), STANDARD)

    assert tlv.get(found, Tag.NETWORK_ERROR_CODE) is None


@pytest.mark.parametrize("tag", [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE])
def test_only_the_tlvs_of_the_dialect_go_along(tag: Tag) -> None:
    found = receipt.tlvs(a_receipt(MessageState.UNDELIVERABLE, err=5), Dialect(tlvs=frozenset({tag})))

    assert [found_tag for found_tag, _ in found] == [tag]


def test_a_dialect_without_tlvs_has_none() -> None:
    found = receipt.tlvs(a_receipt(), Dialect(tlvs=frozenset()))

    assert found == ()
