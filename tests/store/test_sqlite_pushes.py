"""SQLite keeps the contract of stores about pushes."""

import pytest

from smppgw.store.base import StoreError
from smppgw.store.sqlite import pushing
from tests.store import push_contract
from tests.store.push_contract import (  # noqa: F401 - pytest collects them here
    TestAnAnswerAfterAPush,
    TestAnInboundText,
    TestAnOrphan,
    TestAPushedReport,
    TestAReportThatIsNotFinal,
    TestKeptPushes,
    TestPrices,
    TestTheFirstEnd,
)
from tests.store.room import Room


def test_no_part_of_the_contract_is_left_out() -> None:
    assert {name for name in vars(push_contract) if name.startswith("Test")} <= set(globals())


async def test_no_more_is_kept_than_there_is_room_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "_MOST_KEPT", 3)
    for _ in range(3):
        await room.store.keep_push("alpha", "", b"1", room.now)

    with pytest.raises(StoreError):
        await room.store.keep_push("alpha", "", b"1", room.now)
