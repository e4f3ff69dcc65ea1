"""Receipts and inbound texts: due ones of bound accounts -> deliver_sm (or data_sm) -> acknowledged -> done.

A receipt is leased, sent over any bind of its account that may receive and has room in its window, and settled when the
ESME answers. Rules:

* ESME_ROK closes it. The temporary statuses of ``TEMPORARY`` bring it back after a backoff. Any other status closes it
  as refused by the ESME; its code is kept.
* No answer, or the end of the session, gives it back at once, for the account's other binds. An ESME that lets the
  response timer run out is deaf: its session is closed, so that it does not hold receipts up.
* Nothing is dropped: what nobody acknowledges waits in the store until its retention ends.
* The receipt of a segment comes after its intermediate notification: while that waits for its answer on one bind, the
  receipt may not leave on another, where nobody knows which of the two is read first.
* Nothing answers an alert_notification: it is done when a bind of at least 3.4 has it. Where there is none, it waits.
* An inbound text goes the same way; where it says "receipt" below, it may be one too.

Each account keeps a small supply of leased receipts in memory, so that one write to the store serves many of them.
A place in a bind's window is free again when the acknowledgement is *stored*, not when it arrives: so at most one
window per bind can come twice after a crash, however fast the ESME answers. What waited in the supply for half its
lease is put back and leased again: a slow ESME must not get what somebody else may have by then.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog

from smppgw.core.model import Outgoing, OutgoingId, OutgoingKind
from smppgw.core.retry import Backoff
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import VERSION_3_4, CommandStatus, MessageState
from smppgw.smpp.pdu import Pdu
from smppgw.smpp.receipt import STATS
from smppgw.store.base import Acknowledged, Lease, OutgoingResult, Postponed, Refused, Store, StoreError
from smppgw.workers.bell import Bell
from smppgw.workers.binds import LiveAccount
from smppgw.workers.pace import store_while_leased
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import write_alert, write_data_receipt, write_inbound_part, write_receipt

_log = structlog.get_logger()

TEMPORARY: Final = frozenset({
    CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RSYSERR, CommandStatus.ESME_RMSGQFUL,
    CommandStatus.ESME_RSUBMITFAIL, CommandStatus.ESME_RX_T_APPN, CommandStatus.ESME_RQUERYFAIL,
    CommandStatus.ESME_RDELIVERYFAILURE, CommandStatus.ESME_RUNKNOWNERR,
})  # fmt: skip
"""What Vonage retries, and 0x64, with which Kannel says that it is busy."""

AGAIN: Final = Backoff(first_s=5.0, factor=2.0, longest_s=600.0)
"""Waits after a temporary refusal."""
SUPPLY: Final = 200
"""Leased receipts kept in memory per account."""
LEASE_S: Final = 300.0
"""For the wait in the supply and for the answer."""
ANSWER_S: Final = 150.0
"""What must be left of a lease when its receipt is sent; more than the response timer of a session."""
NOTIFIED_S: Final = 1.0
"""Until a receipt is tried again that had to wait for its notification."""
ALERT_AGAIN_S: Final = 600.0
"""Until an alert is tried again that none of the binds could read."""
_IDLE_S: Final = 1.0


@dataclass(slots=True)
class _Desk:
    """The receipts of one account."""

    account: LiveAccount
    supply: deque[tuple[Outgoing, Lease]] = field(default_factory=deque)
    """Leased, not sent."""
    notifying: dict[tuple[str, str], Connection] = field(default_factory=dict)
    """The binds where notifications wait for their answers, by segment."""
    may_have_more: bool = True
    """Whether the store may hold more that is due."""


@dataclass(slots=True)
class _Sent:
    outgoing: Outgoing
    lease: Lease
    desk: _Desk
    connection: Connection | None
    """None: it was only leased."""


class Receipts:
    """Delivers what is owed to accounts."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: dict[str, LiveAccount],
        window: int,
        clock: Clock,
        metrics: Metrics,
        jitter: Callable[[], float],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._desks = {name: _Desk(account) for name, account in accounts.items()}
        self._window = window
        self._clock = clock
        self._metrics = metrics
        self._jitter = jitter
        self._sent: dict[tuple[Connection, int], _Sent] = {}
        self._results: dict[Lease, dict[OutgoingId, OutgoingResult]] = {}
        self._noted: list[_Sent] = []
        self._unstored: Counter[Connection] = Counter()
        """Per bind, what was sent there and has no stored outcome yet."""
        self._refill = Bell()
        self._settle = Bell()
        self._stopping = False

    def reload(self) -> None:
        """Take up accounts that are new."""
        for name, account in self._accounts.items():
            if name not in self._desks:
                self._desks[name] = _Desk(account)

    # --- what others tell ---------------------------------------------------------------------------------------------

    def owed(self, account: str) -> None:
        """There may be something new for an account, or a bind that can take it."""
        desk = self._desks.get(account)
        if desk is not None:
            desk.may_have_more = True
            self._refill.ring()

    def binds_changed(self, account: str) -> None:
        """A bind of the account has room again, or is gone."""
        self._hand_out(self._desks[account])

    def answered(self, connection: Connection, request: Pdu, response: Pdu) -> None:
        """The ESME answered a deliver_sm."""
        sent = self._sent.pop((connection, request.sequence_number), None)
        if sent is None:
            return
        self._note(sent, self._read_answer(sent.outgoing, response.command_status))

    def unanswered(self, connection: Connection, request: Pdu) -> bool:
        """A deliver_sm got no answer; return whether it was one of ours."""
        sent = self._sent.pop((connection, request.sequence_number), None)
        if sent is None:
            return False
        self._note(sent, Postponed(self._clock.wall()))
        return True

    def stop(self) -> None:
        """Hand out nothing more."""
        self._stopping = True

    # --- work ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Lease and settle until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_refills(), name="receipts refill")
            tasks.create_task(self._run_settlements(), name="receipts settle")

    async def _run_refills(self) -> None:
        while True:
            await self._refill.wait(_IDLE_S)
            if self._stopping:
                continue
            try:
                await self._lease_more()
            except StoreError as fault:
                _log.error("receipts not leased", reason=str(fault))

    async def _lease_more(self) -> None:
        wanted = {
            name: SUPPLY - len(desk.supply)
            for name, desk in self._desks.items()
            if desk.account.bound and len(desk.supply) <= SUPPLY // 2 and any(desk.account.receivers())
        }
        if not wanted:
            return
        for name in wanted:
            self._desks[name].may_have_more = False
        now = self._clock.wall()
        lease, leased = await self._store.lease_outgoing(wanted, until=now + LEASE_S, now=now)
        for outgoing in leased:
            self._desks[outgoing.account].supply.append((outgoing, lease))
        got = Counter(outgoing.account for outgoing in leased)
        for name, count in wanted.items():
            desk = self._desks[name]
            desk.may_have_more |= got[name] == count
            self._hand_out(desk)

    def _hand_out(self, desk: _Desk) -> None:
        """Send what is in the supply, one receipt per bind and turn, as long as binds have room."""
        supply = desk.supply
        self._give_back_stale(desk)
        while supply and not self._stopping:
            sent_any = False
            for connection in list(desk.account.receivers()):
                if not supply:
                    break
                if self._unstored[connection] >= self._window:
                    continue
                self._send(_Sent(*supply.popleft(), desk, connection), connection)
                sent_any = True
            if not sent_any:
                break
        if desk.may_have_more and len(supply) <= SUPPLY // 2:
            self._refill.ring()
        while supply and not desk.account.has_receiver:
            self._give_back_first(desk)

    def _send(self, sent: _Sent, connection: Connection) -> None:
        outgoing, desk = sent.outgoing, sent.desk
        if outgoing.kind is OutgoingKind.ALERT:
            self._alert(sent)
            return
        if outgoing.kind is OutgoingKind.INTERMEDIATE:
            desk.notifying[_segment(outgoing)] = connection
        elif desk.notifying and desk.notifying.get(_segment(outgoing), connection) is not connection:
            self._note(replace(sent, connection=None), Postponed(self._clock.wall() + NOTIFIED_S))
            return
        sequence_number = connection.request(_write(outgoing, desk.account.policy, connection))
        self._sent[connection, sequence_number] = sent
        self._unstored[connection] += 1

    def _alert(self, sent: _Sent) -> None:
        """Send an alert over whichever bind knows what that is: SMPP before 3.4 has none."""
        connection = next(filter(_is_3_4, sent.desk.account.receivers()), None)
        if connection is None:
            self._note(replace(sent, connection=None), Postponed(self._clock.wall() + ALERT_AGAIN_S))
            return
        connection.notify(write_alert(sent.outgoing))
        self._unstored[connection] += 1
        self._note(replace(sent, connection=connection), Acknowledged())

    def _give_back_stale(self, desk: _Desk) -> None:
        """Put back what waited so long for a slow ESME that its lease might end before the answer: it would come twice.

        The supply is in the order of its leases.
        """
        latest = self._clock.wall() + ANSWER_S
        while desk.supply and desk.supply[0][1].until < latest:
            self._give_back_first(desk)

    def _give_back_first(self, desk: _Desk) -> None:
        """Put a leased receipt back, to be leased again when somebody can take it."""
        outgoing, lease = desk.supply.popleft()
        self._note(_Sent(outgoing, lease, desk, None), Postponed(self._clock.wall()))
        desk.may_have_more = True

    def _read_answer(self, outgoing: Outgoing, status: int) -> OutgoingResult:
        if status == CommandStatus.ESME_ROK and outgoing.kind is OutgoingKind.INBOUND:
            return Acknowledged()
        if status == CommandStatus.ESME_ROK:
            self._metrics.receipt(outgoing.account, STATS[MessageState(outgoing.outcome)].value)
            return Acknowledged()
        if status in TEMPORARY:
            return Postponed(self._clock.wall() + AGAIN.delay_s(outgoing.tries + 1, self._jitter()), status)
        _log.warning(
            "receipt refused by the account",
            account=outgoing.account,
            kind=outgoing.kind.name.lower(),
            message_id=outgoing.message_id,
            status=f"0x{status:08X}",
        )
        return Refused(status)

    def _note(self, sent: _Sent, result: OutgoingResult) -> None:
        if sent.outgoing.kind is OutgoingKind.INTERMEDIATE and sent.connection is not None:
            sent.desk.notifying.pop(_segment(sent.outgoing), None)
        self._results.setdefault(sent.lease, {})[sent.outgoing.id] = result
        self._noted.append(sent)
        self._settle.ring()

    async def _run_settlements(self) -> None:
        while True:
            await self._settle.wait(_IDLE_S)
            await self._settle_results(patient=True)

    async def settle_results(self) -> None:
        """Store all results so far, or not at all; for the end of the process."""
        await self._settle_results(patient=False)

    async def _settle_results(self, *, patient: bool) -> None:
        """Store all results so far; they share a commit."""
        results, self._results = self._results, {}
        noted, self._noted = self._noted, []
        if not results:
            return
        now = self._clock.wall()
        settled: Sequence[BaseException | None] = await asyncio.gather(
            *(
                store_while_leased(
                    partial(self._store.settle_outgoing, of_lease, lease=lease, now=now),
                    until=lease.until if patient else now,
                    clock=self._clock,
                )
                for lease, of_lease in results.items()
            ),
            return_exceptions=True,
        )
        for fault in settled:
            # The lease ends by itself, and the receipts come again: twice is allowed here, lost is not.
            if isinstance(fault, StoreError):
                _log.error("receipts not settled, they will come again", reason=str(fault))
            elif fault is not None:
                raise fault
        self._free(noted)

    def _free(self, stored: Sequence[_Sent]) -> None:
        """Give binds their places back, and use them."""
        for sent in stored:
            if sent.connection is not None:
                self._unstored[sent.connection] -= 1
                if not self._unstored[sent.connection]:
                    del self._unstored[sent.connection]
        for desk in {id(sent.desk): sent.desk for sent in stored}.values():
            self._hand_out(desk)


def _is_3_4(connection: Connection) -> bool:
    return (connection.session.interface_version or 0) >= VERSION_3_4


def _segment(outgoing: Outgoing) -> tuple[str, str]:
    """Return what the notification and the receipt of a segment have in common, within their account."""
    return outgoing.message_id, outgoing.destination.addr


def _write(outgoing: Outgoing, policy: AccountPolicy, connection: Connection) -> Pdu:
    """Write what is owed as its account wants it, and as the version of its bind can have it."""
    if outgoing.kind is OutgoingKind.INBOUND:
        return write_inbound_part(outgoing)
    if policy.receipts_as_data_sm and _is_3_4(connection):
        return write_data_receipt(outgoing, policy.dialect)
    return write_receipt(outgoing, policy.dialect)
