"""What an account may not send, as its peers see it, and what becomes of what it may."""

from collections.abc import Sequence
from typing import Any

import pytest
import structlog

from smppgw.core import content
from smppgw.core.codes import ErrorCode
from smppgw.core.content import ContentRule
from smppgw.core.disposition import Finished
from smppgw.core.model import Decision, Message, Outcome
from smppgw.core.optout import Consent, Wish, Words
from smppgw.core.routing import patterns
from smppgw.core.screening import Respelling, Screens
from smppgw.core.verdict import Rejected
from smppgw.smpp import udh
from smppgw.smpp.consts import CommandStatus, Tag
from smppgw.smpp.fields import SmeAddress, UnsuccessSme
from smppgw.smpp.pdu import DeliverSm, Pdu, ReplaceSm, SubmitMulti, SubmitMultiResp, SubmitSm, SubmitSmResp
from smppgw.store.base import StoreError
from tests.workers.fakes import RECIPIENT, Depot, FakeCarrier, FakeClock, Peer, policy, submit, value_of
from tests.workers.front import CARRIERS, Front

OK = CommandStatus.ESME_ROK
FAILED = CommandStatus.ESME_RSUBMITFAIL
GERMAN, AMERICAN = "491710000001", "12025550123"
NO_LINKS = ContentRule(name="no links", hosts=frozenset())
NO_MONEY = ContentRule(name="no money", text=content.compiled(["*money*"]), status=0x412)
QUOTED = "x" * 70 + "\N{RIGHT SINGLE QUOTATION MARK}"
"""71 characters: two SMS as they stand, one with a plain quote."""


def front_with(depot: Depot, time: FakeClock, **screens: Any) -> Front:
    return Front(depot, time, policies={"acme": policy(screens=Screens(**screens)), "bolt": policy(system_id="bolt")})


def unicode(sequence_number: int, text: str, **changes: Any) -> SubmitSm:
    payload = ((Tag.MESSAGE_PAYLOAD, text.encode("utf-16-be")),)
    return submit(sequence_number, data_coding=8, short_message=b"", tlvs=payload, **changes)


def parts(*texts: str, **changes: Any) -> list[SubmitSm]:
    headers = [udh.encode(udh.of_part(7, len(texts), number)) for number in range(1, len(texts) + 1)]
    return [
        submit(number, esm_class=0x40, data_coding=8, short_message=header + text.encode("utf-16-be"), **changes)
        for number, (header, text) in enumerate(zip(headers, texts, strict=True), 1)
    ]


def to(addr: str) -> SmeAddress:
    return SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr=addr)


def unsuccess(addr: str) -> UnsuccessSme:
    return UnsuccessSme(dest_addr_ton=1, dest_addr_npi=1, destination_addr=addr, error_status_code=FAILED)


async def statuses(peer: Peer, *pdus: Pdu) -> list[int]:
    """Send in one read; return the statuses in the order of the requests."""
    peer.send(*pdus)
    got = {pdu.sequence_number: pdu.command_status for pdu in await peer.got(len(pdus))}
    return [got[pdu.sequence_number] for pdu in pdus]


async def queued(depot: Depot, carrier: str = "alpha") -> Sequence[Message]:
    _, messages = await depot.real.lease(carrier, 100, until=depot.time.now + 60, now=depot.time.now)
    return messages


def filtered(front: Front, kind: str) -> float:
    return value_of(front.metrics, "filtered_total", account="acme", kind=kind)


class Watcher:
    """Watches what would be spent."""

    def __init__(self) -> None:
        self.spent: list[tuple[str, int]] = []

    def expect(self, message: Message, now: float) -> None:
        """A part may come."""

    def judge(self, message: Message, decision: Decision, now: float) -> None:
        self.spent.append(("spent", message.parts))

    def give_back(self, message: Message, decision: Decision, now: float) -> None:
        self.spent.append(("back", message.parts))

    async def keep(self) -> None:
        """Nothing is blocked."""


# --- addresses --------------------------------------------------------------------------------------------------------


async def test_a_sender_that_is_not_the_accounts_is_refused(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, senders=patterns.compiled(["ACME", "4917*"]))
    peer = await front.bound_peer()
    senders = [("ACME", 5), ("ACME1", 5), ("acme", 5), ("01711234567", 2), ("4930123456", 1), ("", 0)]

    got = await statuses(
        peer, *(submit(n, source_addr=addr, source_addr_ton=ton) for n, (addr, ton) in enumerate(senders, 1))
    )

    no = CommandStatus.ESME_RINVSRCADR
    assert got == [OK, no, no, OK, no, no]
    assert filtered(front, "sender") == 4


