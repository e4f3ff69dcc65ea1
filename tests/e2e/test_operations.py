"""The operations beside submit_sm on the real daemon, whole ways: from the request to the carrier and the receipt."""

import asyncio
import logging
import time
from dataclasses import replace
from typing import Any

import pytest
import smpplib.client

from smppgw.smpp import tlv
from smppgw.smpp.consts import CommandStatus, MessageState, Tag
from smppgw.smpp.fields import DistributionList, SmeAddress, UnsuccessSme
from smppgw.smpp.pdu import (
    CancelSm,
    DataSm,
    DataSmResp,
    DeliverSm,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
)
from tests.e2e.configuration import PASSWORD, SYSTEM_ID, configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import Esme, bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import LIMIT_S, until

pytestmark = pytest.mark.e2e

NUMBER = "4915112345201"
IN_AN_HOUR = "000000010000000R"
AT_ONCE = "000000000001000R"


async def ask(esme: Esme, pdu: Pdu) -> Pdu:
    """Send a request; return its answer, which says ESME_ROK."""
    async with asyncio.timeout(LIMIT_S):
        answer = await esme.request(pdu)
    assert answer.command_status == CommandStatus.ESME_ROK, hex(answer.command_status)
    return answer


async def state_of(esme: Esme, message_id: str) -> int:
    """Return the message_state of a message from the source of `submit`."""
    answer = await ask(esme, QuerySm(message_id=message_id, source_addr="Shop"))
    assert isinstance(answer, QuerySmResp)
    assert answer.message_id == message_id
    return answer.message_state


async def test_a_message_can_be_asked_about_over_its_whole_life(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)

    message_id = await esme.submit(submit(NUMBER))
    before = await state_of(esme, message_id)
    await esme.receipt_of(message_id)

    assert before in (MessageState.ENROUTE, MessageState.DELIVERED)
    assert await state_of(esme, message_id) == MessageState.DELIVERED


async def test_what_is_scheduled_can_be_replaced_and_cancelled_after_a_restart(
    daemon: Daemon, retarus: Simulated
) -> None:
    esme = await bind(daemon.smpp_port)
    kept = await esme.submit(submit(NUMBER, "old", schedule_delivery_time=IN_AN_HOUR))
    dropped = await esme.submit(submit("4915112345202", schedule_delivery_time=IN_AN_HOUR))
    await daemon.kill()
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    await ask(esme, ReplaceSm(message_id=kept, source_addr="Shop", short_message=b"new", registered_delivery=1,
                              schedule_delivery_time=AT_ONCE))  # fmt: skip
    await ask(esme, CancelSm(message_id=dropped, source_addr="Shop"))

    assert await esme.receipt_of(dropped) == "DELETED"
    assert await esme.receipt_of(kept) == "DELIVRD"
    assert [row["text"] for row in await retarus.rows()] == ["new"]


async def test_one_text_goes_to_many_and_each_has_its_receipt(daemon: Daemon, retarus: Simulated) -> None:
    numbers = [f"49151123{place:05}" for place in range(20100, 20300)]
    came: list[tuple[str, bytes]] = []
    all_came = asyncio.Event()

    def take(receipt: DeliverSm) -> CommandStatus:
        came.append((receipt.source_addr, receipt.short_message.split()[0]))
        if len(came) == len(numbers):
            all_came.set()
        return CommandStatus.ESME_ROK

    esme = await bind(daemon.smpp_port, on_deliver=take)

    answer = await ask(
        esme,
        SubmitMulti(
            source_addr_ton=5,
            source_addr="Shop",
            dest_address=(
                DistributionList(dl_name="staff"),
                *(SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr=number) for number in numbers),
            ),
            registered_delivery=1,
            short_message=b"Hello all",
        ),
    )

    assert isinstance(answer, SubmitMultiResp)
    assert answer.unsuccess_sme == (
        UnsuccessSme(destination_addr="staff", error_status_code=CommandStatus.ESME_RINVDLNAME),
    )
    async with asyncio.timeout(LIMIT_S):
        await all_came.wait()
    assert sorted(came) == [(number, f"id:{answer.message_id}".encode()) for number in numbers]
    assert sorted(row["to"].removeprefix("+") for row in await retarus.rows()) == numbers


