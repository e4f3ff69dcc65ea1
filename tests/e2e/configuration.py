"""Configurations of the daemon under test: loopback only, every port chosen by the system."""

SYSTEM_ID = "legacy"
PASSWORD = "secret"
LOGIN = "smppgw"
"""Name and password at every simulated carrier."""

_LISTENERS = """
[smpp]
listen = "127.0.0.1:0"
{smpp}
[http]
listen = "127.0.0.1:0"
{http}
[store]
url = "{store}"
[log]
format = "json"
"""

_ACCOUNT = """
[[accounts]]
system_id = "{system_id}"
password = "{password}"
country = "DE"
{account}
"""

_RETARUS = """
[carriers.retarus]
type = "retarus"
username = "{login}"
password = "{login}"
base_urls = {{ de2 = "{url}/de2/rest/v1", de1 = "{url}/de1/rest/v1", eu = "{url}/eu/rest/v1" }}
poll_first = "{poll_first}"
{carrier}
[[routes]]
name = "default"
carriers = ["retarus"]
"""

_ALIBABA = """
[carriers.alibaba]
type = "alibaba"
endpoint = "{url}"
access_key_id = "{login}"
access_key_secret = "{login}"
sign_name = "阿里云"
poll_first = "{poll_first}"
{mainland}
[carriers.alibaba-intl]
type = "alibaba-globe"
endpoint = "{url}"
poll_first = "{poll_first}"
{intl_key}
{intl}
[[routes]]
name = "china"
match = {{ country = ["CN"] }}
carriers = ["alibaba"]
[[routes]]
name = "asia"
match = {{ country = ["SG"] }}
carriers = ["alibaba-intl"]
"""


KEY = f"""
access_key_id = "{LOGIN}"
access_key_secret = "{LOGIN}"
"""
"""Lines of the only key that the simulated Alibaba Cloud knows from the start."""


def configuration(
    *,
    retarus: str,
    alibaba: str | None = None,
    smpp: str = "",
    account: str = "max_tps = 100000",
    carrier: str = "",
    mainland: str = "",
    poll_first: str = "0.3s",
    store: str = "sqlite:gateway.db",
    http: str = "",
    intl: str = "",
    intl_key: str = KEY,
) -> str:
    """Write a configuration.

    Args:
        retarus: Base URL of the simulator.
        alibaba: Base URL of the simulator of mainland and international messages; None: no such carriers.
        smpp: More lines of [smpp].
        account: More lines of the account.
        carrier: More lines of [carriers.retarus].
        mainland: More lines of [carriers.alibaba].
        poll_first: When carriers are asked first.
        store: URL of the store.
        http: More lines of [http].
        intl: More lines of [carriers.alibaba-intl].
        intl_key: The lines of its key.
    """
    return "".join((
        _LISTENERS.format(smpp=smpp, store=store, http=http),
        _ACCOUNT.format(system_id=SYSTEM_ID, password=PASSWORD, account=account),
        ""
        if alibaba is None
        else _ALIBABA.format(
            url=alibaba, login=LOGIN, mainland=mainland, intl_key=intl_key, intl=intl, poll_first=poll_first
        ),
        _RETARUS.format(url=retarus, login=LOGIN, carrier=carrier, poll_first=poll_first),
    ))  # fmt: skip


def configuration_of(carrier: str) -> str:
    """Write a configuration with one carrier of the name ``acme``; its section is given whole."""
    return "".join((
        _LISTENERS.format(smpp="", http="", store="sqlite:gateway.db"),
        _ACCOUNT.format(system_id=SYSTEM_ID, password=PASSWORD, account="max_tps = 100000"),
        '[[routes]]\nname = "default"\ncarriers = ["acme"]\n',
        carrier,
    ))  # fmt: skip
