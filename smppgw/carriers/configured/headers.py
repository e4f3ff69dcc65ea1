"""Headers of a request, filled in when it is made. Pure."""

from collections.abc import Mapping

from smppgw.carriers.configured.template import Template
from smppgw.core.model import BatchId


def filled(headers: Mapping[str, Template] | None, batch: BatchId) -> dict[str, str]:
    """Return the headers of a request that belongs to a batch."""
    return {name: template.text(lambda _name: batch) for name, template in (headers or {}).items()}
