"""Traps that other gateways fell into, each as the row of the reference names it, with a real session and daemon.

Kills, lost carrier answers, deaf receivers and the binds that follow an unbind are traps too; they have modules of
their own.
"""

import asyncio
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from smppgw.simulators.retarus import RetarusOptions, retarus_app
from smppgw.smpp import tlv, udh
from smppgw.smpp.consts import CommandId, CommandStatus, Tag
from smppgw.smpp.fields import SmeAddress
from smppgw.smpp.pdu import (
    BindReceiver,
    BindTransmitter,
    CancelSm,
    DataSm,
    DeliverSm,
    EnquireLink,
    GenericNack,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    decode,
    encode,
)
from tests.e2e.configuration import LOGIN, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated, retarus_simulator, serving
from tests.e2e.waiting import LIMIT_S, until
from tests.e2e.wire import bind_pdu, wired

pytestmark = pytest.mark.e2e

NUMBER = "4915112345678"


class Deliveries:
    """Everything that was delivered, in order."""

    def __init__(self) -> None:
        self.pdus: list[DeliverSm] = []

    def __call__(self, pdu: DeliverSm) -> CommandStatus:
        self.pdus.append(pdu)
        return CommandStatus.ESME_ROK


async def none_is_owed(daemon: Daemon, open_messages: int = 0) -> None:
    async def settled() -> bool:
        return daemon.owed_receipts() == 0 and daemon.open_messages() == open_messages

    await until(settled, "every message ended and every receipt acknowledged")


@pytest.mark.parametrize(
    ("suffix", "refused_call", "stat"),
    [
        pytest.param("0001", False, "UNDELIV", id="refused in the status"),
        pytest.param("9999", True, "REJECTD", id="refused by http 400"),
    ],
)
async def test_a_receipt_is_not_lost_when_the_carrier_rejects_after_rok(
    daemon: Daemon, retarus: Simulated, suffix: str, stat: str, *, refused_call: bool
) -> None:
    if refused_call:
        await retarus.order(operation="send", fault="status", code=400, count=1)
    deliveries = Deliveries()
    esme = await bind(daemon.smpp_port, on_deliver=deliveries)

    message_id = await esme.submit(submit(f"4915123{suffix}"))

    assert await esme.receipt_of(message_id) == stat
    await none_is_owed(daemon)
    assert len(deliveries.pdus) == 1


OTHER_CARRIER = """
[carriers.other]
type = "retarus"
username = "{login}"
password = "{login}"
base_urls = {{ de2 = "{url}/de2/rest/v1", de1 = "{url}/de1/rest/v1", eu = "{url}/eu/rest/v1" }}
poll_first = "0.3s"
[[routes]]
name = "other"
match = {{ country = ["FR"] }}
carriers = ["other"]
"""


async def test_equal_ids_of_two_carriers_do_not_mix_up_their_receipts(new_daemon: NewDaemon) -> None:
    """Both begin with the same id, because their clocks stand still; then one fails what the other delivers."""
    now = [time.time()]
    options = RetarusOptions(username=LOGIN, password=LOGIN, final_delay=1.0, visible_after=0.0)
    async with (
        serving(retarus_app(options, clock=lambda: now[0])) as one,
        serving(retarus_app(options, clock=lambda: now[0])) as other,
    ):
        account = OTHER_CARRIER.format(url=other.url, login=LOGIN)
        daemon = new_daemon(configuration(retarus=one.url, account=account))
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        delivered = await esme.submit(submit(NUMBER))
        failed = await esme.submit(submit("33612340005"))

        async def both_are_taken() -> bool:
            return len(await one.rows()) == len(await other.rows()) == 1

        await until(both_are_taken, "each carrier has its message")
        refs = {row["ref"] for carrier in (one, other) for row in await carrier.rows()}
        now[0] += 60

        assert await esme.receipt_of(delivered) == "DELIVRD"
        assert await esme.receipt_of(failed) == "UNDELIV"
        assert len(refs) == 1


SHARES = """
[[routes]]
name = "shares"
match = {{ country = ["DE"] }}
carriers = ["retarus", "other"]
strategy = "weighted"
"""