async def test_carriers_see_the_sender_for_a_country_and_receipts_show_the_one_submitted(
    depot: Depot, time: FakeClock
) -> None:
    seen: list[tuple[str, bool]] = []

    class Attentive(FakeCarrier):
        def check(self, message: Message) -> None:
            seen.append((message.sender, message.sender_is_number))

    acme = policy(screens=Screens(sender_for={"US": "12025550100", "*": "SHOP"}))
    front = Front(depot, time, policies={"acme": acme}, carriers={name: Attentive(name) for name in CARRIERS})
    peer = await front.bound_peer()

    await statuses(peer, submit(1, destination_addr=AMERICAN))

    assert seen == [("12025550100", True)]
    await depot.call(Finished(Outcome.DELIVERED, ErrorCode.NONE), "refusing")
    async with front.delivering():
        front.receipts.owed("acme")
        (receipt,) = await peer.got()
    assert isinstance(receipt, DeliverSm)
    assert receipt.destination_addr == "ACME"


async def test_each_destination_of_a_submit_multi_has_the_sender_for_its_country(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, sender_for={"US": "12025550100"})
    peer = await front.bound_peer()
    addresses = tuple(to(addr) for addr in (GERMAN, AMERICAN))

    await statuses(peer, SubmitMulti(sequence_number=1, source_addr_ton=5, source_addr="ACME", dest_address=addresses))

    assert [one.sender for one in await queued(depot)] == ["ACME"]
    assert [one.sender for one in await queued(depot, "refusing")] == ["12025550100"]


async def test_parts_are_joined_whatever_their_sender_becomes(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, sender_for={"DE": "SHOP"})
    peer = await front.bound_peer()

    await statuses(peer, *parts("one ", "two"))

    assert [(one.sender, one.text) for one in await queued(depot)] == [("SHOP", "one two")]


async def test_a_number_that_nobody_has_is_refused_where_the_account_asks(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, assigned_numbers=True)
    peer = await front.bound_peer()

    got = await statuses(peer, submit(1, destination_addr="491711234567"), submit(2, destination_addr="15551234567"))

    assert got == [OK, CommandStatus.ESME_RINVDSTADR]
    assert filtered(front, "number") == 1


# --- opt-out ----------------------------------------------------------------------------------------------------------


async def test_who_has_opted_out_gets_nothing_more_from_this_account(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, words=Words(["STOP"], ["START"]))
    peer = await front.bound_peer()
    front.optouts.note("bolt", Wish(GERMAN, Consent.WITHDRAWN))
    assert await statuses(peer, submit(1, destination_addr=GERMAN)) == [OK]

    front.optouts.note("acme", Wish(GERMAN, Consent.WITHDRAWN))
    refused = await statuses(
        peer, submit(2, destination_addr=GERMAN), parts("a", "b", destination_addr=GERMAN)[0], submit(3)
    )
    front.optouts.note("acme", Wish(GERMAN, Consent.GIVEN))

    assert refused == [FAILED, FAILED, OK]
    assert filtered(front, "opted_out") == 2
    assert await statuses(peer, submit(4, destination_addr=GERMAN)) == [OK]


async def test_of_a_submit_multi_only_who_has_opted_out_is_left_out(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, words=Words(["STOP"], ["START"]))
    peer = await front.bound_peer()
    front.optouts.note("acme", Wish(GERMAN, Consent.WITHDRAWN))
    addresses = tuple(to(addr) for addr in (RECIPIENT, GERMAN))

    peer.send(SubmitMulti(sequence_number=1, dest_address=addresses))
    (got,) = await peer.got()

    assert isinstance(got, SubmitMultiResp)
    assert (got.command_status, got.unsuccess_sme) == (OK, (unsuccess(GERMAN),))


async def test_what_waits_is_unwanted_only_where_the_account_lets_its_recipients_opt_out(
    depot: Depot, time: FakeClock
) -> None:
    front = front_with(depot, time, words=Words(["STOP"], ["START"]))
    peer = await front.bound_peer()
    await statuses(peer, submit(1, destination_addr=GERMAN))
    (message,) = await queued(depot)
    front.optouts.note("acme", Wish(GERMAN, Consent.WITHDRAWN))

    found = []
    for policies in (front.policies, {"acme": policy()}, front.policies):
        front.screening.reload(policies)
        found.append(front.screening.is_unwanted(message))

    assert found == [True, False, True]


