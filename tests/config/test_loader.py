"""Loading: every kind of fault, all at once, and nothing secret in any of them."""

import zoneinfo
from collections.abc import Callable
from pathlib import Path

import argon2
import pytest

from smppgw.carriers.alibaba.config import AlibabaGlobeConfig
from smppgw.carriers.retarus.config import RetarusConfig
from smppgw.config import secrets
from smppgw.config.faults import ConfigFaults, Fault
from smppgw.config.listen import Listen
from smppgw.config.loader import http_listen, load
from smppgw.config.settings import Settings
from smppgw.core.model import TrafficClass
from smppgw.ops.masks import hide_secrets
from smppgw.smpp.consts import BindType

Load = Callable[..., Settings]
RETARUS = '[carriers.loop]\ntype = "retarus"\nusername = "me"\n'
GLOBE = '[carriers.loop]\ntype = "alibaba-globe"\n'


def faults_of(load_text: Load, **parts: object) -> tuple[Fault, ...]:
    with pytest.raises(ConfigFaults) as caught:
        load_text(**parts)
    return caught.value.faults


def only_fault(load_text: Load, **parts: object) -> Fault:
    faults = faults_of(load_text, **parts)
    assert len(faults) == 1, faults
    return faults[0]


def account(password_hash: str, *lines: str) -> str:
    return "\n".join(['[[accounts]]\nsystem_id = "legacy"', f'password_hash = "{password_hash}"', *lines])


def test_five_different_faults_are_told_at_once(load_text: Load, password_hash: str) -> None:
    faults = faults_of(
        load_text,
        smpp='[smpp]\nlissten = "127.0.0.1:2775"\nenquire_link = "soon"',
        accounts=account(password_hash, 'allowed_ips = ["10.0.0.1/8"]'),
        carriers='[carriers.loop]\ntype = "retaurs"',
        routes='[[routes]]\nname = "default"\ncarriers = ["lop"]',
    )

    assert [fault.path for fault in faults] == [
        "smpp.enquire_link",
        "smpp.lissten",
        "accounts[legacy].allowed_ips[0]",
        "carriers.loop.type",
        "routes[default].carriers",
    ]


