"""`smppgw optouts`: who has opted out, read beside a daemon that may run."""

import contextlib
from collections.abc import Sequence

from smppgw.config.settings import Settings
from smppgw.core.optout import Optout
from smppgw.store.sqlite.archive import SqliteArchive


def listed(settings: Settings, account: str | None) -> Sequence[Optout]:
    """Return who has opted out, of one account or of any.

    Raises:
        StoreError: The store cannot be read.
    """
    with contextlib.closing(SqliteArchive.open(settings.store.path)) as archive:
        return archive.optouts(account)
