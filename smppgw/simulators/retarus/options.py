"""What can be chosen about the simulated Retarus."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RetarusOptions:
    """Options of one simulated Retarus; durations in seconds."""

    username: str
    password: str
    accept_delay: float = 0.0
    """Time before a `POST /jobs` is taken and answered."""
    final_delay: float = 5.0
    """Time from acceptance to the final status; half of it is spent OPEN, the rest RUNNING."""
    visible_after: float = 2.0
    """Time during which a fresh job is answered like an unknown one."""
    seed: int = 0
    """Of the choice between the data centres behind `eu`, and of the ids."""
    strict: bool = False
    """Unknown properties and values out of range are 400 instead of ignored and clamped."""
    unknown_as: Literal[404, 500] = 404
    """HTTP status of a job that is not in this data centre; clients have met both."""
    error_body: Literal["none", "json"] = "none"
    """The manual says that errors have no body; vendor code tries to read `{"message","code"}`."""
    refuse_suffix: str = ""
    """A job with a number that ends in these digits is refused whole, 422, as for a number that has gone bad between
    the client's check and Retarus'; empty: none is. Retarus itself takes such jobs and reports INVALID_DST."""
    push_url: str | None = None
    """Where inbound texts are pushed; None: nowhere."""
    push_retry_scale: float = 1.0
    """Factor of the pauses between the tries of a push."""
