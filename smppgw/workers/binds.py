"""Who is bound: bind requests, live binds per account, and who of them may receive.

Every refused bind is answered alike, ESME_RBINDFAIL, whatever was wrong (SMPP 5.0, 4.7.6: RINVPASWD and RINVSYSID are
for impossible lengths), after a time that does not tell it either (`workers.guard`). Only where the gateway itself had
no means to check a password it says so, ESME_RSYSERR, to known and unknown names alike, and counts no failure.

A place is asked for and taken in one step after the password was checked: a hundred binds at once do not pass together,
and whoever only guesses passwords holds no place. It is free the moment the session ends.

Where we called an ESME (`workers.outbind`), all of this holds too, and only the account that was called can bind.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from smppgw.core.pacing import TokenBucket
from smppgw.ops.labels import UNKNOWN_ACCOUNT
from smppgw.ops.metrics import Metrics
from smppgw.ops.passwords import Passwords, UncheckedError
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import BindType, CommandStatus
from smppgw.smpp.networks import is_in
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, respond
from smppgw.smpp.states import State
from smppgw.workers.guard import Guard
from smppgw.workers.policy import AccountPolicy

_log = structlog.get_logger()

BindPdu = BindTransmitter | BindReceiver | BindTransceiver
_TYPES: Final[Mapping[type, BindType]] = {
    BindTransmitter: BindType.TRANSMITTER,
    BindReceiver: BindType.RECEIVER,
    BindTransceiver: BindType.TRANSCEIVER,
}

_TOLD_BEFORE: Final = frozenset({"locked", "rate"})
"""Results that the log has once, from when they began: there may be thousands of them."""


@dataclass(slots=True)
class LiveAccount:
    """An account and what is going on with it."""

    policy: AccountPolicy
    bucket: TokenBucket
    """Shared by all its binds."""
    bound: dict[Connection, BindType] = field(default_factory=dict)

    @property
    def has_receiver(self) -> bool:
        """Whether any bind may ever get a deliver_sm."""
        return any(bind_type is not BindType.TRANSMITTER for bind_type in self.bound.values())

    def has_room(self, bind_type: BindType) -> bool:
        """Tell whether one more bind of this type keeps to the limits."""
        if len(self.bound) >= self.policy.max_binds:
            return False
        limit = self.policy.max_binds_by_type.get(bind_type)
        return limit is None or self.count(bind_type) < limit

    def count(self, bind_type: BindType) -> int:
        """Return how many binds of this type there are."""
        return sum(bound is bind_type for bound in self.bound.values())

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
        guard: Guard,
        on_bound: Callable[[str], None],
        now: float,
    ) -> None:
        """Start with nobody bound.

        Args:
            policies: Per system_id.
            passwords: Checks them.
            metrics: Counts.
            guard: Slows down and locks out who fails.
            on_bound: Called with the system_id when a bind that may receive has come.
            now: Monotonic seconds.
        """
        self._passwords = passwords
        self._metrics = metrics
        self._guard = guard
        self._on_bound = on_bound
        self._draining = False
        self.accounts: dict[str, LiveAccount] = {}
        """Every account since the start: a reload removes none, because receipts may wait for it to come back."""
        self._configured: frozenset[str] = frozenset()
        self.reload(policies, now)
        self._of: dict[Connection, LiveAccount] = {}

    def account_of(self, connection: Connection) -> LiveAccount | None:
        """Return the account of a connection; None before its bind and after its end."""
        return self._of.get(connection)

    def reload(self, policies: Mapping[str, AccountPolicy], now: float) -> None:
        """Go by other policies; accounts that are gone are unbound, live binds of the others stay.

        Lock-outs are lifted: whoever reloads may have given an account its right password.
        """
        self._guard.reload({name: policy.bind_rate for name, policy in policies.items()})
        self._configured = frozenset(policies)
        for name, policy in policies.items():
            bucket = TokenBucket(policy.max_tps, burst=max(policy.window, policy.max_tps), now=now)
            account = self.accounts.setdefault(name, LiveAccount(policy, bucket))
            account.policy, account.bucket = policy, bucket
        for name in self.accounts.keys() - self._configured:
            for connection in list(self.accounts[name].bound):
                connection.close()

    def stop(self) -> None:
        """Admit nobody any more."""
        self._draining = True
        self._guard.stop()

    async def bind(self, connection: Connection, pdu: BindPdu) -> None:
        """Check a bind request and answer it."""
        bind_type, came_at = _TYPES[type(pdu)], self._guard.now()
        result = await self._check_peer(connection, pdu)
        if connection.session.state is not State.BINDING:
            return  # the peer has gone while its password was checked
        account = self._account(pdu.system_id)
        if result is None and account is not None:
            result = self._fault(account, bind_type)
        if result is None and account is not None:
            self._take(account, connection, pdu, bind_type)
        else:
            self._refuse(connection, pdu, bind_type, result or "credentials", came_at)

    async def _check_peer(self, connection: Connection, pdu: BindPdu) -> str | None:
        """Say what is wrong with who asks, as a value of the metric label ``result``; whoever guesses has it wrong."""
        name, host = pdu.system_id, connection.peername[0]
        if self._guard.is_locked(name, host):
            return "locked"
        if not self._guard.looks_at(name, host, known=self._known(name)):
            return "rate"
        try:
            right = await self._passwords.verify(name, pdu.password, self._hash_for(connection, name))
        except UncheckedError as fault:
            _log.error("password not checked", reason=str(fault))
            return "unchecked"
        # Looked up again: a reload may have come meanwhile, and other guesses of the same peer may have ended.
        if self._guard.is_locked(name, host):
            return "locked"
        account = self._account(name)
        result = "credentials" if account is None else _stranger(account, connection)
        if result is None and not right:
            result = "credentials"
        if result is None:
            self._guard.succeed(name, host)
        else:
            self._guard.fail(name, host, known=self._known(name))
        return result

    def _hash_for(self, connection: Connection, name: str) -> str | None:
        """Return what to check a password against.

        None costs the same and is never right: a refusal takes as long whatever its cause, and who cannot bind anyway
        cannot learn whether a password is right, not even from how soon a remembered one is recognised.
        """
        account = self._account(name)
        return None if account is None or _stranger(account, connection) else account.policy.password_hash

    def _known(self, system_id: str) -> str:
        return system_id if system_id in self._configured else UNKNOWN_ACCOUNT

    def _account(self, system_id: str) -> LiveAccount | None:
        return self.accounts[system_id] if system_id in self._configured else None

    def _fault(self, account: LiveAccount, bind_type: BindType) -> str | None:
        """Say what speaks against a bind of the account itself, as a value of the metric label ``result``."""
        if self._draining:
            return "draining"
        if bind_type not in account.policy.bind_types:
            return "bind_type"
        return None if account.has_room(bind_type) else "limit"

    def _refuse(self, connection: Connection, pdu: BindPdu, bind_type: BindType, result: str, came_at: float) -> None:
        known = self._known(pdu.system_id)
        self._metrics.bind(known, bind_type.value, result)
        if result not in _TOLD_BEFORE:
            _log.warning("bind refused", account=known, peer=connection.peername[0], reason=result)
        answer = respond(pdu, _status(pdu, result))

        def turn_away() -> None:
            connection.answer(answer)
            if connection.called not in (None, pdu.system_id):
                connection.close()  # whoever answers there is not whom we called

        self._guard.refuse(connection, pdu.system_id, came_at, turn_away)

    def _take(self, account: LiveAccount, connection: Connection, pdu: BindPdu, bind_type: BindType) -> None:
        name = account.policy.system_id
        account.bound[connection] = bind_type
        self._of[connection] = account
        connection.session.limit_window(account.policy.window)
        connection.answer(respond(pdu, CommandStatus.ESME_ROK))
        self._show(account)
        self._metrics.bind(name, bind_type.value, "ok")
        _log.info("bound", account=name, peer=connection.peername[0], bind_type=bind_type.value)
        if bind_type is not BindType.TRANSMITTER:
            self._on_bound(name)

    def forget(self, connection: Connection) -> str | None:
        """Free the slot of a connection that ended; return its account."""
        self._guard.forget(connection)
        account = self._of.pop(connection, None)
        if account is None:
            return None
        del account.bound[connection]
        self._show(account)
        return account.policy.system_id

    def _show(self, account: LiveAccount) -> None:
        for bind_type in BindType:
            self._metrics.sessions(account.policy.system_id, bind_type.value, account.count(bind_type))


def _status(pdu: BindPdu, result: str) -> CommandStatus:
    """Return what a refused bind is answered: the trouble of the gateway and an impossible name, and else all alike."""
    if result == "unchecked":
        return CommandStatus.ESME_RSYSERR
    return CommandStatus.ESME_RBINDFAIL if pdu.system_id else CommandStatus.ESME_RINVSYSID


def _stranger(account: LiveAccount, connection: Connection) -> str | None:
    """Say why a peer cannot be this account's, whatever its password; a value of the metric label ``result``."""
    policy = account.policy
    if connection.called not in (None, policy.system_id):
        return "uncalled"
    if policy.allowed_networks is not None and not is_in(connection.peername[0], policy.allowed_networks):
        return "address"
    if policy.certificates and not policy.certificates & connection.certificate_names:
        return "certificate"
    return None
