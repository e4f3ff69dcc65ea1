"""The section of a carrier of ``type = "http"``, checked as a whole."""

from collections.abc import Iterable
from typing import Self

from pydantic import model_validator

from smppgw.carriers.configured import checks
from smppgw.carriers.configured.kinds import faults
from smppgw.carriers.configured.section import Section


class HttpCarrierConfig(Section):
    """A section in which nothing contradicts anything else."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if found := list(checks.disagreements(self)):
            raise faults(found)
        return self

    def cautions(self) -> Iterable[tuple[str, str]]:
        """Say what works, but should not stay so: the key, and why."""
        return checks.cautions(self)
