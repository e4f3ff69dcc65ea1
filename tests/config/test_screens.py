"""What a configuration may say about what is screened, and what it is told when it says something else."""

from typing import Any

import pytest
from pydantic import ValidationError

from smppgw.config.accounts import Account
from smppgw.config.content import ContentSection
from smppgw.config.faults import ConfigFaults
from smppgw.core.model import TrafficClass
from smppgw.core.optout import START_WORDS, STOP_WORDS
from smppgw.core.values import Secret
from tests.config.conftest import HASH, Load

RULE = '[[content]]\nname = "phishing"\n'


def account(**values: object) -> Account:
    return Account.model_validate({"system_id": "legacy", "password_hash": Secret("x")} | values)


def reason(**values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        account(**values)
    return str(caught.value.errors()[0]["msg"])


def test_an_account_is_screened_for_what_it_says() -> None:
    read = account(
        senders=["ACME", "+4917*"],
        sender_for={"US": "12025550100", "*": "ACME"},
        numbers="valid",
        optout=True,
        stop_words="ARRÊT",
        duplicates="30s",
        smart_encoding="lossy",
    )

    assert read.senders == ("ACME", "4917*")
    assert read.sender_for == {"US": "12025550100", "*": "ACME"}
    assert (read.numbers, read.optout, read.duplicates, read.smart_encoding) == ("valid", True, 30.0, "lossy")
    assert (read.stop_words, read.start_words) == (("ARRÊT",), START_WORDS)


def test_an_account_that_says_nothing_is_screened_for_nothing() -> None:
    read = account()

    assert (read.senders, read.sender_for, read.numbers, read.optout) == ((), None, "possible", False)
    assert (read.duplicates, read.smart_encoding, read.stop_words) == (None, False, STOP_WORDS)


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"senders": []}, "allows no sender"),
        ({"sender_for": {"us": "ACME"}}, 'write "US"'),
        ({"sender_for": {"US": "TwelveLetter"}}, "up to 11 printable"),
        ({"sender_for": {"US": ""}}, "up to 11 printable"),
        ({"stop_words": ["!"]}, "no letters"),
        ({"stop_words": []}, "at least 1"),
        ({"duplicates": "2d"}, "less than or equal to 86400"),
        ({"duplicates": "soon"}, "no duration"),
        ({"smart_encoding": "yes"}, "Input should be"),
        ({"numbers": "assigned"}, "'possible' or 'valid'"),
    ],
)
def test_a_fault_of_an_account_says_what_to_write(values: dict[str, Any], hint: str) -> None:
    assert hint in reason(**values)


def test_a_content_rule_is_read(load_text: Load) -> None:
    rule = 'accounts = "legacy"\ntraffic_class = "otp"\ntext = "*won*"\nlinks = ["Example.com"]\nstatus = "0x412"'

    assert load_text(more=RULE + rule).content == (
        ContentSection(
            name="phishing",
            accounts=("legacy",),
            traffic_class=(TrafficClass.OTP,),
            text=("*won*",),
            links=("example.com",),
            status=0x412,
        ),
    )


def test_there_need_be_none(load_text: Load) -> None:
    assert load_text().content == ()


@pytest.mark.parametrize(
    ("rule", "path", "hint"),
    [
        ("", "content[phishing]", "refuses nothing"),
        ('text = "*"', "content[phishing].text[0]", "fits every text"),
        ('text = "*a*"\naccounts = "legasy"', "content[phishing].accounts", "there is no account 'legasy'"),
        ('links = ["https://example.com"]', "content[phishing].links[0]", "is no host"),
        ('text = "*a*"\nstatus = 0', "content[phishing].status", "no status that refuses"),
        ('text = "*a*"\n' + RULE + 'text = "*b*"', "content[phishing]", "there are 2 of this name"),
        ('patterns = "*a*"', "content[phishing].patterns", ""),
    ],
)
def test_a_fault_of_a_content_rule_names_the_rule(load_text: Load, rule: str, path: str, hint: str) -> None:
    with pytest.raises(ConfigFaults) as caught:
        load_text(more=RULE + rule)

    fault = caught.value.faults[0]
    assert fault.path == path
    assert hint in fault.reason


def test_who_can_hear_of_no_opt_out_is_warned(load_text: Load) -> None:
    opts = f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{HASH}"\noptout = true\n'

    warned, fine = load_text(accounts=opts), load_text(accounts=opts + 'inbound = "1234"')

    assert [text for text in warned.warnings if "optout" in text]
    assert not [text for text in fine.warnings if "optout" in text]
