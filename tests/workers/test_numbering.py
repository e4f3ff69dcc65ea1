"""No number is given out twice."""

import asyncio
import itertools
import random

from smppgw.store.base import StoreError
from smppgw.workers.numbering import Numbering
from tests.workers.fakes import Depot


async def test_numbers_come_in_a_row(depot: Depot) -> None:
    numbering = Numbering(depot.store)

    first, second = await numbering.take(3), await numbering.take(1)

    assert second == first + 3


async def test_one_write_serves_many(depot: Depot) -> None:
    numbering = Numbering(depot.store)

    for _ in range(100):
        await numbering.take(50)

    assert depot.scripted.log.count("reserve_ids") == 1


async def test_no_number_is_given_out_twice_however_many_ask_at_once(depot: Depot) -> None:
    numbering = Numbering(depot.store)
    counts = [random.Random(7).choice((1, 50, 3000)) for _ in range(200)]

    firsts = await asyncio.gather(*(numbering.take(count) for count in counts))

    ranges = sorted((first, first + count) for first, count in zip(firsts, counts, strict=True))
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ranges))


async def test_more_than_a_block_may_be_taken(depot: Depot) -> None:
    numbering = Numbering(depot.store)

    first = await numbering.take(25_000)

    assert await numbering.take(1) >= first + 25_000


async def test_two_gateways_on_one_store_share_no_number(depot: Depot) -> None:
    one, other = Numbering(depot.store), Numbering(depot.store)

    taken = [await numbering.take(10) for numbering in (one, other, one, other)]

    assert len(set(taken)) == 4
    assert all(abs(a - b) >= 10 for a in taken for b in taken if a != b)


async def test_a_fault_of_the_store_loses_nothing(depot: Depot) -> None:
    numbering = Numbering(depot.store)
    first = await numbering.take(1)
    depot.scripted.fail("reserve_ids", StoreError("busy"))

    try:
        await numbering.take(20_000)
    except StoreError:
        pass

    assert await numbering.take(1) == first + 1
