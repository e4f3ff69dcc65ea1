"""What the configuration says is what workers go by."""

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from smppgw import app
from smppgw.app import policies
from smppgw.core.bind_rates import BindRate
from smppgw.core.budgets import AtLimit, Period, Scope
from smppgw.core.ids import IdForm
from smppgw.core.model import Cost, TrafficClass
from smppgw.core.pumping import Kind, Limit, PumpingRules
from smppgw.core.routing.rules import candidates
from smppgw.smpp.consts import BindType
from smppgw.smpp.dialects import DIALECTS
from smppgw.smpp.text import Alphabet, alphabets
from smppgw.workers.reception import SERVES
from tests.app.conftest import HASH, Load
from tests.core.routing.asking import routed

NOW = 1_700_000_000.0


def test_an_account_becomes_a_policy(load_text: Load) -> None:
    settings = load_text(
        accounts=f"""[[accounts]]
system_id = "legacy"
password_hash = "{HASH}"
allowed_ips = ["10.0.0.0/8"]
max_binds = 3
max_binds_by_type.transmitter = 2
bind_types = ["transmitter"]
bind_rate = "6/min"
max_tps = 7
tps_counts = "parts"
window = 9
country = "DE"
default_alphabet = "latin1"
data_codings.1 = "gsm7"
data_codings.0xF4 = "utf8"
message_id = "hex"
multi_message_id = "each"
receipt_profile = "cm"
receipt_zone = "Europe/Berlin"
receipt_pdu = "data_sm"
validity = "2h"
traffic_class = "otp"
assembly = "30s"
missing_parts = "send"
duplicates = "30s"
""",
        more='[[content]]\nname = "links"\nlinks = []',
    )

    policy = policies.account_policies(settings)["legacy"]

    assert policy.password_hash == HASH
    assert policy.allowed_networks == (ip_network("10.0.0.0/8"),)
    assert (policy.max_binds, policy.bind_types) == (3, frozenset({BindType.TRANSMITTER}))
    assert policy.max_binds_by_type == {BindType.TRANSMITTER: 2}
    assert policy.bind_rate == BindRate(per_s=0.1, burst=30.0)  # ten times max_binds
    assert (policy.max_tps, policy.window, policy.country) == (7.0, 9, "DE")
    assert policy.counts_parts
    assert policy.alphabets == alphabets(Alphabet.LATIN1, {1: Alphabet.GSM7, 0xF4: Alphabet.UTF8})
    assert policy.id_form is IdForm.HEX
    assert policy.dialect == replace(DIALECTS["cm"], zone=ZoneInfo("Europe/Berlin"))
    assert policy.receipts_as_data_sm
    assert policy.multi_ids_apart
    assert policy.send_incomplete
    assert policy.screens is not None
    assert (policy.screens.duplicates_s, len(policy.screens.content)) == (30.0, 1)
    assert (policy.validity_s, policy.assembly_s, policy.traffic_class) == (7200.0, 30.0, TrafficClass.OTP)


def test_an_account_may_wait_for_parts_as_long_as_the_gateway_says(load_text: Load) -> None:
    settings = load_text(more='[gateway]\nassembly = "45s"')

    assert policies.account_policies(settings)["legacy"].assembly_s == 45.0


def test_an_account_that_says_nothing_is_screened_for_nothing(load_text: Load) -> None:
    assert policies.account_policies(load_text())["legacy"].screens is None


OUTBIND = f"""[[accounts]]
system_id = "legacy"
password_hash = "{HASH}"
outbind = "esme.example.com:2776"
"""


def test_an_account_that_wants_to_be_called_is_a_callee(load_text: Load) -> None:
    own = 'outbind_system_id = "GATE"\noutbind_password = "hush"\noutbind_tls = true'

    callee = policies.callees(load_text(accounts=OUTBIND + own).accounts)["legacy"]

    assert (callee.host, callee.port, callee.system_id) == ("esme.example.com", 2776, "GATE")
    assert callee.password.reveal() == "hush"
    assert callee.tls is not None
    assert "hush" not in repr(callee)


def test_a_callee_is_told_no_password_and_is_called_in_clear_unless_it_is_said(load_text: Load) -> None:
    callee = policies.callees(load_text(accounts=OUTBIND).accounts)["legacy"]

    assert (callee.system_id, callee.password.reveal(), callee.tls) == ("", "", None)


def test_who_does_not_want_to_be_called_is_no_callee(load_text: Load) -> None:
    assert policies.callees(load_text().accounts) == {}


def test_the_first_matching_route_is_taken(load_text: Load) -> None:
    settings = load_text(
        carriers='[carriers.loop]\ntype = "loopback"\n[carriers.other]\ntype = "loopback"',
        routes="""[[routes]]
name = "special"
match = { account = ["legacy"], country = ["CN"], prefix = ["+86"], sender = ["AC*"] }
carriers = ["other", "loop"]
[[routes]]
name = "default"
carriers = ["loop"]""",
    )

    router = policies.router(settings.routes)

    special = router.rule_for(routed("legacy", "CN", "8613800000000", "ACME"), NOW)
    others = [
        router.rule_for(message, NOW)
        for message in (
            routed("else", "CN", "8613800000000", "ACME"),
            routed("legacy", "DE", "8613800000000", "ACME"),
            routed("legacy", "CN", "491710000000", "ACME"),
            routed("legacy", "CN", "8613800000000", "X"),
        )
    ]
    assert special is not None
    assert (special.name, special.candidates) == ("special", candidates("other", "loop"))
    assert [rule.name for rule in others if rule] == ["default"] * 4


