"""QuerySendStatistics: how many parts the platform counts for a day, for comparison with our ledger.

Source: help.aliyun.com QuerySendStatistics (2017-05-25); ``TotalCount`` counts billable units, the failed ones too,
which a bill by receipt does not have (sending rules, mainland).
"""

from datetime import date
from typing import Final

import msgspec

from smppgw.carriers.alibaba.api import Api
from smppgw.carriers.http import Operation
from smppgw.core.billing import BilledOn

PAGE_SIZE: Final = 50
MAX_PAGES: Final = 20
_MAINLAND: Final = "1"


class _Day(msgspec.Struct, frozen=True, rename="pascal"):
    send_date: str
    total_count: int
    responded_fail_count: int = 0


class _Data(msgspec.Struct, frozen=True, rename="pascal"):
    total_size: int
    target_list: list[_Day] = msgspec.field(default_factory=list)


class _Page(msgspec.Struct, frozen=True, rename="pascal"):
    data: _Data


# Not strict: counts come as numbers and as text.
_PAGE: Final = msgspec.json.Decoder(_Page, strict=False)


class Statistics:
    """Questions about the days of one account."""

    def __init__(self, api: Api, billed_on: BilledOn) -> None:
        self._api = api
        self._billed_on = billed_on

    async def parts(self, day: date) -> int | None:
        """Return the parts that a day is billed for; None when the list could not be read whole."""
        wanted = f"{day:%Y%m%d}"
        found = read = 0
        for number in range(1, MAX_PAGES + 1):
            data = await self._page(wanted, number)
            if data is None:
                return None
            found += sum(self._billed(each) for each in data.target_list if each.send_date == wanted)
            read += len(data.target_list)
            if read >= data.total_size:
                return found
            if not data.target_list:
                return None
        return None

    def _billed(self, day: _Day) -> int:
        is_free = self._billed_on is BilledOn.DELIVERY
        return day.total_count - day.responded_fail_count * is_free

    async def _page(self, day: str, number: int) -> _Data | None:
        parameters = {
            "IsGlobe": _MAINLAND,
            "StartDate": day,
            "EndDate": day,
            "PageIndex": str(number),
            "PageSize": str(PAGE_SIZE),
        }
        page = await self._api.ask(Operation.STATISTICS, "QuerySendStatistics", parameters, _PAGE)
        return page.data if isinstance(page, _Page) else None
