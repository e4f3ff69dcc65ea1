"""The shipped files are held against the models: no option missing, none invented, every default true."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from smppgw.carriers.config import CarrierConfig
from smppgw.config.accounts import OUTBIND_PASSWORD_KEYS, PASSWORD_KEYS, Account
from smppgw.config.content import ContentSection
from smppgw.config.loader import BESIDE, LISTS, TABLES, load
from smppgw.config.pumping import PumpingSettings
from smppgw.config.routes import Route, RouteMatch
from smppgw.config.secrets import companions
from smppgw.smpp.dialects import DIALECTS
from smppgw.smpp.text import Alphabet

CONF = Path(__file__).parents[2] / "conf"
COMMENTED = re.compile(r"^#(?=[a-z_]+ = |\[)", re.MULTILINE)
FIRST_CARRIER = "retarus"
"""The section that explains the keys of every carrier."""


@pytest.fixture(scope="module")
def text() -> str:
    return (CONF / "smppgw.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def everything(text: str) -> dict[str, Any]:
    """The file with every option taken out of its comment."""
    return tomllib.loads(COMMENTED.sub("", text))


def carrier_keys(model: type[BaseModel], *, explains_all: bool) -> set[str]:
    """Keys that a section must show: its own, and those whose default differs from other carriers'."""
    common = {} if explains_all else CarrierConfig.model_fields
    fields = model.model_fields
    return {key for key in fields if key not in common or fields[key].default != common[key].default}


def test_every_section_is_there_and_none_is_invented(everything: dict[str, Any]) -> None:
    assert set(everything) == {*TABLES, "carriers", *LISTS}


@pytest.mark.parametrize("name", TABLES)
def test_every_option_of_a_table_is_there_and_none_is_invented(everything: dict[str, Any], name: str) -> None:
    assert set(everything[name]) == set(TABLES[name].model_fields)


def test_every_option_of_an_account_is_there_and_none_is_invented(everything: dict[str, Any]) -> None:
    keys = {*Account.model_fields, *PASSWORD_KEYS, *OUTBIND_PASSWORD_KEYS}
    assert set(everything["accounts"][0]) == keys


def test_every_option_against_pumping_is_there_and_none_is_invented(everything: dict[str, Any]) -> None:
    assert set(everything["accounts"][0]["pumping"]) == set(PumpingSettings.model_fields)


def test_every_option_of_a_route_is_there_and_none_is_invented(everything: dict[str, Any]) -> None:
    route = everything["routes"][0]

    assert set(route) == set(Route.model_fields)
    assert set(route["match"]) == set(RouteMatch.model_fields)


def test_every_option_of_a_content_rule_is_there_and_none_is_invented(everything: dict[str, Any]) -> None:
    assert set(everything["content"][0]) == set(ContentSection.model_fields)


def test_every_option_of_every_carrier_is_there_and_none_is_invented(
    everything: dict[str, Any], models: Mapping[str, type[BaseModel]]
) -> None:
    shown = {section["type"]: set(section) for section in everything["carriers"].values()}

    expected = {
        kind: carrier_keys(model, explains_all=kind == FIRST_CARRIER) | set(companions(model))
        for kind, model in models.items()
    }
    expected[FIRST_CARRIER] |= set(BESIDE)
    assert shown == expected


def as_value(model: type[BaseModel], key: str, written: object) -> object:
    """What the model makes of a written value."""
    field = model.model_fields[key]
    return TypeAdapter[object](field.rebuild_annotation()).validate_python(written)


def has_default(field: FieldInfo) -> bool:
    return not field.is_required() and field.default not in (None, (), {})


@pytest.mark.parametrize("name", TABLES)
def test_what_is_commented_in_a_table_is_the_default(everything: dict[str, Any], text: str, name: str) -> None:
    model = TABLES[name]

    wrong = {
        key: written
        for key, written in everything[name].items()
        if has_default(model.model_fields[key]) and as_value(model, key, written) != model.model_fields[key].default
    }

    assert wrong == {}


