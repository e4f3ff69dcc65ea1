"""What operators and Prometheus are answered."""

import threading
from dataclasses import dataclass, field

import httpx2 as httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from smppgw import __version__
from smppgw.ops.metrics import Metrics
from smppgw.web.app import build


@dataclass
class Probes:
    dying: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)

    def alive(self) -> list[str]:
        return self.dying

    def ready(self) -> list[str]:
        return self.busy


@dataclass
class Watched:
    """An exposition that notes its thread."""

    threads: list[int] = field(default_factory=list)

    def exposition(self) -> bytes:
        self.threads.append(threading.get_ident())
        return b"x 1\n"


def client(probes: Probes | None = None, metrics: Metrics | Watched | None = None) -> httpx.AsyncClient:
    app = build(probes or Probes(), metrics or Watched())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_a_daemon_that_is_well_says_so(path: str) -> None:
    async with client() as http:
        answer = await http.get(path)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_daemon_that_is_not_ready_says_why() -> None:
    async with client(Probes(busy=["draining", "store is full"])) as http:
        answer = await http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "reasons": ["draining", "store is full"]}


async def test_a_daemon_that_is_not_ready_is_still_alive() -> None:
    async with client(Probes(busy=["draining"])) as http:
        answer = await http.get("/healthz")

    assert answer.status_code == 200


async def test_a_dying_daemon_says_why() -> None:
    async with client(Probes(dying=["store thread has stopped"])) as http:
        answer = await http.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["store thread has stopped"]


async def test_metrics_pass_prometheus_own_parser() -> None:
    metrics = Metrics(CollectorRegistry(), accounts=["a"], carriers=["c"], currency="EUR", version="1", store="sqlite")
    async with client(metrics=metrics) as http:
        answer = await http.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "smppgw_build_info" in {family.name for family in text_string_to_metric_families(answer.text)}


async def test_metrics_are_written_outside_the_event_loop() -> None:
    watched = Watched()
    async with client(metrics=watched) as http:
        await http.get("/metrics")

    assert watched.threads != [threading.get_ident()]


async def test_the_version_is_told() -> None:
    async with client() as http:
        answer = await http.get("/version")

    assert answer.json()["version"] == __version__


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/push/retarus/secret", 404), ("GET", "/", 404), ("POST", "/metrics", 405)]
)
async def test_nothing_else_is_there(method: str, path: str, status: int) -> None:
    async with client() as http:
        answer = await http.request(method, path)

    assert answer.status_code == status
