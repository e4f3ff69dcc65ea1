"""Telephone numbers as ESMEs write them, turned into E.164 digits and a country.

Every message passes here once, so the metadata of phonenumbers is turned into tables by calling code: a usual number
costs a few dictionary look-ups and one regular expression. What the tables cannot settle (trunk prefixes inside
international numbers, odd national forms) goes to phonenumbers itself, behind a cache. The check is that of length for
the calling code, not whether a number is assigned. This module never says which number was wrong: its faults carry no
digits, so that they may be logged.

Where the answer deviates from phonenumbers:

* a possible but unassigned number of a calling code that several countries share belongs to the main one of them
  (phonenumbers: to none), as it does where a calling code has one country only;
* numbers that can be dialled only locally are refused (``is_possible_number`` takes them);
* a mobile number after a trunk prefix is read as that where the prefix might also select a carrier (Colombia);
* ``00`` begins an international number whatever the country dials.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc, PhoneNumberType, phonenumberutil

# Type of number (SMPP v3.4, 5.2.5).
_INTERNATIONAL: Final = 1
_NATIONAL: Final = 2
_ALPHANUMERIC: Final = 5

_NOWHERE: Final = "001"
"""How phonenumbers names the region of calling codes that belong to no country (satellites, freephone)."""
_LONGEST_SHORT_CODE: Final = 8
_LONGEST_NUMERIC_SENDER: Final = 15
"""E.164, 6."""
_LONGEST_TEXT_SENDER: Final = 11
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_NEVER: Final = "(?!)"
_KINDS: Final = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail", "fixed_line",
    "mobile",
)  # fmt: skip


class NumberReason(StrEnum):
    """Why an address is refused."""

    EMPTY = "the address is empty"
    NOT_DIGITS = "the address has characters other than digits and one leading plus"
    ALPHANUMERIC = "an alphanumeric address cannot receive messages"
    CALLING_CODE = "no country has this calling code"
    LENGTH = "no number of this country has this many digits"
    SENDER_TEXT = "an alphanumeric sender has at most 11 printable ASCII characters, not only spaces"
    SENDER_LENGTH = "a numeric sender has 1 to 15 digits"


@dataclass(frozen=True, slots=True)
class Number:
    """A recipient as routes, rates and carriers see it."""

    digits: str
    """E.164 without plus."""
    country: str
    """ISO 3166-1 alpha-2, or "" where the calling code belongs to no country."""


@dataclass(frozen=True, slots=True)
class NumberFault:
    """An address that is refused."""

    reason: NumberReason


@dataclass(frozen=True, slots=True)
class Sender:
    """A source address as carriers take it."""

    text: str
    """E.164 digits without plus, a short code, alphanumeric text, or "" for the carrier's default."""
    is_number: bool


@dataclass(frozen=True, slots=True)
class _Code:
    """A calling code."""

    width: int
    """Digits of the code itself."""
    lengths: frozenset[int]
    """Possible lengths of whole numbers, code included."""
    trunk: Callable[[str, int], re.Match[str] | None]
    """Finds what a caller inside the country dials first, in a number from an offset on."""
    country: str
    """The only country of this code, or the main one."""
    shared: Callable[[str], re.Match[str] | None] | None
    """Finds the country of a national number by the name of the matching group, where several share the code."""


@dataclass(frozen=True, slots=True)
class _Country:
    """How mobile numbers are written inside a country."""

    calling_code: str
    national: Callable[[str], re.Match[str] | None]
    """Mobile number with or without trunk prefix."""
    unknown: Callable[[str], re.Match[str] | None]
    """The same, or with the country's own calling code."""


def preload(countries: Iterable[str] = ()) -> None:
    """Build all tables (about 0.1 s), so that the first message does not wait for them.

    Args:
        countries: Those of the accounts, ISO 3166-1 alpha-2.
    """
    _codes()
    _by_parsing("+4900000000", None)  # the parser compiles its own expressions at its first use
    for country in countries:
        _country(country)


def is_country(country: str) -> bool:
    """Say whether national numbers of this country (ISO 3166-1 alpha-2, upper case) can be read."""
    return country in phonenumbers.SUPPORTED_REGIONS


