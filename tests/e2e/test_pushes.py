"""Carriers push to the real daemon: receipts in every order, inbound texts, strangers, kill -9."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2 as httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.smpp import udh
from smppgw.smpp.consts import CommandStatus, DataCoding
from smppgw.smpp.pdu import BindReceiver, DeliverSm, SubmitSm
from tests.e2e.configuration import LOGIN, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, read_receipt, submit
from tests.e2e.simulated import Simulated, serving
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

MAINLAND_SECRET, INTL_SECRET, RETARUS_SECRET = "mainland-0123456789", "intl-0123456789abcd", "retarus-0123456789"
OURS = "+4915799912345"
"""The number that the account owns, beside code 1234."""
NO_POLLS = "1h"
OTP = "您的验证码为：123456，请勿泄露于他人！"


@pytest.fixture
async def carrier() -> AsyncIterator[Simulated]:
    """Both services of Alibaba, more patient than they are on a machine that may be busy; pauses are a thousandth."""
    options = AlibabaOptions(
        access_key_id=LOGIN,
        access_key_secret=LOGIN,
        final_delay=0.2,
        push_timeout=10.0,
        push_retry_scale=0.001,
        frequency_limits=False,
    )
    async with serving(alibaba_app(options)) as simulated:
        yield simulated


class Town:
    """A daemon that all simulated carriers push to."""

    def __init__(self, daemon: Daemon, carrier: Simulated, retarus: Simulated) -> None:
        self.daemon, self.carrier, self.retarus = daemon, carrier, retarus

    async def start(self) -> None:
        """Start the daemon, and tell the carriers where it is now."""
        await self.daemon.start()
        at = self.at
        await self.carrier.push_to(f"{at}/push/alibaba/{MAINLAND_SECRET}", f"{at}/push/alibaba-intl/{INTL_SECRET}")
        await self.retarus.push_to(f"{at}/push/retarus/{RETARUS_SECRET}")

    @property
    def at(self) -> str:
        """Where pushes come in."""
        return f"http://{self.daemon.events('ready')[-1]['pushes']}"

    async def counted(self, name: str, **labels: str) -> float:
        """Return the sum of the series of a metric that have these labels."""
        text = (await self.daemon.get("/metrics")).text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"smppgw_{name}" and labels.items() <= sample.labels.items()
        )

    async def all_pushes_are_done(self) -> None:
        async def none_is_left() -> bool:
            return self.daemon.count("pushes") == 0

        await until(none_is_left, "every push is done")


NO_CAPS = "otp_per_minute = 0\notp_per_hour = 0\notp_per_day = 0\notp_per_number = 0"
"""Several passwords to one number are not held back."""
NewTown = Callable[..., Awaitable[Town]]


@pytest.fixture
def new_town(new_daemon: NewDaemon, carrier: Simulated, retarus: Simulated) -> NewTown:
    """Makes a town; statuses come by push only where nothing else is said."""

    async def make(polls: str = NO_POLLS, intl: str = "") -> Town:
        text = configuration(
            retarus=retarus.url,
            alibaba=carrier.url,
            account=f'max_tps = 100000\nwindow = 1000\ninbound = ["{OURS}", "1234"]',
            carrier=f'push_secret = "{RETARUS_SECRET}"',
            http='push_listen = "127.0.0.1:0"',
            poll_first=polls,
            mainland=f'poll_longest = "{polls}"\npush_secret = "{MAINLAND_SECRET}"\n{NO_CAPS}',
            intl=f'poll_longest = "{polls}"\npush_secret = "{INTL_SECRET}"\n{intl}',
        )
        town = Town(new_daemon(text), carrier, retarus)
        await town.start()
        return town

    return make


def to(number: str) -> SubmitSm:
    """Make a submit_sm: by template to the mainland, else plain."""
    if not number.startswith("86"):
        return submit(number)
    return submit(number, data_coding=DataCoding.UCS2, short_message=OTP.encode("utf-16-be"))


# --- receipts ---------------------------------------------------------------------------------------------------------

STATS = {
    "8613912340002": "REJECTD", "8613912340003": "EXPIRED", "8613912340004": "UNDELIV", "8613912340005": "UNDELIV",
    "8613912340008": "REJECTD", "8613912340016": "UNDELIV", "8613912341234": "DELIVRD",
    "6591110003": "EXPIRED", "6591110004": "UNDELIV", "6591110005": "UNDELIV", "6591110008": "REJECTD",
    "6591110016": "UNDELIV", "6591111234": "DELIVRD",
}  # fmt: skip
"""CONTRACT.md section 6, both services of Alibaba."""


async def test_every_end_that_is_pushed_has_its_receipt_without_a_poll(new_town: NewTown) -> None:
    town = await new_town()
    esme = await bind(town.daemon.smpp_port)

    ids = {number: await esme.submit(to(number)) for number in STATS}

    assert {number: await esme.receipt_of(message_id) for number, message_id in ids.items()} == STATS
    assert await town.carrier.calls("status") == 0


@pytest.mark.parametrize("number", ["8613912341234", "6591111234", "6591110003"])
async def test_pushes_and_polls_in_whatever_order_are_one_receipt(new_town: NewTown, number: str) -> None:
    town = await new_town(polls="0.1s")
    await town.carrier.order(operation="push", fault="duplicate", count=1000)
    seen: Counter[str] = Counter()

    def take(pdu: DeliverSm) -> CommandStatus:
        seen[read_receipt(pdu).message_id] += 1
        return CommandStatus.ESME_ROK

    esme = await bind(town.daemon.smpp_port, on_deliver=take)
    ids = [await esme.submit(to(number)) for _ in range(5)]
    for message_id in ids:
        assert await esme.receipt_of(message_id) == ("EXPIRED" if number.endswith("0003") else "DELIVRD")

    async def all_pushes_have_come() -> bool:
        return await town.carrier.pushed_rows() == 10

    await until(all_pushes_have_come, "each push has come twice")
    await town.all_pushes_are_done()
    assert seen == dict.fromkeys(ids, 1)
    assert await town.counted("messages_finished_total") == 5
    assert await town.counted("messages_total") == 5


@pytest.mark.parametrize("number", ["8613912341234", "6591111234"])
async def test_a_push_may_overtake_the_answer_of_its_call(new_town: NewTown, number: str) -> None:
    town = await new_town()
    await town.carrier.order(operation="send", fault="slow_after", seconds=2.0)
    esme = await bind(town.daemon.smpp_port)

    message_id = await esme.submit(to(number))

    assert await esme.receipt_of(message_id) == "DELIVRD"

    async def has_answered() -> bool:
        return await town.counted("carrier_requests_total", operation="send", outcome="ok") == 1

    await until(has_answered, "the answer has come")
    assert await town.counted("messages_total") == 1
    assert town.daemon.open_messages() == 0
    assert town.daemon.count("costs") == 1


@pytest.mark.parametrize(("number", "stat"), [("6591111234", "DELIVRD"), ("6591110003", "EXPIRED")])
@pytest.mark.parametrize("fault", ["reset_after", "empty", "truncated"])
async def test_a_push_resolves_a_doubt_that_nothing_else_could(
    new_town: NewTown, fault: str, number: str, stat: str
) -> None:
    town = await new_town()
    await town.carrier.order(operation="send", fault=fault, datacenter="international")
    esme = await bind(town.daemon.smpp_port)

    message_id = await esme.submit(to(number))

    assert await esme.receipt_of(message_id) == stat
    assert await town.carrier.recipients() == 1
    assert await town.counted("messages_total", carrier="alibaba-intl") == 1
    assert town.daemon.count("costs") == 1


async def test_a_doubt_that_no_push_resolves_ends_by_its_rule(new_town: NewTown) -> None:
    town = await new_town(intl='push_wait = "3s"\nfence = false')
    await town.carrier.order(operation="send", fault="reset_before", datacenter="international")
    esme = await bind(town.daemon.smpp_port)

    message_id = await esme.submit(to("6591111234"))

    assert await esme.receipt_of(message_id) == "UNKNOWN"
    assert await town.carrier.recipients() == 0
    assert len(town.daemon.events("doubt waits for a push")) == 1


async def test_what_was_answered_is_done_after_kill_9(new_town: NewTown) -> None:
    town = await new_town()
    esme = await bind(town.daemon.smpp_port)
    for n in range(121_100, 121_130):
        await esme.submit(to(f"6591{n}"))

    async def some_were_taken() -> bool:
        return await town.carrier.pushed_rows() > 0

    await until(some_were_taken, "a push was taken")
    await town.daemon.kill()
    taken = await town.carrier.pushed_rows()
    await town.start()
    again = await bind(town.daemon.smpp_port)

    async def all_that_was_taken_has_its_receipt() -> bool:
        return len(esme.receipts | again.receipts) >= taken

    await until(all_that_was_taken_has_its_receipt, f"{taken} receipts")
    assert set((esme.receipts | again.receipts).values()) == {"DELIVRD"}


async def test_a_carrier_brings_again_what_the_daemon_was_not_there_for(new_town: NewTown) -> None:
    town = await new_town()
    await town.carrier.push_to("http://127.0.0.1:9/nobody")
    esme = await bind(town.daemon.smpp_port)
    message_id = await esme.submit(to("6591111234"))

    async def was_tried() -> bool:
        return bool(await town.carrier.pushes())

    await until(was_tried, "a push was tried")
    async with httpx.AsyncClient(trust_env=False) as http:
        (row,) = await town.carrier.rows()
        report = {"To": "6591111234", "Status": "1", "ErrorCode": "success", "ReceiveDate": "now"}
        report |= {"MessageId": row["ref"]}  # without our reference
        answer = await http.post(f"{town.at}/push/alibaba-intl/{INTL_SECRET}", json=[report])

    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    assert await esme.receipt_of(message_id) == "DELIVRD"


async def test_pushes_are_heard_in_time_while_the_daemon_is_busy(new_town: NewTown) -> None:
    """300 messages are pushed about, and a hundred pushes of another sender come at once: none had to come again."""
    town = await new_town()
    esme = await bind(town.daemon.smpp_port)
    answers = [esme.request(to(f"6591{n}")) for n in range(201_000, 201_300)]

    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        pushing = [
            http.post(
                f"{town.at}/push/alibaba-intl/{INTL_SECRET}",
                json=[{"To": f"65920{n:05}", "Status": "6", "TaskId": f"of another gateway {n}"}],
            )
            for n in range(100)
        ]
        assert {answer.status_code for answer in await asyncio.gather(*pushing)} == {200}
    for answer in answers:
        assert await esme.receipt_of(getattr(await answer, "message_id", "")) == "DELIVRD"

    pushes = await town.carrier.pushes()
    assert {(push["outcome"], push["attempt"]) for push in pushes} == {("taken", 1)}
    assert await town.carrier.pushed_rows() == 300
    await town.all_pushes_are_done()
    assert town.daemon.count("orphans") == 100  # nobody's message; they wait, and end nothing


# --- strangers --------------------------------------------------------------------------------------------------------


async def test_a_stranger_changes_nothing_and_learns_nothing(new_town: NewTown) -> None:
    town = await new_town()
    esme = await bind(town.daemon.smpp_port)
    await esme.submit(to("6591110015"))  # never final
    forged = [{"To": "6591110015", "Status": "1", "ErrorCode": "success", "ReceiveDate": "x", "MessageId": "1"}]
    strange = [f"/push/alibaba-intl/{MAINLAND_SECRET}", f"/push/nobody/{INTL_SECRET}", "/push/alibaba-intl", "/metrics"]

    async with httpx.AsyncClient(trust_env=False, base_url=town.at) as http:
        statuses = [(await http.post(path, json=forged)).status_code for path in strange]
        right = await http.post(f"/push/alibaba-intl/{INTL_SECRET}", json=forged)
        metrics = await http.get("/metrics")

    assert set(statuses) == {404}
    assert (right.status_code, metrics.status_code) == (200, 404)
    await town.all_pushes_are_done()
    assert (town.daemon.open_messages(), town.daemon.owed_receipts()) == (1, 0)
    assert await town.counted("pushes_total", result="refused") == 2


async def test_no_secret_number_or_text_gets_into_the_log(new_town: NewTown) -> None:
    town = await new_town()
    async with httpx.AsyncClient(trust_env=False, base_url=town.at) as http:
        for body in (b"secret text 6591119999", b"[{}]", b"x" * 300_000):
            await http.post(f"/push/alibaba-intl/{INTL_SECRET}", content=body)
        await http.post(f"/push/alibaba/{INTL_SECRET}", content=b"secret text")
        await http.get(f"/push/alibaba-intl/{INTL_SECRET}")
    await town.retarus.bring("+4917612345678", "+4930123456789", "secret text")

    async def is_told() -> bool:
        return bool(town.daemon.events("inbound texts for a number that nobody owns, kept for a day"))

    await until(is_told, "nobody owns the number")
    assert len(town.daemon.events("push not understood, kept for a day")) == 2
    log = str(town.daemon.log) + str(town.daemon.other_output)
    for canary in (MAINLAND_SECRET, INTL_SECRET, RETARUS_SECRET, "secret text", "6591119999", "4930123456789"):
        assert canary not in log


# --- inbound texts ----------------------------------------------------------------------------------------------------


async def test_inbound_texts_of_both_carriers_reach_the_account_once(new_town: NewTown) -> None:
    town = await new_town()
    await town.carrier.order(operation="push", fault="duplicate")
    await town.retarus.order(operation="push", fault="duplicate")
    await town.carrier.bring("+8613812345678", "1234", "退订")
    await town.retarus.bring("+4917612345678", OURS, "STOP")
    esme = await bind(town.daemon.smpp_port, BindReceiver)

    await esme.texts(2)
    await town.all_pushes_are_done()

    first, second = sorted(esme.inbound, key=lambda pdu: pdu.source_addr)
    assert (first.source_addr, first.destination_addr, first.short_message) == (
        "4917612345678", OURS.removeprefix("+"), b"STOP",
    )  # fmt: skip
    assert (second.source_addr, second.destination_addr) == ("8613812345678", "1234")
    assert second.short_message.decode("utf-16-be") == "退订"
    assert (first.esm_class, first.data_coding, second.data_coding) == (0, 0, 8)
    assert await town.counted("inbound_messages_total", account="legacy") == 2


async def test_a_long_inbound_text_waits_for_its_account_and_comes_in_parts(new_town: NewTown) -> None:
    town = await new_town()
    text = "Ein langer Text. " * 20
    await town.retarus.bring("+4917612345678", OURS, text)

    async def it_is_owed() -> bool:
        return town.daemon.owed_receipts() == 3

    await until(it_is_owed, "its three parts are owed")
    await town.daemon.kill()
    await town.start()

    esme = await bind(town.daemon.smpp_port)

    parts = [udh.parse(pdu.short_message) for pdu in await esme.texts(3)]
    assert [header.concatenation and header.concatenation.number for header, _ in parts] == [1, 2, 3]
    assert b"".join(octets for _, octets in parts) == text.encode()
