"""The one handler of all sessions: sorts what happens there to the duties that answer it.

Called by the event loop for every read, so it only sorts; work that waits for the store runs in tasks that are counted
and can be waited for.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Final

import structlog

from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.smpp.aio import Connection
from smppgw.smpp.consts import CommandId
from smppgw.smpp.events import Answered, Ended, Event, Received, Refused, Unanswered
from smppgw.smpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
)
from smppgw.smpp.states import RECEIVING
from smppgw.workers.binds import Binds
from smppgw.workers.intake import Intake, Submit
from smppgw.workers.operations import Operations, Question
from smppgw.workers.receipts import Receipts

_log = structlog.get_logger()

SERVES: Final = frozenset({
    CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM, CommandId.QUERY_SM, CommandId.CANCEL_SM,
    CommandId.REPLACE_SM,
})  # fmt: skip
"""The requests that are answered here; a session refuses the others by itself."""


class Reception:
    """Implements ``smpp.aio.Handler``."""

    def __init__(
        self,
        *,
        binds: Binds,
        intake: Intake,
        operations: Operations,
        receipts: Receipts,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._binds = binds
        self._intake = intake
        self._operations = operations
        self._receipts = receipts
        self._clock = clock
        self._metrics = metrics
        self._tasks: set[asyncio.Task[None]] = set()

    async def wait_idle(self) -> None:
        """Wait until everything that was read is answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- Handler ------------------------------------------------------------------------------------------------------

    def connected(self, connection: Connection) -> None:
        """Nothing to do before a bind."""

    def events(self, connection: Connection, events: Sequence[Event]) -> None:
        """Sort what happened."""
        submits: list[Submit] = []
        questions: list[Question] = []
        account = self._binds.account_of(connection)  # before an end among the events frees it
        for event in events:
            match event:
                case Received(pdu=SubmitSm() as pdu):
                    submits.append(pdu)
                case Answered():
                    self._receipts.answered(connection, event.request, event.response)
                case Received(pdu=DataSm() | SubmitMulti() as pdu):
                    submits.append(pdu)
                case Received(pdu=QuerySm() | CancelSm() | ReplaceSm() as pdu):
                    questions.append(pdu)
                case _:
                    self._rarer(connection, event)
        if account is None:
            return
        at = self._clock.monotonic()
        if submits:
            self._start(connection, self._intake.submit(connection, account, submits, at))
        for question in questions:
            self._start(connection, self._operations.serve(connection, account, question, at))

    def _rarer(self, connection: Connection, event: Event) -> None:
        match event:
            case Received(pdu=BindTransmitter() | BindReceiver() | BindTransceiver() as pdu):
                self._start(connection, self._binds.bind(connection, pdu))
            case Unanswered():
                self._unanswered(connection, event)
            case Refused():
                self._metrics.pdu_error(event.fault.value)
            case Ended():
                self._ended(connection, event)

    def _unanswered(self, connection: Connection, event: Unanswered) -> None:
        # Its state, not whether it has room: an ESME that reads nothing has none.
        if self._receipts.unanswered(connection, event.request) and connection.session.state in RECEIVING:
            _log.warning("no answer to deliver_sm, session closed", peer=connection.peername[0])
            connection.close()

    def _ended(self, connection: Connection, event: Ended) -> None:
        account = self._binds.forget(connection)
        self._metrics.disconnect(account or connection.called or "_unknown", event.reason.value)
        if account is not None:
            _log.info("session ended", account=account, peer=connection.peername[0], reason=event.reason.value)
            self._receipts.owed(account)
            self._receipts.binds_changed(account)

    def writable(self, connection: Connection) -> None:
        """Hand out receipts: a bind has room."""
        if (account := self._binds.account_of(connection)) is not None:
            self._receipts.binds_changed(account.policy.system_id)

    def closed(self, connection: Connection) -> None:
        """The session has ended before; nothing is left to do."""

    def failed(self, connection: Connection, error: Exception) -> None:
        """Log a bug that cost one connection."""
        _log.error("session failed", peer=connection.peername[0], exc_info=error)

    # --- tasks --------------------------------------------------------------------------------------------------------

    def _start(self, connection: Connection, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(connection, done))

    def _done(self, connection: Connection, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            # A bug here, met by one peer's request: it must cost the others nothing, and its requests would never be
            # answered.
            _log.error("request failed, session cut", peer=connection.peername[0], exc_info=fault)
            connection.abort()
