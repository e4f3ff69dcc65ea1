"""Who is bound: bind requests, live binds per account, and who of them may receive.

Every refused bind is answered alike, ESME_RBINDFAIL, whatever was wrong (SMPP 5.0, 4.7.6: RINVPASWD and RINVSYSID are
for impossible lengths). A slot is taken before the password is checked, so that a hundred binds at once do not pass
together, and given back the moment the session ends.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

import structlog

from smppgw.core.pacing import TokenBucket
from smppgw.ops.metrics import Metrics
from smppgw.ops.passwords import Passwords
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import BindType, CommandStatus
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, respond
from smppgw.workers.policy import AccountPolicy

_log = structlog.get_logger()

BindPdu = BindTransmitter | BindReceiver | BindTransceiver
_TYPES: Final[Mapping[type, BindType]] = {
    BindTransmitter: BindType.TRANSMITTER,
    BindReceiver: BindType.RECEIVER,
    BindTransceiver: BindType.TRANSCEIVER,
}


@dataclass(slots=True)
class LiveAccount:
    """An account and what is going on with it."""

    policy: AccountPolicy
    bucket: TokenBucket
    """Shared by all its binds."""
    binds: dict[Connection, BindType] = field(default_factory=dict)
    """Also those whose password is still being checked: they hold a slot."""
    bound: set[Connection] = field(default_factory=set)

    def receivers(self) -> Iterator[Connection]:
        """Yield the binds that may get a deliver_sm now."""
        return (connection for connection in self.bound if connection.can_request)


class Binds:
    """Live binds per account."""

    def __init__(
        self,
        policies: Mapping[str, AccountPolicy],
        passwords: Passwords,
        metrics: Metrics,
        on_bound: Callable[[str], None],
        now: float,
    ) -> None:
        """Start with nobody bound.

        Args:
            policies: Per system_id.
            passwords: Checks them.
            metrics: Counts.
            on_bound: Called with the system_id when a bind that may receive has come.
            now: Monotonic seconds.
        """
        self._passwords = passwords
        self._metrics = metrics
        self._on_bound = on_bound
        self._draining = False
        self.accounts: dict[str, LiveAccount] = {}
        """Every account since the start: a reload removes none, because receipts may wait for it to come back."""
        self._configured: frozenset[str] = frozenset()
        self.reload(policies, now)
        self._of: dict[Connection, LiveAccount] = {}

    def account_of(self, connection: Connection) -> LiveAccount:
        """Return the account of a bound connection."""
        return self._of[connection]

    def reload(self, policies: Mapping[str, AccountPolicy], now: float) -> None:
        """Go by other policies; accounts that are gone are unbound, live binds of the others stay."""
        self._configured = frozenset(policies)
        for name, policy in policies.items():
            bucket = TokenBucket(policy.max_tps, burst=max(policy.window, policy.max_tps), now=now)
            account = self.accounts.setdefault(name, LiveAccount(policy, bucket))
            account.policy, account.bucket = policy, bucket
        for name in self.accounts.keys() - self._configured:
            for connection in list(self.accounts[name].binds):
                connection.close()

    def stop(self) -> None:
        """Admit nobody any more."""
        self._draining = True

    async def bind(self, connection: Connection, pdu: BindPdu) -> None:
        """Check a bind request and answer it."""
        bind_type = _TYPES[type(pdu)]
        account = self.accounts[pdu.system_id] if pdu.system_id in self._configured else None
        result = self._admit(account, connection, bind_type)
        if result == "ok" and account is not None:
            account.binds[connection] = bind_type
            self._of[connection] = account
        try:
            # Asked in any case, so that a refusal takes as long whatever its cause.
            right = await self._passwords.verify(
                pdu.system_id, pdu.password, None if account is None else account.policy.password_hash
            )
        except BaseException:
            self.forget(connection)
            raise
        if result == "ok" and not right:
            self.forget(connection)
            result = "credentials"
        self._answer(connection, pdu, bind_type, result)

    def _admit(self, account: LiveAccount | None, connection: Connection, bind_type: BindType) -> str:
        """Say what speaks against a bind, as a value of the metric label ``result``."""
        if self._draining:
            return "draining"
        if account is None:
            return "credentials"
        networks = account.policy.allowed_networks
        if networks is not None and not _is_in(connection.peername[0], networks):
            return "address"
        if bind_type not in account.policy.bind_types:
            return "bind_type"
        return "limit" if len(account.binds) >= account.policy.max_binds else "ok"

    def _answer(self, connection: Connection, pdu: BindPdu, bind_type: BindType, result: str) -> None:
        known = pdu.system_id if pdu.system_id in self._configured else "_unknown"
        self._metrics.bind(known, bind_type.value, result)
        if result != "ok":
            _log.warning("bind refused", account=known, peer=connection.peername[0], reason=result)
            impossible = CommandStatus.ESME_RINVSYSID if not pdu.system_id else None
            connection.answer(respond(pdu, impossible or CommandStatus.ESME_RBINDFAIL))
            return
        account = self._of.get(connection)
        if account is None:
            return  # the peer has gone while its password was checked
        connection.session.limit_window(account.policy.window)
        connection.answer(respond(pdu, CommandStatus.ESME_ROK))
        account.bound.add(connection)
        self._show(account)
        _log.info("bound", account=known, peer=connection.peername[0], bind_type=bind_type.value)
        if bind_type is not BindType.TRANSMITTER:
            self._on_bound(known)

    def forget(self, connection: Connection) -> str | None:
        """Free the slot of a connection that ended; return its account."""
        account = self._of.pop(connection, None)
        if account is None:
            return None
        del account.binds[connection]
        account.bound.discard(connection)
        self._show(account)
        return account.policy.system_id

    def _show(self, account: LiveAccount) -> None:
        for bind_type in BindType:
            count = sum(account.binds[connection] is bind_type for connection in account.bound)
            self._metrics.sessions(account.policy.system_id, bind_type.value, count)


def _is_in(host: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