def test_what_is_commented_in_an_account_is_the_default(everything: dict[str, Any]) -> None:
    fields = Account.model_fields

    wrong = {
        key: written
        for key, written in everything["accounts"][0].items()
        if key in fields and has_default(fields[key]) and as_value(Account, key, written) != fields[key].default
    }

    assert wrong == {}


def test_what_is_commented_against_pumping_is_the_default(everything: dict[str, Any]) -> None:
    fields = PumpingSettings.model_fields

    wrong = {
        key: written
        for key, written in everything["accounts"][0]["pumping"].items()
        if has_default(fields[key]) and as_value(PumpingSettings, key, written) != fields[key].default
    }

    assert wrong == {}


def test_what_is_commented_in_a_carrier_is_the_default(
    everything: dict[str, Any], models: Mapping[str, type[BaseModel]]
) -> None:
    wrong = {
        (name, key): written
        for name, section in everything["carriers"].items()
        for key, written in section.items()
        if (model := models[section["type"]])
        and key in model.model_fields
        and has_default(model.model_fields[key])
        and as_value(model, key, written) != model.model_fields[key].default
    }

    assert wrong == {}


def test_the_receipt_profiles_are_the_dialects_there_are() -> None:
    assert set(get_args(Account.model_fields["receipt_profile"].annotation)) == set(DIALECTS)


def test_every_receipt_profile_is_explained(text: str) -> None:
    explained = re.findall(r"^#   (\S+) +(?:as|for) ", text, re.MULTILINE)

    assert explained == list(DIALECTS)


def test_every_default_alphabet_is_one_and_is_explained(text: str) -> None:
    names = get_args(Account.model_fields["default_alphabet"].annotation)

    explanation = text.partition("# What data_coding 0 stands for")[2].partition("#default_alphabet")[0]
    assert [name for name in names if name not in set(Alphabet) or not re.search(rf"\b{name}\b", explanation)] == []


def test_every_alphabet_of_a_data_coding_is_explained(text: str) -> None:
    explanation = text.partition("# What data_coding 0 stands for")[2].partition("#data_codings")[0]

    names = {alphabet.value for alphabet in Alphabet} - {"binary"}
    assert {name for name in names if not re.search(rf"\b{name}\b", explanation)} == set()


def test_the_file_as_it_stands_has_no_faults(text: str, tmp_path: Path, models: Mapping[str, type[BaseModel]]) -> None:
    (tmp_path / "smppgw.toml").write_text(text, encoding="utf-8")
    for secret in ("legacy.password", "retarus.password"):
        (tmp_path / secret).write_text("secret\n")

    settings = load(tmp_path / "smppgw.toml", models, {})

    assert [route.name for route in settings.routes] == ["default"]


@pytest.mark.parametrize("example", sorted((CONF / "carriers").glob("*.toml")), ids=lambda example: example.stem)
def test_an_example_of_a_carrier_has_no_faults(
    example: Path, tmp_path: Path, models: Mapping[str, type[BaseModel]]
) -> None:
    text = example.read_text(encoding="utf-8")
    (tmp_path / "smppgw.toml").write_text(text, encoding="utf-8")
    for secret in re.findall(r'_file = "(\S+)"', text):
        (tmp_path / secret).write_text("a-secret-of-some-length\n")

    settings = load(tmp_path / "smppgw.toml", models, {})

    assert list(settings.carriers) == [example.stem]
    assert settings.warnings == ()


def test_the_demo_configuration_has_no_faults(models: Mapping[str, type[BaseModel]]) -> None:
    settings = load(CONF / "demo.toml", models, {})

    assert [route.carriers for route in settings.routes] == [("alibaba",), ("alibaba-intl",), ("retarus",)]


def test_the_demo_talks_to_this_machine_only(models: Mapping[str, type[BaseModel]]) -> None:
    text = (CONF / "demo.toml").read_text(encoding="utf-8")

    hosts = set(re.findall(r"://([^/:\"]+)", text))

    assert hosts == {"127.0.0.1"}
