"""Addresses into E.164, with phonenumbers as the oracle."""

from collections.abc import Iterator
from random import Random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, ValidationResult

from smppgw.core import numbers
from smppgw.core.numbers import Number, NumberFault, NumberReason, Sender, is_assigned, is_country, normalise, sender_of

UNKNOWN, INTERNATIONAL, NATIONAL, NETWORK, ALPHANUMERIC, ABBREVIATED = 0, 1, 2, 3, 5, 6
SHARED = sorted(code for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items() if len(regions) > 1)
KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan")
CARRIER_SELECTION = {"CO"}  # phonenumbers takes the start of a mobile number for the code of a carrier

numbers.preload()


@pytest.mark.parametrize(
    ("addr", "ton", "country", "digits", "where"),
    [
        ("491711234567", INTERNATIONAL, None, "491711234567", "DE"),
        ("+491711234567", INTERNATIONAL, None, "491711234567", "DE"),
        ("00491711234567", INTERNATIONAL, None, "491711234567", "DE"),
        ("+00491711234567", INTERNATIONAL, None, "491711234567", "DE"),
        ("4901711234567", INTERNATIONAL, None, "491711234567", "DE"),  # +49 (0)171
        ("393331234567", INTERNATIONAL, "DE", "393331234567", "IT"),
        ("390612345678", INTERNATIONAL, None, "390612345678", "IT"),  # Italian zeros belong to the number
        ("390669812345", INTERNATIONAL, None, "390669812345", "VA"),
        ("12125551234", INTERNATIONAL, None, "12125551234", "US"),
        ("14165551234", INTERNATIONAL, None, "14165551234", "CA"),
        ("18765551234", INTERNATIONAL, None, "18765551234", "JM"),
        ("79161234567", INTERNATIONAL, None, "79161234567", "RU"),
        ("77011234567", INTERNATIONAL, None, "77011234567", "KZ"),
        ("447781123456", INTERNATIONAL, None, "447781123456", "GG"),
        ("8613812345678", INTERNATIONAL, None, "8613812345678", "CN"),
        ("870773111632", INTERNATIONAL, None, "870773111632", ""),  # Inmarsat
        ("+491711234567", UNKNOWN, "FR", "491711234567", "DE"),
        ("+491711234567", NATIONAL, "FR", "491711234567", "DE"),
        ("00491711234567", UNKNOWN, "US", "491711234567", "DE"),  # Americans dial 011, ESMEs write 00
        ("01711234567", UNKNOWN, "DE", "491711234567", "DE"),
        ("01711234567", NATIONAL, "DE", "491711234567", "DE"),
        ("1711234567", NATIONAL, "DE", "491711234567", "DE"),
        ("07912345678", UNKNOWN, "GB", "447912345678", "GB"),
        ("612345678", UNKNOWN, "ES", "34612345678", "ES"),
        ("06301234567", UNKNOWN, "HU", "36301234567", "HU"),
        ("89161234567", UNKNOWN, "RU", "79161234567", "RU"),
        ("13812345678", UNKNOWN, "CN", "8613812345678", "CN"),
        ("2125551234", UNKNOWN, "US", "12125551234", "US"),
        ("4165551234", UNKNOWN, "US", "14165551234", "CA"),
        ("030123456", UNKNOWN, "DE", "4930123456", "DE"),  # a landline, by parsing
        ("4641234", NATIONAL, "AG", "12684641234", "AG"),  # local digits get the island's area code
        ("011987654321", UNKNOWN, "BR", "5511987654321", "BR"),
        ("0111523456789", UNKNOWN, "AR", "5491123456789", "AR"),
        ("03211234567", UNKNOWN, "CO", "573211234567", "CO"),
        ("491711234567", UNKNOWN, None, "491711234567", "DE"),
        ("491711234567", NATIONAL, None, "491711234567", "DE"),
        ("491711234567", NETWORK, None, "491711234567", "DE"),
        ("491711234567", UNKNOWN, "XX", "491711234567", "DE"),  # no such country
    ],
)
def test_an_address_becomes_digits_and_a_country(
    addr: str, ton: int, country: str | None, digits: str, where: str
) -> None:
    number = normalise(addr, ton, 1, country)

    assert number == Number(digits, where)


@pytest.mark.parametrize(
    ("addr", "digits"),
    [
        ("491711234567", "491711234567"),  # a German landline with area code 04917, or a mobile: the mobile wins
        ("33612345678", "33612345678"),
        ("306912345678", "306912345678"),  # Berlin without its zero, or a Greek mobile
        ("1711234567", "491711234567"),
        ("3012345678", "493012345678"),  # Berlin; no Greek number is this short
    ],
)
def test_digits_of_unknown_type_are_national_unless_only_the_other_reading_is_a_mobile(addr: str, digits: str) -> None:
    number = normalise(addr, UNKNOWN, 1, "DE")

    assert isinstance(number, Number)
    assert number.digits == digits


def test_digits_of_national_type_are_never_read_internationally() -> None:
    number = normalise("306912345678", NATIONAL, 1, "DE")

    assert number == Number("49306912345678", "DE")


