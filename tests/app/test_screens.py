"""What becomes of what a configuration says about screening."""

from smppgw.app.screens import screens
from smppgw.config.accounts import Account
from smppgw.config.content import ContentSection
from smppgw.core.content import folded
from smppgw.core.model import TrafficClass
from smppgw.core.optout import Consent
from smppgw.core.screening import Respelling
from smppgw.core.values import Secret

PHISHING = ContentSection(name="phishing", text=("*WON*",), status=0x412)
LINKS = ContentSection(name="links", accounts=("other",), links=("example.com",), traffic_class=(TrafficClass.OTP,))


def account(**values: object) -> Account:
    return Account.model_validate({"system_id": "legacy", "password_hash": Secret("x")} | values)


def test_an_account_that_asks_for_nothing_has_no_screens() -> None:
    assert screens(account(), ()) is None
    assert screens(account(start_words=["GO"]), [LINKS]) is None


def test_each_option_makes_its_screen() -> None:
    made = screens(
        account(
            numbers="valid",
            senders=["+4917*"],
            sender_for={"US": "ACME"},
            optout=True,
            stop_words=["HALT"],
            duplicates="30s",
            smart_encoding=True,
        ),
        (),
    )

    assert made is not None
    assert made.assigned_numbers
    assert made.senders is not None
    assert (made.senders("491711234567"), made.senders("ACME")) == (True, False)
    assert made.sender_in("US") == "ACME"
    assert made.words is not None
    assert made.words.reads("halt!") is Consent.WITHDRAWN
    assert (made.duplicates_s, made.respelling) == (30.0, Respelling.PUNCTUATION)


def test_lossy_is_another_respelling() -> None:
    made = screens(account(smart_encoding="lossy"), ())

    assert made is not None
    assert made.respelling is Respelling.LOSSY


def test_rules_about_texts_are_for_whom_they_name_or_all() -> None:
    mine, others = screens(account(), [PHISHING, LINKS]), screens(account(system_id="other"), [PHISHING, LINKS])

    assert mine is not None
    assert others is not None
    (phishing,) = mine.content
    assert (phishing.name, phishing.status, phishing.hosts) == ("phishing", 0x412, None)
    assert phishing.text is not None
    assert phishing.text(folded("You won"))
    assert [rule.name for rule in others.content] == ["phishing", "links"]
    assert others.content[1].hosts == frozenset({"example.com"})
    assert others.content[1].traffic_classes == frozenset({TrafficClass.OTP})