@pytest.mark.parametrize(
    ("parts", "path", "reason", "suggestion"),
    [
        ({"smpp": '[smpp]\nlissten = "x"'}, "smpp.lissten", "no known key", 'did you mean "listen"?'),
        ({"more": "[smmp]\n"}, "smmp", "no known section", 'did you mean "smpp"?'),
        ({"smpp": "smpp = 1"}, "smpp", "should be a table", ""),
        ({"smpp": '[smpp]\nlisten = "2775"'}, "smpp.listen[0]", "no address to listen on", ""),
        ({"smpp": '[smpp]\nlisten = "*:2775"'}, "smpp.listen[0]", "no valid host", ""),
        ({"smpp": "[smpp]\nlisten = []"}, "smpp.listen", "nor does tls_listen", ""),
        ({"smpp": '[smpp]\nlisten = ["127.0.0.1:1", "127.0.0.1:1"]'}, "smpp.listen", "2 times", ""),
        ({"smpp": '[smpp]\nlisten = "127.0.0.1:1"\nresponse = -1'}, "smpp.response", "greater than 0", ""),
        ({"smpp": '[smpp]\nlisten = "127.0.0.1:1"\nresponse = inf'}, "smpp.response", "finite", ""),
        ({"smpp": '[smpp]\nlisten = "127.0.0.1:1"\nresponse = true'}, "smpp.response", "not true or false", ""),
        ({"smpp": '[smpp]\nlisten = "127.0.0.1:1"\nsystem_id = "longer than it may"'}, "smpp.system_id", "15", ""),
        ({"more": '[store]\nurl = "postgresql://db/x"'}, "store.url", "SQLite only", ""),
        ({"more": '[store]\nurl = "sqlite:"'}, "store.url", "names no file", ""),
        ({"more": '[log]\nlevel = "loud"'}, "log.level", "'debug', 'info', 'warning' or 'error'", ""),
        ({"more": '[rates]\ncurrency = "euro"'}, "rates.currency", "pattern", ""),
        ({"more": '[rates]\nexchange = "none.csv"'}, "rates.exchange", "there is no file", ""),
        ({"accounts": ""}, "accounts", "there is none", ""),
        ({"accounts": "[accounts]"}, "accounts", "should be written as [[accounts]]", ""),
        ({"accounts": '[[accounts]]\nsystem_id = "legacy"'}, "accounts[legacy]", "has no password", "hash-password"),
        ({"routes": ""}, "routes", "there is none", ""),
        ({"routes": '[[routes]]\nname = "r"\ncarriers = []'}, "routes[r]", "names no carriers", ""),
        ({"routes": '[[routes]]\ncarriers = ["loop"]'}, "routes[#1].name", "is required", ""),
        ({"routes": '[[routes]]\nname = "r"\ncarriers = "lop"'}, "routes[r].carriers", "'lop'", '"loop"'),
        ({"routes": '[[routes]]\nname = "r"\ncarriers = ["loop", "loop"]'}, "routes[r].carriers", "twice", ""),
        ({"carriers": "[carriers.loop]"}, "carriers.loop.type", "is required", "retarus"),
        ({"carriers": '[carriers.loop]\ntype = "retaurs"'}, "carriers.loop.type", "no known type", '"retarus"'),
        ({"carriers": '[carriers]\nloop = "x"'}, "carriers.loop", "should be a table", ""),
        ({"carriers": '[carriers.loop]\ntype = "loopback"\nlingr = 1'}, "carriers.loop.lingr", "no known", '"linger"'),
        ({"carriers": RETARUS}, "carriers.loop", "password_file, credential or password", ""),
        ({"carriers": RETARUS + 'passwort = "x"\npassword = "x"'}, "carriers.loop.passwort", "", '"password"'),
        ({"carriers": RETARUS + 'password_file = "none"'}, "carriers.loop.password_file", "cannot read", ""),
        ({"carriers": RETARUS + 'credential = "none"'}, "carriers.loop.credential", "no credential 'none'", "LoadCred"),
        ({"carriers": RETARUS + 'credential = "../x"'}, "carriers.loop.credential", "plain name", ""),
        ({"carriers": RETARUS + 'credential = "x"\npassword = "x"'}, "carriers.loop", "only one of them", ""),
        ({"carriers": RETARUS + 'password = "x"\nrates = "none.csv"'}, "carriers.loop.rates", "there is no file", ""),
        (
            {"carriers": RETARUS + 'password = "x"\nbase_urls = { de3 = "https://x/" }'},
            "carriers.loop.base_urls.de3",
            "no known key",
            '"de',
        ),
        ({"carriers": GLOBE + 'access_key_id = "x"'}, "carriers.loop", "access_key_secret_file", ""),
        (
            {"carriers": GLOBE + 'access_key_id = "x"\naccess_key_secret = "y"\naccess_key_file = "k"'},
            "carriers.loop",
            "access_key_file holds the whole key",
            "",
        ),
    ],
)
def test_a_fault_has_its_path_its_reason_and_a_suggestion(
    load_text: Load, parts: dict[str, str], path: str, reason: str, suggestion: str
) -> None:
    fault = only_fault(load_text, **parts)

    assert fault.path == path
    assert reason in fault.reason
    assert suggestion in fault.suggestion