def test_digits_impossible_in_the_country_are_read_internationally() -> None:
    number = normalise("4930123456789", UNKNOWN, 1, "ES")

    assert number == Number("4930123456789", "DE")


@pytest.mark.parametrize(
    ("addr", "ton", "reason"),
    [
        ("", INTERNATIONAL, NumberReason.EMPTY),
        ("+", INTERNATIONAL, NumberReason.NOT_DIGITS),
        ("++491711234567", INTERNATIONAL, NumberReason.NOT_DIGITS),
        ("49 171 1234567", INTERNATIONAL, NumberReason.NOT_DIGITS),
        ("49-171-1234567", UNKNOWN, NumberReason.NOT_DIGITS),
        ("49171123456a", INTERNATIONAL, NumberReason.NOT_DIGITS),
        ("49171123456\u0663", INTERNATIONAL, NumberReason.NOT_DIGITS),  # an Arabic digit
        ("49171123456\u00b2", INTERNATIONAL, NumberReason.NOT_DIGITS),  # a superscript
        ("Retarus", ALPHANUMERIC, NumberReason.ALPHANUMERIC),
        ("491711234567", ALPHANUMERIC, NumberReason.ALPHANUMERIC),
        ("01711234567", INTERNATIONAL, NumberReason.CALLING_CODE),
        ("999123456789", INTERNATIONAL, NumberReason.CALLING_CODE),
        ("49", INTERNATIONAL, NumberReason.CALLING_CODE),
        ("00", INTERNATIONAL, NumberReason.CALLING_CODE),
        ("0", UNKNOWN, NumberReason.CALLING_CODE),
        ("491", INTERNATIONAL, NumberReason.LENGTH),
        ("49171123456789012345", INTERNATIONAL, NumberReason.LENGTH),
        ("1212555123", INTERNATIONAL, NumberReason.LENGTH),
        ("15551234", INTERNATIONAL, NumberReason.LENGTH),  # possible only within an area
    ],
)
def test_an_address_that_is_no_number_is_refused_with_its_reason(addr: str, ton: int, reason: NumberReason) -> None:
    number = normalise(addr, ton, 1, None)

    assert number == NumberFault(reason)


@pytest.mark.parametrize("addr", ["1", "0", "99999999999999999999"])
def test_an_impossible_national_number_is_refused(addr: str) -> None:
    number = normalise(addr, NATIONAL, 1, "DE")

    assert number == NumberFault(NumberReason.LENGTH)


@pytest.mark.parametrize("npi", [0, 1, 3, 18, 255])
def test_the_numbering_plan_changes_nothing(npi: int) -> None:
    assert normalise("491711234567", INTERNATIONAL, npi, None) == Number("491711234567", "DE")


@st.composite
def mangled(draw: st.DrawFn, code: int, region: str) -> str:
    """A national number near an example of its region: often assigned, sometimes possible, now and then impossible."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    descriptions = [getattr(metadata, kind) for kind in KINDS]
    example: str = draw(
        st.sampled_from([d.example_number for d in descriptions if d and d.example_number] or ["12345678"])
    )
    kept = draw(st.integers(1, len(example)))
    digits = len(example) - kept + draw(st.sampled_from([0, 0, 0, 1, -1]))
    return example[:kept] + draw(st.text("0123456789", min_size=max(digits, 0), max_size=max(digits, 0)))


@st.composite
def international(draw: st.DrawFn) -> str:
    codes = st.sampled_from(SHARED) | st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
    code = draw(codes)
    region = draw(st.sampled_from(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]))
    return f"{code}{draw(mangled(code, region))}"


def oracle(text: str, country: str | None) -> Number | None:
    """What phonenumbers makes of it; the main country stands in where it names none."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return None
    region = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
    digits = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    return Number(digits, "" if region == "001" else region)


@settings(max_examples=400)
@given(international())
def test_international_digits_are_read_as_phonenumbers_reads_them(digits: str) -> None:
    number = normalise(digits, INTERNATIONAL, 1, None)

    assert (number if isinstance(number, Number) else None) == oracle("+" + digits, None)


@settings(max_examples=400)
@given(st.data())
def test_national_digits_are_read_as_phonenumbers_reads_them(data: st.DataObject) -> None:
    region = data.draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS - CARRIER_SELECTION)))
    code = phonenumbers.country_code_for_region(region)
    prefix = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
    digits = data.draw(st.sampled_from(["", prefix])) + data.draw(mangled(code, region))
    if digits.startswith("00"):
        digits = digits.lstrip("0") or "1"

    number = normalise(digits, NATIONAL, 1, region)

    assert (number if isinstance(number, Number) else None) == oracle(digits, region)


@settings(max_examples=300)
@given(st.text(max_size=24) | st.text("+0123456789", max_size=24), st.integers(0, 255), st.sampled_from([None, "DE"]))
def test_no_address_raises(addr: str, ton: int, country: str | None) -> None:
    number = normalise(addr, ton, 1, country)
    sender = sender_of(addr, ton, 1, country)

    assert isinstance(number, Number | NumberFault)
    assert isinstance(sender, Sender | NumberFault)


