"""Many submits at once: the rate and the window as the account has them, and the parts of long texts in any order."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from smppgw.smpp import udh
from smppgw.smpp.consts import ESM_CLASS_UDHI, CommandStatus, DataCoding, Tag
from smppgw.smpp.pdu import EnquireLink, Pdu, SubmitSm, SubmitSmResp, decode, encode
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import Esme, bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S
from tests.e2e.wire import bind_pdu, wired

pytestmark = pytest.mark.e2e

OK = CommandStatus.ESME_ROK


async def burst(port: int, count: int) -> list[SubmitSmResp]:
    """Write so many submits at once; return the answers among the first so many PDUs that come."""
    async with wired(port) as wire:
        assert (await wire.ask(bind_pdu())).command_status == OK
        pdus = [submit(f"49151{place:08}", registered_delivery=0) for place in range(200_020, 200_020 + count)]
        wire.give(*(encode(wire.numbered(pdu)) for pdu in pdus))
        answers: list[Pdu] = []
        while len(answers) < count:
            frame = await wire.take()
            assert frame is not None
            answers.append(decode(frame))
    return [answer for answer in answers if isinstance(answer, SubmitSmResp)]


async def test_fifty_submits_at_once_below_the_rate_are_not_throttled(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """At 100 a second."""
    daemon = new_daemon(configuration(retarus=retarus.url, account="max_tps = 100"))
    await daemon.start()

    answers = await burst(daemon.smpp_port, 50)

    assert Counter(answer.command_status for answer in answers) == {OK: 50}


async def test_five_hundred_submits_at_once_are_each_answered_once(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """With a window of 100: what is beyond it waits in the network."""
    daemon = new_daemon(configuration(retarus=retarus.url, account="max_tps = 100000\nwindow = 100"))
    await daemon.start()

    answers = await burst(daemon.smpp_port, 500)

    assert Counter(answer.sequence_number for answer in answers) == Counter(range(2, 502))
    assert {answer.command_status for answer in answers} == {OK}
    assert len({answer.message_id for answer in answers}) == 500


@pytest.mark.parametrize(("counts", "taken"), [("submits", 6), ("parts", 4)])
async def test_texts_of_three_parts_count_as_the_account_says(
    new_daemon: NewDaemon, retarus: Simulated, counts: str, taken: int
) -> None:
    """Ten tokens, and none comes for an hour: by parts the fourth text finds one, and owes two."""
    account = f'max_tps = 0.0001\nwindow = 10\ntps_counts = "{counts}"'
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    esme = await bind(daemon.smpp_port)
    payload = (Tag.MESSAGE_PAYLOAD, b"x" * 400)

    async with asyncio.timeout(LIMIT_S):
        answers = await asyncio.gather(
            *(esme.request(submit(f"49151{n:08}", "", tlvs=(payload,))) for n in range(200_020, 200_026))
        )
        alive = await esme.request(EnquireLink())

    expected = [OK] * taken + [CommandStatus.ESME_RTHROTTLED] * (6 - taken)
    assert [answer.command_status for answer in answers] == expected
    assert alive.command_status == OK


# --- long texts -------------------------------------------------------------------------------------------------------

Cut = Callable[[str, int, int, int], SubmitSm]
"""Makes the part of a text: destination, reference, total, number."""
TEXTS = ("eins ", "zwei ", "drei ", "vier ", "fünf")


def text_of(total: int) -> str:
    return "".join(TEXTS[:total])


def by_udh(destination: str, reference: int, total: int, number: int, *, wide: bool = False) -> SubmitSm:
    header = udh.encode(udh.of_part(reference, total, number, wide=wide))
    text = TEXTS[number - 1].encode("utf-16-be")
    return submit(destination, esm_class=ESM_CLASS_UDHI, data_coding=DataCoding.UCS2, short_message=header + text)


def by_wide_udh(destination: str, reference: int, total: int, number: int) -> SubmitSm:
    return by_udh(destination, 0x1200 + reference, total, number, wide=True)


def by_sar(destination: str, reference: int, total: int, number: int) -> SubmitSm:
    tlvs = (
        (Tag.SAR_MSG_REF_NUM, reference.to_bytes(2, "big")),
        (Tag.SAR_TOTAL_SEGMENTS, bytes([total])),
        (Tag.SAR_SEGMENT_SEQNUM, bytes([number])),
    )
    return submit(
        destination, data_coding=DataCoding.UCS2, short_message=TEXTS[number - 1].encode("utf-16-be"), tlvs=tlvs
    )


CUTS = pytest.mark.parametrize("cut", [by_udh, by_wide_udh, by_sar], ids=["udh", "udh16", "sar"])


def orders() -> list[tuple[int, ...]]:
    """All orders of two to four parts, and of five every tenth."""
    found = [order for total in (2, 3, 4) for order in itertools.permutations(range(1, total + 1))]
    return found + list(itertools.permutations(range(1, 6)))[::10]


def with_duplicate(order: Sequence[int], draw: random.Random) -> list[int]:
    """The parts in this order, one of them twice."""
    again = list(order)
    again.insert(draw.randrange(len(order) + 1), draw.choice(order))
    return again


async def submit_all(esme: Esme, pdus: Sequence[SubmitSm]) -> list[str]:
    async with asyncio.timeout(LIMIT_S):
        return await asyncio.gather(*(esme.submit(pdu) for pdu in pdus))


@CUTS
async def test_parts_in_every_order_and_one_of_them_twice_make_the_right_text_once(
    daemon: Daemon, retarus: Simulated, cut: Cut
) -> None:
    """All orders are sent interleaved over one session; each part, repeated or not, gets its own id and receipt."""
    draw = random.Random(7)
    sent = {f"4915117{place:05}": with_duplicate(order, draw) for place, order in enumerate(orders(), 20)}
    pdus = [
        cut(destination, place, max(parts), parts[turn])
        for turn in range(6)
        for place, (destination, parts) in enumerate(sent.items())
        if turn < len(parts)
    ]
    esme = await bind(daemon.smpp_port)

    ids = await submit_all(esme, pdus)
    stats = [await esme.receipt_of(message_id) for message_id in ids]

    assert len(set(ids)) == len(pdus)
    assert set(stats) == {"DELIVRD"}
    rows = await retarus.rows()
    assert sorted((row["to"].removeprefix("+"), row["text"]) for row in rows) == sorted(
        (destination, text_of(max(parts))) for destination, parts in sent.items()
    )


@CUTS
async def test_a_text_with_a_lost_part_fails_with_receipts_and_is_not_sent(
    new_daemon: NewDaemon, retarus: Simulated, cut: Cut
) -> None:
    """One part of each is lost and one comes twice; a whole text between them is not held up."""
    daemon = new_daemon(configuration(retarus=retarus.url, account='assembly = "1s"'))
    await daemon.start()
    pdus = [
        cut(f"4915117{place:05}", place, total, number)
        for place, (total, missing) in enumerate(all_losses(), 20)
        for number in (*range(1, total + 1), 1 if missing > 1 else 2)
        if number != missing
    ]
    esme = await bind(daemon.smpp_port)

    failed = await submit_all(esme, pdus)
    whole = await submit_all(esme, [cut("491511799999", 1, 2, number) for number in (2, 1)])

    assert [await esme.receipt_of(message_id) for message_id in whole] == ["DELIVRD"] * 2
    assert {await esme.receipt_of(message_id) for message_id in failed} == {"UNDELIV"}
    assert [row["text"] for row in await retarus.rows()] == [text_of(2)]


@CUTS
async def test_a_text_with_a_lost_part_is_sent_with_a_mark_where_its_account_wants_that(
    new_daemon: NewDaemon, retarus: Simulated, cut: Cut
) -> None:
    """One part of each is lost and one comes twice; the lost ones come when it is too late, and after a kill."""
    account = 'assembly = "1s"\nmissing_parts = "send"'
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    lost = {f"4915117{place:05}": each for place, each in enumerate(all_losses(), 20)}
    pdus = [
        cut(destination, place, total, number)
        for place, (destination, (total, missing)) in enumerate(lost.items())
        for number in (*range(total, 0, -1), 1 if missing > 1 else 2)
        if number != missing
    ]
    esme = await bind(daemon.smpp_port)

    came = await submit_all(esme, pdus)
    stats = [await esme.receipt_of(message_id) for message_id in came]
    await daemon.kill()
    await daemon.start()
    esme = await bind(daemon.smpp_port)
    late = await submit_all(
        esme,
        [cut(destination, place, total, missing) for place, (destination, (total, missing)) in enumerate(lost.items())],
    )

    assert set(stats) == {"DELIVRD"}
    assert {await esme.receipt_of(message_id) for message_id in late} == {"UNDELIV"}
    assert daemon.open_messages() == 0
    rows = await retarus.rows()
    assert sorted((row["to"].removeprefix("+"), row["text"]) for row in rows) == sorted(
        (destination, text_of(total).replace(TEXTS[missing - 1], "(...)"))
        for destination, (total, missing) in lost.items()
    )


def all_losses() -> list[tuple[int, int]]:
    """Totals, each with every part that may be lost."""
    return [(total, number) for total in (2, 3, 5) for number in range(1, total + 1)]


async def test_parts_that_come_over_several_binds_belong_together(daemon: Daemon, retarus: Simulated) -> None:
    esmes = [await bind(daemon.smpp_port) for _ in range(3)]

    for number, esme in zip((3, 1, 2), esmes, strict=True):
        await esme.submit(by_udh("4915117000020", 1, 3, number))
    message_id = await esmes[0].submit(by_udh("4915117000020", 1, 3, 2))

    assert await asyncio.wait_for(any_receipt(esmes, message_id), LIMIT_S) == "DELIVRD"
    assert [row["text"] for row in await retarus.rows()] == [text_of(3)]


async def any_receipt(esmes: Sequence[Esme], message_id: str) -> str:
    """Wait until one of the binds has the receipt."""
    waiting = [asyncio.create_task(esme.receipt_of(message_id)) for esme in esmes]
    done, pending = await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
    for task in pending:
        task.cancel()
    return done.pop().result()