async def test_who_opts_out_between_the_parts_of_a_text_does_not_get_it(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, words=Words(["STOP"], ["START"]))
    peer = await front.bound_peer()
    first, last = parts("one ", "two", destination_addr=GERMAN)
    await statuses(peer, first)
    await depot.scripted.until("accept done")
    held = depot.scripted.hold("accept")

    peer.send(last)
    await depot.scripted.until("accept", 2)
    front.optouts.note("acme", Wish(GERMAN, Consent.WITHDRAWN))
    held.set()
    await peer.got()

    assert [(outcome, error) for _, outcome, error in await depot.owed()] == [("rejected", ErrorCode.BLOCKED)] * 2


# --- repetitions ------------------------------------------------------------------------------------------------------


async def test_the_same_text_again_is_refused_until_the_window_ends(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, duplicates_s=30)
    peer = await front.bound_peer()

    assert await statuses(peer, submit(1), submit(2), submit(3, short_message=b"other")) == [OK, FAILED, OK]
    time.advance(29)
    assert await statuses(peer, submit(4), submit(5, source_addr="SHOP"), submit(6, destination_addr=GERMAN)) == [
        FAILED, OK, OK,
    ]  # fmt: skip
    time.advance(1)
    assert await statuses(peer, submit(7)) == [OK]
    assert filtered(front, "duplicate") == 2


async def test_parts_are_no_repetitions_and_make_none(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, duplicates_s=30)
    peer = await front.bound_peer()

    assert await statuses(peer, *parts("same", "same")) == [OK, OK]
    assert await statuses(peer, submit(3, short_message=b"same")) == [OK]


async def test_what_was_refused_makes_no_repetition(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, duplicates_s=30)
    peer = await front.bound_peer()
    nowhere = "33612345678"

    got = await statuses(peer, *(submit(n, destination_addr=nowhere) for n in (1, 2)))

    assert got == [CommandStatus.ESME_RINVDSTADR] * 2
    assert filtered(front, "duplicate") == 0


@pytest.mark.parametrize("verb", ["accept", "reserve_ids"])
async def test_what_was_not_stored_makes_no_repetition(depot: Depot, time: FakeClock, verb: str) -> None:
    front = front_with(depot, time, duplicates_s=30)
    depot.scripted.fail(verb, StoreError("busy"))
    peer = await front.bound_peer()

    assert await statuses(peer, submit(1)) == [CommandStatus.ESME_RSYSERR]
    assert await statuses(peer, submit(2), submit(3)) == [OK, FAILED]


async def test_a_part_that_was_not_stored_makes_no_other_text_new(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, duplicates_s=30)
    peer = await front.bound_peer()
    await statuses(peer, submit(1, short_message=b"same"))
    depot.scripted.fail("accept", StoreError("busy"))

    await statuses(peer, parts("same", "other")[0])

    assert await statuses(peer, submit(2, short_message=b"same")) == [FAILED]


# --- content ----------------------------------------------------------------------------------------------------------


async def test_a_text_against_a_rule_is_refused_with_the_rules_status(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, content=(NO_LINKS, NO_MONEY))
    peer = await front.bound_peer()

    with structlog.testing.capture_logs() as logs:
        got = await statuses(
            peer, submit(1, short_message=b"see evil.com"), submit(2, short_message=b"MONEY"), submit(3)
        )

    assert got == [FAILED, 0x412, OK]
    assert filtered(front, "content") == 2
    told = [line for line in logs if line["event"] == "submit refused"]
    assert [(line["kind"], line["reason"]) for line in told] == [
        ("content", "content rule no links"), ("content", "content rule no money"),
    ]  # fmt: skip
    assert "evil" not in repr(told)


async def test_a_text_against_a_rule_is_found_across_its_parts(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, content=(NO_LINKS,))
    peer = await front.bound_peer()

    assert await statuses(peer, *parts("see ev", "il.com")) == [OK, OK]
    ends = [(outcome, error) for _, outcome, error in await depot.owed()]
    assert ends == [("rejected", ErrorCode.CONTENT_REFUSED)] * 2
    assert filtered(front, "content") == 1


