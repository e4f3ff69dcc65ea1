"""Metrics: the promised names and labels, and no way for a peer to add a series."""

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from smppgw.carriers.http import CallOutcome, Operation
from smppgw.core import pumping
from smppgw.core.model import DropKind, Outcome, Stage, TrafficClass
from smppgw.core.screening import Kind
from smppgw.ops import labels
from smppgw.ops.metrics import Metrics
from smppgw.smpp.consts import BindType, CommandId, CommandStatus
from smppgw.smpp.events import EndReason, Fault
from smppgw.smpp.receipt import Stat
from smppgw.workers.outbind import CallResult
from smppgw.workers.routes import RouteResult
from tests.ops.promlint import lint

PROMISED: dict[str, tuple[str, frozenset[str]]] = {
    "build_info": ("gauge", frozenset({"version", "python", "store"})),
    "smpp_sessions": ("gauge", frozenset({"account", "bind_type"})),
    "account_expected_bound": ("gauge", frozenset({"account"})),
    "smpp_binds": ("counter", frozenset({"account", "bind_type", "result"})),
    "outbinds": ("counter", frozenset({"account", "result"})),
    "smpp_disconnects": ("counter", frozenset({"account", "reason"})),
    "smpp_pdus": ("counter", frozenset({"direction", "command"})),
    "smpp_pdu_errors": ("counter", frozenset({"kind"})),
    "smpp_submits": ("counter", frozenset({"account", "status"})),
    "smpp_submit_response_seconds": ("histogram", frozenset()),
    "smpp_throttled": ("counter", frozenset({"account", "limit"})),
    "filtered": ("counter", frozenset({"account", "kind"})),
    "parts_saved": ("counter", frozenset({"account"})),
    "fraud_blocks": ("counter", frozenset({"account", "kind"})),
    "smpp_window_used": ("gauge", frozenset({"account"})),
    "messages": ("counter", frozenset({"account", "carrier"})),
    "parts": ("counter", frozenset({"account", "carrier"})),
    "messages_finished": ("counter", frozenset({"account", "carrier", "state"})),
    "queue_messages": ("gauge", frozenset({"stage"})),
    "queue_oldest_age_seconds": ("gauge", frozenset({"stage"})),
    "delivery_seconds": ("histogram", frozenset({"carrier"})),
    "route_decisions": ("counter", frozenset({"rule", "result"})),
    "route_drops": ("counter", frozenset({"rule", "carrier", "reason"})),
    "part_price": ("summary", frozenset({"carrier", "class"})),
    "carrier_delivery_ratio": ("gauge", frozenset({"carrier", "class"})),
    "carrier_latency_seconds": ("gauge", frozenset({"carrier", "class"})),
    "carrier_requests": ("counter", frozenset({"carrier", "operation", "outcome"})),
    "carrier_request_seconds": ("histogram", frozenset({"carrier", "operation"})),
    "carrier_batch_messages": ("histogram", frozenset({"carrier"})),
    "carrier_state": ("gauge", frozenset({"carrier", "state"})),
    "carrier_paused": ("gauge", frozenset({"carrier", "cause"})),
    "status_poll_lag_seconds": ("gauge", frozenset({"carrier"})),
    "doubts_ended": ("counter", frozenset({"carrier", "ending"})),
    "reconciliation_parts": ("gauge", frozenset({"carrier", "side"})),
    "receipts": ("counter", frozenset({"account", "stat"})),
    "receipts_pending": ("gauge", frozenset({"account"})),
    "receipts_oldest_age_seconds": ("gauge", frozenset({"account"})),
    "receipts_unmatched": ("counter", frozenset({"carrier"})),
    "pushes": ("counter", frozenset({"carrier", "result"})),
    "inbound_messages": ("counter", frozenset({"account", "carrier"})),
    "budget_used_ratio": ("gauge", frozenset({"scope", "name", "period"})),
    "budget_refused": ("counter", frozenset({"scope", "name", "period"})),
    "cost": ("counter", frozenset({"account", "carrier", "currency"})),
    "cost_corrections": ("counter", frozenset({"account", "carrier", "currency", "direction"})),
    "messages_passed_on": ("counter", frozenset({"carrier"})),
    "store_commit_seconds": ("histogram", frozenset()),
    "store_commit_rows": ("histogram", frozenset()),
    "store_bytes": ("gauge", frozenset()),
    "event_loop_lag_seconds": ("histogram", frozenset()),
    "config_last_reload_successful": ("gauge", frozenset()),
    "config_last_reload_timestamp_seconds": ("gauge", frozenset()),
}


