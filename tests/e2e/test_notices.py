"""What an ESME hears of a message beside its receipt, from the real daemon."""

import asyncio

import pytest

from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.pdu import AlertNotification, DataSm, DataSmResp, DeliverSm, decode, encode, respond
from smppgw.smpp.receipt import Stat
from tests.e2e.daemon import Daemon
from tests.e2e.esme import bind, read_receipt, submit
from tests.e2e.phone import Phone
from tests.e2e.waiting import LIMIT_S, until
from tests.e2e.wire import Wire, bind_pdu, wired

pytestmark = pytest.mark.e2e

NUMBER = "4915112345201"
NOTIFY = 0x10


class Deliveries:
    """What came as deliver_sm."""

    def __init__(self) -> None:
        self.pdus: list[DeliverSm] = []

    def __call__(self, pdu: DeliverSm) -> CommandStatus:
        self.pdus.append(pdu)
        return CommandStatus.ESME_ROK

    def stats(self) -> list[tuple[int, str]]:
        return [(pdu.esm_class, read_receipt(pdu).state.name) for pdu in self.pdus]

    async def count(self, number: int) -> None:
        async def came() -> bool:
            return len(self.pdus) >= number

        await until(came, f"{number} deliver_sm")


async def none_is_owed(daemon: Daemon) -> None:
    async def settled() -> bool:
        return daemon.owed_receipts() == 0 and daemon.open_messages() == 0

    await until(settled, "every message ended and everything owed is acknowledged")


async def test_an_esme_hears_that_the_carrier_has_its_message_and_then_how_it_ended(
    daemon: Daemon, phone: Phone
) -> None:
    deliveries = Deliveries()
    esme = await bind(daemon.smpp_port, on_deliver=deliveries)

    message_id = await esme.submit(submit(NUMBER, registered_delivery=NOTIFY | 1))
    await deliveries.count(1)
    phone.is_now = Phone.ON
    await deliveries.count(2)
    await none_is_owed(daemon)

    assert deliveries.stats() == [(0x20, "ENROUTE"), (0x04, "DELIVERED")]
    assert {read_receipt(pdu).message_id for pdu in deliveries.pdus} == {message_id}
    assert f'smppgw_receipts_total{{account="legacy",stat="{Stat.ENROUTE}"}} 1.0' in (await daemon.get("/metrics")).text


async def test_a_notification_that_nobody_took_is_not_delivered_after_the_end(daemon: Daemon, phone: Phone) -> None:
    """The ESME is away from before the hand-over until after the end, over a restart."""
    esme = await bind(daemon.smpp_port)
    message_id = await esme.submit(submit(NUMBER, registered_delivery=NOTIFY | 1))
    await esme.unbind()
    phone.is_now = Phone.ON

    async def ended() -> bool:
        return daemon.open_messages() == 0

    await until(ended, "the message ends")
    await daemon.kill()
    await daemon.start()
    deliveries = Deliveries()
    again = await bind(daemon.smpp_port, on_deliver=deliveries)
    await again.receipt_of(message_id)
    await none_is_owed(daemon)

    assert deliveries.stats()[-1] == (0x04, "DELIVERED")
    assert (0x20, "ENROUTE") not in deliveries.stats()


class Listener:
    """A session that takes what comes, and keeps it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.came: list[DeliverSm | AlertNotification] = []

    async def until(self, *kinds: type[DeliverSm] | type[AlertNotification]) -> None:
        """Wait until these came since the last look, in any order; they are the only ones."""
        found: list[DeliverSm | AlertNotification] = []
        while len(found) < len(kinds):
            frame = await self.wire.take()
            assert frame is not None
            pdu = decode(frame)
            if isinstance(pdu, DeliverSm):
                self.wire.give(encode(respond(pdu, CommandStatus.ESME_ROK)))
            if isinstance(pdu, DeliverSm | AlertNotification):
                found.append(pdu)
        assert {type(pdu) for pdu in found} == set(kinds)
        self.came += found


async def test_an_esme_that_could_not_reach_a_phone_hears_when_it_is_back(daemon: Daemon, phone: Phone) -> None:
    """Over a kill between the two; its session is told once, and answers nothing."""
    phone.is_now = Phone.OFF
    esme = await bind(daemon.smpp_port)
    asking = DataSm(
        source_addr_ton=5,
        source_addr="Shop",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=NUMBER,
        registered_delivery=1,
        tlvs=((Tag.MESSAGE_PAYLOAD, b"Hello"), (Tag.SET_DPF, b"\1")),
    )
    async with asyncio.timeout(LIMIT_S):
        answer = await esme.request(asking)
    assert isinstance(answer, DataSmResp)
    assert await esme.receipt_of(answer.message_id) == Stat.EXPIRED
    await none_is_owed(daemon)  # else the receipt comes again after the kill, as it may
    await daemon.kill()
    await daemon.start()
    phone.is_now = Phone.ON

    async with wired(daemon.smpp_port) as wire:
        listener = Listener(wire)
        assert (await wire.ask(bind_pdu())).command_status == CommandStatus.ESME_ROK
        wire.give(encode(wire.numbered(submit(NUMBER, source_addr="Other"))))
        await listener.until(DeliverSm, AlertNotification)
        wire.give(encode(wire.numbered(submit(NUMBER))))
        await listener.until(DeliverSm)
        await none_is_owed(daemon)

    (alert,) = [pdu for pdu in listener.came if isinstance(pdu, AlertNotification)]
    assert (alert.source_addr_ton, alert.source_addr_npi, alert.source_addr) == (1, 1, NUMBER)
    assert (alert.esme_addr_ton, alert.esme_addr) == (5, "Shop")
    assert alert.tlvs == ((Tag.MS_AVAILABILITY_STATUS, b"\0"),)
