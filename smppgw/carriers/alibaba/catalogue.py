"""What an account may send with: where the lists of templates and signatures come from, and how they stay fresh.

Templates come from a file of the operator or from QuerySmsTemplateList, signatures from QuerySmsSignList; with a file
nothing is asked for. A list that cannot be loaded leaves the one before it in force; before the first one, nothing is
known, and nothing may be refused for that. From ``start`` to ``stop`` a duty loads them again: regularly, as soon as
the platform calls a template or a signature illegal that is on them, and often while there are none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from smppgw.carriers.alibaba.api import Api
from smppgw.carriers.alibaba.signatures import SIGN_PAGE, SignatureSet, SignPage, SignRow, sign_rows
from smppgw.carriers.alibaba.template_rows import (
    PAGE,
    TemplateFileError,
    TemplateList,
    TemplatePage,
    TemplateRow,
    page_rows,
    read_template_file,
    template_list,
)
from smppgw.carriers.alibaba.variables import Variables
from smppgw.carriers.alibaba.wording import Lists
from smppgw.carriers.http import Operation

_log = structlog.get_logger()

LOAD_S: Final = 30.0
"""Longest time for a list."""
REST_S: Final = 30.0
"""Shortest time between two loads, and the time between two tries to load a first list."""
PAGE_SIZE: Final = 50
MAX_PAGES: Final = 40

_Page = TypeVar("_Page", TemplatePage, SignPage)
_List = TypeVar("_List")


class Catalogue:
    """The lists in force."""

    def __init__(
        self,
        carrier: str,
        api: Api,
        *,
        file: Path | None,
        every_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Know nothing yet.

        Args:
            carrier: For the log.
            api: Asks the platform.
            file: Templates of the operator; None: the platform's.
            every_s: Seconds between two loads.
            monotonic: Seconds, for durations.
        """
        self.lists = Lists()
        self._problems: dict[str, str] = {}
        """By the name of a list, why its last load failed."""
        self._variables = Variables(api)
        self._carrier = carrier
        self._api = api
        self._file = file
        self._every_s = every_s
        self._monotonic = monotonic
        self._rest_until = float("-inf")
        self._doubted = asyncio.Event()
        self._duty: asyncio.Task[None] | None = None

    @property
    def problem(self) -> str | None:
        """Why the templates could not be loaded the last time; without signatures the platform judges them."""
        reason = self._problems.get("templates")
        return None if reason is None else f"templates not loaded: {reason}"

    @property
    def problems(self) -> str:
        """What could not be loaded the last time, and why; empty when all could."""
        return "; ".join(f"{name}: {reason}" for name, reason in sorted(self._problems.items()))

    async def start(self) -> None:
        """Load the lists once, and keep them fresh from then on. Never raises; takes ``LOAD_S`` at most."""
        await self.refresh()
        if "signatures" in self._problems:
            reason = self._problems["signatures"]
            _log.warning("signatures not known, the platform judges them", carrier=self._carrier, reason=reason)
        self._duty = asyncio.create_task(self._keep_fresh(), name=f"lists {self._carrier}")

    async def stop(self) -> None:
        """End the duty."""
        if self._duty is not None:
            self._duty.cancel()
            await asyncio.wait([self._duty])

    def doubt(self) -> None:
        """Load the lists soon: the platform does not know something that is on them."""
        self._doubted.set()

    async def refresh(self) -> None:
        """Load the lists. Never raises; takes ``LOAD_S`` at most."""
        self._rest_until = self._monotonic() + REST_S
        if self._file is not None:
            self._take_templates(await _from_file(self._file))
            return
        templates, signatures = await asyncio.gather(_in_time(self._templates()), _in_time(self._signatures()))
        self._take_templates(templates)
        taken = self._kept("signatures", signatures)
        if taken is not None and taken != self.lists.signatures:
            self.lists = replace(self.lists, signatures=taken)

    def _take_templates(self, loaded: TemplateList | str) -> None:
        if (taken := self._kept("templates", loaded)) is not None:
            self._use(taken)

    def _use(self, templates: TemplateList) -> None:
        """Put templates in force, unless they are those that are."""
        if templates != self.lists.templates:
            self.lists = replace(self.lists, templates=templates)

    def _kept(self, name: str, loaded: _List | str) -> _List | None:
        """Return a list that was loaded, or None and note why it was not."""
        if isinstance(loaded, str):
            self._problems[name] = loaded
            return None
        self._problems.pop(name, None)
        return loaded

    async def _keep_fresh(self) -> None:
        while True:
            try:
                await self._learn_variables()
                await self._wait()
                await self._refresh_and_tell()
            except Exception as fault:  # noqa: BLE001 - a bug that one answer meets; the lists there are stay
                _log.error("lists not refreshed", carrier=self._carrier, exc_info=fault)
                await asyncio.sleep(REST_S)

    async def _learn_variables(self) -> None:
        templates = self.lists.templates
        if self._file is None and templates and await self._variables.learn(templates.approved):
            self._use(replace(templates, approved=self._variables.applied(templates.approved)))

    async def _wait(self) -> None:
        """Wait until it is time, or the lists are doubted; in that case too no sooner than ``REST_S`` after a load."""
        try:
            async with asyncio.timeout(REST_S if self.lists.templates is None else self._every_s):
                await self._doubted.wait()
        except TimeoutError:
            pass
        else:
            await asyncio.sleep(max(0.0, self._rest_until - self._monotonic()))
        self._doubted.clear()

    async def _refresh_and_tell(self) -> None:
        """Load the lists; say once what goes wrong, what is right again, and what has changed."""
        problems, lists = self.problems, self.lists
        await self.refresh()
        if self.problems and self.problems != problems:
            _log.warning("lists not refreshed, the old ones stay", carrier=self._carrier, reason=self.problems)
        elif problems and not self.problems:
            _log.info("lists refreshed again", carrier=self._carrier)
        if self.lists.templates and self.lists != lists:
            _log.info(
                "lists have changed", carrier=self._carrier, templates=len(self.lists.templates.approved.templates)
            )

    # The platform's

    async def _templates(self) -> TemplateList | str:
        rows: list[TemplateRow] = []
        reason = await self._pages("QuerySmsTemplateList", PAGE, lambda page: rows.extend(page_rows(page)))
        if reason:
            return reason
        templates = template_list(rows)
        return replace(templates, approved=self._variables.applied(templates.approved))

    async def _signatures(self) -> SignatureSet | str:
        rows: list[SignRow] = []
        reason = await self._pages("QuerySmsSignList", SIGN_PAGE, lambda page: rows.extend(sign_rows(page)))
        return reason or SignatureSet.of(rows)

    async def _pages(
        self, action: str, decoder: msgspec.json.Decoder[_Page], take: Callable[[_Page], None]
    ) -> str | None:
        """Read all pages of a list; return why that did not work."""
        read = 0
        for number in range(1, MAX_PAGES + 1):
            parameters = {"PageIndex": str(number), "PageSize": str(PAGE_SIZE)}
            page = await self._api.ask(Operation.TEMPLATES, action, parameters, decoder)
            if not isinstance(page, TemplatePage | SignPage):
                return page.reason
            take(page)
            read += len(page.rows)
            if read >= page.total:
                return None
            if not page.rows:
                # The count may hold kinds that are not listed; but a count and nothing at all is no answer.
                return None if read else "the list is empty, its count is not"
        return f"more than {MAX_PAGES * PAGE_SIZE} rows"


async def _in_time(loading: Awaitable[_List | str]) -> _List | str:
    try:
        async with asyncio.timeout(LOAD_S):
            return await loading
    except TimeoutError:
        return f"not within {LOAD_S:g} s"


async def _from_file(file: Path) -> TemplateList | str:
    try:
        return await asyncio.to_thread(read_template_file, file)
    except TemplateFileError as error:
        return str(error)
