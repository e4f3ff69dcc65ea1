"""Trying a carrier with a question that sends nothing: one of the configuration, or a look-up of what never was."""

from collections.abc import Sequence
from dataclasses import replace

from smppgw.carriers.configured.calls import Calls
from smppgw.carriers.configured.headers import filled
from smppgw.carriers.configured.section import Section
from smppgw.carriers.configured.shapes import ask_shape
from smppgw.carriers.configured.tables import Ask
from smppgw.carriers.http import Answer, CallOutcome, NotSent, Operation
from smppgw.carriers.probing import Probe, probe_of
from smppgw.core.model import BatchId

NO_BATCH = BatchId("0" * 32)
"""That of no call: ids are random."""


async def probe(section: Section, calls: Calls) -> Sequence[Probe]:
    """Ask once; nothing where the section has no question."""
    ask: Ask | None = section.probe or section.lookup
    if ask is None:
        return ()
    written = ask_shape(ask, section.charset).write(lambda name: NO_BATCH if name == "batch_id" else "0")
    made = await calls.make(
        Operation.VERSION,
        ask.method,
        written,
        filled(ask.headers, NO_BATCH),
        deadline_s=section.lookup_timeout,
        max_octets=1 << 20,
    )
    found = probe_of(written.host, made.result, made.seconds)
    absent = () if section.lookup is None else section.lookup.absent
    if isinstance(made.result, Answer) and made.result.status in absent:
        found = replace(found, reachable=True)
    refusal = CallOutcome.DEFERRED if isinstance(made.result, NotSent) else CallOutcome.REJECTED
    made.ended(CallOutcome.OK if found.ok else refusal)
    return (found,)
