"""The single tables of the file, with their defaults. ``conf/smppgw.toml`` explains each key to operators."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from smppgw.config.kinds import UTC_NAME, Count, Duration, OneOrMany, Pace, Section, SystemId, Zone
from smppgw.config.listen import Address, Listen
from smppgw.core.values import NetworkList

_SQLITE: Final = "sqlite:"


class SmppSettings(Section):
    """[smpp]: the listener and what holds for every session; times in seconds."""

    listen: Annotated[tuple[Address, ...], OneOrMany] = (Listen("0.0.0.0", 2775),)  # noqa: S104 # it is what a gateway is for; check warns
    tls_listen: Annotated[tuple[Address, ...], OneOrMany] = ()
    tls_cert: Path | None = None
    """PEM: our certificate, and those between it and its root."""
    tls_key: Path | None = None
    """PEM, without a passphrase."""
    tls_client_ca: Path | None = None
    """PEM: who may have signed the certificates of clients; None: none is asked for."""
    tls_client_cert: Literal["required", "optional"] = "required"
    """Whether a client must show one, where one is asked for."""
    tls_min: Literal["1.2", "1.3"] = "1.2"
    proxy_listen: Annotated[tuple[Address, ...], OneOrMany] = ()
    """Those of ``listen`` and ``tls_listen`` where every connection begins with a PROXY header."""
    proxy_protocol: NetworkList = ()
    """Who may connect there."""
    system_id: SystemId = "SMPPGW"
    """What the gateway calls itself in a bind_resp."""
    require_protection: bool = False
    """Make it a fault, not a warning, when others than this machine can bind without TLS or allow-lists."""
    max_unbound: Count = 1024
    """Connections that have not bound yet, in all."""
    max_unbound_per_ip: Count = 256
    bind_rate_per_ip: Pace = 10.0
    """Binds per second from one address, of accounts that have not bound from there; a minute's worth at once."""
    session_init: Duration = 10.0
    """From the connection to the bind."""
    pdu_read: Duration = 10.0
    """From the first octet of a PDU to its last."""
    enquire_link: Duration = 30.0
    """Silence before we ask whether the peer is there."""
    inactivity: Duration = 300.0
    """Silence before the session ends."""
    response: Annotated[Duration, Field(le=120)] = 60.0
    """How long the peer may take to answer a request of ours."""
    receipt_window: Annotated[Count, Field(le=1000)] = 10
    """deliver_sm in flight on one bind."""
    max_pdu: Annotated[Count, Field(ge=4096, le=1024 * 1024)] = 68 * 1024
    """Octets of the longest PDU accepted."""
    protocol_errors_per_min: Count = 10
    """Malformed PDUs within a minute that end a session."""
    lockout_after: Count = 10
    """Failed binds of one account from one address that lock it out there."""
    lockout: Duration = 900.0
    """How long."""
    refusal_delay: Duration = 8.0
    """The longest time between a bind and its refusal."""

    @property
    def addresses(self) -> tuple[Listen, ...]:
        """All addresses to listen on: the plain ones, then those with TLS."""
        return self.listen + self.tls_listen


class HttpSettings(Section):
    """[http]: metrics, health, and the pushes of carriers."""

    listen: Address = Listen("127.0.0.1", 9775)
    push_listen: Address | None = None
    """Where pushes come in, and nothing else; None: on ``listen``."""
    push_proxies: NetworkList = ()
    """Reverse proxies that may say, in X-Forwarded-For, whom they speak for."""


class StoreSettings(Section):
    """[store]: where messages are kept, and how long; times in seconds."""

    url: str = "sqlite:///var/lib/smppgw/smppgw.db"
    messages_retention: Duration = 30 * 86400.0
    """From the final state of a message to its removal."""
    receipts_retention: Duration = 7 * 86400.0
    """How long a receipt waits for its account to bind."""

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if not url.startswith(_SQLITE):
            raise ValueError('this version stores in SQLite only: write "sqlite:///var/lib/smppgw/smppgw.db"')
        if not _file_part(url) or _file_part(url).endswith("/"):
            raise ValueError('names no file: write "sqlite:///absolute/file.db" or "sqlite:file.db"')
        return url

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(_file_part(self.url))

    def anchored(self, folder: Path) -> "StoreSettings":
        """Return the same settings with a relative file starting at ``folder``."""
        return self.model_copy(update={"url": f"{_SQLITE}//{folder / self.path}"})


def _file_part(url: str) -> str:
    return url.removeprefix(_SQLITE).removeprefix("//")


class LogSettings(Section):
    """[log]: how the daemon tells what it does."""

    format: Literal["auto", "json", "console"] = "auto"
    """auto: console on a terminal, JSON otherwise."""
    level: Literal["debug", "info", "warning", "error"] = "info"


class GatewaySettings(Section):
    """[gateway]: what belongs to the daemon as a whole; times in seconds."""

    drain: Duration = 25.0
    """From SIGTERM to the end, at most; below TimeoutStopSec of the unit."""
    assembly: Duration = 120.0
    """How long a text waits for a missing part; an account may have its own."""


class RatesSettings(Section):
    """[rates]: the currency of prices and of ``smppgw_cost_total``."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    """ISO 4217."""
    exchange: Path | None = None
    """CSV: date,currency,rate."""
    budget_zone: Zone = UTC_NAME
    """Where the hours, days and months of budgets begin."""
