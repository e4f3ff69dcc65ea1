"""What no table can know by itself: names that must exist, be unique, or protect each other.

Runs on whatever could be read, so that the first fault does not hide the others.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from pydantic import BaseModel

from smppgw.config.accounts import Account
from smppgw.config.content import ContentSection
from smppgw.config.faults import Findings
from smppgw.config.kinds import fields_of
from smppgw.config.listen import Listen
from smppgw.config.reading import suggest
from smppgw.config.sections import HttpSettings, SmppSettings
from smppgw.core.values import BY_ACCOUNT
from smppgw.smpp.consts import BindType
from smppgw.smpp.networks import is_in

_LEAST_SECRET: Final = 16
_PUSH_SECRET: Final = re.compile(rf"[A-Za-z0-9._~-]{{{_LEAST_SECRET},}}")


def check_names(kind: str, names: Iterable[str], findings: Findings) -> None:
    """Accounts and routes are told apart by their names."""
    for name, times in Counter(names).items():
        if times > 1:
            findings.fault(f"{kind}[{name}]", f"there are {times} of this name", "give each its own")


def check_accounts_of_carriers(carriers: Mapping[str, BaseModel], accounts: Sequence[str], findings: Findings) -> None:
    """What a carrier does by account names accounts that exist; ``accounts`` may hold faulty ones too."""
    for carrier, model in carriers.items():
        for key in (name for name, field in type(model).model_fields.items() if BY_ACCOUNT in field.metadata):
            for name in getattr(model, key):
                if name not in accounts:
                    path = f"carriers.{carrier}.{key}"
                    findings.fault(path, f"there is no account {name!r}", suggest(name, accounts))


def check_protection(smpp: SmppSettings, accounts: Sequence[Account], findings: Findings) -> None:
    """Whoever can reach the listener can guess at passwords of eight octets."""
    open_to_all = [str(listen) for listen in smpp.listen if not listen.is_loopback]
    bare = [account.system_id for account in accounts if account.allowed_ips is None and not account.certificate]
    if not open_to_all or not bare:
        return
    reason = f"{', '.join(open_to_all)} can be reached by others, and without allowed_ips: {', '.join(bare)}"
    if smpp.require_protection:
        findings.fault("smpp.listen", reason, "give every account allowed_ips, or listen with TLS")
    else:
        findings.warn("smpp.listen", f"is open: {reason}")


def check_listeners(smpp: SmppSettings, findings: Findings) -> None:
    """There is an address, and each can be had once."""
    if not smpp.addresses:
        findings.fault("smpp.listen", "names no address, nor does tls_listen", 'write "0.0.0.0:2775"')
    fixed = [str(listen) for listen in smpp.addresses if listen.port]
    for address, times in Counter(fixed).items():
        if times > 1:
            findings.fault("smpp.listen", f"names {address} {times} times, tls_listen included")


def check_tls(smpp: SmppSettings, accounts: Sequence[Account], findings: Findings) -> None:
    """TLS has what it needs, and accounts ask for certificates only where some can be shown."""
    if smpp.tls_listen:
        for key, file in (("tls_cert", smpp.tls_cert), ("tls_key", smpp.tls_key)):
            if file is None:
                findings.fault(f"smpp.{key}", "is required with tls_listen", "name a PEM file")
    elif smpp.tls_cert or smpp.tls_key or smpp.tls_client_ca:
        findings.warn("smpp.tls_listen", "is not set, so nothing speaks TLS whatever the other tls_ keys say")
    for account in accounts:
        if account.certificate and not account.outbind_tls and not (smpp.tls_listen and smpp.tls_client_ca):
            reason = "could never bind: no client is asked for a certificate"
            findings.fault(f"accounts[{account.system_id}].certificate", reason, "set tls_listen and tls_client_ca")


def check_outbinds(accounts: Iterable[Account], findings: Findings, *, protect: bool) -> None:
    """Whoever is called can bind where he is called, and no password travels in clear without a word.

    Args:
        accounts: All that could be read.
        findings: Where faults go.
        protect: Make it a fault, not a warning, when a password would travel in clear.
    """
    for account in accounts:
        path = f"accounts[{account.system_id}]"
        if account.outbind is not None:
            _check_callee(account, account.outbind, path, findings, protect=protect)
        elif account.outbind_system_id or account.outbind_password or account.outbind_tls or account.outbind_ca_file:
            findings.warn(f"{path}.outbind", "is not set, so nobody is called whatever the other outbind_ keys say")


def _check_callee(account: Account, callee: Listen, path: str, findings: Findings, *, protect: bool) -> None:
    if not {BindType.RECEIVER, BindType.TRANSCEIVER} & set(account.bind_types):
        findings.fault(f"{path}.outbind", "is called in vain: bind_types has neither receiver nor transceiver")
    if account.allowed_ips is not None and not callee.is_name and not is_in(callee.host, account.allowed_ips):
        findings.fault(f"{path}.outbind", "is called in vain: allowed_ips does not have this address")
    if account.certificate and not account.outbind_tls:
        findings.fault(f"{path}.outbind_tls", "is required: the account binds with a certificate only", "write true")
    if account.outbind_ca_file and not account.outbind_tls:
        findings.fault(f"{path}.outbind_ca_file", "is for outbind_tls, which is not set")
    if not account.outbind_tls and not callee.is_loopback:
        _tell_in_clear(path, findings, protect=protect)


def _tell_in_clear(path: str, findings: Findings, *, protect: bool) -> None:
    if protect:
        findings.fault(f"{path}.outbind", "is called in clear, with the passwords of both sides", "set outbind_tls")
    else:
        findings.warn(f"{path}.outbind", "is called in clear, with the passwords of both sides; set outbind_tls")


def check_proxies(smpp: SmppSettings, findings: Findings) -> None:
    """Who may speak for others is said together with where; anything less would admit everybody or nobody."""
    for address in smpp.proxy_listen:
        if address not in smpp.addresses:
            known = [str(listen) for listen in smpp.addresses]
            findings.fault("smpp.proxy_listen", f"{address} is not listened on", suggest(str(address), known))
    if smpp.proxy_listen and not smpp.proxy_protocol:
        findings.fault("smpp.proxy_protocol", "is required with proxy_listen", "name the networks of the proxies")
    if smpp.proxy_protocol and not smpp.proxy_listen:
        findings.fault("smpp.proxy_listen", "is required with proxy_protocol", "name the addresses the proxies use")


@runtime_checkable
class Cautious(Protocol):
    """A section of a carrier that knows of itself what works, but should not stay so."""

    def cautions(self) -> Iterable[tuple[str, str]]:
        """Return each with its key."""


def check_cautions(carriers: Mapping[str, BaseModel], findings: Findings) -> None:
    """What a carrier's section warns of by itself."""
    for name, carrier in carriers.items():
        for key, text in carrier.cautions() if isinstance(carrier, Cautious) else ():
            findings.warn(f"carriers.{name}.{key}", text)


