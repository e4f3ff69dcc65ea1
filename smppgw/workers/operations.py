"""query_sm, cancel_sm, replace_sm: what an ESME asks about, and does to, what it submitted.

What is not the account's own is answered like what does not exist: the store looks for nothing else. Rules:

* A message_id is read in both forms, whatever the account has now: its older messages may have the other one. Where
  the receipts of the account write another id than the response (`smpp.dialects`), that one is understood too.
* The source must be the one that was submitted, and empty where none was. TON and NPI are not compared: ESMEs fill
  them at random, and who asks has proved to be the account.
* cancel_sm and replace_sm reach what waits, a message in a worker's hands included; what was handed to a carrier stays.
  cancel_sm without a message_id ends everything that waits between the two addresses, of its service_type if it has
  one. With a message_id and a destination it ends that destination of a submit_multi.
* A part of a long text stands for the whole text.
* A new text is screened, checked, routed and paid for as in a submit, before the old one gives back what it reserved of
  budgets. Texts of several parts or destinations cannot be replaced.

Each account may ask ``max_tps`` times a second, and so much at once as with submits; questions cost no submits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog

from smppgw.core import numbers
from smppgw.core.ids import IdForm, Ids
from smppgw.core.model import Outcome, Stage
from smppgw.core.numbers import NumberFault
from smppgw.core.operations import Addressed, IdKey, Named, Original, Replacement, Standing, overall
from smppgw.core.pacing import TokenBucket
from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.smpp import times
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import VERSION_5_0, CommandStatus
from smppgw.smpp.dialects import Dialect, IdInText
from smppgw.smpp.pdu import CancelSm, CancelSmResp, Pdu, QuerySm, QuerySmResp, ReplaceSm, ReplaceSmResp, respond
from smppgw.store.base import Finish, Store, StoreError
from smppgw.workers.binds import LiveAccount
from smppgw.workers.policy import AccountPolicy
from smppgw.workers.translate import Refusal, Rewrite, read_replacement, status_name
from smppgw.workers.ways import Ways

_log = structlog.get_logger()

Question = QuerySm | CancelSm | ReplaceSm
"""The requests about messages that are there."""

_UNKNOWN: Final = Refusal(CommandStatus.ESME_RINVMSGID, "no such message with this source")
_TOO_LATE: Final = Refusal(CommandStatus.ESME_RCANCELFAIL, "nothing of it waits")
_NOTHING: Final = Refusal(CommandStatus.ESME_RCANCELFAIL, "nothing waits between these addresses")
_FIXED: Final = Refusal(CommandStatus.ESME_RREPLACEFAIL, "not one waiting text for one destination")
_SCHEDULED: Final = 0
"""message_state of SMPP v5.0 (4.7.15); older peers are told ENROUTE."""


class Operations:
    """Answers questions."""

    def __init__(
        self,
        *,
        store: Store,
        ways: Ways,
        ids: Mapping[IdForm, Ids],
        clock: Clock,
        metrics: Metrics,
        on_queued: Callable[[Iterable[str]], None],
        on_finished: Callable[[Sequence[Finish]], None],
    ) -> None:
        """Nothing happens until the first question.

        Args:
            store: Where the messages are.
            ways: Where messages go, if they may.
            ids: Readers of message ids, per form.
            clock: Time.
            metrics: Counts.
            on_queued: Told the carriers that have new work.
            on_finished: Told what ended.
        """
        self._store = store
        self._ways = ways
        self._ids = ids
        self._clock = clock
        self._metrics = metrics
        self._on_queued = on_queued
        self._on_finished = on_finished
        self._buckets: dict[str, TokenBucket] = {}

    async def serve(self, connection: Connection, account: LiveAccount, pdu: Question, at: float) -> None:
        """Answer one request; ``at`` in monotonic seconds."""
        policy = account.policy
        if not self._bucket(account, at).take(at):
            self._metrics.throttled(policy.system_id, "tps")
            connection.answer(respond(pdu, CommandStatus.ESME_RTHROTTLED))
            return
        answer = await self._answer_safely(policy, pdu, connection.session.interface_version or 0)
        if isinstance(answer, Refusal):
            self._tell(policy, pdu, answer)
            answer = respond(pdu, answer.status)
        connection.answer(answer)

    def _bucket(self, account: LiveAccount, at: float) -> TokenBucket:
        """Return the account's own bucket for questions, made anew where its limits have changed."""
        name, limits = account.policy.system_id, account.bucket
        bucket = self._buckets.get(name)
        if bucket is None or (bucket.rate, bucket.burst) != (limits.rate, limits.burst):
            bucket = self._buckets[name] = TokenBucket(limits.rate, limits.burst, at)
        return bucket

    async def _answer_safely(self, policy: AccountPolicy, pdu: Question, version: int) -> Pdu | Refusal:
        try:
            match pdu:
                case QuerySm():
                    return await self._query(policy, pdu, version)
                case CancelSm():
                    return await self._cancel(policy, pdu)
                case ReplaceSm():
                    return await self._replace(policy, pdu, version)
        except StoreError as fault:
            failed = CommandStatus.ESME_RQUERYFAIL if isinstance(pdu, QuerySm) else CommandStatus.ESME_RSYSERR
            return Refusal(failed, str(fault))
        except Exception as fault:  # noqa: BLE001 - a bug that one question meets costs that question only
            _log.error("question failed", account=policy.system_id, exc_info=fault)
            return Refusal(CommandStatus.ESME_RSYSERR, "internal fault")

    def _tell(self, policy: AccountPolicy, pdu: Question, refusal: Refusal) -> None:
        _log.info(
            "question refused",
            account=policy.system_id,
            command=pdu.command_id.name.lower(),
            status=status_name(refusal.status),
            reason=refusal.reason,
        )

    # --- query_sm -----------------------------------------------------------------------------------------------------

    async def _query(self, policy: AccountPolicy, pdu: QuerySm, version: int) -> Pdu | Refusal:
        found = await self._store.find(self._named(policy, pdu.message_id, pdu.source_addr))
        if found is None:
            return _UNKNOWN
        standing = overall(found.standings)
        return QuerySmResp(
            sequence_number=pdu.sequence_number,
            message_id=pdu.message_id,
            final_date="" if standing.done_at is None else times.format_absolute(standing.done_at),
            message_state=_state(standing, version),
            error_code=standing.error,
        )

    # --- cancel_sm ----------------------------------------------------------------------------------------------------

    async def _cancel(self, policy: AccountPolicy, pdu: CancelSm) -> Pdu | Refusal:
        what = self._what_to_cancel(policy, pdu)
        if isinstance(what, Refusal):
            return what
        finishes = await self._store.cancel(what, self._clock.wall())
        if finishes is None:
            return _UNKNOWN
        if not finishes:
            return _TOO_LATE if isinstance(what, Named) else _NOTHING
        self._on_finished(finishes)
        _log.info("cancelled", account=policy.system_id, messages=len(finishes))
        return CancelSmResp(sequence_number=pdu.sequence_number)

    def _what_to_cancel(self, policy: AccountPolicy, pdu: CancelSm) -> Named | Addressed | Refusal:
        if pdu.message_id:
            named = self._named(policy, pdu.message_id, pdu.source_addr)
            return replace(named, destination_addr=pdu.destination_addr)
        number = numbers.normalise(pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi, policy.country)
        if isinstance(number, NumberFault):
            return Refusal(CommandStatus.ESME_RCANCELFAIL, number.reason)
        return Addressed(
            account=policy.system_id,
            source_addr=pdu.source_addr,
            recipient=number.digits,
            service_type=pdu.service_type or None,
        )

    # --- replace_sm ---------------------------------------------------------------------------------------------------

    async def _replace(self, policy: AccountPolicy, pdu: ReplaceSm, version: int) -> Pdu | Refusal:
        found = await self._store.find(self._named(policy, pdu.message_id, pdu.source_addr))
        if found is None:
            return _UNKNOWN
        if found.original is None:
            return _FIXED
        now = self._clock.wall()
        rewrite = read_replacement(pdu, found.original, policy, version, now)
        replacement = rewrite if isinstance(rewrite, Refusal) else self._route(pdu, found.original, rewrite, now)
        if isinstance(replacement, Refusal):
            return replacement
        reserved = self._ways.claim()
        try:
            if not await self._store.replace(replacement, now):
                return _FIXED
        finally:
            await self._ways.hand_over(reserved)
        self._on_queued(replacement.decision.carriers[:1])
        _log.info("replaced", account=policy.system_id)
        if replacement.replaced:
            _log.info(
                "octets without meaning",
                account=policy.system_id,
                octets=replacement.replaced,
                data_coding=found.original.message.data_coding,
                command="replace_sm",
            )
        return ReplaceSmResp(sequence_number=pdu.sequence_number)

    def _route(self, pdu: ReplaceSm, original: Original, rewrite: Rewrite, now: float) -> Replacement | Refusal:
        """Ask for the way of the new text, as a submit does; it may be another one."""
        message = replace(
            original.message,
            text=rewrite.text,
            parts=rewrite.parts,
            schedule_at=rewrite.schedule_at,
            expires_at=rewrite.expires_at,
        )
        found = self._ways.rewrite(message, now)
        if isinstance(found, Refusal):
            return replace(found, status=CommandStatus.ESME_RREPLACEFAIL)
        message, decision, charges = found
        return Replacement(
            message=message.id,
            account=message.account,
            text=message.text,
            parts=message.parts,
            replaced=rewrite.replaced,
            decision=decision,
            schedule_at=message.schedule_at,
            expires_at=message.expires_at,
            registered_delivery=pdu.registered_delivery,
            charges=charges,
        )

    # --- ids ----------------------------------------------------------------------------------------------------------

    def _named(self, policy: AccountPolicy, message_id: str, source_addr: str) -> Named:
        keys: list[IdKey] = []
        for text in _readings(message_id, policy.dialect):
            for ids in self._ids.values():
                number = ids.internal(text)
                if number is not None:
                    keys.append(IdKey(text, number, ids.domain))
        return Named(account=policy.system_id, keys=tuple(keys), source_addr=source_addr)


def _readings(message_id: str, dialect: Dialect) -> Iterator[str]:
    """Yield what the response may have said, where the ESME says what the receipt said."""
    yield message_id.lower()
    if dialect.ids is IdInText.DECIMAL and message_id.isascii() and message_id.isdecimal():
        yield f"{int(message_id):08x}"


def _state(standing: Standing, version: int) -> int:
    if standing.stage is Stage.SCHEDULED:
        return _SCHEDULED if version >= VERSION_5_0 else Outcome.ENROUTE
    return standing.outcome
