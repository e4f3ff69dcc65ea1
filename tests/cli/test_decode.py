"""`smppgw decode`: hex in every common dress."""

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit

ENQUIRE_LINK = "00000010000000150000000000000001"
UNBIND = "00000010000000060000000000000002"


def decode(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["decode", *arguments], input=stdin)


@pytest.mark.parametrize(
    "arguments",
    [
        [ENQUIRE_LINK],
        [ENQUIRE_LINK[:16], ENQUIRE_LINK[16:]],
        ["00:00:00:10:00:00:00:15:00:00:00:00:00:00:00:01"],
        ["0x00000010 0x00000015 0x00000000 0x00000001"],
        ["0000 0010 0000 0015\n0000 0000 0000 0001"],
    ],
)
def test_hex_may_be_written_in_any_way(arguments: list[str]) -> None:
    result = decode(*arguments)

    assert result.exit_code == Exit.OK
    assert "enquire_link" in result.stdout


def test_standard_input_is_read() -> None:
    assert "enquire_link" in decode("-", stdin=ENQUIRE_LINK + "\n").stdout


def test_several_pdus_are_shown_one_after_the_other() -> None:
    enquire_link, unbind = decode(ENQUIRE_LINK + UNBIND).stdout.split("\n\n")

    assert "enquire_link" in enquire_link
    assert "unbind" in unbind


def test_what_is_odd_is_marked() -> None:
    result = decode(ENQUIRE_LINK[:-2])

    assert result.exit_code == Exit.OK
    assert "  ! " in result.stdout


@pytest.mark.parametrize("text", ["xyz", "123"])
def test_what_is_no_hex_is_a_usage_error(text: str) -> None:
    assert decode(text).exit_code == Exit.USAGE


def test_octets_of_a_peer_cannot_move_the_cursor() -> None:
    deliver_sm = "00000021000000050000000000000001" + "00" + "0500" + "1b5b324a00" + "0101" + "3400" + "00" * 9

    result = decode(deliver_sm)

    assert "\x1b" not in result.stdout