@pytest.mark.parametrize(
    ("line", "key", "reason"),
    [
        ('allowed_ips = ["10.0.0.1/8"]', "allowed_ips[0]", 'write "10.0.0.0/8"'),
        ('allowed_ips = ["ten"]', "allowed_ips[0]", "no network"),
        ("allowed_ips = []", "allowed_ips", "admits nobody"),
        ('bind_types = ["tranceiver"]', "bind_types[0]", "'transceiver'"),
        ('country = "de"', "country", 'write "DE"'),
        ('country = "XX"', "country", "no country"),
        ("max_binds = 0", "max_binds", "greater than or equal to 1"),
        ("max_binds = true", "max_binds", "not true or false"),
        ("max_binds_by_type = { receiver = 0 }", "max_binds_by_type.receiver", "greater than or equal to 1"),
        ("max_binds_by_type = { reciever = 1 }", "max_binds_by_type.reciever", "no known key"),
        ("max_binds_by_type = 2", "max_binds_by_type", "dictionary"),
        ("bind_rate = 0", "bind_rate", "greater than 0"),
        ('bind_rate = "often"', "bind_rate", 'write "50/s", "300/min"'),
        ("max_tps = 0", "max_tps", "greater than 0"),
        ('tps_counts = "segments"', "tps_counts", "'submits' or 'parts'"),
        ('default_alphabet = "ucs2"', "default_alphabet", "'gsm7', 'gsm7-packed', 'latin1', 'ascii' or 'utf8'"),
        ('data_codings = "gsm7"', "data_codings", "should be a table"),
        ("data_codings = {}", "data_codings", "should be a table"),
        ('data_codings = { 0 = "gsm7" }', "data_codings", "which is default_alphabet"),
        ('data_codings = { 256 = "gsm7" }', "data_codings", "'256' is no data_coding"),
        ('data_codings = { 0x100 = "gsm7" }', "data_codings", "'0x100' is no data_coding"),
        ('data_codings = { one = "gsm7" }', "data_codings", 'write "1" to "255"'),
        ('data_codings = { 1 = "gsm7", 0x01 = "latin1" }', "data_codings", "1 twice"),
        ('data_codings = { 1 = "latin-1" }', "data_codings", 'did you mean "latin1"?'),
        ('data_codings = { 1 = "binary" }', "data_codings", "'binary' is no alphabet"),
        ("data_codings = { 1 = 7 }", "data_codings", "7 is no alphabet"),
        ('receipt_profile = "nexmo"', "receipt_profile", "'jasmin', 'vonage', 'cm' or 'legacy-3.3'"),
        ('receipt_zone = "europe/berlin"', "receipt_zone", 'did you mean "Europe/Berlin"?'),
        ('receipt_zone = "/etc/localtime"', "receipt_zone", "is no time zone: "),
        ('receipt_zone = ""', "receipt_zone", "write an IANA name"),
        ('message_id = "uuid"', "message_id", "'decimal' or 'hex'"),
        ('traffic_class = "bulk"', "traffic_class", "otp, transactional, marketing"),
        ('validity = "two days"', "validity", "no duration"),
    ],
)
def test_a_fault_of_an_account_names_the_account(
    load_text: Load, password_hash: str, line: str, key: str, reason: str
) -> None:
    fault = only_fault(load_text, accounts=account(password_hash, line))

    assert fault.path == f"accounts[legacy].{key}"
    assert reason in fault.reason


def test_a_time_zone_needs_no_files_of_the_system(load_text: Load, password_hash: str) -> None:
    """As on a minimal host: the files of tzdata do."""
    zoneinfo.reset_tzpath(to=())
    try:
        settings = load_text(accounts=account(password_hash, 'receipt_zone = "Europe/Berlin"'))
        assert zoneinfo.ZoneInfo.no_cache(settings.accounts[0].receipt_zone).key == "Europe/Berlin"
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.parametrize(
    ("match", "key", "reason"),
    [
        ('{ account = "legasy" }', "match.account", "'legasy'"),
        ('{ country = ["CN", "XX"] }', "match.country[1]", "'XX'"),
        ('{ prefix = "49x" }', "match.prefix[0]", "no number prefix"),
        ('{ cuntry = "CN" }', "match.cuntry", "no known key"),
    ],
)
def test_a_fault_of_a_match_names_the_route(load_text: Load, match: str, key: str, reason: str) -> None:
    fault = only_fault(load_text, routes=f'[[routes]]\nname = "r"\ncarriers = ["loop"]\nmatch = {match}')

    assert fault.path == f"routes[r].{key}"
    assert reason in fault.reason


@pytest.mark.parametrize(
    ("line", "path", "reason"),
    [
        ('billcodes = { legasy = "B" }', "carriers.loop.billcodes", "there is no account 'legasy'"),
        ('blackout = { legasy = "20:00-08:00 UTC" }', "carriers.loop.blackout", "there is no account 'legasy'"),
        ('blackout = { legacy = "20:00-08:00" }', "carriers.loop.blackout.legacy", "is no window"),
    ],
)
def test_what_a_carrier_does_by_account_names_accounts_that_exist(
    load_text: Load, line: str, path: str, reason: str
) -> None:
    fault = only_fault(load_text, carriers=f'{RETARUS}password = "x"\n{line}')

    assert fault.path == path
    assert reason in fault.reason