async def test_destinations_with_ids_of_their_own_are_messages_of_their_own(
    new_daemon: NewDaemon, retarus: Simulated
) -> None:
    """Each receipt has its own id, and query_sm and cancel_sm know it, before a restart and after."""
    account = 'multi_message_id = "each"\nmax_tps = 100000'
    daemon = new_daemon(configuration(retarus=retarus.url, account=account))
    await daemon.start()
    numbers = [f"49151123{place:05}" for place in range(20100, 20110)]
    esme = await bind(daemon.smpp_port)
    multi = SubmitMulti(
        source_addr_ton=5,
        source_addr="Shop",
        dest_address=tuple(SmeAddress(dest_addr_ton=1, destination_addr=number) for number in ("1", *numbers)),
        registered_delivery=1,
        short_message=b"Hello each",
    )

    sent = await ask(esme, multi)
    held = await ask(esme, replace(multi, schedule_delivery_time=IN_AN_HOUR))
    assert isinstance(sent, SubmitMultiResp)
    assert isinstance(held, SubmitMultiResp)
    stats = await receipts_of(esme, len(numbers))
    waiting = sorted(daemon.stored_ids() - stats.keys())
    await daemon.kill()
    await daemon.start()
    esme = await bind(daemon.smpp_port)
    states = {message_id: await state_of(esme, message_id) for message_id in (*stats, *waiting)}
    await ask(esme, CancelSm(message_id=waiting[0], source_addr="Shop"))

    assert sent.message_id in stats
    assert held.message_id in waiting
    assert list(stats.values()) == ["DELIVRD"] * len(numbers)
    assert states == dict.fromkeys(stats, MessageState.DELIVERED) | dict.fromkeys(waiting, MessageState.ENROUTE)
    assert await esme.receipt_of(waiting[0]) == "DELETED"
    assert await state_of(esme, waiting[1]) == MessageState.ENROUTE


async def receipts_of(esme: Esme, count: int) -> dict[str, str]:
    """Wait until so many ids have their receipts; return the `stat` of each."""

    async def all_came() -> bool:
        return len(esme.receipts) == count

    await until(all_came, f"{count} receipts")
    return dict(esme.receipts)


async def test_a_data_sm_arrives(daemon: Daemon, retarus: Simulated) -> None:
    esme = await bind(daemon.smpp_port)

    answer = await ask(
        esme,
        DataSm(
            source_addr_ton=5,
            source_addr="Shop",
            dest_addr_ton=1,
            destination_addr=NUMBER,
            registered_delivery=1,
            data_coding=8,
            tlvs=((Tag.MESSAGE_PAYLOAD, "Grüße 👋".encode("utf-16-be")), tlv.of_int(Tag.QOS_TIME_TO_LIVE, 600)),
        ),
    )

    assert isinstance(answer, DataSmResp)
    assert await esme.receipt_of(answer.message_id) == "DELIVRD"
    assert [row["text"] for row in await retarus.rows()] == ["Grüße 👋"]


def query_with_smpplib(port: int) -> tuple[str, Any]:
    """Submit, ask for the state, return the id and the answer; smpplib blocks."""
    sent: list[str] = []
    answers: list[Any] = []
    logging.getLogger("tests.smpplib").setLevel(logging.ERROR)
    client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, logger_name="tests.smpplib")
    client.set_message_sent_handler(lambda pdu: sent.append(pdu.message_id.decode()))
    client.set_query_resp_handler(answers.append)
    client.connect()
    client.bind_transceiver(system_id=SYSTEM_ID, password=PASSWORD)
    deadline = time.monotonic() + LIMIT_S
    client.send_message(source_addr_ton=5, source_addr="Shop", destination_addr=NUMBER, short_message=b"Hello")
    while not sent and time.monotonic() < deadline:
        client.read_once()
    client.query_message(message_id=sent[0], source_addr_ton=5, source_addr_npi=0, source_addr="Shop")
    while not answers and time.monotonic() < deadline:
        client.read_once()
    client.unbind()
    client.disconnect()
    return sent[0], answers[0]


async def test_smpplib_can_ask(daemon: Daemon) -> None:
    message_id, answer = await asyncio.to_thread(query_with_smpplib, daemon.smpp_port)

    assert (answer.status, answer.message_id.decode()) == (CommandStatus.ESME_ROK, message_id)
    assert answer.message_state in (MessageState.ENROUTE, MessageState.DELIVERED)