class Books:
    """Metrics of a small installation, read back the way Prometheus does."""

    def __init__(self) -> None:
        self.metrics = Metrics(
            CollectorRegistry(),
            accounts=["legacy", "other"],
            carriers=["retarus", "alibaba"],
            currency="EUR",
            version="1.2.3",
            store="sqlite",
        )

    def samples(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        families = text_string_to_metric_families(self.metrics.exposition().decode())
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
            if sample.name.startswith("smppgw_")
        }

    def value(self, name: str, **labelled: str) -> float | None:
        return self.samples().get((f"smppgw_{name}", frozenset(labelled.items())))


@pytest.fixture
def books() -> Books:
    return Books()


def touch_everything(metrics: Metrics, stranger: str) -> None:
    """Call every method with names that no list holds."""
    metrics.bind(stranger, stranger, stranger)
    metrics.disconnect(stranger, stranger)
    metrics.may_outbind(stranger)
    metrics.outbind(stranger, stranger)
    metrics.pdus("in", {stranger: 1})
    metrics.pdus("out", {stranger: 1})
    metrics.pdu_error(stranger)
    metrics.submit(stranger, stranger, 0.1)
    metrics.throttled(stranger, stranger)
    metrics.accepted(stranger, stranger, 1)
    metrics.finished(stranger, stranger, stranger, 1.0)
    metrics.called(stranger, stranger, stranger, 0.1)
    metrics.batch(stranger, 1)
    metrics.doubts_ended(stranger, stranger, 1)
    metrics.receipt(stranger, stranger)
    metrics.unmatched(stranger)
    metrics.push(stranger, stranger)
    metrics.inbound(stranger, stranger)
    metrics.cost(stranger, stranger, 1)
    metrics.budget_used(stranger, stranger, stranger, 1.0)
    metrics.budget_refused(stranger, stranger, stranger)
    metrics.priced(stranger, stranger, 1)
    metrics.decisions({(stranger, stranger): 1})
    metrics.drops({(stranger, stranger, stranger): 1})
    metrics.standings({(stranger, stranger): (1.0, 1.0)})
    metrics.cost_corrected(stranger, stranger, 1)
    metrics.passed_on(stranger)
    metrics.expected_bound(stranger, expected=True)
    metrics.sessions(stranger, stranger, 1)
    metrics.window_used(stranger, 1)
    metrics.queue(stranger, 1, 1.0)
    metrics.receipts_pending(stranger, 1, 1.0)
    metrics.circuit(stranger, stranger)
    metrics.poll_lag(stranger, 1.0)
    metrics.reconciled(stranger, ours=1, theirs=1)


def test_every_promised_metric_is_there_with_its_type_and_labels(books: Books) -> None:
    touch_everything(books.metrics, "legacy")
    books.metrics.know_budgets([("account", "legacy", "day")])
    books.metrics.reconciled("alibaba", ours=1, theirs=1)
    books.metrics.standings({("alibaba", "otp"): (0.9, 4.0)})
    families = {
        family.name.removeprefix("smppgw_"): family
        for family in text_string_to_metric_families(books.metrics.exposition().decode())
        if family.name.startswith("smppgw_")
    }

    shown = {
        name: (family.type, frozenset(key for sample in family.samples for key in sample.labels) - {"le"})
        for name, family in families.items()
    }

    assert shown == PROMISED


def test_names_types_and_units_are_as_prometheus_wants_them(books: Books) -> None:
    touch_everything(books.metrics, "legacy")

    assert lint(books.metrics.exposition().decode()) == []


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("# HELP x_total x\n# TYPE x_total gauge\nx_total 1", "counter without _total, or no counter with it"),
        ("# HELP x x\n# TYPE x counter\nx 1", "counter without _total, or no counter with it"),
        ("# TYPE x gauge\nx 1", "no help"),
        ("# HELP x_count x\n# TYPE x_count gauge\nx_count 1", "part of a histogram"),
        ("# HELP x_gauge x\n# TYPE x_gauge gauge\nx_gauge 1", "type in its name"),
        ("# HELP x_ms x\n# TYPE x_ms gauge\nx_ms 1", "base unit"),
        ("# HELP boundCount x\n# TYPE boundCount gauge\nboundCount 1", "capital"),
        ('# HELP x x\n# TYPE x gauge\nx{le="1"} 1', "label of a histogram"),
    ],
)
def test_what_prometheus_does_not_want_is_found(lines: str, fault: str) -> None:
    """So that its silence above means something; promtool 2.42 says the same."""
    [found] = lint(lines + "\n")

    assert fault in found


