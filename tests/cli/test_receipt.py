"""`smppgw receipt`: the sample is what the gateway would send."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit
from smppgw.smpp.consts import MessageState
from smppgw.smpp.dialects import DIALECTS
from smppgw.smpp.pdu import DeliverSm, decode
from smppgw.smpp.receipt import STATS, parse


def receipt(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["receipt", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    result = receipt(*arguments, "--json")
    assert result.exit_code == Exit.OK, result.output
    told = json.loads(result.stdout)
    assert isinstance(told, dict)
    return told


def sent(told: dict[str, Any]) -> DeliverSm:
    pdu = decode(bytes.fromhex(told["hex"]))
    assert isinstance(pdu, DeliverSm)
    return pdu


def test_words_show_text_tlvs_and_octets() -> None:
    output = receipt("--state", "undeliv", "--err", "12").stdout

    assert "id:4096172839 sub:001 dlvrd:000 " in output
    assert "stat:UNDELIV err:012 text:Your code is 123456," in output
    assert "GSM, code 12" in output
    assert document("--state", "undeliv", "--err", "12")["hex"] in output


@pytest.mark.parametrize("profile", DIALECTS)
def test_every_profile_can_be_shown(profile: str) -> None:
    told = document("--profile", profile)

    assert (told["profile"], told["source"]) == (profile, DIALECTS[profile].source)
    assert sent(told).short_message.decode("ascii") == told["text"]
    assert len(told["tlvs"]) == len(sent(told).tlvs)


@pytest.mark.parametrize(("state", "stat"), STATS.items())
def test_every_state_can_be_shown(state: MessageState, stat: str) -> None:
    told = document("--state", stat.lower())

    assert told["tlvs"]["message_state"]["meaning"] == state.name
    assert (read := parse(told["text"].encode())) is not None
    assert read.state is state


def test_a_state_may_be_written_as_in_the_receipt() -> None:
    assert " stat:EXPIRED " in document("--state", "EXPIRED")["text"]


@pytest.mark.parametrize(("state", "esm_class"), [("enroute", 0x20), ("rejectd", 0x04)])
def test_what_is_not_final_is_an_intermediate_notification(state: str, esm_class: int) -> None:
    assert sent(document("--state", state)).esm_class == esm_class


@pytest.mark.parametrize(
    ("arguments", "answered", "written"),
    [
        (["--profile", "standard"], "4096172839", "id:4096172839 "),
        (["--profile", "standard", "--message-id", "hex"], "8f1c29a7", "id:8f1c29a7 "),
        (["--profile", "kannel"], "8f1c29a7", "id:8f1c29a7 "),
        (["--profile", "vonage"], "8f1c29a7", "id:2400987559 "),
        (["--profile", "vonage", "--message-id", "decimal"], "4096172839", "id:4096172839 "),
    ],
)
def test_ids_are_shown_as_answered_and_as_written(arguments: list[str], answered: str, written: str) -> None:
    told = document(*arguments)

    assert told["message_id"] == answered
    assert told["text"].startswith(written)


@pytest.mark.parametrize(("zone", "submitted"), [([], "2601011213"), (["--zone", "Europe/Berlin"], "2601011313")])
def test_dates_are_shown_in_the_zone(zone: list[str], submitted: str) -> None:
    assert f"submit date:{submitted} " in document(*zone)["text"]


def test_a_zone_that_does_not_exist_is_a_usage_error_with_a_guess() -> None:
    result = receipt("--zone", "Europe/Berlim")

    assert result.exit_code == Exit.USAGE
    assert 'did you mean "Europe/Berlin"?' in result.stderr


def test_a_profile_without_tlvs_says_so() -> None:
    assert "TLV         none" in receipt("--profile", "legacy-3.3").stdout


@pytest.mark.parametrize("arguments", [["--profile", "nexmo"], ["--state", "lost"], ["--err", "1000"], ["--err", "-1"]])
def test_what_is_not_known_is_a_usage_error(arguments: list[str]) -> None:
    assert receipt(*arguments).exit_code == Exit.USAGE
