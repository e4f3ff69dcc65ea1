"""A gateway of a few lines, in a thread of its own, for commands that speak SMPP."""

import asyncio
from dataclasses import dataclass, field

from smppgw.smpp import receipt, tlv
from smppgw.smpp.consts import ESM_CLASS_DELIVERY_RECEIPT, CommandStatus, MessageState, Tag
from smppgw.smpp.framer import Framer
from smppgw.smpp.pdu import BindTransceiver, DeliverSm, Pdu, SubmitSm, SubmitSmResp, Unbind, decode, encode, respond


@dataclass
class Gateway:
    """What it answers is the test's choice; what it got stays here."""

    port: int = 0
    bind_status: CommandStatus = CommandStatus.ESME_ROK
    submit_status: CommandStatus = CommandStatus.ESME_ROK
    sends_receipts: bool = True
    state: MessageState = MessageState.DELIVERED
    silent: bool = False
    answered: str = "{}"
    """How it writes the number of a message in its response."""
    in_text: str = "{}"
    in_tlv: str | None = "{}"
    """None: its receipts have no TLV."""
    submits: list[SubmitSm] = field(default_factory=list)

    def answers(self, pdu: Pdu) -> list[Pdu]:
        match pdu:
            case BindTransceiver():
                return [respond(pdu, self.bind_status)]
            case Unbind():
                return [respond(pdu, CommandStatus.ESME_ROK)]
            case SubmitSm() if not self.silent:
                self.submits.append(pdu)
                return self._answers_to_submit(pdu, 1000 + len(self.submits))
            case _:
                return []

    def _answers_to_submit(self, pdu: SubmitSm, number: int) -> list[Pdu]:
        if self.submit_status is not CommandStatus.ESME_ROK:
            return [respond(pdu, self.submit_status)]
        accepted = SubmitSmResp(sequence_number=pdu.sequence_number, message_id=self.answered.format(number))
        return [accepted, self._receipt(number)] if self.sends_receipts else [accepted]

    def _receipt(self, number: int) -> DeliverSm:
        said = receipt.Receipt(
            message_id=self.in_text.format(number), state=self.state, submitted_at=0.0, done_at=0.0, err=12
        )
        return DeliverSm(
            sequence_number=len(self.submits),
            esm_class=ESM_CLASS_DELIVERY_RECEIPT,
            short_message=receipt.render(said, receipt.DIALECTS["standard"]),
            tlvs=(tlv.of_text(Tag.RECEIPTED_MESSAGE_ID, self.in_tlv.format(number)),) if self.in_tlv else (),
        )


class Peer(asyncio.Protocol):
    """One connection."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for frame in self.framer.feed(data):
            self.transport.write(b"".join(map(encode, self.gateway.answers(decode(frame)))))
