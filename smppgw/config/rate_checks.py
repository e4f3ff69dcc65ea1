"""What rate cards must be like, each by itself and together with the exchange rates and the routes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from smppgw.config.faults import Findings
from smppgw.config.routes import Route
from smppgw.config.sections import RatesSettings
from smppgw.core.numbers import calling_code
from smppgw.core.rate_checks import Reach, remarks, unconvertible
from smppgw.core.rate_files import RateFault, RateFaults
from smppgw.core.rate_rows import RateRow, read_rows
from smppgw.core.rates import Exchange, RateCard

_Table = TypeVar("_Table")

_SHOWN: Final = 10
"""Warnings of one card that still get read."""


@dataclass(frozen=True, slots=True)
class RateTables:
    """What the files say that were checked: who goes by it need not read them again, which takes seconds."""

    cards: Mapping[str, RateCard]
    """By carrier, of those that name one."""
    exchange: Exchange


def check_rates(
    rates: RatesSettings | None, carriers: Mapping[str, BaseModel], routes: Sequence[Route], findings: Findings
) -> RateTables:
    """Read all cards and the exchange rates; what is faulty is left out.

    Args:
        rates: None where the section is faulty.
        carriers: Those that could be read, by name.
        routes: Those that could be read.
        findings: Where faults go.
    """
    exchange: Exchange | None = Exchange()
    if rates is not None and rates.exchange is not None:
        exchange = _read(Exchange.parse, rates.exchange, "rates.exchange", findings)
    cards: dict[str, RateCard] = {}
    reaches: dict[str, Reach] = {}
    for name, carrier in carriers.items():
        file, path = getattr(carrier, "rates", None), f"carriers.{name}.rates"
        if not isinstance(file, Path) or (rows := _read(read_rows, file, path, findings)) is None:
            continue
        if rates is not None and exchange is not None:
            _tell(unconvertible(rows, {rates.currency, *exchange.currencies}), file, path, findings)
        _remark(rows, file, path, findings)
        cards[name] = RateCard(str(file), rows)
        reaches[name] = Reach(rows)
    _check_reach(routes, reaches, findings)
    return RateTables(cards, exchange or Exchange())


def _read(reader: Callable[[Iterable[str], str], _Table], file: Path, path: str, findings: Findings) -> _Table | None:
    if not file.is_file():
        findings.fault(path, f"there is no file {file}")
        return None
    try:
        with file.open(encoding="utf-8") as lines:
            return reader(lines, file.name)
    except RateFaults as faults:
        _tell(faults.faults, file, path, findings)
    except (OSError, UnicodeDecodeError) as error:
        findings.fault(path, f"cannot read {file}: {error}")
    return None


def _tell(faults: Iterable[RateFault], file: Path, path: str, findings: Findings) -> None:
    for fault in faults:
        findings.fault(path, f"{file.name}, line {fault.line}: {fault.reason}")


def _remark(rows: Sequence[RateRow], file: Path, path: str, findings: Findings) -> None:
    found = remarks(rows)
    for remark in found[:_SHOWN]:
        findings.warn(path, f"({file.name}, line {remark.line}) {remark.reason}")
    if len(found) > _SHOWN:
        findings.warn(path, f"({file.name}) has {len(found) - _SHOWN} more of these; see `smppgw rates check`")


def _check_reach(routes: Sequence[Route], reaches: Mapping[str, Reach], findings: Findings) -> None:
    """Whoever is named by a route has a price with each of its carriers that has a card."""
    for route in routes:
        match = route.match.rule_match()
        places = [(calling_code(country), country, country) for country in match.countries]
        places = places or [(prefix, "", f"+{prefix}") for prefix in match.prefixes]
        for carrier in route.carriers:
            if carrier in reaches:
                without = [name for prefix, country, name in places if not reaches[carrier].has(prefix, country)]
                if without:
                    findings.warn(f"routes[{route.name}]", f"takes {', '.join(without)} to {carrier}, without a price")
