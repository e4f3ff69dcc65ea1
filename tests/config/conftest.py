"""A configuration that is right, to be made wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from smppgw.carriers.alibaba.config import AlibabaConfig, AlibabaGlobeConfig
from smppgw.carriers.configured import HttpCarrierConfig
from smppgw.carriers.loopback import LoopbackConfig
from smppgw.carriers.retarus.config import RetarusConfig
from smppgw.config.loader import load
from smppgw.config.settings import Settings

MODELS: Mapping[str, type[BaseModel]] = {
    "retarus": RetarusConfig,
    "alibaba": AlibabaConfig,
    "alibaba-globe": AlibabaGlobeConfig,
    "http": HttpCarrierConfig,
    "loopback": LoopbackConfig,
}

# Of the right form; nobody checks a password against it here.
HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$bYB8bD1Yb2Yb3pyvGbfgO7A5DpzdWXdXfdgGiAnm9jU"

Load = Callable[..., Settings]


@pytest.fixture
def models() -> Mapping[str, type[BaseModel]]:
    return MODELS


@pytest.fixture
def password_hash() -> str:
    return HASH


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    """Load a text as a configuration; keyword arguments replace whole parts of one that is right."""
    good = {
        "smpp": '[smpp]\nlisten = "127.0.0.1:2775"',
        "accounts": f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{HASH}"',
        "carriers": '[carriers.loop]\ntype = "loopback"',
        "routes": '[[routes]]\nname = "default"\ncarriers = ["loop"]',
        "more": "",
    }

    def call(environ: Mapping[str, str] | None = None, **parts: str) -> Settings:
        file = tmp_path / "smppgw.toml"
        file.write_text("\n".join((good | parts).values()), encoding="utf-8")
        return load(file, MODELS, environ or {})

    return call