async def test_replace_sm_brings_no_text_in_that_a_submit_could_not(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, content=(NO_LINKS,), sender_for={"DE": "SHOP"}, duplicates_s=30)
    peer = await front.bound_peer()
    peer.send(submit(1))
    (answer,) = await peer.got()
    assert isinstance(answer, SubmitSmResp)
    requests = [
        ReplaceSm(sequence_number=n, message_id=answer.message_id, source_addr="ACME", short_message=text)
        for n, text in enumerate([b"evil.com", b"hello"], 1)
    ]

    assert await statuses(peer, requests[0]) == [CommandStatus.ESME_RREPLACEFAIL]
    assert await statuses(peer, requests[1]) == [OK]
    assert [(one.sender, one.text) for one in await queued(depot)] == [("SHOP", "hello")]


# --- smart encoding ---------------------------------------------------------------------------------------------------


async def test_one_curly_quote_costs_no_second_sms(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, respelling=Respelling.PUNCTUATION)
    peer = await front.bound_peer()

    await statuses(peer, unicode(1, QUOTED))

    assert [(one.text, one.parts) for one in await queued(depot)] == [("x" * 70 + "'", 1)]
    assert value_of(front.metrics, "parts_saved_total", account="acme") == 1


@pytest.mark.parametrize(
    ("text", "respelling"),
    [
        (QUOTED, None),
        (QUOTED[1:], Respelling.LOSSY),  # 70 characters fit into one SMS as they are
        (QUOTED + "é" + "ê", Respelling.PUNCTUATION),  # an accent must stay
        (
            QUOTED[2:] + "短\u00ad",
            Respelling.LOSSY,
        ),  # without the soft hyphen it would fit into one, but not the alphabet
        ("€" * 133 + QUOTED[-1], Respelling.PUNCTUATION),  # two SMS of the alphabet too: € takes two septets
    ],
)
async def test_a_text_stays_where_nothing_is_saved_or_something_lost(
    depot: Depot, time: FakeClock, text: str, respelling: Respelling | None
) -> None:
    front = front_with(depot, time, respelling=respelling)
    peer = await front.bound_peer()

    await statuses(peer, unicode(1, text))

    assert [one.text for one in await queued(depot)] == [text]
    assert value_of(front.metrics, "parts_saved_total", account="acme") == 0


async def test_accents_go_where_the_account_says_so(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, respelling=Respelling.LOSSY)
    peer = await front.bound_peer()

    await statuses(peer, unicode(1, QUOTED + "ê"))

    assert [(one.text, one.parts) for one in await queued(depot)] == [("x" * 70 + "'e", 1)]


async def test_a_text_that_came_in_parts_is_put_into_the_alphabet_when_it_is_whole(
    depot: Depot, time: FakeClock
) -> None:
    front = front_with(depot, time, respelling=Respelling.PUNCTUATION)
    peer = await front.bound_peer()

    await statuses(peer, *parts("x" * 60, QUOTED[10:]))

    assert [(one.text, one.parts) for one in await queued(depot)] == [("x" * 120 + "'", 1)]
    assert value_of(front.metrics, "parts_saved_total", account="acme") == 1


async def test_nothing_is_saved_by_a_text_that_no_carrier_takes(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, respelling=Respelling.PUNCTUATION)
    peer = await front.bound_peer()
    for carrier in front.carriers.values():
        assert isinstance(carrier, FakeCarrier)
        carrier.refused[RECIPIENT] = Rejected(ErrorCode.PARAMETER_REFUSED, "not this one")

    await statuses(peer, *parts("x" * 60, QUOTED[10:]))

    assert [(outcome, error) for _, outcome, error in await depot.owed()] == [("rejected", ErrorCode.NO_CARRIER)] * 2
    assert value_of(front.metrics, "parts_saved_total", account="acme") == 0


async def test_a_text_that_came_in_parts_is_paid_for_as_it_is_sent(depot: Depot, time: FakeClock) -> None:
    front = front_with(depot, time, respelling=Respelling.PUNCTUATION)
    front.ways._fraud = watcher = Watcher()  # type: ignore[assignment]
    depot.scripted.fail("route", StoreError("busy"))
    peer = await front.bound_peer()

    await statuses(peer, *parts("x" * 60, QUOTED[10:]))

    assert watcher.spent == [("spent", 1), ("back", 1)]