@cache
def calling_code(country: str) -> str:
    """Return the calling code of a country (ISO 3166-1 alpha-2); "" where there is none."""
    return str(phonenumberutil.country_code_for_region(country) or "")


def normalise(addr: str, ton: int, npi: int, country: str | None) -> Number | NumberFault:
    """Read a destination address.

    TON 1, a leading ``+`` or ``00``: an international number. TON 2: a number of the account's country. Anything else:
    national too, unless only the international reading is a mobile number or possible at all; many ESMEs send
    international digits as TON 0. Without a country all digits are read internationally.

    Args:
        addr: As in the PDU.
        ton: Type of number; 5 (alphanumeric) is refused.
        npi: Accepted whatever it is: ESMEs fill it at random, and no value makes other digits of these.
        country: The account's, ISO 3166-1 alpha-2, or None; an unknown one counts as None.
    """
    if ton == _ALPHANUMERIC:
        return _FAULTS[NumberReason.ALPHANUMERIC]
    digits = addr.removeprefix("+")
    if not (digits.isdigit() and digits.isascii()):
        return _FAULTS[NumberReason.NOT_DIGITS if addr else NumberReason.EMPTY]
    if digits.startswith("00"):
        return _international(digits[2:])
    if ton == _INTERNATIONAL or len(digits) < len(addr) or country is None:
        return _international(digits)
    return _in_country(digits, country, strict=ton == _NATIONAL)


def is_assigned(digits: str) -> bool:
    """Say whether a country assigns such numbers, by the ranges that phonenumbers knows.

    The first number of a country compiles its ranges, up to 5 ms.

    Args:
        digits: E.164 without plus, as ``normalise`` returns them.
    """
    code = _codes()[digits[:3]]
    national = digits[code.width :]
    region: str | None = code.country or _NOWHERE
    if code.shared is not None:
        found = code.shared(national)
        region = found and found.lastgroup
    return region is not None and _ranges(int(digits[: code.width]), region)(national) is not None


@lru_cache(maxsize=4096)
def sender_of(addr: str, ton: int, npi: int, country: str | None) -> Sender | NumberFault:
    """Read a source address.

    TON 5 or any letter: text, kept as it is. Digits of at most eight that are neither international nor national: a
    short code, kept as it is. Other digits become E.164 as in ``normalise``, but are kept where that fails: a carrier
    knows its own sender numbers better than any table.
    """
    if not addr:
        return Sender("", False)
    if ton == _ALPHANUMERIC or any(char.isalpha() for char in addr):
        fits = len(addr) <= _LONGEST_TEXT_SENDER and addr.isascii() and addr.isprintable() and not addr.isspace()
        return Sender(addr, False) if fits else _FAULTS[NumberReason.SENDER_TEXT]
    if _is_short_code(addr, ton):
        return Sender(addr, True)
    match normalise(addr, ton, npi, country):
        case Number(digits=digits):
            return Sender(digits, True)
        case NumberFault(reason=NumberReason.NOT_DIGITS) as fault:
            return fault
        case _:
            digits = addr.removeprefix("+").removeprefix("00")
            fits = 0 < len(digits) <= _LONGEST_NUMERIC_SENDER
            return Sender(digits, True) if fits else _FAULTS[NumberReason.SENDER_LENGTH]


def _is_short_code(addr: str, ton: int) -> bool:
    digits_only = addr.isdigit() and addr.isascii() and not addr.startswith("00")
    return digits_only and len(addr) <= _LONGEST_SHORT_CODE and ton not in (_INTERNATIONAL, _NATIONAL)


_FAULTS: Final = {reason: NumberFault(reason) for reason in NumberReason}


def _international(digits: str) -> Number | NumberFault:
    code = _codes().get(digits[:3])
    if code is None:
        return _FAULTS[NumberReason.CALLING_CODE]
    trunk = code.trunk(digits, code.width)
    if trunk is not None and trunk.end() > code.width:
        return _by_parsing("+" + digits, None)
    return _placed(digits, code)


def _placed(digits: str, code: _Code) -> Number | NumberFault:
    if len(digits) not in code.lengths:
        return _FAULTS[NumberReason.LENGTH]
    if code.shared is not None and (found := code.shared(digits[code.width :])) is not None:
        return Number(digits, found.lastgroup or code.country)
    return Number(digits, code.country)


