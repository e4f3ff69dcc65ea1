"""An inbound text as its account can read it: alphabets, parts, addresses."""

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Address, Outcome, Outgoing, OutgoingId, OutgoingKind, Part
from smppgw.core.optout import Consent, Wish, Words
from smppgw.core.screening import Screens
from smppgw.core.verdict import Inbound
from smppgw.smpp import udh
from smppgw.smpp.pdu import DeliverSm, decode, encode
from smppgw.smpp.text import Alphabet, alphabets
from smppgw.store.base import InboundText
from smppgw.workers.translate import write_inbound, write_inbound_part
from tests.workers.fakes import policy

NOW = 1_700_000_000.0
TEXT_ALPHABETS = [Alphabet.GSM7, Alphabet.GSM7_PACKED, Alphabet.LATIN1, Alphabet.ASCII, Alphabet.UTF8]
"""What an account may take data_coding 0 for."""


def inbound(
    text: str = "STOP", *, sender: str = "+4915111", destination: str = "1234", at: float | None = 5.0
) -> Inbound:
    return Inbound(key="in-1", sender=sender, destination=destination, text=text, at=at)


def written(text: str = "STOP", alphabet: Alphabet = Alphabet.GSM7) -> InboundText:
    found = write_inbound(inbound(text), policy(alphabets=alphabets(alphabet)), NOW)
    assert found is not None
    return found


def outgoing(text: InboundText, number: int = 1, reference: int = 7) -> Outgoing:
    """What the store makes of one part."""
    total = len(text.parts)
    return Outgoing(
        id=OutgoingId(6),
        account="acme",
        kind=OutgoingKind.INBOUND,
        message_id="",
        source=text.source,
        destination=text.destination,
        outcome=Outcome.ENROUTE,
        error=ErrorCode.NONE,
        submitted_at=text.at,
        done_at=text.at,
        text=text.parts[number - 1],
        tries=0,
        data_coding=text.data_coding,
        part=Part(reference, total, number) if total > 1 else None,
    )


def read_as(pdu: DeliverSm, alphabet: Alphabet) -> str:
    """Read a PDU the way the account does, with codecs of others."""
    octets = pdu.short_message
    if pdu.esm_class & 0x40:
        _, octets = udh.parse(octets)
    if pdu.data_coding == 8:
        return octets.decode("utf-16-be")
    codecs = {Alphabet.LATIN1: "latin-1", Alphabet.ASCII: "ascii", Alphabet.UTF8: "utf-8"}
    if alphabet in codecs:
        return octets.decode(codecs[alphabet])
    assert alphabet is Alphabet.GSM7, "packed septets are never sent"
    text: str = gsm0338.Codec().decode(octets)[0]
    return text


@pytest.mark.parametrize(
    ("text", "alphabet", "data_coding"),
    [
        ("STOP", Alphabet.GSM7, 0),
        ("Grüße, 5 €", Alphabet.GSM7, 0),
        ("смс", Alphabet.GSM7, 8),
        ("\U0001f600", Alphabet.GSM7, 8),
        ("", Alphabet.GSM7, 0),
        ("STOP", Alphabet.LATIN1, 0),
        ("Grüße", Alphabet.LATIN1, 8),  # "ü" is 0x7E in one alphabet and "~" in the other
        ("a@b", Alphabet.ASCII, 8),  # "@" is 0 in GSM 03.38
        ("a@b", Alphabet.GSM7, 0),
        ("STOP", Alphabet.GSM7_PACKED, 8),
        ("\x1b", Alphabet.LATIN1, 8),  # an escape says nothing alone
    ],
)
def test_data_coding_0_is_used_only_for_what_it_surely_says(text: str, alphabet: Alphabet, data_coding: int) -> None:
    assert written(text, alphabet).data_coding == data_coding


