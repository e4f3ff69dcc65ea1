"""What the demo shows: steps, progress, the table, and where to go from here.

On a terminal the progress moves; elsewhere it is a few plain lines. Colours follow NO_COLOR.
"""

import contextlib
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from smppgw.core.codes import ErrorCode
from smppgw.demo.esme import Watcher
from smppgw.demo.gateway import Gateway
from smppgw.demo.rows import Row, amount, fold
from smppgw.demo.script import CASES
from smppgw.demo.settings import CURRENCY, PASSWORD, SYSTEM_ID
from smppgw.demo.simulators import Simulators
from smppgw.demo.ways import Verdict
from smppgw.smpp.receipt import Stat

WIDTH: Final = 120
"""Of what is no terminal, and of the table at most."""
MAX_ROWS: Final = 15
"""Of the table; further messages are summed up by the way they went."""
_WIDE: Final = 110
"""From here on there is room for recipients and parts."""
_LABEL_WIDTH: Final = 11
_LINES_OF_PROGRESS: Final = 3

_STYLES: Final = {Stat.DELIVRD.value: "green", Verdict.ACCEPTED.value: "green", "unknown": "yellow"}
_OTHER_END: Final = "yellow"


def make_console() -> Console:
    """Make a console for standard output: as wide as its terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        return Console(highlight=False, width=WIDTH)
    return console


class Screen:
    """Standard output for the show, standard error for what went wrong."""

    def __init__(self, console: Console, errors: Console) -> None:
        self._console = console
        self._errors = errors

    def step(self, label: str, told: str) -> None:
        """Tell that something is done."""
        line = Text(f"{label:<{_LABEL_WIDTH}}", style="bold cyan")
        self._console.print(line.append(told, style="not bold default"), soft_wrap=True)

    def say(self, line: str = "") -> None:
        """Print a sentence, cut between words where the terminal ends."""
        self._console.print(Text(line))

    def command(self, line: str, purpose: str = "") -> None:
        """Print a command to be copied: never cut."""
        self._console.print(Text(f"  {line}").append(purpose, style="dim"), soft_wrap=True)

    def fail(self, problems: Sequence[str], tail: Sequence[str]) -> None:
        """Tell what is wrong, and what the gateway said last."""
        for problem in problems:
            self._errors.print(Text(problem, style="red"), soft_wrap=True)
        if tail:
            self._errors.print(Text("The gateway's log ends with:"))
        for line in tail:
            self._errors.print(Text(f"  {line}"), soft_wrap=True)

    @contextlib.contextmanager
    def progress(self, submits: int) -> Iterator[Watcher]:
        """Show how many of the submits are answered, and how many receipts have come."""
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            with _Bars(self._console, submits) as bars:
                yield bars
        else:
            yield _Lines(self, submits)

    def table(self, rows: Sequence[Row]) -> None:
        """Show each message's way, what all of them cost, and what the error codes mean."""
        self.say()
        self._console.print(_table(fold(rows, MAX_ROWS), min(self._console.width, WIDTH)))
        self.say()
        self.say(_costs(rows))
        for line in _meanings(rows):
            self.say(line)

    def where(self, gateway: Gateway, simulators: Simulators) -> None:
        """Tell where to bind and what to open."""
        self.say()
        self.step("Bind", f"{gateway.host}:{gateway.port}, system_id {SYSTEM_ID}, password {PASSWORD}")
        self.step("Metrics", f"{gateway.http_url}/metrics")
        self.step("Health", f"{gateway.http_url}/readyz")
        self.step("Retarus", f"{simulators.retarus_url}/_sim/messages")
        self.step("Alibaba", f"{simulators.alibaba_url}/_sim/messages")
        self.step("Log", str(gateway.log))
        login = f"--port {gateway.port} --system-id {SYSTEM_ID} --password {PASSWORD}"
        self.say()
        self.say("Try in another terminal:")
        self.command(f"{program()} send {login} --from Shop --to 4915112345678 --text Hello --wait 30")
        self.command(f"{program()} bench {login} --binds 10 --messages 5000 --receipts")
        self.command(f"curl {gateway.http_url}/metrics")
        self.say()
        self.say("Ask what happened to a message, and why; docs/EXPLAIN.md explains the answers:")
        self.command(f"{program()} trace +{CASES[2].recipient} -c {gateway.config}")
        self.command(f"{program()} route explain --account {SYSTEM_ID} --to +{CASES[0].recipient} -c {gateway.config}")
        self.say()
        self.say("Running until Ctrl-C.")

    def next_steps(self) -> None:
        """Tell what to try next."""
        self.say()
        self.say("What to try next:")
        steps = {
            f"{program()} demo --keep": "leave it running for a client of yours, and for smppgw trace",
            f"{program()} demo --messages 1000": "with a thousand messages more",
            "make test": "every check of the project",
            "README.md, conf/smppgw.toml": "how it is built; every option",
        }
        width = max(map(len, steps))
        for command, purpose in steps.items():
            self.command(f"{command:<{width}}  ", purpose)


