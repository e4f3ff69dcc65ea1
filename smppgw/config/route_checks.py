"""What no route can know by itself: names that must exist, rules that are never reached, prices nobody can know."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from smppgw.config.faults import Findings
from smppgw.config.reading import suggest
from smppgw.config.routes import Route
from smppgw.core.routing.matching import covers, overlap
from smppgw.core.routing.rules import PRICED


def check_names(routes: Sequence[Route], carriers: Sequence[str], accounts: Sequence[str], findings: Findings) -> None:
    """Routes name carriers and accounts that exist; ``carriers`` and ``accounts`` may hold faulty ones too."""
    for route in routes:
        path = f"routes[{route.name}]"
        for name in route.carriers:
            if name not in carriers:
                findings.fault(f"{path}.carriers", f"there is no carrier {name!r}", suggest(name, carriers))
        for name in route.match.account:
            if name not in accounts:
                findings.fault(f"{path}.match.account", f"there is no account {name!r}", suggest(name, accounts))
        if len(set(route.carriers)) < len(route.carriers):
            findings.fault(f"{path}.carriers", "names a carrier twice")


def check_reach(routes: Sequence[Route], lines: Mapping[str, int], findings: Findings) -> None:
    """Each route can be reached; where two of them meet half-way, somebody should know which one wins.

    Args:
        routes: In the order of the file.
        lines: By name of a route, the line of the file on which it begins.
        findings: Where faults go.
    """
    matches = [route.match.rule_match() for route in routes]
    for place, (route, match) in enumerate(zip(routes, matches, strict=True)):
        earlier = list(zip(routes[:place], matches[:place], strict=True))
        here = f"line {lines.get(route.name, 0)}"
        if hides := next((other.name for other, general in earlier if covers(general, match)), None):
            reason = f"is never reached ({here}): route {hides} (line {lines.get(hides, 0)}) takes all it could match"
            findings.fault(f"routes[{route.name}]", reason, f"put it before {hides}")
            continue
        met = [other.name for other, one in earlier if overlap(one, match) and not covers(match, one)]
        if met:
            findings.warn(
                f"routes[{route.name}]", f"({here}) overlaps with {', '.join(met)}, which comes first and wins"
            )


def check_prices(routes: Sequence[Route], carriers: Mapping[str, BaseModel], currency: str, findings: Findings) -> None:
    """Prices are told in the reporting currency, and are known where they decide."""
    for route in routes:
        path = f"routes[{route.name}]"
        if route.max_price is not None and route.max_price[1] != currency:
            findings.fault(f"{path}.max_price", f"is in {route.max_price[1]}, [rates] currency is {currency}")
        if route.max_price is None and route.strategy not in PRICED:
            continue
        bare = [name for name in route.carriers if name in carriers and getattr(carriers[name], "rates", None) is None]
        if bare:
            findings.warn(path, f"asks for prices, and has none for {', '.join(bare)}; without_price decides")
