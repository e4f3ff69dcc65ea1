"""The shipped alert rules: each about metrics that exist, with labels that they have, and explained."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from smppgw.ops.metrics import Metrics

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "conf/prometheus/alerts.yml").read_text(encoding="utf-8")
ALERTS = dict(re.findall(r"^ {6}- alert: (\w+)\n(.*?)(?=^ {6}- alert|\Z)", RULES, re.MULTILINE | re.DOTALL))
"""The text of each rule, by name. The file is plain enough to be read without a YAML parser."""
_OF_HISTOGRAMS = re.compile(r"_(bucket|count|sum)$")


@pytest.fixture(scope="module")
def series() -> dict[str, set[str]]:
    """Names of all series of a small gateway, with their labels."""
    metrics = Metrics(CollectorRegistry(), accounts=["a"], carriers=["c"], currency="EUR", version="0", store="sqlite")
    metrics.know_budgets([("account", "a", "day")])
    metrics.cost("a", "c", 1)
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def test_every_alert_is_read() -> None:
    assert len(ALERTS) == RULES.count("alert:") >= 3


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_about_metrics_that_exist(name: str, series: dict[str, set[str]]) -> None:
    named = set(re.findall(r"smppgw_\w+", ALERTS[name]))

    assert named
    assert {one for one in named if one not in series and not _OF_HISTOGRAMS.search(one)} == set()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_speaks_of_labels_that_its_metrics_have(name: str, series: dict[str, set[str]]) -> None:
    known = set().union(*(series[one] for one in re.findall(r"smppgw_\w+", ALERTS[name])))
    used = set(re.findall(r"\$labels\.(\w+)", ALERTS[name])) | {
        label.strip() for group in re.findall(r"\bby \(([^)]*)\)", ALERTS[name]) for label in group.split(",")
    }

    assert used <= known


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_for_how_long_and_where_to_read_on(name: str) -> None:
    assert re.search(r"^ {8}for: \d+[smh]$", ALERTS[name], re.MULTILINE)
    assert re.search(r"^ {10}severity: (page|ticket)$", ALERTS[name], re.MULTILINE)
    assert re.search(r'^ {10}summary: "\S', ALERTS[name], re.MULTILINE)
    page, anchor = re.findall(r"runbook_url: (\S+)#(\S+)$", ALERTS[name], re.MULTILINE)[0]
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_prometheus_is_told_of_the_rules() -> None:
    assert "alerts.yml" in (ROOT / "conf/prometheus/prometheus.yml").read_text(encoding="utf-8")