def test_a_strategy_that_nobody_knows_is_a_fault(load_text: Load) -> None:
    fault = only_fault(load_text, routes='[[routes]]\nname = "r"\ncarriers = ["loop"]\nstrategy = "cheapest"')

    assert fault.path == "routes[r].strategy"
    assert fault.reason.startswith("should be one of failover, weighted, least-cost")


def test_two_accounts_of_one_name_are_a_fault(load_text: Load, password_hash: str) -> None:
    fault = only_fault(load_text, accounts=f"{account(password_hash)}\n{account(password_hash)}")

    assert fault.path == "accounts[legacy]"


def test_two_routes_of_one_name_are_a_fault(load_text: Load) -> None:
    route = '[[routes]]\nname = "r"\ncarriers = ["loop"]'

    fault = only_fault(load_text, routes=f'{route}\nmatch = {{ country = "DE" }}\n{route}')

    assert fault.path == "routes[r]"


def test_a_syntax_error_is_one_fault_with_its_line(load_text: Load) -> None:
    fault = only_fault(load_text, more="[gateway]\ndrain = 25s")

    assert "line 12" in fault.reason


def test_a_file_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults) as caught:
        load(tmp_path / "none.toml", {}, {})

    assert [fault.reason for fault in caught.value.faults] == ["cannot be read: No such file or directory"]


def test_a_file_that_is_no_text_is_one_fault(tmp_path: Path) -> None:
    file = tmp_path / "smppgw.toml"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigFaults) as caught:
        load(file, {}, {})

    assert [fault.reason for fault in caught.value.faults] == ["is not UTF-8 text (octet 0)"]


@pytest.mark.parametrize("value", ["hunter2", "$argon2id$v=19$nonsense", "$2b$12$aaaaaaaaaaaaaaaaaaaaaa"])
def test_a_password_hash_that_is_none_is_a_fault_without_its_value(load_text: Load, value: str) -> None:
    fault = only_fault(load_text, accounts=account(value))

    assert fault.path == "accounts[legacy].password_hash"
    assert value not in str(fault)


def test_an_account_with_two_passwords_is_a_fault(load_text: Load, password_hash: str) -> None:
    fault = only_fault(load_text, accounts=account(password_hash, 'password = "hunter2"'))

    assert "password_hash and password" in fault.reason


def test_an_account_without_password_still_shows_its_other_faults(load_text: Load) -> None:
    faults = faults_of(load_text, accounts='[[accounts]]\nsystem_id = "legacy"\nwindow = 0')

    assert [fault.path for fault in faults] == ["accounts[legacy]", "accounts[legacy].window"]


