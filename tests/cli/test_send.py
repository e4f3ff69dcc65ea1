"""`smppgw send`: one message, its parts, its receipts."""

import socket

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.smpp import udh
from smppgw.smpp.consts import ESM_CLASS_UDHI, CommandStatus, DataCoding, MessageState, Ton
from smppgw.smpp.text import Alphabet, decode
from tests.cli.gateway import Gateway


def send(port: int, *more: str, source: str = "Shop", to: str = "4915112345678", text: str = "Hello") -> Result:
    arguments = ["--port", str(port), "--system-id", "demo", "--password", "secret", "--timeout", "5"]
    return CliRunner().invoke(main, ["send", *arguments, "--from", source, "--to", to, "--text", text, *more])


def test_the_message_id_is_printed(gateway: Gateway) -> None:
    result = send(gateway.port)

    assert (result.exit_code, result.stdout, result.stderr) == (Exit.OK, "1001\n", "")


def test_with_wait_the_receipt_is_printed(gateway: Gateway) -> None:
    gateway.state = MessageState.UNDELIVERABLE

    result = send(gateway.port, "--wait", "5")

    assert (result.exit_code, result.stdout) == (Exit.OK, "1001\nreceipt 1001 UNDELIV err:012\n")


def test_a_receipt_that_does_not_come_is_a_failure(gateway: Gateway) -> None:
    gateway.sends_receipts = False

    result = send(gateway.port, "--wait", "0")

    assert (result.exit_code, result.stdout) == (Exit.FAILED, "1001\n")
    assert "no receipt in time for 1001" in result.stderr


@pytest.mark.parametrize(
    ("answered", "in_text", "in_tlv"),
    [
        ("{:08x}", "{:010}", "{:08x}"),  # vonage
        ("{:08x}", "{:010}", None),  # legacy-3.3
        ("{:X}", "{}", None),
        ("{}", "{:x}", None),
        ("{}", "{:08X}", None),
        ("a{}-b", "other", "a{}-b"),
    ],
)
def test_a_receipt_may_write_the_id_in_another_way(
    gateway: Gateway, answered: str, in_text: str, in_tlv: str | None
) -> None:
    gateway.answered, gateway.in_text, gateway.in_tlv = answered, in_text, in_tlv

    result = send(gateway.port, "--wait", "5")

    message_id = answered.format(1001)
    assert (result.exit_code, result.stdout) == (Exit.OK, f"{message_id}\nreceipt {message_id} DELIVRD err:012\n")


def test_an_answer_without_an_id_has_no_receipt(gateway: Gateway) -> None:
    gateway.answered, gateway.in_tlv = "", None

    assert send(gateway.port, "--wait", "0.2").exit_code == Exit.FAILED


@pytest.mark.parametrize("in_text", ["9{}", "0{}", "{:b}"])
def test_a_receipt_of_another_message_is_not_taken_for_it(gateway: Gateway, in_text: str) -> None:
    gateway.in_text, gateway.in_tlv = in_text, None

    result = send(gateway.port, "--wait", "0.2")

    assert result.exit_code == Exit.FAILED
    assert "no receipt in time for 1001" in result.stderr


@pytest.mark.parametrize(("wait", "asked"), [([], 0), (["--wait", "5"], 1)])
def test_a_receipt_is_asked_for_only_where_it_is_waited_for(gateway: Gateway, wait: list[str], asked: int) -> None:
    send(gateway.port, *wait)

    assert [submit.registered_delivery for submit in gateway.submits] == [asked]


@pytest.mark.parametrize(
    ("text", "data_coding", "alphabet"),
    [("Grüße {€}", DataCoding.DEFAULT, Alphabet.GSM7), ("你好 🙂", DataCoding.UCS2, Alphabet.UCS2)],
)
def test_the_alphabet_is_the_smallest_that_holds_the_text(
    gateway: Gateway, text: str, data_coding: DataCoding, alphabet: Alphabet
) -> None:
    send(gateway.port, text=text)

    [submit] = gateway.submits
    assert submit.data_coding == data_coding
    assert decode(submit.short_message, alphabet).text == text


def test_a_long_text_goes_in_parts_with_an_id_each(gateway: Gateway) -> None:
    text = "abcdefghij" * 40

    result = send(gateway.port, "--wait", "5", text=text)

    parsed = [udh.parse(submit.short_message) for submit in gateway.submits]
    parts = [header.concatenation for header, _ in parsed]
    assert [(part.total, part.number) for part in parts if part] == [(3, 1), (3, 2), (3, 3)]
    assert b"".join(rest for _, rest in parsed).decode() == text
    assert all(submit.esm_class == ESM_CLASS_UDHI for submit in gateway.submits)
    assert result.stdout.split("\n")[:3] == ["1001", "1002", "1003"]
    assert result.exit_code == Exit.OK


@pytest.mark.parametrize(
    ("source", "ton", "address"),
    [("Shop", Ton.ALPHANUMERIC, "Shop"), ("+4915100", Ton.INTERNATIONAL, "4915100"), ("12345", Ton.UNKNOWN, "12345")],
)
def test_a_sender_has_the_type_it_looks_like(gateway: Gateway, source: str, ton: Ton, address: str) -> None:
    send(gateway.port, source=source)

    assert [(submit.source_addr_ton, submit.source_addr) for submit in gateway.submits] == [(ton, address)]


@pytest.mark.parametrize(
    ("to", "ton", "address"),
    [
        ("+4915112345678", Ton.INTERNATIONAL, "4915112345678"),
        ("4915112345678", Ton.INTERNATIONAL, "4915112345678"),
        ("015112345678", Ton.UNKNOWN, "015112345678"),
    ],
)
def test_a_recipient_has_the_type_it_looks_like(gateway: Gateway, to: str, ton: Ton, address: str) -> None:
    send(gateway.port, to=to)

    assert [(submit.dest_addr_ton, submit.destination_addr) for submit in gateway.submits] == [(ton, address)]


def test_a_refused_message_is_a_failure_with_its_status(gateway: Gateway) -> None:
    gateway.submit_status = CommandStatus.ESME_RINVDSTADR

    result = send(gateway.port, "--wait", "5")

    assert (result.exit_code, result.stdout) == (Exit.FAILED, "")
    assert result.stderr == "refused: ESME_RINVDSTADR\n"


def test_a_refused_bind_is_a_failure(gateway: Gateway) -> None:
    gateway.bind_status = CommandStatus.ESME_RBINDFAIL

    result = send(gateway.port)

    assert result.exit_code == Exit.FAILED
    assert "refused" in result.stderr


def test_a_gateway_that_does_not_answer_is_a_failure(gateway: Gateway) -> None:
    gateway.silent = True

    result = send(gateway.port, "--timeout", "0.2")

    assert result.exit_code == Exit.FAILED
    assert "no answer in time" in result.stderr


def test_a_gateway_that_is_not_there_is_5() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert send(port).exit_code == Exit.UNREACHABLE


def test_a_text_of_too_many_parts_is_a_usage_error(gateway: Gateway) -> None:
    assert send(gateway.port, text="x" * 153 * 256).exit_code == Exit.USAGE