def test_what_the_process_costs_is_there_too(books: Books) -> None:
    text = books.metrics.exposition().decode()

    assert "process_resident_memory_bytes" in text
    assert "python_gc_objects_collected_total" in text


@pytest.mark.parametrize(
    ("name", "buckets"),
    [
        ("smpp_submit_response_seconds", ".0005 .001 .0025 .005 .01 .025 .05 .1 .25 .5 1 2.5"),
        ("carrier_request_seconds", ".05 .1 .25 .5 1 2.5 5 10 30"),
        ("delivery_seconds", "1 2.5 5 10 30 60 120 300 900 3600 14400 43200 86400 172800"),
        ("carrier_batch_messages", "1 2 5 10 20 50 100 200 500 1000"),
    ],
)
def test_buckets_are_the_promised_ones(books: Books, name: str, buckets: str) -> None:
    bounds = {float(dict(labelled)["le"]) for sample, labelled in books.samples() if sample == f"smppgw_{name}_bucket"}

    assert bounds == {*map(float, buckets.split()), float("inf")}


def test_a_thousand_strangers_add_no_series(books: Books) -> None:
    touch_everything(books.metrics, "stranger")
    series = len(books.samples())

    for number in range(1000):
        touch_everything(books.metrics, f'stranger{number}"\n\\')

    assert len(books.samples()) == series
    assert "stranger" not in books.metrics.exposition().decode()


def test_strangers_do_not_make_the_process_grow(books: Books) -> None:
    touch_everything(books.metrics, "stranger")
    kept = len(books.metrics._binds._children)

    for number in range(100):
        touch_everything(books.metrics, f"stranger{number}")

    assert len(books.metrics._binds._children) == kept


def test_budgets_are_shown_while_they_are_configured(books: Books) -> None:
    day, hour = ("account", "legacy", "day"), ("carrier", "retarus", "hour")
    labelled = [dict(zip(("scope", "name", "period"), one, strict=True)) for one in (day, hour)]
    books.metrics.know_budgets([day, hour])
    books.metrics.budget_used(*day, 0.5)
    books.metrics.budget_refused(*day)

    books.metrics.know_budgets([hour])

    assert [books.samples().get(("smppgw_budget_used_ratio", frozenset(one.items()))) for one in labelled] == [None, 0]
    assert [books.samples()["smppgw_budget_refused_total", frozenset(one.items())] for one in labelled] == [1, 0]


def test_pdu_totals_of_unlisted_commands_share_one_series(books: Books) -> None:
    books.metrics.pdus("in", {"new_command": 2})
    books.metrics.pdus("in", {"newer_command": 3})

    assert books.value("smpp_pdus_total", direction="in", command="other") == 5


