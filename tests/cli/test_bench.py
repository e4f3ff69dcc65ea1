"""`smppgw bench`: the front of the load client."""

import json
import socket

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.smpp.consts import CommandStatus
from tests.cli.gateway import Gateway


def bench(port: int, *more: str) -> Result:
    arguments = ["--port", str(port), "--system-id", "demo", "--password", "secret", "--messages", "20"]
    return CliRunner().invoke(main, ["bench", *arguments, "--timeout", "5", *more])


def test_the_figures_are_shown(gateway: Gateway) -> None:
    result = bench(gateway.port, "--receipts", "--binds", "2", "--window", "5")

    assert result.exit_code == Exit.OK
    shown = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert shown["submitted"] == "20 of 20"
    assert shown["stat"] == "DELIVRD 20"


def test_json_is_one_document(gateway: Gateway) -> None:
    result = bench(gateway.port, "--json", "--text", "Hello", "--prefix", "44", "--from", "me")

    assert json.loads(result.stdout)["accepted"] == 20
    assert {submit.short_message for submit in gateway.submits} == {b"Hello"}
    assert all(submit.destination_addr.startswith("44") for submit in gateway.submits)


def test_refused_messages_are_a_failure_counted_by_status(gateway: Gateway) -> None:
    gateway.submit_status = CommandStatus.ESME_RTHROTTLED

    result = bench(gateway.port, "--json")

    assert result.exit_code == Exit.FAILED
    assert json.loads(result.stdout)["errors"] == {"ESME_RTHROTTLED": 20}


def test_a_refused_bind_is_a_failure(gateway: Gateway) -> None:
    gateway.bind_status = CommandStatus.ESME_RBINDFAIL

    result = bench(gateway.port)

    assert result.exit_code == Exit.FAILED
    assert "ESME_RBINDFAIL" in result.stderr


def test_a_gateway_that_is_not_there_is_5() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert bench(port).exit_code == Exit.UNREACHABLE


@pytest.mark.parametrize("more", [["--binds", "0"], ["--rate", "0"], ["--prefix", "abc"]])
def test_a_plan_that_cannot_be_is_a_usage_error(gateway: Gateway, more: list[str]) -> None:
    assert bench(gateway.port, *more).exit_code == Exit.USAGE
