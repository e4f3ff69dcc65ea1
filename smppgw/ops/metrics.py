"""Every metric the daemon has: names, labels and buckets as dashboards and alerts rely on them.

Label values come from the configuration or from `labels`; never numbers, ids, texts or addresses. What is counted on
the way of a message has its child looked up in a dict: a call costs a microsecond or two. Gauges are set by whoever
looks at the store from time to time.
"""

import platform
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    Summary,
    disable_created_metrics,
    generate_latest,
)

from smppgw.ops import labels
from smppgw.ops.labels import NO_CARRIER, NO_RULE, OTHER, UNKNOWN_ACCOUNT

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

RESPONSE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
REQUEST_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
DELIVERY_BUCKETS: Final = (1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 14400, 43200, 86400, 172800)
BATCH_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

_MICROS: Final = 1_000_000


class _Counters:
    """The children of one counter by label values; an unlisted value falls back to the last of its list."""

    def __init__(self, registry: CollectorRegistry, name: str, text: str, **values: Iterable[str]) -> None:
        # Lists stay as they are, not copied: a reload may add accounts.
        self._listed = [listed if isinstance(listed, list) else tuple(listed) for listed in values.values()]
        self._counter = Counter(f"smppgw_{name}", text, tuple(values), registry=registry)
        self._children: dict[tuple[str, ...], Counter] = {}
        self._totals: dict[tuple[str, ...], int] = {}

    def add(self, key: tuple[str, ...], n: float = 1) -> None:
        child = self._children.get(key)
        if child is None:
            child = self._find(key)
        child.inc(n)

    def preset(self, *keys: tuple[str, ...]) -> None:
        """Show these from the start, as zero: a rate over a series that did not exist is lost."""
        for key in keys:
            self._find(key)

    def total(self, key: tuple[str, ...], total: int) -> None:
        """Bring a counter up to a total that somebody else counts and that never falls."""
        if (more := total - self._totals.get(key, 0)) > 0:
            self.add(key, more)
            self._totals[key] = total

    def forget(self, key: tuple[str, ...]) -> None:
        """Show one no more; it begins anew when it is counted again."""
        if self._children.pop(key, None) is not None:
            self._counter.remove(*key)

    @property
    def shown(self) -> list[tuple[str, ...]]:
        """The label values of those that there are."""
        return list(self._children)

    def _find(self, key: tuple[str, ...]) -> Counter:
        known = tuple(value if value in listed else listed[-1] for value, listed in zip(key, self._listed, strict=True))
        if known not in self._children:
            self._children[known] = self._counter.labels(*known)
        return self._children[known]


