"""What can be chosen about the simulated Alibaba Cloud."""

from dataclasses import dataclass

from smppgw.simulators.alibaba.signatures import KNOWN_SIGNATURES, Signature
from smppgw.simulators.alibaba.templates import KNOWN_TEMPLATES, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class AlibabaOptions:
    """Options of one simulated account; durations in seconds."""

    access_key_id: str
    access_key_secret: str
    key_lifetime: float = 3600.0
    """How long a temporary key is good."""
    accept_delay: float = 0.0
    """Time before a send is taken and answered."""
    final_delay: float = 5.0
    """Time from acceptance to the final status."""
    visible_after: float = 0.0
    """Time during which a fresh message is not found by queries."""
    seed: int = 0
    """Of the request ids."""
    shuffle_ids: bool = False
    """Whether the ids of an international batch come in another order than its numbers."""
    frequency_limits: bool = True
    """Whether the caps per number hold."""
    signatures: tuple[Signature, ...] = KNOWN_SIGNATURES
    templates: tuple[Template, ...] = KNOWN_TEMPLATES
    push_url: str | None = None
    """Where receipts and inbound texts are pushed; None: nowhere."""
    intl_push_url: str | None = None
    """Where international receipts are pushed; None: to `push_url`."""
    push_timeout: float = 0.7
    """How long an answer to a push is waited for."""
    push_retry_scale: float = 1.0
    """Factor of the pauses of 1, 5 and 10 minutes between the tries of a push."""
    push_rows: int = 100
    """Reports in one push at most."""
