"""How a doubt is resolved: repeat inside the fence, look up, end by rule (reliability.md 1.2). Pure.

DOUBTFUL at t0
  inside the fence, no copy proved:  repeat the identical request
  a copy proved, or past the fence:  look up, at least LOOKUPS clean times over at least LOOKUP_SPAN_S
  never found, but pushes may come:  wait for one
  never heard of:                    end by on_doubt
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from smppgw.core.model import DoubtRule
from smppgw.core.retry import Backoff
from smppgw.core.verdict import Evidence

LOOKUPS: Final = 3
"""Clean look-ups that must find nothing before a doubt ends."""
LOOKUP_SPAN_S: Final = 120.0
"""Seconds that must lie between the first clean look-up and the last."""
LOOKUP_DEADLINE_S: Final = 6 * 3600.0
"""Seconds after which a doubt ends although the carrier's look-up never worked."""
PARKED_S: Final = 7 * 86400.0
"""Seconds that a parked message is held for a person; then it ends as UNKNOWN (DESIGN.md section 7)."""

REPEATS: Final = Backoff(first_s=1.0, factor=2.0, longest_s=60.0)
LOOKUP_WAITS: Final = Backoff(first_s=2.0, factor=2.5, longest_s=120.0)


class DoubtStep(IntEnum):
    """What to do next about a doubtful attempt."""

    REPEAT = 0
    LOOK_UP = 1
    WAIT = 2
    """For a push: nothing else can tell any more."""
    END = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtProgress:
    """What has been tried so far; stored with the attempt."""

    prepared_at: float
    evidence: Evidence
    """ARRIVED once the carrier has said that a copy came; otherwise NONE."""
    repeats: int
    clean_lookups: int
    first_absent_at: float | None
    lookups: int
    """All look-ups, clean or not."""


def next_step(
    progress: DoubtProgress,
    *,
    fence_s: float | None,
    lookup_resolves: bool,
    push_wait_s: float | None = None,
    now: float,
) -> DoubtStep:
    """Say what to do about a doubtful attempt at ``now``.

    Args:
        progress: What has been tried.
        fence_s: How long an identical repeat cannot send twice.
        lookup_resolves: Whether a look-up can find anything.
        push_wait_s: How long after the attempt a push may still tell; None: the carrier sends none.
        now: Unix seconds.
    """
    fenced = fence_s is not None and 0 <= now - progress.prepared_at < fence_s
    if fenced and progress.evidence is not Evidence.ARRIVED:
        return DoubtStep.REPEAT
    if lookup_resolves and not _looked_enough(progress, now):
        return DoubtStep.LOOK_UP
    # A clock that went back by more than the wait must not make it last for years.
    if push_wait_s is not None and abs(now - progress.prepared_at) < push_wait_s:
        return DoubtStep.WAIT
    return DoubtStep.END


def _looked_enough(progress: DoubtProgress, now: float) -> bool:
    if now - progress.prepared_at >= LOOKUP_DEADLINE_S:
        return True
    since = progress.first_absent_at
    return progress.clean_lookups >= LOOKUPS and since is not None and now - since >= LOOKUP_SPAN_S


def wait_s(progress: DoubtProgress, jitter: float = 0.5) -> float:
    """Return the seconds until the next step, after the last one left it doubtful."""
    if progress.lookups:
        return LOOKUP_WAITS.delay_s(progress.lookups, jitter)
    return REPEATS.delay_s(progress.repeats, jitter) if progress.repeats else 0.0


def may_resend(rule: DoubtRule, evidence: Evidence) -> bool:
    """Whether an unresolved doubt may be sent anew: by written rule only, never when a copy is known to have come."""
    return rule is DoubtRule.RESEND and evidence is not Evidence.ARRIVED
