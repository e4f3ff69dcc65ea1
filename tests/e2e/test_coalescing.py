"""What waits shares calls, what need not wait leaves alone; counted at the carrier, whatever the machine's pace."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette

from smppgw.load.plan import Plan
from smppgw.load.run import run
from smppgw.smpp.consts import DataCoding
from smppgw.smpp.pdu import SubmitSm
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated, alibaba_simulator, retarus_simulator, serving
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

ACCEPT_DELAY_S = 0.05
TEN_THOUSAND = 10_000
SHIPPED = "尊敬的李雷，您的订单A-17已发货，快递单号SF1。"
NEVER_POLLED = "3600s"
PAUSED_CALLS = 4
"""Calls that are in flight while the carrier is paused: each took what was there when it began."""
ONE_SLOT = 'max_in_flight = 1\nsend_timeout = "60s"'
FOUR_SLOTS = f'max_in_flight = {PAUSED_CALLS}\nsend_timeout = "60s"'


class Paused:
    """A carrier that answers no send until it is released, and each a little later from then on."""

    def __init__(self, simulated: Simulated, released: asyncio.Event) -> None:
        self.simulated = simulated
        self.release = released.set

    async def has_calls(self, count: int) -> bool:
        return await self.simulated.calls("send") >= count


@asynccontextmanager
async def paused(simulator: Callable[..., Starlette]) -> AsyncIterator[Paused]:
    released = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await released.wait()
        await asyncio.sleep(seconds)

    async with serving(simulator(sleep=sleep, accept_delay=ACCEPT_DELAY_S)) as simulated:
        yield Paused(simulated, released)
        released.set()


async def submit_many(daemon: Daemon, count: int, prefix: str, text: str) -> None:
    """Let the daemon accept so many messages, each to a number of its own."""
    plan = Plan(
        host="127.0.0.1",
        port=daemon.smpp_port,
        system_id=SYSTEM_ID,
        password=PASSWORD,
        binds=4,
        messages=count,
        destination_prefix=prefix,
        text=text,
    )
    result = await run(plan)
    assert result.ok, result


async def all_taken(carrier: Simulated, count: int) -> None:
    async def are_taken() -> bool:
        return await carrier.recipients() >= count

    await until(are_taken, f"the carrier has taken {count} messages", 4 * LIMIT_S)


async def test_ten_thousand_of_one_template_leave_in_a_hundred_and_ten_calls(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    async with paused(alibaba_simulator) as carrier:
        daemon = new_daemon(
            configuration(
                retarus=retarus.url,
                alibaba=carrier.simulated.url,
                mainland=FOUR_SLOTS,
                poll_first=NEVER_POLLED,
            )
        )
        await daemon.start()
        await submit_many(daemon, TEN_THOUSAND, "86139", SHIPPED)

        carrier.release()
        await all_taken(carrier.simulated, TEN_THOUSAND)

        assert await carrier.simulated.calls("send") <= 110
        rows = await carrier.simulated.rows()
        assert {row["text"] for row in rows} == {SHIPPED}
        assert max(Counter(row["to"] for row in rows).values()) == 1


async def test_ten_thousand_leave_in_sixty_jobs_to_retarus(new_daemon: NewDaemon) -> None:
    async with paused(retarus_simulator) as carrier:
        daemon = new_daemon(configuration(retarus=carrier.simulated.url, carrier=FOUR_SLOTS, poll_first=NEVER_POLLED))
        await daemon.start()
        await submit_many(daemon, TEN_THOUSAND, "49151", "one message among many")

        carrier.release()
        await all_taken(carrier.simulated, TEN_THOUSAND)

        assert await carrier.simulated.calls("send") <= 60


async def test_templates_that_take_turns_do_not_make_small_batches(new_daemon: NewDaemon, retarus: Simulated) -> None:
    texts = (SHIPPED, "您的验证码为：{number}，请勿泄露于他人！")
    async with paused(alibaba_simulator) as carrier:
        keys = configuration(
            retarus=retarus.url, alibaba=carrier.simulated.url, mainland=ONE_SLOT, poll_first=NEVER_POLLED
        )
        daemon = new_daemon(keys)
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        await esme.submit(chinese("8613900009999", SHIPPED))
        await until(lambda: carrier.has_calls(1), "the first call hangs")
        pdus = [chinese(f"86138{place:08}", texts[place % 2].format(number=f"{place:06}")) for place in range(100, 700)]
        await asyncio.gather(*(esme.submit(pdu) for pdu in pdus))

        carrier.release()
        await all_taken(carrier.simulated, 601)

        # The first alone; 100 messages as twice 50, two hundred at a time as twice 100, and the last hundred.
        assert await carrier.simulated.calls("send") == 1 + 2 + 2 + 2 + 2


async def test_one_message_at_a_time_leaves_at_once_and_alone(
    new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated
) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, alibaba=alibaba.url))
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    for count in range(1, 4):
        await esme.submit(submit(f"49151000001{count:02}"))
        await esme.submit(chinese(f"86139000001{count:02}", SHIPPED))
        await all_taken(retarus, count)
        await all_taken(alibaba, count)

    assert [await each.calls("send") for each in (retarus, alibaba)] == [3, 3]


async def test_three_bad_numbers_among_three_hundred_stand_alone_in_the_end(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    good = [f"86139{place:08}" for place in range(100, 397)]
    bad = ["8613910000001", "8613920000001", "8613930000001"]
    numbers = [*good[:50], bad[0], *good[50:150], bad[1], *good[150:250], bad[2], *good[250:]]
    async with paused(alibaba_simulator) as carrier:
        daemon = new_daemon(configuration(retarus=retarus.url, alibaba=carrier.simulated.url, mainland=ONE_SLOT))
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        await esme.submit(chinese("8613900009999", SHIPPED))
        await until(lambda: carrier.has_calls(1), "the first call hangs")
        ids = await asyncio.gather(*(esme.submit(chinese(number, SHIPPED)) for number in numbers))

        carrier.release()
        stats = {number: await esme.receipt_of(each) for number, each in zip(numbers, ids, strict=True)}

        assert [number for number in numbers if stats[number] != "DELIVRD"] == bad
        assert {stats[number] for number in bad} == {"UNDELIV"}
        taken = Counter(row["to"].removeprefix("+") for row in await carrier.simulated.rows())
        assert taken == Counter(["8613900009999", *good])
        # The first one alone, three of a hundred, and for each bad number twice the seven halvings of a hundred: 46. A
        # lease may hold the rest of one hundred and the start of another, which makes a few smaller batches.
        assert await carrier.simulated.calls("send") <= 46 + 10


def chinese(number: str, text: str) -> SubmitSm:
    return submit(number, "", data_coding=DataCoding.UCS2, short_message=text.encode("utf-16-be"))
