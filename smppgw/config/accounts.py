"""``[[accounts]]``: who may bind, and what then holds for him."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from smppgw.config.budgets import BudgetLimit
from smppgw.config.kinds import (
    UTC_NAME,
    Class,
    Count,
    Country,
    DataCodings,
    Duration,
    InboundNumbers,
    Names,
    OneOrMany,
    Pace,
    Rate,
    Section,
    SenderAddress,
    SystemId,
    Zone,
    read_country,
)
from smppgw.config.listen import CallAddress
from smppgw.config.pumping import PumpingSettings
from smppgw.core.model import TrafficClass
from smppgw.core.optout import START_WORDS, STOP_WORDS, letters
from smppgw.core.screening import ANYWHERE
from smppgw.core.values import NetworkList, Secret
from smppgw.smpp.consts import BindType

_VENDOR_TAGS: Final = range(0x1400, 0x4000)


def _tlv(value: object) -> object:
    """Read "0x1501" or "0x1501=6f7470" as tag and value."""
    tag, equals, octets = str(value).partition("=")
    try:
        read = int(tag, 16), bytes.fromhex(octets) if equals else None
    except ValueError:
        raise ValueError(f'{value!r} is no parameter: write "0x1501", or "0x1501=6f7470" with a value') from None
    if read[0] not in _VENDOR_TAGS:
        raise ValueError(f"{tag} is no tag of a vendor's own: 0x1400 to 0x3FFF")
    return read


def _by_country(senders: dict[str, str]) -> dict[str, str]:
    for country in senders:
        if country != ANYWHERE:
            read_country(country)
    return senders


def _pattern_of_sender(value: str) -> str:
    return value.removeprefix("+")


def _word(value: str) -> str:
    if not letters(value):
        raise ValueError(f"{value!r} has no letters to know it by")
    return value


Senders = Annotated[tuple[Annotated[str, AfterValidator(_pattern_of_sender)], ...], OneOrMany]
WordList = Annotated[tuple[Annotated[str, AfterValidator(_word)], ...], OneOrMany, Field(min_length=1)]

PASSWORD_KEYS = ("password_hash", "password_file", "credential", "password")
"""The ways to give an account its password; exactly one of them. The model holds the hash, whichever was used."""

OUTBIND_PASSWORD_KEYS = ("outbind_password_file", "outbind_credential", "outbind_password")
"""The ways to give the password that an account is called with; at most one of them. The model has the last one."""

_MAX_OUTBIND_PASSWORD = 16
"""Characters that a real system can take; the specification ends at 8 (SMPP v3.4, 5.2.2)."""


FROM_ROUTES: Final = "routes"
"""What ``countries`` says instead of naming them again."""


def _destination(value: str) -> str:
    return value if value == FROM_ROUTES else read_country(value)


Destinations = Annotated[tuple[Annotated[str, AfterValidator(_destination)], ...], OneOrMany]
"""Countries, or `FROM_ROUTES` for those that routes name."""


class BindLimits(Section):
    """max_binds_by_type: binds at once of each type; None: as many as max_binds allows."""

    transmitter: Count | None = None
    receiver: Count | None = None
    transceiver: Count | None = None


class ClassMatch(Section):
    """One way to tell what a message is for; every key that is there must hold."""

    traffic_class: Class
    service_type: Annotated[str, Field(max_length=5)] | None = None
    priority: Annotated[int, Field(ge=0, le=3)] | None = None
    """priority_flag."""
    tlv: Annotated[tuple[int, bytes | None], BeforeValidator(_tlv)] | None = None
    """A vendor's own parameter, 0x1400 to 0x3FFF, and its value in hexadecimal if that matters."""
    text: Names = ()
    """``*`` stands for any characters."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.service_type is None and self.priority is None and self.tlv is None and not self.text:
            raise ValueError("fits everything: name a service_type, priority, tlv or text, or set traffic_class alone")
        return self


class Account(Section):
    """One legacy system's login and its policy; times in seconds."""

    system_id: SystemId
    password_hash: Secret
    """argon2id, in the form of the argon2 command line tool."""
    allowed_ips: NetworkList | None = None
    """None: any address."""
    certificate: Names = ()
    """It may bind only over TLS, with a client certificate that has one of these names; (): a password is enough."""
    max_binds: Count = 4
    """In all."""
    max_binds_by_type: BindLimits | None = None
    bind_types: Annotated[tuple[BindType, ...], OneOrMany, Field(min_length=1)] = tuple(BindType)
    bind_rate: Pace = 5.0
    """Binds per second from one address where it has bound before; a minute's worth may come at once."""
    max_tps: Rate = 100.0
    """submit_sm per second; the burst is at least the window."""
    tps_counts: Literal["submits", "parts"] = "submits"
    """Whether a text that is billed as several SMS counts as one or as so many."""
    window: Annotated[Count, Field(le=10_000)] = 100
    """submit_sm in flight without an answer, per bind."""
    expect_bound: bool = True
    """Whether somebody should be told when this account has no bind (``smppgw_account_expected_bound``)."""
    country: Country | None = None
    """Where its national numbers belong; None: international numbers only."""
    default_alphabet: Literal["gsm7", "gsm7-packed", "latin1", "ascii", "utf8"] = "gsm7"
    """What data_coding 0 stands for."""
    data_codings: DataCodings = ()
    """What other data_codings than 0 stand for, where they do not mean what the specification says."""
    receipt_profile: Literal["standard", "kannel", "jasmin", "vonage", "cm", "legacy-3.3"] = "standard"
    """The dialect of its receipts (`smpp.dialects`)."""
    receipt_zone: Zone = UTC_NAME
    """The zone of the dates in its receipts."""
    receipt_pdu: Literal["deliver_sm", "data_sm"] = "deliver_sm"
    """What its receipts come in; a bind below 3.4, which cannot read the TLVs of data_sm, always gets deliver_sm."""
    message_id: Literal["decimal", "hex"] = "decimal"
    multi_message_id: Literal["shared", "each"] = "shared"
    """Whether the destinations of a submit_multi share one id, or have one each."""
    inbound: InboundNumbers = ()
    """Numbers and extension codes whose inbound texts it gets."""
    senders: Senders = ()
    """Patterns of the senders it may use, without a leading plus; (): any."""
    sender_for: Annotated[dict[str, SenderAddress], AfterValidator(_by_country)] | None = None
    """What the sender becomes, by the recipient's country; ``*`` stands for those not named; None: it stays."""
    numbers: Literal["possible", "valid"] = "possible"
    """Whether a recipient's number needs a possible length only, or must be in a range that its country assigns."""
    optout: bool = False
    """Whether recipients who have sent one of ``stop_words`` to one of its numbers get nothing more from it."""
    stop_words: WordList = STOP_WORDS
    start_words: WordList = START_WORDS
    """They take that back."""
    duplicates: Annotated[Duration, Field(le=86400)] | None = None
    """How long the same sender, recipient and text are refused; None: they never are."""
    smart_encoding: Literal[False, True, "lossy"] = False
    """Whether a text is put into the GSM alphabet where that saves an SMS; lossy: without its accents if need be."""
    validity: Duration = 48 * 3600.0
    """For messages that name no validity_period."""
    traffic_class: Class = TrafficClass.TRANSACTIONAL
    """Of messages that none of ``classes`` fits."""
    classes: tuple[ClassMatch, ...] = ()
    """The first that fits tells the class."""
    budgets: tuple[BudgetLimit, ...] = ()
    """What it may spend; at most one for each period."""
    assembly: Duration = 120.0
    """How long a text waits for a missing part; absent: that of [gateway]."""
    missing_parts: Literal["fail", "send"] = "fail"
    """What then becomes of the text (`core.assembly`)."""
    countries: Destinations | None = None
    """Where it may write to; None: anywhere."""
    pumping: PumpingSettings | None = None
    """What its messages are watched for; None: nothing."""
    outbind: CallAddress | None = None
    """Where it is called when something waits for it; None: never."""
    outbind_system_id: SystemId | None = None
    """Who we say we are; None: ``[smpp] system_id``."""
    outbind_password: Secret | None = None
    """The password that goes with it; None: an empty one."""
    outbind_tls: bool = False
    """Whether it is called over TLS, with a certificate that names the host of ``outbind``."""
    outbind_ca_file: Path | None = None
    """PEM: who may have signed that; None: whom the system trusts."""

    @field_validator("allowed_ips")
    @classmethod
    def _admits_somebody(cls, value: Any) -> Any:
        # A fault here refuses, never admits: an empty list is neither "any" nor meant.
        if value is not None and not value:
            raise ValueError("an empty list admits nobody; leave the key out to admit any address")
        return value

    @field_validator("certificate")
    @classmethod
    def _names_something(cls, value: Any) -> Any:
        # So too: an empty list would ask for no certificate, and an empty name could be nobody's.
        if not value or not all(value):
            raise ValueError("an empty name is nobody's; leave the key out to ask for no certificate")
        return value

    @field_validator("senders")
    @classmethod
    def _allows_something(cls, value: Any) -> Any:
        if not value:
            raise ValueError("an empty list allows no sender; leave the key out to allow any")
        return value

    @field_validator("outbind_password")
    @classmethod
    def _fits_the_pdu(cls, value: Secret | None) -> Secret | None:
        text = value.reveal() if value else ""
        if len(text) > _MAX_OUTBIND_PASSWORD or not (text.isascii() and text.isprintable()):
            raise ValueError(f"should be printable ASCII of at most {_MAX_OUTBIND_PASSWORD} characters")
        return value

    @field_validator("bind_types", mode="after")
    @classmethod
    def _is_a_set(cls, value: tuple[BindType, ...]) -> tuple[BindType, ...]:
        return tuple(dict.fromkeys(value))
