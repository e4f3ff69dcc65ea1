"""The approved templates of one account: where they come from, and what holds while they are not there.

They come from a file of the operator or from QuerySmsTemplateList. A list that cannot be loaded leaves the one before
it in force; before the first one, nothing is known, and nothing may be refused for that.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from smppgw.carriers.alibaba.api import Api
from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.template_rows import (
    PAGE,
    TemplateFileError,
    TemplatePage,
    TemplateRow,
    page_rows,
    read_template_file,
    template_set,
)
from smppgw.carriers.http import Operation

LOAD_S: Final = 30.0
"""Longest time for a whole list, and shortest between two tries to load a first one."""
PAGE_SIZE: Final = 50
MAX_PAGES: Final = 40


class Catalogue:
    """The templates in force."""

    def __init__(
        self, api: Api, file: Path | None, *, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self.templates: TemplateSet | None = None
        """None until a list was loaded."""
        self.loaded_at = 0.0
        """When ``templates`` came into force, Unix seconds."""
        self.problem: str | None = None
        """Why the last load failed."""
        self._api = api
        self._file = file
        self._clock = clock
        self._monotonic = monotonic
        self._rest_until = float("-inf")

    async def refresh(self) -> None:
        """Load the templates. Never raises; takes ``LOAD_S`` at most."""
        self._rest_until = self._monotonic() + LOAD_S
        loaded = await (self._from_platform() if self._file is None else _from_file(self._file))
        if isinstance(loaded, str):
            self.problem = f"templates not loaded: {loaded}"
        else:
            self.templates, self.loaded_at, self.problem = loaded, self._clock(), None

    async def refresh_if_missing(self) -> None:
        """Load the first list, unless that was tried a moment ago or is being tried."""
        if self.templates is None and self._monotonic() >= self._rest_until:
            await self.refresh()

    async def _from_platform(self) -> TemplateSet | str:
        try:
            async with asyncio.timeout(LOAD_S):
                return await self._pages()
        except TimeoutError:
            return f"not within {LOAD_S:g} s"

    async def _pages(self) -> TemplateSet | str:
        rows: list[TemplateRow] = []
        read = 0
        for number in range(1, MAX_PAGES + 1):
            parameters = {"PageIndex": str(number), "PageSize": str(PAGE_SIZE)}
            page = await self._api.ask(Operation.TEMPLATES, "QuerySmsTemplateList", parameters, PAGE)
            if not isinstance(page, TemplatePage):
                return page.reason
            rows += page_rows(page)
            read += len(page.sms_template_list)
            if read >= page.total_count:
                return template_set(rows)
            if not page.sms_template_list:
                # The count may hold kinds that are not listed; but a count and nothing at all is no answer.
                return template_set(rows) if read else "the list is empty, its count is not"
        return f"more than {MAX_PAGES * PAGE_SIZE} templates"


async def _from_file(file: Path) -> TemplateSet | str:
    try:
        return await asyncio.to_thread(read_template_file, file)
    except TemplateFileError as error:
        return str(error)