async def test_the_parts_of_a_text_take_one_carrier_under_a_weighted_route(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """Of 12 texts that come part by part among each other, each is whole at one of two carriers of equal weight."""
    numbers = [f"49151123{place:05}" for place in range(100, 112)]
    async with serving(retarus_simulator()) as other:
        account = (OTHER_CARRIER + SHARES).format(url=other.url, login=LOGIN)
        daemon = new_daemon(configuration(retarus=retarus.url, account=account))
        await daemon.start()
        esme = await bind(daemon.smpp_port)
        ids = [await esme.submit(part_of_three(number, part)) for part in (1, 2, 3) for number in numbers]
        for message_id in ids:
            assert await esme.receipt_of(message_id) == "DELIVRD"

        taken = [{row["to"].removeprefix("+"): row["text"] for row in await one.rows()} for one in (retarus, other)]

    assert taken[0].keys() ^ taken[1].keys() == set(numbers)
    assert all(taken)
    assert {text for some in taken for text in some.values()} == {"one two three"}


def part_of_three(number: str, part: int) -> SubmitSm:
    header = udh.encode(udh.of_part(7, 3, part, wide=False))
    return submit(number, esm_class=0x40, short_message=header + (b"one ", b"two ", b"three")[part - 1])


@pytest.mark.parametrize("form", ["decimal", "hex"])
async def test_ids_have_no_leading_zeros_and_are_the_same_everywhere(
    new_daemon: NewDaemon, retarus: Simulated, form: str
) -> None:
    """In the response, in the text of the receipt and in its receipted_message_id."""
    daemon = new_daemon(configuration(retarus=retarus.url, account=f'message_id = "{form}"'))
    await daemon.start()
    deliveries = Deliveries()
    esme = await bind(daemon.smpp_port, on_deliver=deliveries)

    answered = {await esme.submit(submit(f"4915112{place:06}")) for place in range(20_020, 20_040)}
    for message_id in answered:
        await esme.receipt_of(message_id)

    assert not {one for one in answered if one.startswith("0")}
    assert {esme_id(pdu) for pdu in deliveries.pdus} == answered
    assert {tlv.text(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID) for pdu in deliveries.pdus} == answered


def esme_id(pdu: DeliverSm) -> str:
    found = re.match(rb"id:(\S+) ", pdu.short_message)
    assert found is not None
    return found[1].decode()


OTHERS: dict[str, Pdu] = {
    "query_sm": QuerySm(message_id="1"),
    "cancel_sm": CancelSm(message_id="1"),
    "replace_sm": ReplaceSm(message_id="1"),
    "submit_multi": SubmitMulti(dest_address=(SmeAddress(destination_addr=NUMBER),), short_message=b"hi"),
    "data_sm": DataSm(destination_addr=NUMBER),
}


@pytest.mark.parametrize("pdu", OTHERS.values(), ids=OTHERS)
async def test_query_sm_and_its_like_neither_kill_nor_hang_a_session(daemon: Daemon, pdu: Pdu) -> None:
    esme = await bind(daemon.smpp_port)

    async with asyncio.timeout(LIMIT_S):
        answer = await esme.request(pdu)

    assert type(answer) is pdu.response
    assert await esme.submit(submit(NUMBER))


async def test_a_command_nobody_knows_neither_kills_nor_hangs_a_session(daemon: Daemon) -> None:
    async with wired(daemon.smpp_port) as wire:
        await wire.ask(bind_pdu())

        wire.give(bytes.fromhex("00000010 000000FF 00000000 00000007"))
        frame = await wire.take()

        assert frame is not None
        assert decode(frame) == GenericNack(sequence_number=7, command_status=CommandStatus.ESME_RINVCMDID)
        assert (await wire.ask(EnquireLink())).command_id == CommandId.ENQUIRE_LINK_RESP


async def test_refusals_in_a_burst_are_in_their_own_submit_sm_resp_and_no_generic_nack(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port, BindTransmitter)
    destinations = [NUMBER, "not-a-number"] * 20

    async with asyncio.timeout(LIMIT_S):
        answers = await asyncio.gather(*(esme.request(submit(each)) for each in destinations))

    assert {type(answer) for answer in answers} == {SubmitSmResp}
    expected = [CommandStatus.ESME_ROK, CommandStatus.ESME_RINVDSTADR] * 20
    assert [answer.command_status for answer in answers] == expected


async def test_receipts_wait_for_an_esme_that_left_also_over_a_restart(daemon: Daemon) -> None:
    numbers = [f"4915112{place:06}" for place in range(20_020, 20_030)]
    sender = await bind(daemon.smpp_port, BindTransmitter)
    ids = await asyncio.gather(*(sender.submit(submit(number)) for number in numbers))
    await sender.unbind()

    async def all_wait() -> bool:
        return daemon.owed_receipts() == len(ids)

    await until(all_wait, "all receipts wait")
    assert await daemon.stop() == 0
    await daemon.start()
    deliveries = Deliveries()
    receiver = await bind(daemon.smpp_port, BindReceiver, deliveries)
    for message_id in ids:
        await receiver.receipt_of(message_id)
    await none_is_owed(daemon)

    assert Counter(map(esme_id, deliveries.pdus)) == Counter(ids)


def malformed(draw: random.Random) -> bytes:
    """Write a submit_sm whose text, alphabet and optional parameters are noise; its frame is whole."""
    tags = [*Tag, 0x1501, 0xFFFF]
    pdu = submit(
        NUMBER,
        sequence_number=draw.randrange(1, 1000),
        esm_class=draw.choice([0, 0, 0x40]),
        data_coding=draw.randrange(256),
        short_message=draw.randbytes(draw.randrange(200)),
        registered_delivery=0,
        tlvs=tuple((draw.choice(tags), draw.randbytes(draw.randrange(5))) for _ in range(draw.randrange(3))),
    )
    return encode(pdu)


async def test_malformed_texts_hurt_no_other_session(daemon: Daemon) -> None:
    """The noise is the same in every run."""
    draw = random.Random(961)
    other = await bind(daemon.smpp_port)
    frames = [malformed(draw) for _ in range(300)]

    async with wired(daemon.smpp_port) as noisy:
        await noisy.ask(bind_pdu())
        noisy.give(*frames)
        answers = [await noisy.take() for _ in frames]
    message_id = await other.submit(submit(NUMBER))

    assert {answer[4:8] for answer in answers if answer} == {CommandId.SUBMIT_SM_RESP.to_bytes(4, "big")}
    assert CommandStatus.ESME_RSYSERR not in {decode(answer).command_status for answer in answers if answer}
    assert await other.receipt_of(message_id) == "DELIVRD"
    assert not daemon.events("submit failed")


async def test_a_bind_slot_is_free_after_a_reset(new_daemon: NewDaemon, retarus: Simulated) -> None:
    """Twenty times: the next bind comes after the gateway has seen the reset, which a refusal would show."""
    daemon = new_daemon(configuration(retarus=retarus.url, account="max_binds = 1", smpp="lockout_after = 100000"))
    await daemon.start()

    for place in range(1, 21):
        esme = await bind(daemon.smpp_port)
        esme.transport.abort()
        await until_ended(daemon, place)

    assert not daemon.events("bind refused")


async def until_ended(daemon: Daemon, times: int) -> None:
    async def has_ended() -> bool:
        return len(daemon.events("session ended")) == times

    await until(has_ended, "the gateway sees the reset")


@pytest.mark.parametrize("allowed", ["[]", '["10.0.0.0/33"]', '["10.0.0"]', '[""]', '""'])
async def test_an_allow_list_with_a_fault_admits_nobody(tmp_path: Path, allowed: str) -> None:
    """The daemon does not even start: exit code 3."""
    file = tmp_path / "smppgw.toml"
    file.write_text(configuration(retarus="http://127.0.0.1:1", account=f"allowed_ips = {allowed}"), encoding="utf-8")

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "smppgw", "run", "-c", str(file)),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT_S):
        output, _ = await process.communicate()

    assert process.returncode == 3
    assert b"allowed_ips" in output
