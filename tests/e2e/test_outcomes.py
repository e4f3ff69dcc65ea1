"""Each end a carrier knows, as the receipt that the ESME gets."""

import pytest

from smppgw.smpp.consts import DataCoding
from tests.e2e.configuration import configuration
from tests.e2e.daemon import Daemon, NewDaemon
from tests.e2e.esme import bind, submit
from tests.e2e.simulated import Simulated

pytestmark = pytest.mark.e2e

STATS = {
    "0001": "UNDELIV",
    "0002": "REJECTD",
    "0003": "EXPIRED",
    "0004": "UNDELIV",
    "0005": "UNDELIV",
    "0008": "REJECTD",
    "0010": "UNKNOWN",
    "0012": "DELETED",
    "0014": "UNKNOWN",
    "0015": "UNKNOWN",  # never final: at the deadline
    "0016": "UNKNOWN",
    "0017": "UNDELIV",
    "2345": "DELIVRD",
}
"""By suffix of the number, as CONTRACT.md section 6 has it for Retarus."""


async def test_every_outcome_of_retarus_has_its_receipt(new_daemon: NewDaemon, retarus: Simulated) -> None:
    daemon = new_daemon(configuration(retarus=retarus.url, carrier='poll_deadline = "3s"\npoll_longest = "1s"'))
    await daemon.start()
    esme = await bind(daemon.smpp_port)

    ids = {suffix: await esme.submit(submit(f"4915123{suffix}")) for suffix in STATS}

    assert {suffix: await esme.receipt_of(message_id) for suffix, message_id in ids.items()} == STATS


@pytest.fixture
async def with_alibaba(new_daemon: NewDaemon, retarus: Simulated, alibaba: Simulated) -> Daemon:
    daemon = new_daemon(configuration(retarus=retarus.url, alibaba=alibaba.url))
    await daemon.start()
    return daemon


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param("8613800138000", "您的验证码为：123456，请勿泄露于他人！", id="mainland, by template"),
        pytest.param("6591234567", "Your parcel has come.", id="international"),
    ],
)
async def test_alibaba_delivers_and_the_receipt_says_so(
    with_alibaba: Daemon, alibaba: Simulated, number: str, text: str
) -> None:
    esme = await bind(with_alibaba.smpp_port)

    message_id = await esme.submit(submit(number, data_coding=DataCoding.UCS2, short_message=text.encode("utf-16-be")))

    assert await esme.receipt_of(message_id) == "DELIVRD"
    (row,) = await alibaba.rows()
    assert row["to"].removeprefix("+").endswith(number.removeprefix("86"))
    assert text in row["text"]


async def test_a_text_that_no_template_fits_is_refused_in_the_response(with_alibaba: Daemon) -> None:
    esme = await bind(with_alibaba.smpp_port)

    answer = await esme.request(submit("8613800138000", "free text"))

    assert answer.command_status == 0x45