@given(international())
def test_what_was_normalised_stays_as_it_is(digits: str) -> None:
    number = normalise(digits, INTERNATIONAL, 1, None)

    assert isinstance(number, NumberFault) or normalise(number.digits, INTERNATIONAL, 1, None) == number


def test_every_calling_code_has_its_entry_for_all_continuations() -> None:
    table = numbers._codes()

    assert {prefix: len(str(code)) for prefix, code in by_prefix().items()} == {
        prefix: code.width for prefix, code in table.items()
    }


def by_prefix() -> dict[str, int]:
    prefixes = (f"{number:03d}" for number in range(100, 1000))
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return {p: int(p[:n]) for p in prefixes for n in (1, 2, 3) if int(p[:n]) in codes}


@pytest.mark.parametrize(
    ("country", "known"), [("DE", True), ("CN", True), ("de", False), ("XX", False), ("001", False)]
)
def test_countries_are_known_by_their_iso_code(country: str, known: bool) -> None:
    assert is_country(country) is known


@pytest.mark.parametrize(
    ("addr", "ton", "country", "text", "is_number"),
    [
        ("", UNKNOWN, None, "", False),
        ("", ALPHANUMERIC, None, "", False),
        ("Retarus", ALPHANUMERIC, None, "Retarus", False),
        ("Retarus", UNKNOWN, None, "Retarus", False),  # a letter decides, whatever the type says
        ("My Shop 24", INTERNATIONAL, None, "My Shop 24", False),
        ("12345", ALPHANUMERIC, None, "12345", False),
        ("A&B-Shop.de", ALPHANUMERIC, None, "A&B-Shop.de", False),
        ("12345", UNKNOWN, "DE", "12345", True),
        ("12345", NETWORK, None, "12345", True),
        ("32665", ABBREVIATED, "DE", "32665", True),
        ("12345678", NETWORK, None, "12345678", True),
        ("491711234567", INTERNATIONAL, None, "491711234567", True),
        ("+491711234567", INTERNATIONAL, None, "491711234567", True),
        ("+491711234567", UNKNOWN, None, "491711234567", True),
        ("00491711234567", UNKNOWN, None, "491711234567", True),
        ("01711234567", NATIONAL, "DE", "491711234567", True),
        ("01711234567", UNKNOWN, "DE", "491711234567", True),
        ("01712345", NATIONAL, "DE", "491712345", True),
        ("0049123", UNKNOWN, None, "49123", True),  # international, whatever its length
        ("12345", INTERNATIONAL, None, "12345", True),  # no number of any country, yet the carrier may know it
        ("999123456789", INTERNATIONAL, None, "999123456789", True),
    ],
)
def test_a_sender_is_text_or_digits(addr: str, ton: int, country: str | None, text: str, is_number: bool) -> None:
    sender = sender_of(addr, ton, 1, country)

    assert sender == Sender(text, is_number)


@pytest.mark.parametrize(
    ("addr", "ton", "reason"),
    [
        ("TwelveChars!", ALPHANUMERIC, NumberReason.SENDER_TEXT),
        ("Bücher", ALPHANUMERIC, NumberReason.SENDER_TEXT),
        ("Shop\n", ALPHANUMERIC, NumberReason.SENDER_TEXT),
        ("   ", ALPHANUMERIC, NumberReason.SENDER_TEXT),
        ("491711234567", ALPHANUMERIC, NumberReason.SENDER_TEXT),
        ("49-171-12345", INTERNATIONAL, NumberReason.NOT_DIGITS),
        ("+", UNKNOWN, NumberReason.NOT_DIGITS),
        ("\u0661\u0662\u0663", UNKNOWN, NumberReason.NOT_DIGITS),
        ("+00", UNKNOWN, NumberReason.SENDER_LENGTH),
        ("9991234567890123", INTERNATIONAL, NumberReason.SENDER_LENGTH),
    ],
)
def test_a_sender_no_network_can_show_is_refused(addr: str, ton: int, reason: NumberReason) -> None:
    sender = sender_of(addr, ton, 1, None)

    assert sender == NumberFault(reason)


def test_reasons_carry_no_digits_of_the_number() -> None:
    fault = normalise("999123456789", INTERNATIONAL, 1, None)

    assert "9991" not in repr(fault)


def examples() -> Iterator[str]:
    """Numbers of every type that are in use in every third country, and others that begin like them."""
    chance = Random(1)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)[::3]:
        for kind in range(len(KINDS)):
            if number := phonenumbers.example_number_for_type(region, kind):
                digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
                yield digits
                yield digits[:4] + "".join(chance.choice("0123456789") for _ in digits[4:])


def test_a_number_is_assigned_where_phonenumbers_says_so() -> None:
    read = {number.digits for each in examples() if isinstance(number := normalise(each, 1, 1, None), Number)}
    valid = {digits for digits in read if phonenumbers.is_valid_number(phonenumbers.parse("+" + digits))}

    assert {digits for digits in read if is_assigned(digits)} == valid
    assert len(valid) > 250
    assert len(read - valid) > 60