class Metrics:
    """The books of one process; used on the event loop, read by `exposition` in any thread."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        accounts: Iterable[str],
        carriers: Iterable[str],
        currency: str,
        version: str,
        store: str,
    ) -> None:
        """Create every metric, with the series that are known beforehand.

        Args:
            registry: An empty one.
            accounts: Configured system_ids.
            carriers: Configured names.
            currency: The one reporting currency of the installation.
            version: Of smppgw.
            store: Kind of the backend, such as ``sqlite``.
        """
        # One series less per counter, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call] # its library forgot the annotation
        self._registry = registry
        self._accounts = [*accounts, UNKNOWN_ACCOUNT]
        self._rules = [NO_RULE]
        self._configured = tuple(carriers)
        self._carriers = (*self._configured, NO_CARRIER)
        self._currency = currency
        self._process(version, store)
        self._smpp()
        self._messages()
        self._routing()
        self._calls()
        self._receipts_and_costs()
        self._storage()
        self._preset()

    # What there is

    def _gauge(self, name: str, text: str, *names: str) -> Gauge:
        return Gauge(f"smppgw_{name}", text, names, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *names: str) -> Histogram:
        return Histogram(f"smppgw_{name}", text, names, buckets=buckets, registry=self._registry)

    def _process(self, version: str, store: str) -> None:
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        build = self._gauge("build_info", "What is running; always 1.", "version", "python", "store")
        build.labels(version, platform.python_version(), store).set(1)
        self._lag = self._histogram("event_loop_lag_seconds", "How late the loop ran a timer.", RESPONSE_BUCKETS)
        self._reload_ok = self._gauge("config_last_reload_successful", "1 if the last (re)load found no fault.")
        self._reload_at = self._gauge("config_last_reload_timestamp_seconds", "When a (re)load last succeeded.")

    def _smpp(self) -> None:
        r, accounts = self._registry, self._accounts
        self._sessions = self._gauge("smpp_sessions", "Live binds.", "account", "bind_type")
        self._expected = self._gauge("account_expected_bound", "1 if somebody should hear when it is not.", "account")
        self._binds = _Counters(
            r, "smpp_binds", "Bind requests by how they ended.",
            account=accounts, bind_type=(*labels.BIND_TYPES, OTHER), result=labels.BIND_RESULTS,
        )  # fmt: skip
        self._outbinds = _Counters(
            r, "outbinds", "Calls to accounts by how they ended.", account=accounts, result=labels.OUTBIND_RESULTS
        )
        self._disconnects = _Counters(
            r, "smpp_disconnects", "Ended sessions.", account=accounts, reason=labels.DISCONNECT_REASONS
        )
        self._pdus = _Counters(
            r, "smpp_pdus", "PDUs on the wire.", direction=labels.DIRECTIONS, command=labels.COMMANDS
        )
        self._pdu_errors = _Counters(
            r, "smpp_pdu_errors", "PDUs that were refused before anybody read them.", kind=labels.PDU_FAULTS
        )
        self._submits = _Counters(
            r, "smpp_submits", "submit_sm by the status answered.", account=accounts, status=labels.SUBMIT_STATUSES
        )
        self._response = self._histogram(
            "smpp_submit_response_seconds", "From the submit_sm to its response.", RESPONSE_BUCKETS
        )
        self._throttled = _Counters(
            r, "smpp_throttled", "Submits refused or held by a limit.",
            account=accounts, limit=labels.THROTTLE_LIMITS,
        )  # fmt: skip
        self._filtered = _Counters(
            r, "filtered", "Messages kept back by what an account is screened for.",
            account=accounts, kind=labels.FILTER_KINDS,
        )  # fmt: skip
        self._saved = _Counters(
            r, "parts_saved", "SMS that texts are not billed as, because they were put into the GSM alphabet.",
            account=accounts,
        )  # fmt: skip
        self._fraud_blocks = _Counters(
            r, "fraud_blocks", "Blocks of numbers that look like pumping, by what gave them away.",
            account=accounts, kind=labels.BLOCK_KINDS,
        )  # fmt: skip
        self._window = self._gauge("smpp_window_used", "submit_sm in flight without an answer.", "account")

    def _messages(self) -> None:
        r, accounts, carriers = self._registry, self._accounts, self._carriers
        self._accepted = _Counters(
            r, "messages", "Messages a carrier has accepted.", account=accounts, carrier=carriers
        )
        self._parts = _Counters(
            r, "parts", "SMS that accepted messages are billed as.", account=accounts, carrier=carriers
        )
        self._finished = _Counters(
            r, "messages_finished", "Messages by their final state.",
            account=accounts, carrier=carriers, state=labels.STATES,
        )  # fmt: skip
        self._queue = self._gauge("queue_messages", "Messages that are not final.", "stage")
        self._queue_age = self._gauge("queue_oldest_age_seconds", "Age of the oldest message of a stage.", "stage")
        delivery = self._histogram(
            "delivery_seconds", "From acceptance to the final state.", DELIVERY_BUCKETS, "carrier"
        )
        self._delivery = {carrier: delivery.labels(carrier) for carrier in carriers}

    def _routing(self) -> None:
        r = self._registry
        self._decisions = _Counters(
            r, "route_decisions", "What routes made of messages.", rule=self._rules, result=labels.ROUTE_RESULTS
        )
        self._drops = _Counters(
            r, "route_drops", "Carriers of a route that were no candidates for a message, by why.",
            rule=self._rules, carrier=self._carriers, reason=labels.DROP_KINDS,
        )  # fmt: skip
        self._prices = Summary(
            "smppgw_part_price", "Price of a part in the reporting currency, of what carriers have taken.",
            ("carrier", "class"), registry=r,
        )  # fmt: skip
        self._price_children: dict[tuple[str, str], Summary] = {}
        self._delivered = self._gauge(
            "carrier_delivery_ratio", "Share of late messages that were delivered.", "carrier", "class"
        )
        self._latency = self._gauge(
            "carrier_latency_seconds", "From acceptance by the carrier to delivery, of late.", "carrier", "class"
        )
        self._known: set[tuple[str, str]] = set()

    def _calls(self) -> None:
        self._requests = _Counters(
            self._registry, "carrier_requests", "HTTP calls by how they ended as a whole.",
            carrier=self._carriers, operation=labels.OPERATIONS, outcome=(*labels.OUTCOMES, OTHER),
        )  # fmt: skip
        self._request_s = self._histogram(
            "carrier_request_seconds", "Duration of HTTP calls.", REQUEST_BUCKETS, "carrier", "operation"
        )
        self._request_children: dict[tuple[str, str], Histogram] = {}
        batch = self._histogram("carrier_batch_messages", "Messages per send call.", BATCH_BUCKETS, "carrier")
        self._batch = {carrier: batch.labels(carrier) for carrier in self._configured}
        self._state = self._gauge("carrier_state", "1 for the state its circuit is in.", "carrier", "state")
        self._paused = self._gauge("carrier_paused", "1 while the carrier takes nothing, and why.", "carrier", "cause")
        self._poll_lag = self._gauge("status_poll_lag_seconds", "How overdue the oldest status poll is.", "carrier")
        self._doubts_ended = _Counters(
            self._registry, "doubts_ended", "Messages whose doubt nothing resolved, by what the rule made of them.",
            carrier=self._carriers, ending=(*labels.DOUBT_ENDINGS, OTHER),
        )  # fmt: skip

    def _receipts_and_costs(self) -> None:
        r, accounts = self._registry, self._accounts
        self._receipts = _Counters(
            r, "receipts", "Receipts acknowledged by the account.", account=accounts, stat=(*labels.STATS, OTHER)
        )
        self._pending = self._gauge("receipts_pending", "Receipts that wait for their account.", "account")
        self._pending_age = self._gauge("receipts_oldest_age_seconds", "Age of the oldest such receipt.", "account")
        self._unmatched = _Counters(
            r, "receipts_unmatched", "Reports of a carrier that fit no message.", carrier=self._carriers
        )
        self._pushes = _Counters(
            r, "pushes", "Calls of carriers by what came of them.",
            carrier=self._carriers, result=labels.PUSH_RESULTS,
        )  # fmt: skip
        self._inbound = _Counters(
            r, "inbound_messages", "Texts that carriers brought, by the account that owns their number.",
            account=accounts, carrier=self._carriers,
        )  # fmt: skip
        self._cost = _Counters(
            r, "cost", "Cost booked at acceptance; never falls.",
            account=accounts, carrier=self._carriers, currency=(self._currency,),
        )  # fmt: skip
        self._budget_used = self._gauge(
            "budget_used_ratio", "Booked and reserved, of the limit of the present period.", "scope", "name", "period"
        )
        self._budget_refused = Counter(
            "smppgw_budget_refused", "Messages that a budget had no room for.", ("scope", "name", "period"), registry=r
        )
        self._budgets: frozenset[tuple[str, str, str]] = frozenset()

        self._corrections = _Counters(
            r, "cost_corrections", "By how much carriers billed more, or less, than was booked.",
            account=accounts, carrier=self._carriers, currency=(self._currency,), direction=labels.CORRECTIONS,
        )  # fmt: skip
        self._passed_on = _Counters(
            r, "messages_passed_on", "Messages that the carrier took and provably sent nowhere: another one got them.",
            carrier=self._carriers,
        )  # fmt: skip
        self._reconciliation = self._gauge(
            "reconciliation_parts", "Billed parts of the last day compared, by whose count it is.", "carrier", "side"
        )

    def _storage(self) -> None:
        self._commit_s = self._histogram("store_commit_seconds", "Duration of commits.", RESPONSE_BUCKETS)
        self._commit_rows = self._histogram("store_commit_rows", "Requests that shared a commit.", BATCH_BUCKETS)
        self._store_bytes = self._gauge("store_bytes", "Size of the database.")

    def _preset(self) -> None:
        for account in self._accounts:
            self._preset_account(account)
        for carrier in self._configured:
            self._requests.preset(*((carrier, "send", outcome) for outcome in labels.OUTCOMES))
            self._request_child(carrier, "send")
            self._doubts_ended.preset(*((carrier, ending) for ending in labels.DOUBT_ENDINGS))
            self._unmatched.preset((carrier,))
            self._poll_lag.labels(carrier).set(0)
            self.circuit(carrier, "closed")
            self.paused(carrier, None)
        for stage in labels.STAGES:
            self.queue(stage, 0, 0.0)

    def _preset_account(self, account: str) -> None:
        self._submits.preset((account, "ESME_ROK"))
        self._saved.preset((account,))
        self._filtered.preset(*((account, kind) for kind in labels.FILTER_KINDS[:-1]))
        self._fraud_blocks.preset(*((account, kind) for kind in labels.BLOCK_KINDS[:-1]))
        self._expected.labels(account).set(0)
        for bind_type in labels.BIND_TYPES:
            self._binds.preset((account, bind_type, "ok"), (account, bind_type, "credentials"))
            self._sessions.labels(account, bind_type).set(0)
        for carrier in self._configured:
            self._accepted.preset((account, carrier))
            self._parts.preset((account, carrier))
            self._finished.preset(*((account, carrier, state) for state in labels.STATES[:-1]))
        self._pending.labels(account).set(0)
        self._pending_age.labels(account).set(0)
        self._receipts.preset(*((account, stat) for stat in labels.STATS))
        self._window.labels(account).set(0)

    def know_accounts(self, accounts: Iterable[str]) -> None:
        """Count these under their own names from now on, after a reload."""
        for account in accounts:
            if account not in self._accounts:
                self._accounts.insert(0, account)  # the last one is what strangers fall back to
                self._preset_account(account)

    def know_rules(self, rules: Iterable[str]) -> None:
        """Count decisions of these routes under their names from now on, and show no others, after a reload too."""
        self._rules[:] = [*rules, NO_RULE]
        for counters in (self._decisions, self._drops):
            for key in counters.shown:
                if key[0] not in self._rules:
                    counters.forget(key)
        self._decisions.preset(*((rule, "routed") for rule in self._rules[:-1]), (NO_RULE, "no_route"))

    # What happened

    def _account(self, name: str) -> str:
        return name if name in self._accounts else UNKNOWN_ACCOUNT

    def bind(self, account: str, bind_type: str, result: str) -> None:
        """A bind request was answered; ``result`` is one of `labels.BIND_RESULTS`."""
        self._binds.add((account, bind_type, result))

    def may_outbind(self, account: str) -> None:
        """The account asked to be called: show its calls from now on."""
        self._outbinds.preset(*((account, result) for result in labels.OUTBIND_RESULTS[:-1]))

    def outbind(self, account: str, result: str) -> None:
        """A call to an account ended, or led to a bind; ``result`` is one of `labels.OUTBIND_RESULTS`."""
        self._outbinds.add((account, result))

    def disconnect(self, account: str, reason: str) -> None:
        """A session ended; ``reason`` is one of `labels.DISCONNECT_REASONS`."""
        self._disconnects.add((account, reason))

    def pdus(self, direction: str, totals: Mapping[str, int]) -> None:
        """Bring the counters up to totals that somebody else counts and that never fall: by command, lower case."""
        for command, total in totals.items():
            self._pdus.total((direction, command), total)

    def pdu_error(self, kind: str) -> None:
        """The session refused a PDU; ``kind`` is one of `labels.PDU_FAULTS`."""
        self._pdu_errors.add((kind,))

    def submit(self, account: str, status: str, response_s: float) -> None:
        """A submit was answered.

        Args:
            account: Its system_id.
            status: Name of the command_status, such as ``ESME_ROK``.
            response_s: From its last octet to the answer.
        """
        self._submits.add((account, status))
        self._response.observe(response_s)

    def throttled(self, account: str, limit: str) -> None:
        """A limit held a submit back; ``limit`` is one of `labels.THROTTLE_LIMITS`."""
        self._throttled.add((account, limit))

    def filtered(self, account: str, kind: str) -> None:
        """A message was kept back; ``kind`` is one of `labels.FILTER_KINDS`."""
        self._filtered.add((account, kind))

    def parts_saved(self, account: str, parts: int) -> None:
        """Texts were stored that are billed as so many SMS less than what was submitted."""
        self._saved.add((account,), parts)

    def fraud_block(self, account: str, kind: str) -> None:
        """Numbers were blocked for an account; ``kind`` is one of `labels.BLOCK_KINDS`."""
        self._fraud_blocks.add((account, kind))

    def accepted(self, account: str, carrier: str, parts: int, messages: int = 1) -> None:
        """A carrier has accepted messages.

        Args:
            account: Whose they are.
            carrier: Who took them.
            parts: SMS they are billed as, in all.
            messages: How many.
        """
        self._accepted.add((account, carrier), messages)
        self._parts.add((account, carrier), parts)

    def finished(self, account: str, carrier: str | None, state: str, lasted_s: float) -> None:
        """A message is final.

        Args:
            account: Whose it is.
            carrier: Who had it last; None or "" where none had.
            state: One of `labels.STATES`.
            lasted_s: From acceptance to now.
        """
        carrier = carrier if carrier in self._configured else NO_CARRIER
        self._finished.add((account, carrier, state))
        self._delivery[carrier].observe(max(lasted_s, 0.0))

    def called(self, carrier: str, operation: str, outcome: str, seconds: float) -> None:
        """An HTTP call ended.

        Args:
            carrier: Whose.
            operation: One of `labels.OPERATIONS`.
            outcome: One of `labels.OUTCOMES`, for the call as a whole.
            seconds: Its duration.
        """
        self._requests.add((carrier, operation, outcome))
        child = self._request_children.get((carrier, operation)) or self._request_child(carrier, operation)
        child.observe(seconds)

    def _request_child(self, carrier: str, operation: str) -> Histogram:
        carrier = carrier if carrier in self._configured else NO_CARRIER
        operation = operation if operation in labels.OPERATIONS else OTHER
        child = self._request_s.labels(carrier, operation)
        self._request_children[carrier, operation] = child
        return child

    def batch(self, carrier: str, messages: int) -> None:
        """A send call with so many messages is being made."""
        if carrier in self._batch:
            self._batch[carrier].observe(messages)

    def doubts_ended(self, carrier: str, ending: str, messages: int) -> None:
        """Doubts ended by rule; ``ending`` is one of `labels.DOUBT_ENDINGS`, ``resent`` means possible duplicates."""
        self._doubts_ended.add((carrier, ending), messages)

    def receipt(self, account: str, stat: str) -> None:
        """An account acknowledged a receipt; ``stat`` is the word in it."""
        self._receipts.add((account, stat))

    def unmatched(self, carrier: str, reports: int = 1) -> None:
        """A carrier reported on messages that we do not know."""
        self._unmatched.add((carrier,), reports)

    def push(self, carrier: str, result: str) -> None:
        """A carrier, or somebody who says so, has called us; ``result`` is one of `labels.PUSH_RESULTS`."""
        self._pushes.add((carrier, result))

    def inbound(self, account: str, carrier: str, texts: int = 1) -> None:
        """Texts have come in; ``account`` is "" where nobody owns their number."""
        self._inbound.add((account, carrier), texts)

    def cost(self, account: str, carrier: str, micros: int) -> None:
        """Money was booked: millionths of the reporting currency."""
        self._cost.add((account, carrier, self._currency), micros / _MICROS)

    def know_budgets(self, budgets: Iterable[tuple[str, str, str]]) -> None:
        """Show these from now on, by scope, name and period as configured; those that are gone are not shown more."""
        before, self._budgets = self._budgets, frozenset(budgets)
        for gone in before - self._budgets:
            self._budget_used.remove(*gone)
        for new in self._budgets - before:
            self._budget_used.labels(*new).set(0)
            self._budget_refused.labels(*new)

    def budget_used(self, scope: str, name: str, period: str, ratio: float) -> None:
        """How much of a budget is used: 1 is all of it."""
        if (scope, name, period) in self._budgets:
            self._budget_used.labels(scope, name, period).set(ratio)

    def budget_refused(self, scope: str, name: str, period: str) -> None:
        """A budget had no room for a message."""
        if (scope, name, period) in self._budgets:
            self._budget_refused.labels(scope, name, period).inc()

    def priced(self, carrier: str, traffic_class: str, part_micros: float) -> None:
        """A carrier has taken a message at this price of a part, in millionths of the reporting currency."""
        child = self._price_children.get((carrier, traffic_class))
        if child is None:
            known = carrier if carrier in self._configured else NO_CARRIER
            listed = traffic_class if traffic_class in labels.TRAFFIC_CLASSES else OTHER
            child = self._prices.labels(known, listed)
            self._price_children[known, listed] = child
        child.observe(part_micros / _MICROS)

    def decisions(self, totals: Mapping[tuple[str, str], int]) -> None:
        """Bring what routes made of messages up to totals, by rule ("" for none) and `labels.ROUTE_RESULTS`."""
        for (rule, result), total in totals.items():
            self._decisions.total((rule or NO_RULE, result), total)

    def drops(self, totals: Mapping[tuple[str, str, str], int]) -> None:
        """Bring whom routes dropped up to totals, by rule, carrier and `labels.DROP_KINDS`."""
        for key, total in totals.items():
            self._drops.total(key, total)

    def cost_corrected(self, account: str, carrier: str, micros: int) -> None:
        """A carrier bills more than was booked, or less where negative: millionths of the reporting currency."""
        direction = labels.DEARER if micros > 0 else labels.CHEAPER
        self._corrections.add((account, carrier, self._currency, direction), abs(micros) / _MICROS)

    def passed_on(self, carrier: str) -> None:
        """A message that the carrier had taken went to the next candidate."""
        self._passed_on.add((carrier,))

    def commit(self, lasted_s: float, requests: int) -> None:
        """The store committed so many requests together."""
        self._commit_s.observe(lasted_s)
        self._commit_rows.observe(requests)

    def loop_lag(self, lag_s: float) -> None:
        """A timer came this late."""
        self._lag.observe(max(lag_s, 0.0))

    # How things stand

    def expected_bound(self, account: str, *, expected: bool) -> None:
        """Whether somebody should be told when this account has no bind."""
        self._expected.labels(self._account(account)).set(int(expected))

    def sessions(self, account: str, bind_type: str, binds: int) -> None:
        """How many binds of this type the account has."""
        self._sessions.labels(self._account(account), bind_type if bind_type in labels.BIND_TYPES else OTHER).set(binds)

    def window_used(self, account: str, submits: int) -> None:
        """How many of the account's submits are not answered yet."""
        self._window.labels(self._account(account)).set(submits)

    def queue(self, stage: str, messages: int, oldest_age_s: float) -> None:
        """How many messages are in a stage of `labels.STAGES`, and the age of the oldest (0 where there is none)."""
        if stage in labels.STAGES:
            self._queue.labels(stage).set(messages)
            self._queue_age.labels(stage).set(oldest_age_s)

    def receipts_pending(self, account: str, receipts: int, oldest_age_s: float) -> None:
        """How many receipts wait for the account, and the age of the oldest (0 where there is none)."""
        self._pending.labels(self._account(account)).set(receipts)
        self._pending_age.labels(self._account(account)).set(oldest_age_s)

    def circuit(self, carrier: str, state: str) -> None:
        """The state of a carrier's circuit: one of `labels.CIRCUIT_STATES`."""
        if carrier in self._configured:
            for each in labels.CIRCUIT_STATES:
                self._state.labels(carrier, each).set(int(each == state))

    def paused(self, carrier: str, cause: str | None) -> None:
        """Why a carrier takes nothing: one of `labels.PAUSE_CAUSES`, or None while it does."""
        if carrier in self._configured:
            for each in labels.PAUSE_CAUSES:
                self._paused.labels(carrier, each).set(int(each == cause))

    def standings(self, known: Mapping[tuple[str, str], tuple[float, float]]) -> None:
        """How carriers have done of late, by carrier and class: share delivered, seconds to it; others are unknown."""
        listed = {key: of for key, of in known.items() if key[0] in self._configured}
        for key in self._known.difference(listed):
            self._delivered.remove(*key)
            self._latency.remove(*key)
        for key, (ratio, latency_s) in listed.items():
            self._delivered.labels(*key).set(ratio)
            self._latency.labels(*key).set(latency_s)
        self._known = set(listed)

    def poll_lag(self, carrier: str, lag_s: float) -> None:
        """How overdue the carrier's oldest status poll is; 0 where none is."""
        if carrier in self._configured:
            self._poll_lag.labels(carrier).set(max(lag_s, 0.0))

    def reconciled(self, carrier: str, *, ours: int, theirs: int) -> None:
        """A day of a carrier was compared: parts by our ledger, and by its own statistics."""
        if carrier in self._configured:
            self._reconciliation.labels(carrier, "ours").set(ours)
            self._reconciliation.labels(carrier, "theirs").set(theirs)

    def store_bytes(self, octets: int) -> None:
        """Size of the database with its write-ahead log."""
        self._store_bytes.set(octets)

    def reloaded(self, *, successful: bool, now: float) -> None:
        """The configuration was (re)loaded, or was found faulty; ``now`` in Unix seconds."""
        self._reload_ok.set(int(successful))
        if successful:
            self._reload_at.set(now)

    def exposition(self) -> bytes:
        """Write everything in Prometheus' text format; takes milliseconds, so call it in a thread."""
        return generate_latest(self._registry)