@given(st.text(max_size=400), st.sampled_from(TEXT_ALPHABETS))
def test_the_account_reads_what_was_written(text: str, alphabet: Alphabet) -> None:
    found = written(text, alphabet)

    pdus = [write_inbound_part(outgoing(found, number)) for number in range(1, len(found.parts) + 1)]

    assert "".join(read_as(pdu, alphabet) for pdu in pdus) == text
    for pdu in pdus:
        assert len(pdu.short_message) <= (160 if pdu.data_coding == 0 else 140)
        assert decode(encode(pdu)) == pdu


@pytest.mark.parametrize(
    ("text", "parts"),
    [("x" * 160, 1), ("x" * 161, 2), ("x" * 307, 3), ("я" * 70, 1), ("я" * 71, 2), ("x" * 100 + "я", 2), ("€" * 81, 2)],
)
def test_a_long_text_comes_in_as_many_parts_as_from_a_network(text: str, parts: int) -> None:
    assert len(written(text).parts) == parts


def test_each_part_says_which_one_it_is_and_all_have_one_alphabet() -> None:
    found = written("x" * 100 + "я" * 10)

    pdus = [write_inbound_part(outgoing(found, number, reference=0x1234)) for number in (1, 2)]

    headers = [udh.parse(pdu.short_message)[0] for pdu in pdus]
    assert [header.concatenation for header in headers] == [
        udh.Part(reference=0x34, total=2, number=1),
        udh.Part(reference=0x34, total=2, number=2),
    ]
    assert [(pdu.esm_class, pdu.data_coding) for pdu in pdus] == [(0x40, 8), (0x40, 8)]


def test_a_short_text_is_a_plain_deliver_sm() -> None:
    pdu = write_inbound_part(outgoing(written("STOP")))

    assert pdu == DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="4915111",
        dest_addr_ton=0,
        dest_addr_npi=0,
        destination_addr="1234",
        esm_class=0,
        data_coding=0,
        short_message=b"STOP",
    )


@pytest.mark.parametrize(
    ("shown", "address"),
    [
        ("+491771234567", Address(1, 1, "491771234567")),
        ("1234", Address(0, 0, "1234")),
        ("10690123456789012345", Address(0, 0, "10690123456789012345")),
        ("My Shop", Address(5, 0, "My Shop")),
    ],
)
def test_an_address_says_what_it_is(shown: str, address: Address) -> None:
    found = write_inbound(inbound(sender=shown, destination=shown), policy(), NOW)

    assert found is not None
    assert (found.source, found.destination) == (address, address)


@pytest.mark.parametrize("shown", ["", "x" * 21, "a\nb", "+" + "1" * 21, "Ärzte"])
def test_an_address_that_no_pdu_can_hold_is_refused(shown: str) -> None:
    assert write_inbound(inbound(sender=shown), policy(), NOW) is None
    assert write_inbound(inbound(destination=shown), policy(), NOW) is None


def test_a_text_of_more_parts_than_can_be_counted_is_refused() -> None:
    assert write_inbound(inbound("x" * 153 * 255), policy(), NOW) is not None
    assert write_inbound(inbound("x" * 153 * 255 + "x"), policy(), NOW) is None


def test_a_text_without_a_time_came_now() -> None:
    found = write_inbound(inbound(at=None), policy(), NOW)

    assert found is not None
    assert found.at == NOW


@pytest.mark.parametrize("sender", ["+4915111111111", "4915111111111", "015111111111"])
def test_a_word_that_opts_out_is_the_wish_of_its_sender_however_his_number_is_written(sender: str) -> None:
    screened = policy(screens=Screens(words=Words(["STOP"], ["START"])))

    found = [write_inbound(inbound(text, sender=sender), screened, NOW) for text in ("Stop!", "START", "stop it")]

    assert [one and one.wish for one in found] == [
        Wish("4915111111111", Consent.WITHDRAWN), Wish("4915111111111", Consent.GIVEN), None,
    ]  # fmt: skip


def test_no_word_is_a_wish_where_nobody_can_opt_out_or_nobody_has_the_number() -> None:
    screened = policy(screens=Screens(words=Words(["STOP"], ["START"])))

    for found in (write_inbound(inbound(), policy(), NOW), write_inbound(inbound(sender="Bank"), screened, NOW)):
        assert found is not None
        assert found.wish is None