def check_inbound(accounts: Sequence[Account], findings: Findings) -> None:
    """A number has one owner."""
    owners: dict[str, str] = {}
    for account in accounts:
        for number in account.inbound:
            owner = owners.setdefault(number, account.system_id)
            if owner != account.system_id:
                findings.fault(f"accounts[{account.system_id}].inbound", f"{number} belongs to {owner} already")


def check_content(sections: Sequence[ContentSection], accounts: Sequence[str], findings: Findings) -> None:
    """Rules about texts name accounts that exist; ``accounts`` may hold faulty ones too."""
    for section in sections:
        for name in section.accounts:
            if name not in accounts:
                path = f"content[{section.name}].accounts"
                findings.fault(path, f"there is no account {name!r}", suggest(name, accounts))


def check_optouts(accounts: Sequence[Account], findings: Findings) -> None:
    """Who opts out does so by a text to a number of the account."""
    for account in accounts:
        if account.optout and not account.inbound:
            path = f"accounts[{account.system_id}].optout"
            findings.warn(path, "hears of nobody: the account has no number to write to; set inbound")


def check_pushes(http: HttpSettings, carriers: Mapping[str, BaseModel], findings: Findings) -> None:
    """Whoever knows the address may push: it cannot be guessed, and leads nowhere else."""
    secrets = {name: getattr(carrier, "push_secret", None) for name, carrier in carriers.items()}
    pushing = {name: secret for name, secret in secrets.items() if secret is not None}
    for name, secret in pushing.items():
        if not _PUSH_SECRET.fullmatch(secret.reveal()):
            findings.fault(
                f"carriers.{name}.push_secret",
                f"should be {_LEAST_SECRET} or more letters, digits, or any of -._~: it is a part of an address",
                "openssl rand -hex 20",
            )
    if http.push_listen == http.listen and http.listen.port:
        findings.fault("http.push_listen", f"{http.listen} is listened on already", "leave the key out, or change it")
    if pushing and http.push_listen is None and not http.listen.is_loopback:
        findings.warn("http.listen", "brings pushes in, and shows metrics to all who can push; use push_listen")


def check_files(sections: Mapping[str, BaseModel | None], findings: Findings) -> None:
    """Files that are read at start are there: templates, certificates; rate cards are read by who checks them."""
    for path, model in sections.items():
        for key in fields_of(type(model), Path) if model else ():
            file = getattr(model, key)
            if key != "rates" and isinstance(file, Path) and not file.is_file():
                findings.fault(f"{path}.{key}", f"there is no file {file}")
