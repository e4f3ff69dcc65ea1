"""The sections of both services."""

from typing import Any

import pytest
from pydantic import ValidationError

from smppgw.carriers.alibaba import AlibabaConfig, AlibabaGlobeConfig

KEY = {"access_key_id": "LTAI", "access_key_secret": "s"}


def test_defaults_lead_to_the_public_endpoints() -> None:
    assert AlibabaConfig().endpoint == "https://dysmsapi.aliyuncs.com"
    assert AlibabaGlobeConfig().endpoint == "https://dysmsapi.ap-southeast-1.aliyuncs.com"


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://Dysmsapi.aliyuncs.com/", "https://dysmsapi.aliyuncs.com"),
        ("http://127.0.0.1:9001", "http://127.0.0.1:9001"),
        ("http://[::1]:9001", "http://[::1]:9001"),
    ],
)
def test_an_endpoint_is_a_scheme_and_a_host(endpoint: str, origin: str) -> None:
    assert AlibabaConfig(endpoint=endpoint).endpoint == origin


@pytest.mark.parametrize(
    "keys",
    [
        {"endpoint": "dysmsapi.aliyuncs.com"},
        {"endpoint": "https://host/path"},
        {"endpoint": "https://user:pw@host"},
        {"endpoint": "ftp://host"},
        {"access_key_id": "LTAI"},
        {"access_key_secret": "s"},
        {"access_key_secret_file": "/run/key"},
        {"access_key_id": "LT AI", "access_key_secret": "s"},
        {"sign_name": "【阿里云】"},
        {"signatures": ["好", ""]},
        {"type": "retarus"},
        {"templats": "t.json"},
        {"max_in_flight": 0},
        {"max_batch": 0},
        {"max_batch": 101},
        {"refresh": "10s"},
        {"refresh": "2d"},
        {"template_tag": 0x1502},
        {"signature_tag": 0x13FF},
        {"params_tag": 0x4000},
        {"otp_per_minute": -1},
    ],
)
def test_a_faulty_section_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AlibabaConfig.model_validate(keys)


@pytest.mark.parametrize(
    "source", [{"access_key_secret": "s"}, {"access_key_secret_file": "k"}, {"credential": "k"}, {}]
)
def test_the_key_comes_from_one_of_several_places(source: dict[str, str]) -> None:
    keys = {"access_key_id": "LTAI", **source} if source else {}

    assert AlibabaConfig.model_validate(keys).type == "alibaba"


def test_the_secret_does_not_show() -> None:
    assert "s3cr3t" not in repr(AlibabaConfig.model_validate({**KEY, "access_key_secret": "s3cr3t"}))


def test_a_fault_does_not_show_the_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        AlibabaConfig.model_validate({"access_key_secret": "s3cr3t"})

    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"mainland": True},
        {"templates": "t.json"},
        {"sign_name": "阿里云"},
        {"signatures": ["阿里云"]},
        {"max_batch": 50},
        {"max_batch": 1001, "calls_per_s": 10},
        {"max_batch": 0},
        {"access_key_file": "k.json", "access_key_id": "LTAI", "access_key_secret": "s"},
        {"access_key_file": "k.json", "security_token": "t"},
    ],
)
def test_a_faulty_international_section_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AlibabaGlobeConfig.model_validate(keys)


@pytest.mark.parametrize(
    "keys", [{"max_batch": 51}, {"max_batch": 2, "calls_per_s": 1}, {"mainland": True, "templates": "t.json"}]
)
def test_an_international_section_may_batch_and_reach_the_mainland(keys: dict[str, Any]) -> None:
    assert AlibabaGlobeConfig.model_validate(keys).type == "alibaba-globe"