class _Bars:
    """Two bars that move, and are gone in the end."""

    def __init__(self, console: Console, submits: int) -> None:
        self._progress = Progress(
            TextColumn(f"{{task.description:<{_LABEL_WIDTH - 1}}}", style="bold cyan"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._answers = self._progress.add_task("Answers", total=submits)
        self._receipts = self._progress.add_task("Receipts", total=submits)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def answered(self, count: int) -> None:
        self._progress.update(self._answers, completed=count)

    def received(self, count: int) -> None:
        self._progress.update(self._receipts, completed=count)


class _Lines:
    """A line now and then."""

    def __init__(self, screen: Screen, submits: int) -> None:
        self._screen = screen
        self._submits = submits
        self._every = submits // _LINES_OF_PROGRESS + 1
        self._told = {"answers": 0, "receipts": 0}

    def answered(self, count: int) -> None:
        self._tell("answers", count)

    def received(self, count: int) -> None:
        self._tell("receipts", count)

    def _tell(self, what: str, count: int) -> None:
        if count >= self._told[what] + self._every:
            self._told[what] = count
            self._screen.step("", f"{count} of {self._submits} {what}")


def _table(rows: Sequence[Row], width: int) -> Table:
    wide = width >= _WIDE
    # Only the text gives way: expand makes its ratio count.
    padding = (0, 1, 0, 0) if wide else 0
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=padding, width=width, expand=True)
    table.add_column("account", no_wrap=True)
    if wide:
        table.add_column("to", no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1, min_width=8)
    if wide:
        table.add_column("parts", justify="right", no_wrap=True)
    for name in ("route", "carrier", "verdict", "receipt"):
        table.add_column(name, no_wrap=True)
    table.add_column(f"price {CURRENCY}", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, wide=wide))
    return table


def _cells(row: Row, *, wide: bool) -> list[Text]:
    cells = [Text(row.account), Text(row.text), Text(row.route), Text(row.carrier)]
    cells += [_styled(row.verdict), _styled(row.receipt), _styled(row.price)]
    if wide:
        cells[1:2] = [Text(row.recipient), Text(row.text), Text(str(row.parts))]
    return cells


def _styled(said: str) -> Text:
    for word, style in _STYLES.items():
        if word in said:
            return Text(said, style=style)
    return Text(said, style="" if said[:1].isdigit() else _OTHER_END)


def _costs(rows: Sequence[Row]) -> str:
    accepted = [row.micros for row in rows if row.verdict is Verdict.ACCEPTED]
    known = [micros for micros in accepted if micros is not None]
    total = f"Booked: {amount(sum(known))} {CURRENCY}"
    if len(known) == len(accepted):
        return total
    return f"{total} for {len(known)} of {len(accepted)} messages; no rate card has a price for the rest"


def _meanings(rows: Sequence[Row]) -> list[str]:
    said = " ".join(row.receipt for row in rows)
    return [f"err {code:03}: {code.meaning}" for code in ErrorCode if code and f" {code:03}" in said]


def program() -> str:
    """Return how this program is called from here."""
    if found := shutil.which("smppgw"):
        return "smppgw" if Path(found).samefile(_called()) else shlex.quote(_from_here(_called()))
    return shlex.quote(_from_here(_called()))


def _called() -> Path:
    beside_python = Path(sys.executable).with_name("smppgw")
    return beside_python if beside_python.is_file() else Path(sys.argv[0])


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
