"""What Prometheus sees is what the carrier counted."""

from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.configuration import SYSTEM_ID
from tests.e2e.daemon import Daemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated
from tests.e2e.waiting import until
from tests.ops.promlint import lint

pytestmark = pytest.mark.e2e

LONG = "Three parts. " * 30


async def samples(daemon: Daemon) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    """Scrape and parse with the client library's own parser."""
    answer = await daemon.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def named(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_the_counters_agree_with_the_carrier_and_the_esme(daemon: Daemon, retarus: Simulated) -> None:
    esme = await bind(daemon.smpp_port)
    ids = [await esme.submit(submit(f"49151{place:08}")) for place in range(1000, 1030)]
    ids.append(await esme.submit(submit("4915112340005")))
    for message_id in ids:
        await esme.receipt_of(message_id)

    seen = await samples(daemon)

    account = {"account": SYSTEM_ID}
    assert seen[named("smppgw_messages_total", carrier="retarus", **account)] == await retarus.recipients() == len(ids)
    assert seen[named("smppgw_receipts_total", stat="DELIVRD", **account)] == len(ids) - 1
    assert seen[named("smppgw_receipts_total", stat="UNDELIV", **account)] == 1
    assert seen[named("smppgw_smpp_submits_total", status="ESME_ROK", **account)] == len(ids)


async def test_what_a_daemon_at_work_exposes_is_as_prometheus_wants_it(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)
    await esme.receipt_of(await esme.submit(submit("4915112345099")))

    assert lint((await daemon.get("/metrics")).text) == []


async def test_parts_are_counted_as_the_carrier_bills_them(daemon: Daemon, retarus: Simulated) -> None:
    esme = await bind(daemon.smpp_port)
    message_id = await esme.submit(submit("4915112345100", short_message=LONG[:200].encode()))
    await esme.receipt_of(message_id)

    seen = await samples(daemon)

    billed = sum(row["parts"] for row in await retarus.rows())
    assert seen[named("smppgw_parts_total", account=SYSTEM_ID, carrier="retarus")] == billed == 2


async def test_a_bind_is_a_session_until_it_ends(daemon: Daemon) -> None:
    sessions = named("smppgw_smpp_sessions", account=SYSTEM_ID, bind_type="transceiver")
    esme = await bind(daemon.smpp_port)
    before = (await samples(daemon))[sessions]

    await esme.unbind()

    async def is_gone() -> bool:
        return (await samples(daemon))[sessions] == 0

    assert before == 1
    await until(is_gone, "no session is counted")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_daemon_at_work_is_healthy_and_ready(daemon: Daemon, path: str) -> None:
    assert (await daemon.get(path)).status_code == 200


async def test_a_dead_carrier_does_not_unready(daemon: Daemon, retarus: Simulated) -> None:
    await retarus.order(operation="send", fault="reset_before", count=1000)
    esme = await bind(daemon.smpp_port)
    await esme.submit(submit("4915112345100"))

    async def has_been_called() -> bool:
        return await retarus.calls("send") > 0

    await until(has_been_called, "the carrier was called")

    assert (await daemon.get("/readyz")).status_code == 200


async def test_the_log_holds_no_text_and_no_whole_number(daemon: Daemon) -> None:
    esme = await bind(daemon.smpp_port)
    message_id = await esme.submit(submit("4915112340001", "a secret text"))
    await esme.receipt_of(message_id)
    await esme.request(submit("49151", "a secret text"))
    await daemon.stop()

    log = repr(daemon.log) + repr(daemon.other_output)

    assert "bound" in log
    assert "secret text" not in log
    assert "4915112340001" not in log
