"""The whole configuration as one value: built whole, checked whole, swapped whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from smppgw.config.accounts import Account
from smppgw.config.budgets import BudgetLimit
from smppgw.config.content import ContentSection
from smppgw.config.routes import Route
from smppgw.config.sections import (
    GatewaySettings,
    HttpSettings,
    LogSettings,
    RatesSettings,
    SmppSettings,
    StoreSettings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A configuration without faults. Paths are absolute, secrets are read, defaults are filled in."""

    source: Path
    """The file it came from, absolute."""
    smpp: SmppSettings
    http: HttpSettings
    store: StoreSettings
    log: LogSettings
    gateway: GatewaySettings
    rates: RatesSettings
    accounts: tuple[Account, ...]
    carriers: Mapping[str, BaseModel]
    """By name, in the order of the file; each value is of the model that its adapter declared."""
    carrier_budgets: Mapping[str, tuple[BudgetLimit, ...]]
    """By carrier, of those that have some."""
    routes: tuple[Route, ...]
    content: tuple[ContentSection, ...]
    warnings: tuple[str, ...]
    """What works, but should not stay so; for ``check`` and the log."""
