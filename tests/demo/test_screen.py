"""What the demo draws fits its terminal, and is plain where there is none."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from smppgw.demo.rows import Row
from smppgw.demo.screen import WIDTH, Screen, make_console
from smppgw.demo.script import CASES
from smppgw.demo.ways import Verdict

WORDS = ("account", "text", "route", "carrier", "verdict", "receipt", "price EUR")
LONGEST = "您的验证码为：739214，请勿泄露于他人！" * 5


def row(
    text: str = "Hello", *, verdict: Verdict = Verdict.ACCEPTED, receipt: str = "DELIVRD 000", micros: int | None = 1
) -> Row:
    return Row(
        account="demo",
        recipient="+4915112345678",
        text=text,
        parts=1,
        route="default",
        carrier="alibaba-intl",
        verdict=verdict,
        receipt=receipt,
        micros=micros,
    )


def drawn(rows: list[Row], width: int = WIDTH, *, terminal: bool = False, no_color: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, force_terminal=terminal, no_color=no_color)
    Screen(console, console).table(rows)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, WIDTH, 250])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = drawn([row(LONGEST, receipt="3x DELIVRD 000"), row("[bold]x[/bold] :smile:")], width)

    assert max(map(cell_len, lines)) <= min(width, WIDTH)


@pytest.mark.parametrize("width", [80, WIDTH])
def test_only_the_text_gives_way(width: int) -> None:
    lines = drawn([row(LONGEST, receipt="3x DELIVRD 000", micros=246_000)], width)

    header = next(line for line in lines if "account" in line)
    [line] = [line for line in lines if line.startswith("demo")]
    assert all(word in header for word in WORDS)
    assert all(word in line for word in ("default", "alibaba-intl", "accepted", "3x DELIVRD 000", "0.2460"))


def test_a_wide_table_shows_recipients_too() -> None:
    assert any("+4915112345678" in line for line in drawn([row()]))


def test_texts_are_shown_as_they_are() -> None:
    assert any("[bold]x[/bold] :smile:" in line for line in drawn([row("[bold]x[/bold] :smile:")]))


@pytest.mark.parametrize(("terminal", "no_color", "coloured"), [(True, False, True), (False, False, False)])
def test_colours_are_for_terminals(terminal: bool, no_color: bool, coloured: bool) -> None:
    text = "".join(drawn([row()], terminal=terminal, no_color=no_color))

    assert ("\x1b[32m" in text) is coloured


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    console = make_console()

    assert console.no_color


def test_what_all_cost_is_summed_up() -> None:
    lines = drawn([row(micros=75_000), row(micros=41_000), row(verdict=Verdict.REJECTED, micros=None)])

    assert "Booked: 0.1160 EUR" in lines


def test_an_unknown_price_is_not_taken_for_nothing() -> None:
    lines = drawn([row(micros=75_000), row(micros=None)])

    assert "Booked: 0.0750 EUR for 1 of 2 messages; no rate card has a price for the rest" in lines


def test_the_error_codes_that_occurred_are_explained() -> None:
    lines = drawn([row(receipt="UNDELIV 001"), row()])

    assert [line for line in lines if line.startswith("err ")] == [
        "err 001: the number is not valid, or no mobile number"
    ]


def test_many_messages_are_summed_up() -> None:
    lines = drawn([row(str(number), micros=1_000_000) for number in range(100)])

    assert len(lines) < 30
    assert "Booked: 100.0000 EUR" in lines


def test_without_a_terminal_progress_is_a_few_lines() -> None:
    file = io.StringIO()
    screen = Screen(Console(file=file, width=WIDTH), Console(file=io.StringIO()))

    with screen.progress(1000) as watcher:
        for count in range(1, 1001):
            watcher.answered(count)
            watcher.received(count)

    told = [line.strip() for line in file.getvalue().splitlines()]
    assert told == ["334 of 1000 answers", "334 of 1000 receipts", "668 of 1000 answers", "668 of 1000 receipts"]


def test_on_a_terminal_progress_leaves_nothing_behind() -> None:
    file = io.StringIO()
    screen = Screen(Console(file=file, width=80, force_terminal=True), Console(file=io.StringIO()))

    with screen.progress(len(CASES)) as watcher:
        watcher.answered(len(CASES))
        watcher.received(3)

    assert "Receipts" in file.getvalue()
    assert "\x1b[2K" in file.getvalue().rsplit("Receipts", 1)[1]


def test_failures_go_to_standard_error_with_the_end_of_the_log() -> None:
    out, err = io.StringIO(), io.StringIO()

    Screen(Console(file=out), Console(file=err)).fail(["no receipt for 1"], ['{"event":"ready"}'])

    assert out.getvalue() == ""
    assert err.getvalue().splitlines() == [
        "no receipt for 1", "The gateway's log ends with:", '  {"event":"ready"}',
    ]  # fmt: skip