@pytest.mark.parametrize(
    ("act", "name", "labelled", "value"),
    [
        (
            lambda m: m.bind("legacy", "transceiver", "ok"),
            "smpp_binds_total",
            {"account": "legacy", "bind_type": "transceiver", "result": "ok"},
            1,
        ),
        (
            lambda m: m.bind("stranger", "transceiver", "credentials"),
            "smpp_binds_total",
            {"account": "_unknown", "bind_type": "transceiver", "result": "credentials"},
            1,
        ),
        (
            lambda m: m.outbind("legacy", "no_bind"),
            "outbinds_total",
            {"account": "legacy", "result": "no_bind"},
            1,
        ),
        (lambda m: m.may_outbind("legacy"), "outbinds_total", {"account": "legacy", "result": "bound"}, 0),
        (
            lambda m: m.submit("legacy", "ESME_ROK", 0.002),
            "smpp_submits_total",
            {"account": "legacy", "status": "ESME_ROK"},
            1,
        ),
        (lambda m: m.submit("legacy", "ESME_ROK", 0.002), "smpp_submit_response_seconds_sum", {}, 0.002),
        (
            lambda m: m.accepted("legacy", "retarus", 5, 2),
            "messages_total",
            {"account": "legacy", "carrier": "retarus"},
            2,
        ),
        (
            lambda m: m.accepted("legacy", "retarus", 5, 2),
            "parts_total",
            {"account": "legacy", "carrier": "retarus"},
            5,
        ),
        (
            lambda m: m.finished("legacy", None, "expired", 9.0),
            "messages_finished_total",
            {"account": "legacy", "carrier": "none", "state": "expired"},
            1,
        ),
        (
            lambda m: m.finished("legacy", "retarus", "delivered", 9.0),
            "delivery_seconds_sum",
            {"carrier": "retarus"},
            9,
        ),
        (
            lambda m: m.called("retarus", "send", "ok", 0.25),
            "carrier_requests_total",
            {"carrier": "retarus", "operation": "send", "outcome": "ok"},
            1,
        ),
        (
            lambda m: m.called("retarus", "templates", "ok", 0.25),
            "carrier_request_seconds_sum",
            {"carrier": "retarus", "operation": "templates"},
            0.25,
        ),
        (
            lambda m: m.cost("legacy", "retarus", 75_000),
            "cost_total",
            {"account": "legacy", "carrier": "retarus", "currency": "EUR"},
            0.075,
        ),
        (
            lambda m: m.priced("retarus", "otp", 75_000),
            "part_price_sum",
            {"carrier": "retarus", "class": "otp"},
            0.075,
        ),
        (lambda m: m.priced("retarus", "otp", 1), "part_price_count", {"carrier": "retarus", "class": "otp"}, 1),
        (
            lambda m: m.standings({("retarus", "otp"): (0.98, 4.0)}),
            "carrier_delivery_ratio",
            {"carrier": "retarus", "class": "otp"},
            0.98,
        ),
        (
            lambda m: m.standings({("retarus", "otp"): (0.98, 4.0)}),
            "carrier_latency_seconds",
            {"carrier": "retarus", "class": "otp"},
            4.0,
        ),
        (
            lambda m: m.decisions({("", "no_route"): 2}),
            "route_decisions_total",
            {"rule": "none", "result": "no_route"},
            2,
        ),
        (
            lambda m: m.cost_corrected("legacy", "retarus", -75_000),
            "cost_corrections_total",
            {"account": "legacy", "carrier": "retarus", "currency": "EUR", "direction": "down"},
            0.075,
        ),
        (
            lambda m: m.cost_corrected("legacy", "retarus", 1),
            "cost_corrections_total",
            {"account": "legacy", "carrier": "retarus", "currency": "EUR", "direction": "up"},
            0.000_001,
        ),
        (lambda m: m.passed_on("retarus"), "messages_passed_on_total", {"carrier": "retarus"}, 1),
        (lambda m: m.circuit("retarus", "open"), "carrier_state", {"carrier": "retarus", "state": "open"}, 1),
        (lambda m: m.circuit("retarus", "open"), "carrier_state", {"carrier": "retarus", "state": "closed"}, 0),
        (lambda m: m.paused("retarus", "money"), "carrier_paused", {"carrier": "retarus", "cause": "money"}, 1),
        (lambda m: m.paused("retarus", "money"), "carrier_paused", {"carrier": "retarus", "cause": "login"}, 0),
        (lambda m: m.paused("retarus", None), "carrier_paused", {"carrier": "retarus", "cause": "money"}, 0),
        (lambda m: m.queue("queued", 7, 1.5), "queue_messages", {"stage": "queued"}, 7),
        (lambda m: m.queue("queued", 7, 1.5), "queue_oldest_age_seconds", {"stage": "queued"}, 1.5),
        (lambda m: m.receipts_pending("legacy", 3, 9.0), "receipts_pending", {"account": "legacy"}, 3),
        (lambda m: m.reloaded(successful=True, now=99.0), "config_last_reload_timestamp_seconds", {}, 99),
        (lambda m: m.reloaded(successful=False, now=99.0), "config_last_reload_timestamp_seconds", {}, 0),
        (lambda m: m.store_bytes(4096), "store_bytes", {}, 4096),
        (lambda m: m.commit(0.003, 12), "store_commit_rows_sum", {}, 12),
        (lambda m: m.loop_lag(-1.0), "event_loop_lag_seconds_sum", {}, 0),
        (lambda m: m.expected_bound("legacy", expected=True), "account_expected_bound", {"account": "legacy"}, 1),
        (
            lambda m: m.sessions("legacy", "receiver", 2),
            "smpp_sessions",
            {"account": "legacy", "bind_type": "receiver"},
            2,
        ),
    ],
)
def test_each_call_is_written_where_it_belongs(
    books: Books, act: Callable[[Metrics], None], name: str, labelled: dict[str, str], value: float
) -> None:
    act(books.metrics)

    assert books.value(name, **labelled) == value


def test_totals_that_others_count_are_taken_over_as_they_grow(books: Books) -> None:
    books.metrics.pdus("in", {"submit_sm": 5, "enquire_link": 1})
    books.metrics.pdus("in", {"submit_sm": 12, "enquire_link": 1})

    assert books.value("smpp_pdus_total", direction="in", command="submit_sm") == 12