def test_a_rate_card_with_faults_names_file_and_line(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("prefix,price,currency\n49,cheap,EUR\n43,free,EUR\n")

    faults = faults_of(load_text, carriers='[carriers.loop]\ntype = "loopback"\nrates = "r.csv"')

    assert ["line 2" in faults[0].reason, "line 3" in faults[1].reason] == [True, True]


@pytest.mark.parametrize("key", ["password", "password_file", "credential"])
def test_a_plain_password_is_hashed(load_text: Load, tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("hunter2\n")
    value = "hunter2" if key == "password" else "file"

    settings = load_text(
        {"CREDENTIALS_DIRECTORY": str(tmp_path)},
        accounts=f'[[accounts]]\nsystem_id = "legacy"\n{key} = "{value}"',
    )

    assert argon2.PasswordHasher().verify(settings.accounts[0].password_hash.reveal(), "hunter2")


def test_a_file_may_hold_the_hash(load_text: Load, tmp_path: Path, password_hash: str) -> None:
    (tmp_path / "file").write_text(password_hash + "\n")

    settings = load_text(accounts='[[accounts]]\nsystem_id = "legacy"\npassword_file = "file"')

    assert settings.accounts[0].password_hash.reveal() == password_hash


@pytest.mark.parametrize(("content", "reason"), [(b"\n", "is empty"), (b"\xff", "not UTF-8"), (b"x" * 70_000, "long")])
def test_a_secret_file_that_holds_no_secret_is_a_fault(
    load_text: Load, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "file").write_bytes(content)

    fault = only_fault(load_text, accounts='[[accounts]]\nsystem_id = "legacy"\npassword_file = "file"')

    assert reason in fault.reason


@pytest.mark.parametrize("lines", ['password = "hunter2"', 'password_file = "file"', 'credential = "file"'])
def test_a_carriers_secret_is_filled_in_from_wherever_it_is(load_text: Load, tmp_path: Path, lines: str) -> None:
    (tmp_path / "file").write_text("hunter2\r\n")

    settings = load_text({"CREDENTIALS_DIRECTORY": str(tmp_path)}, carriers=RETARUS + lines)

    carrier = settings.carriers["loop"]
    assert isinstance(carrier, RetarusConfig)
    assert carrier.password is not None
    assert carrier.password.reveal() == "hunter2"


def test_inline_secrets_are_warnings(load_text: Load) -> None:
    settings = load_text(
        accounts='[[accounts]]\nsystem_id = "legacy"\npassword = "hunter2"',
        carriers=RETARUS + 'password = "hunter3"',
    )

    assert [warning.partition(" ")[0] for warning in settings.warnings] == [
        "accounts[legacy].password",
        "carriers.loop.password",
    ]


def test_the_net_under_the_logs_leaves_warnings_whole(load_text: Load) -> None:
    settings = load_text(carriers=RETARUS + 'password = "hunter3"')

    assert [hide_secrets(warning) for warning in settings.warnings] == list(settings.warnings)


def test_a_secret_is_in_no_fault_no_warning_and_no_repr(load_text: Load) -> None:
    accounts = '[[accounts]]\nsystem_id = "legacy"\npassword = "hunter2"'
    carriers = RETARUS + 'password = "hunter2"'

    faults = faults_of(load_text, accounts=accounts + "\nwindow = 0", carriers=carriers + "\nlingr = 1")
    settings = load_text(accounts=accounts, carriers=carriers)

    told = f"{faults!r} {ConfigFaults(faults)} {settings!r} {settings.warnings} {settings.accounts[0].model_dump()}"
    assert "hunter2" not in told
    assert "$argon2" not in told


def test_a_secret_of_the_wrong_type_is_a_fault_without_its_value(load_text: Load) -> None:
    fault = only_fault(load_text, carriers=RETARUS + "password = 424242")

    assert fault.path == "carriers.loop.password"
    assert "424242" not in str(fault)


ALIBABA_KEY = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "hunter2"}


def test_alibabas_keys_come_from_its_own_variables_where_the_file_has_none(load_text: Load) -> None:
    settings = load_text(ALIBABA_KEY | {"ALIBABA_CLOUD_SECURITY_TOKEN": "token"}, carriers=GLOBE)

    carrier = settings.carriers["loop"]
    assert isinstance(carrier, AlibabaGlobeConfig)
    secrets = [carrier.access_key_secret, carrier.security_token]
    assert [carrier.access_key_id, *(secret.reveal() for secret in secrets if secret)] == ["id", "hunter2", "token"]


def test_half_a_key_from_the_file_is_not_completed_from_the_environment(load_text: Load) -> None:
    fault = only_fault(load_text, environ=ALIBABA_KEY, carriers=GLOBE + 'access_key_id = "other"')

    assert fault.path == "carriers.loop"


def test_alibaba_without_any_key_is_told_where_to_put_it(load_text: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "find_spec", lambda _package: None)

    faults = faults_of(load_text, carriers=GLOBE)

    assert [fault.path for fault in faults] == ["carriers.loop.access_key_id", "carriers.loop.access_key_secret"]
    assert "smppgw[alibaba-credentials]" in faults[0].suggestion


def test_alibaba_without_any_key_leaves_it_to_the_credential_chain_where_that_is_installed(load_text: Load) -> None:
    settings = load_text(carriers=GLOBE)

    carrier = settings.carriers["loop"]
    assert isinstance(carrier, AlibabaGlobeConfig)
    assert (carrier.access_key_id, carrier.access_key_secret) == (None, None)


def test_half_a_key_in_the_environment_is_not_completed_by_the_credential_chain(load_text: Load) -> None:
    fault = only_fault(load_text, environ={"ALIBABA_CLOUD_ACCESS_KEY_ID": "id"}, carriers=GLOBE)

    assert fault.path == "carriers.loop.access_key_secret"


def test_a_key_file_stands_for_the_whole_key(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "key.json").touch()

    settings = load_text(environ=ALIBABA_KEY, carriers=GLOBE + 'access_key_file = "key.json"')

    carrier = settings.carriers["loop"]
    assert isinstance(carrier, AlibabaGlobeConfig)
    assert (carrier.access_key_file, carrier.access_key_id) == (tmp_path / "key.json", None)


def test_the_environment_overrides_keys_of_tables(load_text: Load) -> None:
    environ = {
        "SMPPGW__SMPP__LISTEN": '["127.0.0.1:1", "[::1]:2"]',
        "SMPPGW__SMPP__ENQUIRE_LINK": "5s",
        "SMPPGW__SMPP__REQUIRE_PROTECTION": "true",
        "SMPPGW__GATEWAY__DRAIN": "1m",
        "SMPPGW__CARRIERS__LOOP_BACK__FINAL_DELAY": "3s",
        "OTHER": "x",
    }

    settings = load_text(
        environ,
        carriers='[carriers.loop-back]\ntype = "loopback"',
        routes='[[routes]]\nname = "r"\ncarriers = ["loop-back"]',
    )

    assert settings.smpp.listen == (Listen("127.0.0.1", 1), Listen("::1", 2))
    assert settings.smpp.enquire_link == 5
    assert settings.smpp.require_protection
    assert settings.gateway.drain == 60
    assert settings.carriers["loop-back"].model_dump()["final_delay"] == 3


def test_a_fault_from_the_environment_names_the_variable(load_text: Load) -> None:
    fault = only_fault(load_text, environ={"SMPPGW__GATEWAY__DRAIN": "soon"})

    assert fault.path == "gateway.drain"
    assert fault.reason.endswith("set by SMPPGW__GATEWAY__DRAIN")


@pytest.mark.parametrize(
    ("variable", "reason"),
    [
        ("SMPPGW__SMPP", "names no key"),
        ("SMPPGW__SMPP__", "names no key"),
        ("SMPPGW__ACCOUNTS__WINDOW", "are a list"),
        ("SMPPGW__SMPP__LISTEN__PORT", "not a table"),
    ],
)
def test_a_variable_that_cannot_override_is_a_fault(load_text: Load, variable: str, reason: str) -> None:
    fault = only_fault(load_text, environ={variable: "1"})

    assert fault.path == variable
    assert reason in fault.reason


def test_relative_paths_start_at_the_files_folder(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("prefix,price,currency\n49,0.1,EUR\n")
    (tmp_path / "e.csv").write_text("date,currency,rate\n2026-01-02,USD,1.1\n")

    settings = load_text(
        carriers='[carriers.loop]\ntype = "loopback"\nrates = "r.csv"',
        more='[rates]\nexchange = "e.csv"\n[store]\nurl = "sqlite:data/x.db"',
    )

    assert settings.store.path == tmp_path / "data" / "x.db"
    assert settings.rates.exchange == tmp_path / "e.csv"
    assert settings.carriers["loop"].model_dump()["rates"] == tmp_path / "r.csv"


def test_an_absolute_store_stays_where_it_is(load_text: Load) -> None:
    settings = load_text(more='[store]\nurl = "sqlite:///var/lib/x.db"')

    assert settings.store.path == Path("/var/lib/x.db")


def test_an_account_takes_the_gateways_assembly_unless_it_has_its_own(load_text: Load, password_hash: str) -> None:
    own = f'[[accounts]]\nsystem_id = "own"\npassword_hash = "{password_hash}"\nassembly = "5s"'

    settings = load_text(accounts=f"{account(password_hash)}\n{own}", more='[gateway]\nassembly = "60s"')

    assert [each.assembly for each in settings.accounts] == [60, 5]


def test_defaults_are_those_of_the_contract(load_text: Load) -> None:
    settings = load_text()

    smpp, account = settings.smpp, settings.accounts[0]
    assert (smpp.session_init, smpp.pdu_read, smpp.enquire_link, smpp.inactivity, smpp.response) == (
        10, 10, 30, 300, 60,
    )  # fmt: skip
    assert (smpp.receipt_window, smpp.max_pdu) == (10, 68 * 1024)
    assert (settings.gateway.drain, settings.gateway.assembly) == (25, 120)
    assert (settings.store.messages_retention, settings.store.receipts_retention) == (30 * 86400, 7 * 86400)
    assert settings.http.listen == Listen("127.0.0.1", 9775)
    assert (account.max_binds, account.max_tps, account.window, account.allowed_ips) == (4, 100, 100, None)
    assert account.bind_types == (BindType.TRANSMITTER, BindType.RECEIVER, BindType.TRANSCEIVER)
    assert (account.validity, account.traffic_class) == (48 * 3600, TrafficClass.TRANSACTIONAL)


@pytest.mark.parametrize(
    ("listen", "allowed_ips", "warns"),
    [
        ("0.0.0.0:2775", "", True),
        ("gateway.example:2775", "", True),
        ("[::]:2775", "", True),
        ("0.0.0.0:2775", 'allowed_ips = ["10.0.0.0/8"]', False),
        ("127.0.0.5:2775", "", False),
        ("[::1]:2775", "", False),
        ("localhost:2775", "", False),
    ],
)
def test_a_listener_that_others_reach_without_allow_lists_is_a_warning(
    load_text: Load, password_hash: str, listen: str, allowed_ips: str, warns: bool
) -> None:
    settings = load_text(smpp=f'[smpp]\nlisten = "{listen}"', accounts=account(password_hash, allowed_ips))

    assert any(warning.startswith("smpp.listen is open: ") for warning in settings.warnings) is warns


def test_such_a_listener_is_a_fault_where_protection_is_required(load_text: Load) -> None:
    fault = only_fault(load_text, smpp='[smpp]\nlisten = "0.0.0.0:2775"\nrequire_protection = true')

    assert fault.path == "smpp.listen"
    assert "legacy" in fault.reason


def test_the_health_check_reads_http_alone(tmp_path: Path) -> None:
    file = tmp_path / "smppgw.toml"
    file.write_text('[http]\nlisten = "127.0.0.1:1234"\n[smpp]\nlissten = "x"\n')

    listen = http_listen(file, {"SMPPGW__HTTP__LISTEN": "[::1]:4321"})

    assert str(listen) == "[::1]:4321"


def test_the_health_check_tells_faults_of_http(tmp_path: Path) -> None:
    file = tmp_path / "smppgw.toml"
    file.write_text('[http]\nlisten = "nowhere"\n')

    with pytest.raises(ConfigFaults) as caught:
        http_listen(file, {})

    assert [fault.path for fault in caught.value.faults] == ["http.listen"]


@pytest.mark.parametrize(
    ("rule", "key", "reason"),
    [
        ('{ traffic_class = "otp" }', "classes[0]", "fits everything"),
        ('{ traffic_class = "otp", priority = 4 }', "classes[0].priority", "less than or equal to 3"),
        ('{ traffic_class = "otp", tlv = "0x1501=0" }', "classes[0].tlv", "is no parameter"),
        ('{ traffic_class = "otp", tlv = "0x0204" }', "classes[0].tlv", "no tag of a vendor's own"),
        ('{ traffic_class = "urgent", priority = 1 }', "classes[0].traffic_class", "should be one of"),
    ],
)
def test_a_fault_of_a_class_names_the_account(
    load_text: Load, password_hash: str, rule: str, key: str, reason: str
) -> None:
    fault = only_fault(load_text, accounts=account(password_hash, f"classes = [{rule}]"))

    assert fault.path == f"accounts[legacy].{key}"
    assert reason in fault.reason
