"""The script shows what it should, and no number means anything by accident."""

import pytest

from smppgw.demo.esme import parts_of
from smppgw.demo.script import CASES, MAX_FURTHER, Case, further
from smppgw.simulators.outcomes import Outcome, outcome_of
from smppgw.smpp import text
from smppgw.smpp.consts import ESM_CLASS_UDHI, DataCoding
from smppgw.smpp.receipt import Stat
from smppgw.smpp.text import Alphabet


def test_every_recipient_occurs_once() -> None:
    recipients = [case.recipient for case in (*CASES, *further(MAX_FURTHER))]

    assert len(set(recipients)) == len(recipients)


def test_further_messages_are_delivered() -> None:
    assert {outcome_of(case.recipient) for case in further(MAX_FURTHER)} == {Outcome.DELIVERED}


def test_every_carrier_delivers_one_and_fails_one() -> None:
    seen = {(case.carrier.partition("-")[0], case.stat is Stat.DELIVRD) for case in CASES}

    assert seen == {("retarus", True), ("retarus", False), ("alibaba", True), ("alibaba", False)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.recipient)
def test_only_a_number_that_asks_for_it_fails(case: Case) -> None:
    assert (outcome_of(case.recipient) is Outcome.DELIVERED) == (case.stat is Stat.DELIVRD)


def test_the_long_text_goes_as_three_parts_with_a_header() -> None:
    [long] = [case for case in CASES if text.parts(case.text).parts == 3]

    fields = [part.fields for part in parts_of([long])]

    assert [each["esm_class"] for each in fields] == [ESM_CLASS_UDHI] * 3
    assert [each["short_message"][:3] for each in fields] == [b"\x05\x00\x03"] * 3
    assert [each["short_message"][4:6] for each in fields] == [b"\x03\x01", b"\x03\x02", b"\x03\x03"]


def test_one_text_is_unicode_beyond_the_basic_plane() -> None:
    [emoji] = [case for case in CASES if any(ord(character) > 0xFFFF for character in case.text)]

    [part] = parts_of([emoji])

    assert part.fields["data_coding"] == DataCoding.UCS2
    assert text.decode(part.fields["short_message"], Alphabet.UCS2).text == emoji.text
