"""What is wrong with a run of the demo: the client's, the gateway's and the carriers' accounts of it, held together.

Pure. An empty list is the only success: nothing missing, nothing twice, nothing else than expected.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from smppgw.demo.esme import Exchange, Part
from smppgw.demo.script import Case
from smppgw.demo.simulators import Arrival
from smppgw.demo.ways import Verdict, Way
from smppgw.smpp.consts import CommandStatus
from smppgw.smpp.receipt import STATS


def find_problems(
    parts: Sequence[Part], exchange: Exchange, ways: Sequence[Way], arrivals: Sequence[Arrival]
) -> list[str]:
    """Say everything that differs from what the parts ask for, one sentence each."""
    cases = {part.case.recipient: part.case for part in parts}
    return [
        *_answers(len(parts), exchange),
        *_receipts(exchange),
        *_in_store(cases, ways),
        *_at_carriers(ways, arrivals),
    ]


def _answers(parts: int, exchange: Exchange) -> Iterator[str]:
    if missing := parts - len(exchange.answers):
        yield f"{_count(missing, 'submit_sm has', 'submit_sm have')} no answer"
    for answer in exchange.answers:
        if answer.status != CommandStatus.ESME_ROK.name:
            yield f"the message to +{answer.case.recipient} was refused: {answer.status}"
    ids = Counter(answer.message_id for answer in exchange.answers if answer.message_id)
    yield from (f"the message id {each} was given {times} times" for each, times in ids.items() if times > 1)


def _receipts(exchange: Exchange) -> Iterator[str]:
    known = {answer.message_id: answer.case for answer in exchange.answers if answer.message_id}
    for message_id, case in known.items():
        said = [STATS[each.state] for each in exchange.receipts.get(message_id, [])]
        if not said:
            yield f"no receipt for {message_id} to +{case.recipient}; {case.stat} was expected"
        elif len(said) > 1:
            yield f"{len(said)} receipts for {message_id} to +{case.recipient}"
        elif said != [case.stat]:
            yield f"the receipt for {message_id} to +{case.recipient} says {said[0]} instead of {case.stat}"
    unknown = exchange.receipts.keys() - known.keys()
    yield from (f"a receipt for {message_id}, which was never answered" for message_id in sorted(unknown))
    if exchange.unreadable:
        yield f"{_count(exchange.unreadable, 'deliver_sm is', 'deliver_sm are')} no receipt"


def _in_store(cases: Mapping[str, Case], ways: Sequence[Way]) -> Iterator[str]:
    found = Counter(way.recipient for way in ways)
    for recipient in sorted(found.keys() | cases.keys()):
        expected = 1 if recipient in cases else 0
        if found[recipient] != expected:
            yield f"the store has {_count(found[recipient], 'message')} to +{recipient} instead of {expected}"
    for way in ways:
        case = cases.get(way.recipient)
        if case is not None and way.carrier != case.carrier:
            yield f"the message to +{way.recipient} went to {way.carrier or 'no carrier'} instead of {case.carrier}"


def _at_carriers(ways: Sequence[Way], arrivals: Iterable[Arrival]) -> Iterator[str]:
    taken = Counter({(way.recipient, way.text): 1 for way in ways if way.verdict is Verdict.ACCEPTED})
    arrived = Counter((arrival.recipient, arrival.text) for arrival in arrivals)
    for recipient, text in sorted(taken.keys() | arrived.keys()):
        expected, found = taken[recipient, text], arrived[recipient, text]
        if found != expected:
            yield f"the carrier has {found} instead of {expected} of +{recipient}: {text[:20]!r}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
