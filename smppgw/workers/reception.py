"""The one handler of all sessions: sorts what happens there to the duties that answer it.

Called by the event loop for every read, so it only sorts; work that waits for the store runs in tasks that are counted
and can be waited for.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import structlog

from smppgw.ops.clock import Clock
from smppgw.ops.metrics import Metrics
from smppgw.smpp.aio import Connection
from smppgw.smpp.events import Answered, Ended, Event, Received, Refused, Unanswered
from smppgw.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, SubmitSm
from smppgw.workers.binds import Binds
from smppgw.workers.intake import Intake
from smppgw.workers.receipts import Receipts

_log = structlog.get_logger()


class Reception:
    """Implements ``smpp.aio.Handler``."""

    def __init__(
        self,
        *,
        binds: Binds,
        intake: Intake,
        receipts: Receipts,
        clock: Clock,
        metrics: Metrics,
        on_fault: Callable[[BaseException], None],
    ) -> None:
        """Ready for connections.

        Args:
            binds: Checks bind requests.
            intake: Takes submits.
            receipts: Takes the answers to deliver_sm.
            clock: Time.
            metrics: Counts.
            on_fault: Told when a task of ours raised, which is a bug.
        """
        self._binds = binds
        self._intake = intake
        self._receipts = receipts
        self._clock = clock
        self._metrics = metrics
        self._on_fault = on_fault
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
        submits: list[SubmitSm] = []
        for event in events:
            match event:
                case Received(pdu=SubmitSm() as pdu):
                    submits.append(pdu)
                case Answered():
                    self._receipts.answered(connection, event.request, event.response)
                case _:
                    self._rarer(connection, event)
        if submits:
            at = self._clock.monotonic()
            self._start(connection, self._intake.submit(connection, self._binds.account_of(connection), submits, at))

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
        if self._receipts.unanswered(connection, event.request) and connection.can_request:
            _log.warning("no answer to deliver_sm, session closed", peer=connection.peername[0])
            connection.close()

    def _ended(self, connection: Connection, event: Ended) -> None:
        account = self._binds.forget(connection)
        self._metrics.disconnect(account or "_unknown", event.reason.value)
        if account is not None:
            _log.info("session ended", account=account, peer=connection.peername[0], reason=event.reason.value)
            self._receipts.owed(account)
            self._receipts.binds_changed(account)

    def writable(self, connection: Connection) -> None:
        """Hand out receipts: a bind has room."""
        self._receipts.binds_changed(self._binds.account_of(connection).policy.system_id)

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
            connection.abort()  # its requests would never be answered
            self._on_fault(fault)
