"""Where accounts may write to: what their own keys and the routes make of it together."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from smppgw.config.accounts import FROM_ROUTES, Account
from smppgw.config.faults import Findings
from smppgw.config.routes import Route


def allowed_countries(account: Account, routes: Iterable[Route]) -> frozenset[str] | None:
    """Return where an account may write to; None: anywhere. A route for any country names none."""
    if account.countries is None:
        return None
    named = frozenset(account.countries) - {FROM_ROUTES}
    if FROM_ROUTES not in account.countries:
        return named
    return named.union(
        *(
            route.match.country
            for route in routes
            if route.refuse is None and (not route.match.account or account.system_id in route.match.account)
        )
    )


def check_destinations(
    accounts: Iterable[Account],
    routes: Sequence[Route],
    carriers: Iterable[BaseModel],
    currency: str | None,
    findings: Findings,
) -> None:
    """An account may write to somewhere, and what it may spend there can be known, in the reporting currency."""
    has_prices = any(getattr(carrier, "rates", None) is not None for carrier in carriers)
    for account in accounts:
        path = f"accounts[{account.system_id}]"
        if account.countries is not None and not allowed_countries(account, routes):
            reason = "leaves no country: every message would be refused"
            findings.fault(f"{path}.countries", reason, "name countries here or in routes, or leave the key out")
        if account.pumping is None or currency is None:
            continue
        for key, amounts in account.pumping.amounts.items():
            if others := sorted({other for _, other in amounts} - {currency}):
                findings.fault(f"{path}.pumping.{key}", f"is in {', '.join(others)}, [rates] currency is {currency}")
        if account.pumping.asks_for_prices and not has_prices:
            findings.warn(f"{path}.pumping", "asks for prices, and no carrier has rates: all is watched, and free")
