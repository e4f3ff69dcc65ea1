"""``[[accounts]]``: who may bind, and what then holds for him."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from smppgw.config.kinds import (
    Class,
    Count,
    Country,
    Duration,
    InboundNumbers,
    Names,
    OneOrMany,
    Rate,
    Section,
    SystemId,
)
from smppgw.core.model import TrafficClass
from smppgw.core.values import NetworkList, Secret
from smppgw.smpp.consts import BindType

PASSWORD_KEYS = ("password_hash", "password_file", "credential", "password")
"""The ways to give an account its password; exactly one of them. The model holds the hash, whichever was used."""


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
    bind_types: Annotated[tuple[BindType, ...], OneOrMany, Field(min_length=1)] = tuple(BindType)
    max_tps: Rate = 100.0
    """submit_sm per second; the burst is at least the window."""
    window: Annotated[Count, Field(le=10_000)] = 100
    """submit_sm in flight without an answer, per bind."""
    expect_bound: bool = True
    """Whether somebody should be told when this account has no bind (``smppgw_account_expected_bound``)."""
    country: Country | None = None
    """Where its national numbers belong; None: international numbers only."""
    default_alphabet: Literal["gsm7", "gsm7-packed", "latin1", "ascii", "utf8"] = "gsm7"
    """What data_coding 0 stands for."""
    receipt_profile: Literal["standard", "kannel", "jasmin", "vonage", "cm", "legacy-3.3"] = "standard"
    """The dialect of its receipts (`smpp.dialects`)."""
    receipt_pdu: Literal["deliver_sm", "data_sm"] = "deliver_sm"
    """What its receipts come in; a bind below 3.4, which cannot read the TLVs of data_sm, always gets deliver_sm."""
    message_id: Literal["decimal", "hex"] = "decimal"
    inbound: InboundNumbers = ()
    """Numbers and extension codes whose inbound texts it gets."""
    validity: Duration = 48 * 3600.0
    """For messages that name no validity_period."""
    traffic_class: Class = TrafficClass.TRANSACTIONAL
    assembly: Duration = 120.0
    """How long a text waits for a missing part; absent: that of [gateway]."""

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

    @field_validator("bind_types", mode="after")
    @classmethod
    def _is_a_set(cls, value: tuple[BindType, ...]) -> tuple[BindType, ...]:
        return tuple(dict.fromkeys(value))
