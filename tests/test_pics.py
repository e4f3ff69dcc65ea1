"""docs/PICS.md says what smppgw does with every command and parameter; here it is held against the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from smppgw.smpp.consts import RESPONSE_BIT, CommandId, CommandStatus, Tag
from smppgw.smpp.fields import COctets, Int, Kind
from smppgw.smpp.pdu import LAYOUTS
from smppgw.smpp.states import Action, Reaction, State, reactions
from smppgw.smpp.tlv import INTEGER_OCTETS, TEXT_TAGS
from smppgw.workers.reception import SERVES

PAGE = (Path(__file__).parents[1] / "docs" / "PICS.md").read_text(encoding="utf-8")
WITHOUT_PARAMETERS = "Without parameters: "


def section(title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    level = title.partition(" ")[0]
    found = re.search(rf"^{title}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def written(reaction: Reaction) -> str:
    return "taken" if isinstance(reaction, Action) else reaction.name


def octets(kind: Kind) -> str:
    match kind:
        case Int():
            return str(kind.octets)
        case COctets():
            return f"up to {kind.max_octets}"
        case _:
            return "varies"


def octets_of(tag: Tag) -> str:
    if tag in TEXT_TAGS:
        return "C-octet string"
    return str(INTEGER_OCTETS.get(tag, "varies"))


def parameter_tables() -> dict[CommandId, list[tuple[str, str]]]:
    """Name and octets of each parameter, by command; a heading may name several commands."""
    found: dict[CommandId, list[tuple[str, str]]] = {}
    page = section("## Mandatory parameters")
    for names in re.findall(r"^### (.+)$", page, re.MULTILINE):
        table = [(row[0], row[1]) for row in rows(section(f"### {names}"))]
        found |= {CommandId[name.upper()]: table for name in names.split(", ")}
    listed = page.partition(WITHOUT_PARAMETERS)[2].partition(".")[0]
    return found | {CommandId[name.upper()]: [] for name in listed.replace("\n", " ").split(", ")}


def test_every_command_has_its_row() -> None:
    listed = [(name, number) for name, number, *_ in rows(section("## Operations"))]

    assert listed == [(one.name.lower(), f"0x{one:08X}") for one in CommandId]


def test_what_is_answered_in_each_state_is_what_the_state_table_says() -> None:
    head, *_ = [line for line in section("## States").splitlines() if line.startswith("|")]
    states = [State(cell.strip()) for cell in head.strip("|").split("|")[1:]]
    table = reactions(SERVES)

    listed = {command: dict(zip(states, cells, strict=True)) for command, *cells in rows(section("## States"))}

    assert set(states) == set(State) - {State.CLOSED}
    assert listed == {
        command.name.lower(): {state: written(table[state][command]) for state in states}
        for command in CommandId
        if not command & RESPONSE_BIT
    }


@pytest.mark.parametrize("command", CommandId, ids=lambda command: command.name.lower())
def test_every_mandatory_parameter_has_its_row_with_its_octets(command: CommandId) -> None:
    listed = parameter_tables()[command]

    assert listed == [(name, octets(kind)) for name, kind in LAYOUTS[command].fields]


def test_every_optional_parameter_has_its_row_with_tag_and_octets() -> None:
    listed = [(name, tag, length) for name, tag, length, *_ in rows(section("## Optional parameters"))]

    assert listed == [(one.name.lower(), f"0x{one:04X}", octets_of(one)) for one in Tag]


def test_every_status_on_the_page_is_one_of_the_code() -> None:
    assert set(re.findall(r"ESME_R[A-Z_]+", PAGE)) <= set(CommandStatus.__members__)


def test_every_row_says_something() -> None:
    tables = [section(title) for title in ("## Operations", "## Mandatory parameters", "## Optional parameters")]

    assert [row for table in tables for row in rows(table) if not row[-1]] == []
