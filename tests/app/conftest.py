"""A configuration in a folder of its own, and how to load it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from smppgw import app
from smppgw.config.settings import Settings

# Of the right form; nobody checks a password against it here.
HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$bYB8bD1Yb2Yb3pyvGbfgO7A5DpzdWXdXfdgGiAnm9jU"

Load = Callable[..., Settings]


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    """Load a text as a configuration; keyword arguments replace whole parts of one that is right."""
    good = {
        "smpp": '[smpp]\nlisten = "127.0.0.1:0"',
        "store": '[store]\nurl = "sqlite:app.db"',
        "accounts": f'[[accounts]]\nsystem_id = "legacy"\npassword_hash = "{HASH}"',
        "carriers": '[carriers.loop]\ntype = "loopback"',
        "routes": '[[routes]]\nname = "default"\ncarriers = ["loop"]',
        "more": "",
    }

    def call(**parts: str) -> Settings:
        file = tmp_path / "smppgw.toml"
        file.write_text("\n".join((good | parts).values()), encoding="utf-8")
        return app.load(file, {})

    return call
