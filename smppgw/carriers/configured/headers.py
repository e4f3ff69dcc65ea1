"""Headers of a request, filled in when it is made. Pure."""

import hashlib
import json
from collections.abc import Mapping

from smppgw.carriers.configured.template import Template
from smppgw.core.model import BatchId


def filled(headers: Mapping[str, Template] | None, batch: BatchId) -> dict[str, str]:
    """Return the headers of a request that belongs to a batch."""
    return {name: template.text(lambda _name: batch) for name, template in (headers or {}).items()}


def mark(headers: Mapping[str, str]) -> str | None:
    """Return what an attempt keeps of its headers, so that a repeat with others is seen; None where there are none."""
    if not headers:
        return None
    return hashlib.sha256(json.dumps(headers, sort_keys=True).encode()).hexdigest()[:32]
