"""From a TOML file to `Settings`, with every fault at once.

The loader reads the file, the secrets it names and nothing else; it opens no socket and no database. A carrier's
section is read with the model that its adapter declares, which the caller hands in.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel

from smppgw.config import budgets, checks, rate_checks, route_checks
from smppgw.config.accounts import OUTBIND_PASSWORD_KEYS, PASSWORD_KEYS, Account
from smppgw.config.content import ContentSection
from smppgw.config.destinations import check_destinations
from smppgw.config.environment import named, override
from smppgw.config.faults import ConfigFaults, Fault, Findings
from smppgw.config.kinds import Section, anchored
from smppgw.config.listen import Listen
from smppgw.config.rate_checks import RateTables
from smppgw.config.reading import read, suggest
from smppgw.config.routes import Route
from smppgw.config.secrets import UNREAD, Vault, account_hash, companions, fill_carrier, fill_outbind
from smppgw.config.sections import (
    GatewaySettings,
    HttpSettings,
    LogSettings,
    RatesSettings,
    SmppSettings,
    StoreSettings,
)
from smppgw.config.settings import Settings

TABLES: Final[Mapping[str, type[Section]]] = {
    "smpp": SmppSettings,
    "http": HttpSettings,
    "store": StoreSettings,
    "log": LogSettings,
    "gateway": GatewaySettings,
    "rates": RatesSettings,
}
LISTS: Final = ("accounts", "routes", "content")
BESIDE: Final = ("budgets",)
"""Keys of every carrier's section that are none of its adapter's."""
_NAME: Final = re.compile(r"""\s*name\s*=\s*["']([^"']*)["']""")

_Table = TypeVar("_Table", bound=Section)


class _Account(NamedTuple):
    name: str
    path: str
    model: Account | None


class Loaded(NamedTuple):
    """A configuration, and what the rate cards that it names say."""

    settings: Settings
    tables: RateTables


def load(path: Path, carrier_models: Mapping[str, type[BaseModel]], environ: Mapping[str, str]) -> Settings:
    """Read a configuration for its settings only (see ``load_whole``)."""
    return load_whole(path, carrier_models, environ).settings


def load_whole(path: Path, carrier_models: Mapping[str, type[BaseModel]], environ: Mapping[str, str]) -> Loaded:
    """Read a configuration.

    Args:
        path: The TOML file; relative paths in it start at its folder.
        carrier_models: By ``type``, what a section of ``[carriers]`` must be like.
        environ: Overrides (`environment`), credentials' folder, the providers' own variables.

    Raises:
        ConfigFaults: It cannot be used; holds every fault.
    """
    source = path.absolute()
    raw = _parsed(source)
    findings = Findings()
    origins = override(raw, environ, findings)
    vault = Vault(source.parent, environ)
    _check_top(raw, findings)

    smpp = _table(SmppSettings, "smpp", raw, vault, findings)
    http = _table(HttpSettings, "http", raw, vault, findings)
    store = _table(StoreSettings, "store", raw, vault, findings)
    log = _table(LogSettings, "log", raw, vault, findings)
    gateway = _table(GatewaySettings, "gateway", raw, vault, findings)
    rates = _table(RatesSettings, "rates", raw, vault, findings)
    accounts = _accounts(raw, gateway or GatewaySettings(), vault, findings)
    carriers = _carriers(raw, carrier_models, vault, findings)
    carrier_budgets = budgets.of_carriers(raw.get("carriers", {}), findings)
    routes = _routes(raw, accounts, findings)
    content = _content(raw, accounts, findings)
    checks.check_accounts_of_carriers(carriers, [account.name for account in accounts if account.name], findings)
    readable = tuple(account.model for account in accounts if account.model)
    route_checks.check_reach(routes, _lines(source), findings)
    if rates:
        route_checks.check_prices(routes, carriers, rates.currency, findings)
        budgets.check(readable, carrier_budgets, carriers, rates.currency, findings)
    files: dict[str, BaseModel] = {f"accounts[{account.system_id}]": account for account in readable}
    files |= {f"carriers.{name}": carrier for name, carrier in carriers.items()}
    checks.check_files({"smpp": smpp, **files}, findings)
    tables = rate_checks.check_rates(rates, carriers, routes, findings)
    checks.check_cautions(carriers, findings)
    checks.check_outbinds(readable, findings, protect=smpp is not None and smpp.require_protection)
    if smpp:
        checks.check_listeners(smpp, findings)
        checks.check_tls(smpp, readable, findings)
        checks.check_proxies(smpp, findings)
        checks.check_protection(smpp, readable, findings)

    checks.check_inbound(readable, findings)
    checks.check_optouts(readable, findings)
    check_destinations(readable, routes, carriers.values(), rates.currency if rates else None, findings)
    if http:
        checks.check_pushes(http, carriers, findings)

    if findings.faults or not (smpp and http and store and log and gateway and rates):
        raise ConfigFaults(tuple(named(findings.faults, origins)))
    settings = Settings(
        source=source,
        smpp=smpp,
        http=http,
        store=store.anchored(source.parent),
        log=log,
        gateway=gateway,
        rates=rates,
        accounts=readable,
        carriers=carriers,
        carrier_budgets=carrier_budgets,
        routes=routes,
        content=content,
        warnings=tuple(findings.warnings),
    )
    return Loaded(settings, tables)


def http_listen(path: Path, environ: Mapping[str, str]) -> Listen:
    """Read only where the daemon answers HTTP: what ``smppgw health`` needs, whatever else the file says.

    Raises:
        ConfigFaults: The file cannot be read, or its ``[http]`` is faulty.
    """
    raw = _parsed(path.absolute())
    findings = Findings()
    origins = override(raw, environ, Findings())
    http = _table(HttpSettings, "http", raw, Vault(path.absolute().parent, environ), findings)
    if http is None:
        raise ConfigFaults(tuple(named(findings.faults, origins)))
    return http.listen


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        fault = Fault(str(path), f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        fault = Fault(str(path), f"is not UTF-8 text (octet {error.start})")
    except tomllib.TOMLDecodeError as error:  # its text ends with line and column
        fault = Fault(str(path), f"is no TOML: {error}")
    raise ConfigFaults((fault,))


def _lines(path: Path) -> dict[str, int]:
    """Return the line on which each of [[routes]] begins, by its name, as far as the plain text tells."""
    found: dict[str, int] = {}
    begun = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip().startswith("["):
            begun = number if line.strip().startswith("[[routes]]") else 0
        elif begun and (name := _NAME.match(line)):
            found[name[1]] = begun
    return found


def _check_top(raw: dict[str, Any], findings: Findings) -> None:
    known = (*TABLES, "carriers", *LISTS)
    for key in raw:
        if key not in known:
            findings.fault(key, "is no known section", suggest(key, known))


def _table(model: type[_Table], name: str, raw: dict[str, Any], vault: Vault, findings: Findings) -> _Table | None:
    table = raw.get(name, {})
    return read(model, anchored(table, model, vault.folder) if isinstance(table, dict) else table, name, findings)


def _entries(
    raw: dict[str, Any], kind: str, key: str, findings: Findings, *, needed: bool = True
) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (name, path, table) of each ``[[kind]]``; without a usable name the path counts from 1."""
    listed = raw.get(kind, [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        findings.fault(kind, f"should be written as [[{kind}]]")
        return []
    if not listed and needed:
        findings.fault(kind, f"there is none: the gateway needs at least one [[{kind}]]")
    names = [entry.get(key) for entry in listed]
    known = [name if isinstance(name, str) and name.isprintable() else "" for name in names]
    return [
        (name, f"{kind}[{name or f'#{number}'}]", dict(entry))
        for number, (name, entry) in enumerate(zip(known, listed, strict=True), start=1)
    ]


def _accounts(raw: dict[str, Any], gateway: GatewaySettings, vault: Vault, findings: Findings) -> list[_Account]:
    found = []
    for name, path, table in _entries(raw, "accounts", "system_id", findings):
        table["password_hash"] = account_hash(table, path, vault, findings) or UNREAD
        fill_outbind(table, path, vault, findings)
        table.setdefault("assembly", gateway.assembly)
        anchored_table = anchored(table, Account, vault.folder)
        known = PASSWORD_KEYS + OUTBIND_PASSWORD_KEYS
        found.append(_Account(name, path, read(Account, anchored_table, path, findings, known)))
    checks.check_names("accounts", (account.name for account in found if account.name), findings)
    return found


def _carriers(
    raw: dict[str, Any], models: Mapping[str, type[BaseModel]], vault: Vault, findings: Findings
) -> dict[str, BaseModel]:
    sections = raw.get("carriers", {})
    if not isinstance(sections, dict):
        findings.fault("carriers", "should be tables, written as [carriers.NAME]")
        return {}
    read_ones = {name: _carrier(name, table, models, vault, findings) for name, table in sections.items()}
    return {name: carrier for name, carrier in read_ones.items() if carrier}


def _carrier(
    name: str, table: object, models: Mapping[str, type[BaseModel]], vault: Vault, findings: Findings
) -> BaseModel | None:
    path = f"carriers.{name}"
    if not isinstance(table, dict):
        findings.fault(path, "should be a table")
        return None
    kind = table.get("type")
    if kind is None:
        findings.fault(f"{path}.type", "is required", f"known: {', '.join(models)}")
        return None
    model = models.get(kind) if isinstance(kind, str) else None
    if model is None:
        findings.fault(f"{path}.type", "is no known type of carrier", suggest(str(kind), models))
        return None
    faults_before = len(findings.faults)
    own = {key: value for key, value in table.items() if key not in BESIDE}
    filled = fill_carrier(anchored(own, model, vault.folder), model, path, vault, findings)
    carrier = read(model, filled, path, findings, (*companions(model), *BESIDE))
    return carrier if len(findings.faults) == faults_before else None


def _routes(raw: dict[str, Any], accounts: list[_Account], findings: Findings) -> tuple[Route, ...]:
    entries = _entries(raw, "routes", "name", findings)
    routes = [route for _, path, table in entries if (route := read(Route, table, path, findings))]
    checks.check_names("routes", (name for name, _, _ in entries if name), findings)
    carriers = raw.get("carriers", {})
    names = list(carriers) if isinstance(carriers, dict) else []
    route_checks.check_names(routes, names, [account.name for account in accounts if account.name], findings)
    return tuple(routes)


def _content(raw: dict[str, Any], accounts: list[_Account], findings: Findings) -> tuple[ContentSection, ...]:
    entries = _entries(raw, "content", "name", findings, needed=False)
    sections = [section for _, path, table in entries if (section := read(ContentSection, table, path, findings))]
    checks.check_names("content", (name for name, _, _ in entries if name), findings)
    checks.check_content(sections, [account.name for account in accounts if account.name], findings)
    return tuple(sections)
