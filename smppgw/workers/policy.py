"""What holds for one account, as the workers need it: built once from the configuration, immutable."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from smppgw.core.ids import IdForm
from smppgw.core.model import TrafficClass
from smppgw.smpp.consts import BindType
from smppgw.smpp.receipt import Dialect
from smppgw.smpp.text import Alphabet


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPolicy:
    """A legacy system's login and its policy; times in seconds."""

    system_id: str
    password_hash: str
    """argon2id."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] | None
    """None: any address."""
    certificates: frozenset[str] = frozenset()
    """A client certificate must have one of these names; empty: none is needed."""
    max_binds: int
    bind_types: frozenset[BindType]
    max_tps: float
    window: int
    """submit_sm in flight without an answer, per bind."""
    country: str | None
    default_alphabet: Alphabet
    """What data_coding 0 stands for."""
    dialect: Dialect
    receipts_as_data_sm: bool = False
    """Whether receipts come as data_sm, to binds of at least 3.4, instead of deliver_sm."""
    id_form: IdForm
    validity_s: float
    """For messages that name no validity_period."""
    traffic_class: TrafficClass
    assembly_s: float
    """How long a text waits for a missing part."""
    inbound: tuple[str, ...] = ()
    """Plain patterns (`core.inbound`) of the numbers whose inbound texts it gets."""