def test_sessions_keep_the_times_of_the_file(load_text: Load) -> None:
    settings = load_text(
        smpp="""[smpp]
listen = "127.0.0.1:0"
system_id = "ME"
session_init = "1s"
pdu_read = "2s"
enquire_link = "3s"
inactivity = "4s"
response = "5s"
receipt_window = 6
max_pdu = 5000
protocol_errors_per_min = 8
"""
    )

    made = policies.session_settings(settings)

    assert (made.system_id, made.session_init_s, made.pdu_read_s, made.enquire_link_s) == ("ME", 1.0, 2.0, 3.0)
    assert (made.inactivity_s, made.response_s, made.window_out) == (4.0, 5.0, 6)
    assert (made.max_octets, made.protocol_errors_per_min) == (5000, 8)


def test_an_address_may_bind_as_often_as_the_file_says(load_text: Load) -> None:
    settings = load_text(smpp='[smpp]\nlisten = "127.0.0.1:0"\nbind_rate_per_ip = "120/min"')

    assert policies.bind_rate(settings) == BindRate(per_s=2.0, burst=120.0)


def test_sessions_serve_all_that_is_answered(load_text: Load) -> None:
    assert policies.session_settings(load_text()).serves == SERVES


def test_prices_come_from_the_cards_and_the_exchange_rates(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "card.csv").write_text("\ufeffprefix,price,currency\n49,0.1,USD\n", encoding="utf-8")
    (tmp_path / "rates.csv").write_text("date,currency,rate\n2023-01-01,USD,1.25\n", encoding="utf-8")
    settings = load_text(
        carriers='[carriers.loop]\ntype = "loopback"\nrates = "card.csv"\n[carriers.other]\ntype = "loopback"',
        more='[rates]\nexchange = "rates.csv"',
    )

    prices = app.read(settings.source, {}).prices

    assert prices.of("loop", "491710000001", "DE", TrafficClass.OTP, 1, NOW, 0) == Cost(100_000, "USD", 80_000)
    assert prices.of("other", "491710000001", "DE", TrafficClass.OTP, 1, NOW, 0) is None


def test_an_account_tells_classes_by_its_rules(load_text: Load) -> None:
    settings = load_text(
        accounts=f"""[[accounts]]
system_id = "legacy"
password_hash = "{HASH}"
classes = [{{ tlv = "0x1501=01", text = ["*code*"], priority = 2, service_type = "OTP", traffic_class = "otp" }}]"""
    )

    (rule,) = policies.account_policies(settings)["legacy"].classes

    assert rule.traffic_class is TrafficClass.OTP
    assert rule.fits("OTP", 2, bytes.fromhex("1501000101"), "your code is 1")
    assert not rule.fits("OTP", 2, bytes.fromhex("1501000101"), "hello")


def test_budgets_of_accounts_and_carriers_begin_in_one_zone(load_text: Load) -> None:
    monthly = 'budgets = [{ period = "month", limit = "9 EUR", status = "0x400" }]'
    daily = 'budgets = [{ period = "day", limit = "5 EUR", at_limit = "hold", warn = 70 }]'
    settings = load_text(
        accounts=f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{HASH}"\n{daily}',
        carriers=f'[carriers.loop]\ntype = "loopback"\n{monthly}',
        more='[rates]\nbudget_zone = "Europe/Berlin"',
    )

    of_account, of_carrier = policies.budgets(settings)

    assert (of_account.scope, of_account.name, of_account.period) == (Scope.ACCOUNT, "legacy", Period.DAY)
    assert (of_account.limit, of_account.at_limit, of_account.warn_pct) == (5_000_000, AtLimit.HOLD, 70)
    assert (of_carrier.scope, of_carrier.name, of_carrier.period) == (Scope.CARRIER, "loop", Period.MONTH)
    assert (of_carrier.limit, of_carrier.status) == (9_000_000, 0x400)
    assert {of_account.zone, of_carrier.zone} == {ZoneInfo("Europe/Berlin")}


def test_an_account_is_watched_for_pumping_by_its_rules(load_text: Load) -> None:
    settings = load_text(
        accounts=f"""[[accounts]]
system_id = "legacy"
password_hash = "{HASH}"
countries = "DE"
[accounts.pumping]
allowed_prefixes = "+4930"
watch_from = "0.10 EUR"
prefix_spend = ["1 EUR/h", "3 EUR/d"]
prefix_messages = "100/h"
country_spend = "8 EUR/d"
block_for = "6h"
status = 0x400"""
    )

    policy = policies.account_policies(settings)["legacy"]

    assert policy.countries == frozenset({"DE"})
    assert policy.pumping == PumpingRules(
        allowed=("4930",),
        watch_from=100_000,
        prefix_limits=(
            Limit(Kind.SPEND, 1_000_000, 3600.0),
            Limit(Kind.SPEND, 3_000_000, 86_400.0),
            Limit(Kind.MESSAGES, 100, 3600.0),
        ),
        country_limits=(Limit(Kind.SPEND, 8_000_000, 86_400.0),),
        block_s=6 * 3600.0,
        status=0x400,
    )
