"""What holds for one account, as the workers need it: built once from the configuration, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from smppgw.core.bind_rates import BindRate
from smppgw.core.classes import ClassRule
from smppgw.core.ids import IdForm
from smppgw.core.model import TrafficClass
from smppgw.core.pumping import PumpingRules
from smppgw.core.screening import Screens
from smppgw.smpp.consts import BindType
from smppgw.smpp.receipt import Dialect
from smppgw.smpp.text import Alphabets


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
    max_binds_by_type: Mapping[BindType, int] = field(default_factory=dict)
    """Types that are not named have only the limit of all."""
    bind_types: frozenset[BindType]
    bind_rate: BindRate
    """Where it has bound before."""
    max_tps: float
    counts_parts: bool = False
    """Whether a text that is billed as several SMS takes as much of max_tps."""
    window: int
    """submit_sm in flight without an answer, per bind."""
    country: str | None
    alphabets: Alphabets
    """What each data_coding stands for."""
    dialect: Dialect
    receipts_as_data_sm: bool = False
    """Whether receipts come as data_sm, to binds of at least 3.4, instead of deliver_sm."""
    id_form: IdForm
    multi_ids_apart: bool = False
    """Whether each destination of a submit_multi has an id of its own."""
    validity_s: float
    """For messages that name no validity_period."""
    traffic_class: TrafficClass
    """Of messages that no rule of ``classes`` fits."""
    classes: tuple[ClassRule, ...] = ()
    assembly_s: float
    """How long a text waits for a missing part."""
    send_incomplete: bool = False
    """Whether it is then sent without that part; else it fails."""
    inbound: tuple[str, ...] = ()
    """Plain patterns (`core.inbound`) of the numbers whose inbound texts it gets."""
    screens: Screens | None = None
    """What its messages are screened for; None: nothing."""
    countries: frozenset[str] | None = None
    """Where it may write to, ISO 3166-1 alpha-2; None: anywhere."""
    pumping: PumpingRules | None = None
    """What its messages are watched for; None: nothing."""
