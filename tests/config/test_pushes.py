"""What a configuration may say about pushes and inbound texts."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from smppgw.carriers.retarus.config import InboundFields, RetarusConfig
from smppgw.config.faults import ConfigFaults, Fault
from smppgw.config.settings import Settings
from smppgw.core.values import Secret

Load = Callable[..., Settings]
RETARUS = '[carriers.loop]\ntype = "retarus"\nusername = "me"\npassword = "x"\n'
SECRET = "correct-horse-battery"


def faults_of(load_text: Load, **parts: object) -> tuple[Fault, ...]:
    with pytest.raises(ConfigFaults) as caught:
        load_text(**parts)
    return caught.value.faults


def retarus(settings: Settings) -> RetarusConfig:
    config = settings.carriers["loop"]
    assert isinstance(config, RetarusConfig)
    return config


@pytest.mark.parametrize(
    "lines", ['push_secret_file = "push"', 'push_credential = "push"', f'push_secret = "{SECRET}"']
)
def test_a_secret_comes_from_wherever_it_is_and_leaves_the_password_alone(
    load_text: Load, tmp_path: Path, lines: str
) -> None:
    (tmp_path / "push").write_text(f"{SECRET}\n")
    (tmp_path / "retarus").write_text("hush\n")
    carrier = '[carriers.loop]\ntype = "retarus"\nusername = "me"\ncredential = "retarus"\n'

    config = retarus(load_text({"CREDENTIALS_DIRECTORY": str(tmp_path)}, carriers=carrier + lines))

    assert config.push_secret == Secret(SECRET)
    assert config.password
    assert config.password.reveal() == "hush"


def test_two_of_them_are_a_fault(load_text: Load) -> None:
    (fault,) = faults_of(load_text, carriers=RETARUS + f'push_secret = "{SECRET}"\npush_credential = "push"')

    assert fault.path == "carriers.loop"
    assert "push_secret and push_credential" in fault.reason


@pytest.mark.parametrize("secret", ["short", "x" * 15, "with spaces in it here", "slash/slash/slash/slash", "ä" * 20])
def test_a_secret_that_can_be_guessed_or_is_no_part_of_an_address_is_a_fault_without_its_value(
    load_text: Load, secret: str
) -> None:
    (fault,) = faults_of(load_text, carriers=RETARUS + f'push_secret = "{secret}"')

    assert fault.path == "carriers.loop.push_secret"
    assert "16 or more" in fault.reason
    assert secret not in str(fault)


def test_a_secret_that_cannot_be_read_is_one_fault(load_text: Load) -> None:
    (fault,) = faults_of(load_text, carriers=RETARUS + 'push_secret_file = "nowhere"')

    assert fault.path == "carriers.loop.push_secret_file"


def test_a_misspelt_key_is_guessed(load_text: Load) -> None:
    (fault,) = faults_of(load_text, carriers=RETARUS + 'push_secret_fil = "push"')

    assert fault.suggestion == 'did you mean "push_secret_file"?'


@pytest.mark.parametrize("written", ['"192.0.2.0/24"', '["192.0.2.0/24"]'])
def test_sources_are_networks(load_text: Load, written: str) -> None:
    config = retarus(load_text(carriers=RETARUS + f"push_from = {written}"))

    assert config.push_from == (ip_network("192.0.2.0/24"),)


@pytest.mark.parametrize(("written", "reason"), [("192.0.2.1/24", 'write "192.0.2.0/24"'), ("there", "no network")])
def test_a_source_that_is_none_is_a_fault(load_text: Load, written: str, reason: str) -> None:
    (fault,) = faults_of(load_text, carriers=RETARUS + f'push_from = ["{written}"]')

    assert fault.path == "carriers.loop.push_from[0]"
    assert reason in fault.reason


def test_names_of_inbound_fields_can_be_changed_one_by_one(load_text: Load) -> None:
    config = retarus(load_text(carriers=RETARUS + 'inbound_fields = { text = "body" }'))

    assert config.inbound_fields == InboundFields(text="body")


def test_pushes_on_an_address_that_shows_metrics_to_others_are_a_warning(load_text: Load) -> None:
    open_to_all = '[http]\nlisten = "0.0.0.0:9775"\n'
    pushing = RETARUS + f'push_secret = "{SECRET}"'

    warned = [
        any("metrics" in warning for warning in load_text(carriers=carrier, more=http).warnings)
        for carrier, http in [
            (pushing, open_to_all),
            (pushing, ""),
            (RETARUS, open_to_all),
            (pushing, open_to_all + 'push_listen = "0.0.0.0:9776"'),
        ]
    ]

    assert warned == [True, False, False, False]


def test_one_address_cannot_be_listened_on_twice(load_text: Load) -> None:
    (fault,) = faults_of(load_text, more='[http]\nlisten = "127.0.0.1:1"\npush_listen = "127.0.0.1:1"')

    assert fault.path == "http.push_listen"


def accounts(*inbound: str) -> str:
    """Accounts a, b, ... with these numbers."""
    hashed = 'password_hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$bYB8bD1Yb2Yb3pyvGbfgO7A5DpzdWXdXfdgGiAnm9jU"'
    return "\n".join(
        f'[[accounts]]\nsystem_id = "{name}"\n{hashed}\ninbound = {own}'
        for name, own in zip("abc", inbound, strict=False)
    )


def test_numbers_lose_their_plus(load_text: Load) -> None:
    (account,) = load_text(accounts=accounts('["+491771234567", "1234", "10690*"]')).accounts

    assert account.inbound == ("491771234567", "1234", "10690*")


def test_one_number_may_be_written_without_a_list(load_text: Load) -> None:
    assert load_text(accounts=accounts('"1234"')).accounts[0].inbound == ("1234",)


@pytest.mark.parametrize(("first", "second"), [('"1234"', '["9", "1234"]'), ('"+4917"', '"4917"'), ('"10*"', '"10*"')])
def test_a_number_has_one_owner(load_text: Load, first: str, second: str) -> None:
    (fault,) = faults_of(load_text, accounts=accounts(first, second))

    assert fault.path == "accounts[b].inbound"
    assert "belongs to a already" in fault.reason


def test_a_number_inside_the_range_of_another_is_no_fault(load_text: Load) -> None:
    assert len(load_text(accounts=accounts('"10*"', '["106*", "1069"]', '"*"')).accounts) == 3


def test_what_is_no_number_is_a_fault(load_text: Load) -> None:
    (fault,) = faults_of(load_text, accounts=accounts('["1234", "12 34"]'))

    assert fault.path == "accounts[a].inbound[1]"
