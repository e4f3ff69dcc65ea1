"""What a load run shall do, and the octets of its submits.

Submits are made from one encoded template: only sequence_number and destination differ, so that the client costs little
beside the daemon it measures.
"""

from dataclasses import dataclass
from typing import Final

from smppgw.smpp import text
from smppgw.smpp.consts import REGISTERED_DELIVERY_RECEIPT, DataCoding, Npi, Tag, Ton
from smppgw.smpp.pdu import SubmitSm, encode
from smppgw.smpp.text import Alphabet

_NUMBER_DIGITS: Final = 13
_SUFFIX_DIGITS: Final = 4
_SUFFIXES: Final = 10**_SUFFIX_DIGITS
_FIRST_SKIPPED: Final = 1
_LAST_SKIPPED: Final = 17
"""Recipients that end in 0001 to 0017 have scripted outcomes in the simulators."""
_SKIPPED: Final = _LAST_SKIPPED - _FIRST_SKIPPED + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One load run."""

    host: str
    port: int
    system_id: str
    password: str
    binds: int = 1
    """Transceiver sessions."""
    window: int = 50
    """Submits in flight per bind."""
    messages: int = 1000
    """Submits of all binds together."""
    receipts: bool = False
    """Ask for receipts and wait for them."""
    rate: float | None = None
    """Submits per second of all binds together; None: as fast as the windows allow."""
    timeout_s: float = 30.0
    """How long nothing may happen before the run ends unfinished."""
    source: str = "smppgw"
    destination_prefix: str = "4915"
    """Digits that all destinations begin with; a leading + is dropped."""
    text: str = "smppgw bench: one message among many"


class Destinations:
    """Numbers in sequence behind a prefix, all of one length, without those that simulators treat specially."""

    def __init__(self, prefix: str) -> None:
        """Check the prefix; ValueError where it is not digits, or too long to leave room for four more."""
        self._prefix = prefix.removeprefix("+")
        self._digits = max(_NUMBER_DIGITS - len(self._prefix), _SUFFIX_DIGITS)
        if not (self._prefix.isascii() and self._prefix.isdigit()) or len(self._prefix) + self._digits > 15:
            raise ValueError(f"destination prefix {prefix!r} is not 1 to 11 digits")

    def __getitem__(self, index: int) -> str:
        """The number at a place; the sequence starts again when the digits are used up."""
        block, place = divmod(index, _SUFFIXES - _SKIPPED)
        suffix = place if place < _FIRST_SKIPPED else place + _SKIPPED
        return f"{self._prefix}{(block * _SUFFIXES + suffix) % 10**self._digits:0{self._digits}d}"


class Submits:
    """The encoded submits of a plan."""

    def __init__(self, plan: Plan) -> None:
        """Encode the template.

        Raises:
            ValueError: The prefix is no prefix of a number.
            LocalProtocolError: The source or the text does not fit.
        """
        self._destinations = Destinations(plan.destination_prefix)
        example = self._destinations[0]
        frame = encode(_template(plan, example))
        self._head = frame[:12]
        start = 16 + 1 + 2 + len(plan.source) + 1 + 2  # header, service_type, type, source_addr, type
        self._middle = frame[16:start]
        self._tail = frame[start + len(example) :]

    def frame(self, sequence_number: int, index: int) -> bytes:
        """The submit_sm to the destination at `index`."""
        number = self._destinations[index].encode()
        return b"".join((self._head, sequence_number.to_bytes(4, "big"), self._middle, number, self._tail))


def _template(plan: Plan, destination: str) -> SubmitSm:
    count = text.parts(plan.text)
    octets = text.encode(plan.text, count.alphabet)
    alone = count.parts == 1
    return SubmitSm(
        source_addr_ton=Ton.ALPHANUMERIC,
        source_addr=plan.source,
        dest_addr_ton=Ton.INTERNATIONAL,
        dest_addr_npi=Npi.ISDN,
        destination_addr=destination,
        registered_delivery=REGISTERED_DELIVERY_RECEIPT if plan.receipts else 0,
        data_coding=DataCoding.UCS2 if count.alphabet is Alphabet.UCS2 else DataCoding.DEFAULT,
        short_message=octets if alone else b"",
        tlvs=() if alone else ((int(Tag.MESSAGE_PAYLOAD), octets),),
    )
