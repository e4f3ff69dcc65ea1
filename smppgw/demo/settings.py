"""The configuration of the demo's gateway, with its rate cards. Written to a folder; read by the real daemon only."""

from pathlib import Path
from string import Template
from typing import Final

from smppgw.demo.script import ALIBABA, ALIBABA_INTL, RETARUS
from smppgw.ops.passwords import hash_password

SYSTEM_ID: Final = "demo"
PASSWORD: Final = "demo"
LOGIN: Final = "smppgw"
"""User name, password and access keys at the simulated carriers."""
CURRENCY: Final = "EUR"
STORE: Final = "smppgw.db"
_SECRET_FILE: Final = "carriers.secret"
MAX_BINDS: Final = 100

_CONFIG: Final = Template("""\
# Written by `smppgw demo`. Ports are 0: the system chooses free ones.

[smpp]
listen = "127.0.0.1:0"

[http]
listen = "127.0.0.1:0"

[store]
url = "sqlite:$store"

[log]
format = "json"

[gateway]
drain = "5s"

[rates]
currency = "$currency"
exchange = "exchange.csv"

[[accounts]]
system_id = "$system_id"
password_hash = "$password_hash"
country = "DE"
max_binds = $max_binds
max_tps = 10000

[carriers.$retarus]
type = "retarus"
username = "$login"
password_file = "$secret_file"
base_urls = { de2 = "$retarus_url/de2/rest/v1", de1 = "$retarus_url/de1/rest/v1", eu = "$retarus_url/eu/rest/v1" }
rates = "retarus.csv"
poll_first = "1s"

[carriers.$alibaba]
type = "alibaba"
endpoint = "$alibaba_url"
access_key_id = "$login"
access_key_secret_file = "$secret_file"
sign_name = "阿里云"
promotions_at_night = true  # the simulator takes them
rates = "alibaba.csv"
poll_first = "1s"

# Has no rate card, so that an unknown price can be seen.
[carriers.$alibaba_intl]
type = "alibaba-globe"
endpoint = "$alibaba_url"
access_key_id = "$login"
access_key_secret_file = "$secret_file"
poll_first = "1s"

[[routes]]
name = "china"
match = { country = ["CN"] }
carriers = ["$alibaba"]

[[routes]]
name = "asia"
match = { country = ["HK", "JP", "MY", "SG", "TH", "VN"] }
carriers = ["$alibaba_intl"]

[[routes]]
name = "default"
carriers = ["$retarus"]
""")

_TABLES: Final = {
    "exchange.csv": """\
date,currency,rate
2026-01-02,CNY,7.8420
""",
    "retarus.csv": """\
prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume
,,,,0.095,EUR,,,
,DE,,,0.075,EUR,,,
,AT,,,0.082,EUR,,,
,GB,,,0.041,EUR,,,
""",
    "alibaba.csv": """\
prefix,country,mccmnc,class,price,currency,valid_from,valid_to,from_volume
,CN,,,0.045,CNY,,,
""",
}
"""Examples, not anybody's price list."""


def write(folder: Path, *, retarus_url: str, alibaba_url: str) -> Path:
    """Write the configuration with its tables and secrets; return the configuration's path.

    Args:
        folder: Where; the store will be there too.
        retarus_url: Base URL of the simulated Retarus.
        alibaba_url: Base URL of the simulated Alibaba Cloud.
    """
    for name, text in _TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    secret = folder / _SECRET_FILE
    secret.touch(mode=0o600)
    secret.write_text(LOGIN, encoding="utf-8")
    path = folder / "smppgw.toml"
    text = _CONFIG.substitute(
        store=STORE,
        currency=CURRENCY,
        system_id=SYSTEM_ID,
        password_hash=hash_password(PASSWORD),
        max_binds=MAX_BINDS,
        login=LOGIN,
        secret_file=_SECRET_FILE,
        retarus=RETARUS,
        retarus_url=retarus_url,
        alibaba=ALIBABA,
        alibaba_intl=ALIBABA_INTL,
        alibaba_url=alibaba_url,
    )
    path.write_text(text, encoding="utf-8")
    return path
