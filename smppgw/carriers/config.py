"""What every carrier's section of the configuration may say; each adapter adds its own keys.

Units and defaults are explained in ``conf/smppgw.toml``. A model only holds values: files are read by the loader.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from smppgw.core.billing import BilledOn
from smppgw.core.model import DoubtRule
from smppgw.core.retry import Backoff, PollSchedule
from smppgw.core.values import NetworkList, PerSecond, Seconds, Secret

Positive = Annotated[Seconds, Field(gt=0)]


class CarrierConfig(BaseModel):
    """Keys that all carriers share. ``None`` means the adapter's own default."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    rates: Path | None = None
    """Rate card; without one, prices are unknown."""
    billed_on: BilledOn = BilledOn.SUBMIT
    """What the carrier asks money for; an adapter that knows better has another default."""
    on_doubt: DoubtRule = DoubtRule.UNKNOWN
    fence: bool = True
    """Whether doubtful calls are repeated inside the carrier's own duplicate window."""
    calls_per_s: Annotated[PerSecond, Field(gt=0)] = 20.0
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = 4
    linger: Annotated[Seconds, Field(ge=0, le=10)] = 0.0
    connect_timeout: Annotated[Seconds, Field(gt=0, le=60)] = 5.0
    send_timeout: Annotated[Seconds, Field(gt=0, le=60)] = 30.0
    """Well under the lease of a call (``workers.dispatch``): a verdict after its end would count for nothing."""
    lookup_timeout: Annotated[Seconds, Field(gt=0, le=60)] = 15.0
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, PEM."""
    poll_first: Positive = 5.0
    poll_factor: Annotated[float, Field(ge=1, le=10)] = 1.6
    poll_longest: Positive = 300.0
    poll_deadline: Positive | None = None

    def polls(self, deadline_s: float) -> PollSchedule:
        """Make the schedule of status polls; ``deadline_s`` holds where the section names none."""
        backoff = Backoff(first_s=self.poll_first, factor=self.poll_factor, longest_s=self.poll_longest)
        return PollSchedule(backoff=backoff, deadline_s=self.poll_deadline or deadline_s)


class PushedConfig(CarrierConfig):
    """Keys of a carrier that calls us too: on ``/push/NAME/SECRET``."""

    push_secret: Secret | None = None
    """None: it does not."""
    push_from: NetworkList | None = None
    """Where its calls come from; None: anywhere."""
