"""``budgets`` of accounts and carriers: what may be spent in an hour, a day, a month, and what is done at the limit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from smppgw.config.faults import Findings
from smppgw.config.kinds import Section
from smppgw.config.reading import read
from smppgw.config.routes import Price, Status
from smppgw.core.budgets import AtLimit, Period, Unpriced
from smppgw.smpp.consts import CommandStatus


def _period(value: object) -> object:
    known = {period.name.lower(): period for period in Period}
    if isinstance(value, Period):
        return value
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"should be one of {', '.join(known)}")
    return known[value]


class BudgetLimit(Section):
    """One budget."""

    period: Annotated[Period, BeforeValidator(_period)]
    limit: Price
    warn: Annotated[int, Field(ge=1, le=100)] = 80
    """Percent of the limit at which somebody is told."""
    at_limit: AtLimit = AtLimit.REFUSE
    status: Status = CommandStatus.ESME_RSUBMITFAIL
    """The command_status of what is refused."""
    unpriced: Unpriced = Unpriced.REFUSE
    """What becomes of candidates without a known price."""

    @field_validator("limit")
    @classmethod
    def _is_something(cls, value: tuple[int, str]) -> tuple[int, str]:
        if not value[0]:
            raise ValueError("a limit of 0 lets nothing through: leave the budget out, or refuse with a route")
        return value


class Spender(Protocol):
    """An account, as far as its budgets go."""

    @property
    def system_id(self) -> str:
        """Its name."""

    @property
    def budgets(self) -> tuple[BudgetLimit, ...]:
        """What it may spend."""


class _Listed(Section):
    budgets: tuple[BudgetLimit, ...] = ()


def of_carriers(sections: Any, findings: Findings) -> dict[str, tuple[BudgetLimit, ...]]:
    """Read the budgets of each carrier's section; those without any are left out."""
    found: dict[str, tuple[BudgetLimit, ...]] = {}
    for name, table in sections.items() if isinstance(sections, dict) else ():
        if isinstance(table, dict) and table.get("budgets"):
            listed = read(_Listed, {"budgets": table["budgets"]}, f"carriers.{name}", findings)
            if listed is not None:
                found[name] = listed.budgets
    return found


def check(
    accounts: Sequence[Spender],
    of_carriers: Mapping[str, tuple[BudgetLimit, ...]],
    carriers: Mapping[str, BaseModel],
    currency: str,
    findings: Findings,
) -> None:
    """Budgets are in the reporting currency, one for each period, and rest on prices that somebody knows."""
    bare = [name for name, config in carriers.items() if getattr(config, "rates", None) is None]
    for path, budgets in _everybody(accounts, of_carriers):
        for place, budget in enumerate(budgets):
            if budget.limit[1] != currency:
                findings.fault(
                    f"{path}.budgets[{place}].limit", f"is in {budget.limit[1]}, [rates] currency is {currency}"
                )
            if budget.period in [earlier.period for earlier in budgets[:place]]:
                findings.fault(f"{path}.budgets[{place}].period", f"has a {budget.period.name.lower()} budget already")
    for account in accounts:
        if account.budgets and bare:
            _warn(f"accounts[{account.system_id}]", account.budgets, bare, findings)
    for name, budgets in of_carriers.items():
        for place, budget in enumerate(budgets):
            if budget.at_limit is AtLimit.CHEAPER:
                findings.fault(
                    f"carriers.{name}.budgets[{place}].at_limit",
                    "cheaper is for accounts: at the limit of a carrier its routes take their other candidates anyway",
                )
        if name in bare:
            _warn(f"carriers.{name}", budgets, [name], findings)


def _everybody(
    accounts: Iterable[Spender], of_carriers: Mapping[str, tuple[BudgetLimit, ...]]
) -> Iterator[tuple[str, tuple[BudgetLimit, ...]]]:
    yield from ((f"accounts[{account.system_id}]", account.budgets) for account in accounts)
    yield from ((f"carriers.{name}", budgets) for name, budgets in of_carriers.items())


def _warn(path: str, budgets: Iterable[BudgetLimit], bare: Sequence[str], findings: Findings) -> None:
    refuses = any(budget.unpriced is Unpriced.REFUSE for budget in budgets)
    then = "is passed over" if refuses else "is not counted"
    findings.warn(
        f"{path}.budgets", f"rests on prices, and without a rate card what could go by {', '.join(bare)} {then}"
    )