def _in_country(digits: str, country: str, *, strict: bool) -> Number | NumberFault:
    plan = _country(country)
    if plan is None:
        return _international(digits)
    mobile = (plan.national if strict else plan.unknown)(digits)
    if mobile is not None:
        return _international(plan.calling_code + mobile[mobile.lastindex or 0])
    return _by_parsing(digits, country) if strict else _likelier(digits, country)


@lru_cache(maxsize=8192)
def _likelier(digits: str, country: str) -> Number | NumberFault:
    """Choose between the national and the international reading: a mobile number wins, then the national one."""
    national, international = _by_parsing(digits, country), _international(digits)
    if isinstance(international, NumberFault):
        return national
    if isinstance(national, NumberFault):
        return international
    return international if _is_mobile(international) and not _is_mobile(national) else national


def _is_mobile(number: Number) -> bool:
    return phonenumbers.number_type(phonenumbers.parse("+" + number.digits)) in _MOBILE


@lru_cache(maxsize=8192)
def _by_parsing(text: str, country: str | None) -> Number | NumberFault:
    """Let phonenumbers read what the tables cannot: it knows every country's trunk prefixes."""
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return _FAULTS[NumberReason.CALLING_CODE if unknown else NumberReason.LENGTH]
    digits = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    return _placed(digits, _codes()[digits[:3]])


@cache
def _codes() -> dict[str, _Code]:
    """Build the table from the first three digits of a number to its calling code (codes are prefix-free)."""
    table: dict[str, _Code] = {}
    for number, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        ways = 10 ** (3 - len(str(number)))
        table.update(dict.fromkeys(map(str, range(number * ways, (number + 1) * ways)), _code(number, regions)))
    return table


def _code(number: int, regions: tuple[str, ...]) -> _Code:
    main = _metadata(number, regions[0])
    width = len(str(number))
    return _Code(
        width=width,
        lengths=frozenset(width + length for length in _lengths(main)),
        trunk=re.compile(main.national_prefix_for_parsing or _NEVER).match,
        country="" if regions[0] == _NOWHERE else regions[0],
        shared=re.compile("|".join(_country_group(number, region) for region in regions)).match
        if len(regions) > 1
        else None,
    )


def _country_group(number: int, region: str) -> str:
    """Write one alternative of ``_Code.shared``, in the way of ``phonenumbers.region_code_for_number``."""
    metadata = _metadata(number, region)
    if metadata.leading_digits is not None:
        return f"(?P<{region}>{metadata.leading_digits})"
    return rf"(?P<{region}>{_assigned(metadata)})"


@cache
def _ranges(number: int, region: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(_assigned(_metadata(number, region))).match


def _assigned(metadata: PhoneMetadata) -> str:
    """Write the pattern of national numbers that are in use, in the way of ``phonenumbers.number_type``."""
    kinds = "|".join(dict.fromkeys(_pattern(getattr(metadata, kind)) for kind in _KINDS))
    return rf"(?=(?:{_pattern(metadata.general_desc)})\Z)(?:{kinds})\Z"


@cache
def _country(country: str) -> _Country | None:
    if not is_country(country):
        return None
    calling_code = phonenumberutil.country_code_for_region(country)
    metadata = _metadata(calling_code, country)
    national = _national_mobile(metadata)
    return _Country(
        calling_code=str(calling_code),
        national=re.compile(national).match,
        unknown=re.compile(rf"{national}|{calling_code}({_pattern(metadata.mobile)})\Z").match,
    )


def _national_mobile(metadata: PhoneMetadata) -> str:
    """Write the pattern of mobile numbers as dialled inside the country; its last group is what follows the prefix."""
    return rf"(?:{metadata.national_prefix_for_parsing or ''})?({_pattern(metadata.mobile)})\Z"


def _metadata(number: int, region: str) -> PhoneMetadata:
    found = PhoneMetadata.metadata_for_region_or_calling_code(number, region)
    if found is None:
        raise LookupError(f"phonenumbers lists {region} under +{number}, but does not describe it")
    return found


def _pattern(kind: PhoneNumberDesc | None) -> str:
    return (kind and kind.national_number_pattern) or _NEVER


def _lengths(metadata: PhoneMetadata) -> tuple[int, ...]:
    return metadata.general_desc.possible_length if metadata.general_desc else ()