def test_decisions_are_counted_by_the_routes_of_the_configuration(books: Books) -> None:
    books.metrics.know_rules(["china", "rest"])
    assert books.value("route_decisions_total", rule="rest", result="routed") == 0

    books.metrics.decisions({("china", "routed"): 3, ("rest", "refused"): 1})
    books.metrics.drops({("china", "alibaba", "too_dear"): 2})

    assert books.value("route_decisions_total", rule="china", result="routed") == 3
    assert books.value("route_decisions_total", rule="rest", result="refused") == 1
    assert books.value("route_drops_total", rule="china", carrier="alibaba", reason="too_dear") == 2


def test_a_route_that_is_gone_is_shown_no_more_and_begins_anew_when_it_comes_back(books: Books) -> None:
    books.metrics.know_rules(["china"])
    books.metrics.decisions({("china", "routed"): 3})
    books.metrics.drops({("china", "alibaba", "too_dear"): 2})

    books.metrics.know_rules(["rest"])
    books.metrics.decisions({("china", "routed"): 3})
    assert not {name for name, labelled in books.samples() if ("rule", "china") in labelled}
    assert books.value("route_decisions_total", rule="none", result="routed") is None

    books.metrics.know_rules(["china"])
    books.metrics.decisions({("china", "routed"): 4})
    assert books.value("route_decisions_total", rule="china", result="routed") == 1


def test_a_carrier_of_which_too_little_is_known_has_no_delivery_ratio(books: Books) -> None:
    books.metrics.standings({("retarus", "otp"): (0.98, 4.0), ("alibaba", "otp"): (0.9, 9.0)})
    books.metrics.standings({("alibaba", "otp"): (0.5, 9.0)})

    assert books.value("carrier_delivery_ratio", **{"carrier": "retarus", "class": "otp"}) is None
    assert books.value("carrier_latency_seconds", **{"carrier": "retarus", "class": "otp"}) is None
    assert books.value("carrier_delivery_ratio", **{"carrier": "alibaba", "class": "otp"}) == 0.5


def test_series_that_alerts_look_at_exist_from_the_start(books: Books) -> None:
    assert books.value("messages_total", account="legacy", carrier="retarus") == 0
    assert books.value("smpp_sessions", account="legacy", bind_type="transceiver") == 0
    assert books.value("carrier_requests_total", carrier="retarus", operation="send", outcome="doubtful") == 0
    assert books.value("queue_oldest_age_seconds", stage="queued") == 0


def test_an_account_of_a_reload_is_counted_under_its_own_name(books: Books) -> None:
    books.metrics.submit("late", "ESME_ROK", 0.1)

    books.metrics.know_accounts(["legacy", "late"])
    books.metrics.submit("late", "ESME_ROK", 0.1)
    books.metrics.window_used("late", 3)

    assert books.value("smpp_submits_total", account="late", status="ESME_ROK") == 1
    assert books.value("smpp_submits_total", account="_unknown", status="ESME_ROK") == 1
    assert books.value("smpp_window_used", account="late") == 3


def test_no_series_tells_when_it_was_created(books: Books) -> None:
    assert not any(name.endswith("_created") for name, _ in books.samples())


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (labels.BIND_TYPES, [each.value for each in BindType]),
        (labels.OUTBIND_RESULTS, [each.value for each in CallResult]),
        (labels.DISCONNECT_REASONS, [each.value for each in EndReason]),
        (labels.PDU_FAULTS, [each.value for each in Fault]),
        (labels.COMMANDS, [each.name.lower() for each in CommandId]),
        (labels.FILTER_KINDS, [each.value for each in Kind]),
        (labels.BLOCK_KINDS, [each.value for each in pumping.Kind]),
        (labels.STATS, [each.value for each in Stat]),
        (labels.ROUTE_RESULTS, [each.value for each in RouteResult]),
        (labels.DROP_KINDS, [each.value for each in DropKind]),
        (labels.TRAFFIC_CLASSES, [each.name.lower() for each in TrafficClass]),
        (labels.STAGES, [each.name.lower() for each in Stage if each not in (Stage.UNROUTED, Stage.FINAL)]),
        (
            labels.STATES,
            [each.name.lower() for each in Outcome if each is not Outcome.ENROUTE],
        ),
        (labels.OPERATIONS, [each.value for each in Operation]),
        (labels.OUTCOMES, [each.value for each in CallOutcome]),
    ],
)
def test_lists_hold_exactly_the_words_of_the_code_that_uses_them(listed: tuple[str, ...], words: list[str]) -> None:
    assert set(listed) - {labels.OTHER} == set(words)


def test_submit_statuses_are_statuses() -> None:
    assert set(labels.SUBMIT_STATUSES) - {labels.OTHER} <= {each.name for each in CommandStatus}
