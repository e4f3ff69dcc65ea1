"""Many submits over several binds that come back after every kill, with a journal of what was promised.

A submit whose answer was lost is made good by another one to a new destination, so that counting stays exact.
"""

import asyncio
import itertools
from collections.abc import Callable
from functools import partial
from typing import Self

from smppgw.smpp import receipt
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.pdu import DeliverSm, Pdu, SubmitSmResp
from tests.e2e.daemon import Daemon
from tests.e2e.esme import Esme, bind, read_receipt, submit
from tests.e2e.history import Delivered, History

WINDOW = 50
"""submit_sm in flight per bind."""
RECEIPT_WINDOW = 10
"""deliver_sm in flight per bind, the default of [smpp]."""


class Campaign:
    """Submits until `total` are answered with ESME_ROK."""

    def __init__(self, daemon: Daemon, *, total: int, binds: int) -> None:
        self.history = History()
        self._daemon = daemon
        self._total = total
        self._binds = binds
        self._places = itertools.count(1_000_000)
        self._in_flight: set[str] = set()
        self._watched: list[tuple[Callable[[History], bool], asyncio.Future[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def repeats_per_kill(self) -> int:
        """Receipts that may be without acknowledgement at one time."""
        return RECEIPT_WINDOW * self._binds

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._keep_bound()) for _ in range(self._binds)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def until(self, condition: Callable[[History], bool], limit_s: float) -> bool:
        """Wait until the journal says so; False when that takes too long."""
        if condition(self.history):
            return True
        come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watched.append((condition, come))
        await asyncio.wait({come, *self._tasks}, timeout=limit_s, return_when="FIRST_COMPLETED")
        for task in self._tasks:
            if task.done():
                task.result()  # a fault in there must not look like silence
        return come.done()

    async def _keep_bound(self) -> None:
        while True:
            await self._daemon.up.wait()
            life = self._daemon.life
            try:
                esme = await bind(self._daemon.smpp_port, on_deliver=partial(self._deliver, life=life))
            except ConnectionError:
                await asyncio.sleep(0)
                continue
            try:
                self._fill(esme, WINDOW)
                await asyncio.shield(esme.closed)
            finally:
                esme.transport.abort()

    def _fill(self, esme: Esme, room: int) -> None:
        for _ in range(room):
            if len(self.history.answered) + len(self._in_flight) >= self._total:
                return
            # Sequential numbers keep clear of the suffixes with a meaning, 0001 to 0017.
            destination = f"4915{next(self._places)}99"
            self._in_flight.add(destination)
            esme.request(submit(destination)).add_done_callback(partial(self._answered, esme, destination))

    def _answered(self, esme: Esme, destination: str, answer: "asyncio.Future[Pdu]") -> None:
        self._in_flight.discard(destination)
        if answer.cancelled() or answer.exception() is not None:
            self.history.unanswered.add(destination)
        else:
            self._note(destination, answer.result())
            self._fill(esme, 1)
        self._look()

    def _note(self, destination: str, response: Pdu) -> None:
        if isinstance(response, SubmitSmResp) and response.command_status == CommandStatus.ESME_ROK:
            self.history.answer(response.message_id, destination)
        else:
            self.history.refused.add(destination)

    def _deliver(self, pdu: DeliverSm, life: int) -> CommandStatus:
        said = read_receipt(pdu)
        self.history.delivered.append(
            Delivered(
                message_id=said.message_id,
                destination=pdu.source_addr,
                stat=receipt.STATS[said.state].value,
                life=life,
            )
        )
        self._look()
        return CommandStatus.ESME_ROK

    def _look(self) -> None:
        for condition, come in self._watched:
            if not come.done() and condition(self.history):
                come.set_result(None)
