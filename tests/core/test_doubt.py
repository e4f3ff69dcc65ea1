"""How a doubt is resolved (reliability.md 1.2)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgw.core.doubt import (
    LOOKUP_DEADLINE_S,
    LOOKUP_SPAN_S,
    LOOKUPS,
    DoubtProgress,
    DoubtStep,
    may_resend,
    next_step,
    wait_s,
)
from smppgw.core.model import DoubtRule
from smppgw.core.verdict import Evidence

T0 = 1_700_000_000.0
FENCE_S = 540.0
PUSH_WAIT_S = 6 * 3600.0

FRESH = DoubtProgress(
    prepared_at=T0, evidence=Evidence.NONE, repeats=0, clean_lookups=0, first_absent_at=None, lookups=0
)
ARRIVED = replace(FRESH, evidence=Evidence.ARRIVED)


def looked(clean: int, first_at: float | None, lookups: int | None = None) -> DoubtProgress:
    return replace(FRESH, clean_lookups=clean, first_absent_at=first_at, lookups=clean if lookups is None else lookups)


@pytest.mark.parametrize(
    ("progress", "fence_s", "lookup_resolves", "after_s", "step"),
    [
        # Inside the fence the identical request is repeated.
        (FRESH, FENCE_S, True, 0, DoubtStep.REPEAT),
        (FRESH, FENCE_S, True, 539.9, DoubtStep.REPEAT),
        (FRESH, FENCE_S, False, 539.9, DoubtStep.REPEAT),
        # Past it, without one, or once a copy is known to have come, only a look-up is safe.
        (FRESH, FENCE_S, True, 540, DoubtStep.LOOK_UP),
        (FRESH, None, True, 0, DoubtStep.LOOK_UP),
        (ARRIVED, FENCE_S, True, 1, DoubtStep.LOOK_UP),
        # A clock that went back says nothing about the fence.
        (FRESH, FENCE_S, True, -1, DoubtStep.LOOK_UP),
        # Where no look-up can resolve it, it ends.
        (FRESH, FENCE_S, False, 540, DoubtStep.END),
        (FRESH, None, False, 0, DoubtStep.END),
        (ARRIVED, FENCE_S, False, 1, DoubtStep.END),
        # Three clean look-ups over two minutes find what is there.
        (looked(2, T0 + 540), FENCE_S, True, 900, DoubtStep.LOOK_UP),
        (looked(3, T0 + 540), FENCE_S, True, 659.9, DoubtStep.LOOK_UP),
        (looked(3, T0 + 540), FENCE_S, True, 660, DoubtStep.END),
        # Look-ups that failed count for nothing, until the deadline.
        (looked(0, None, lookups=500), FENCE_S, True, LOOKUP_DEADLINE_S - 1, DoubtStep.LOOK_UP),
        (looked(0, None, lookups=500), FENCE_S, True, LOOKUP_DEADLINE_S, DoubtStep.END),
        # A clock that went back makes no look-up old.
        (looked(3, T0 + 9999), FENCE_S, True, 600, DoubtStep.LOOK_UP),
    ],
)
def test_the_next_step(
    progress: DoubtProgress, fence_s: float | None, lookup_resolves: bool, after_s: float, step: DoubtStep
) -> None:
    assert next_step(progress, fence_s=fence_s, lookup_resolves=lookup_resolves, now=T0 + after_s) is step


@pytest.mark.parametrize(
    ("progress", "fence_s", "lookup_resolves", "after_s", "step"),
    [
        # A push is waited for only when there is nothing else to do.
        (FRESH, FENCE_S, False, 539.9, DoubtStep.REPEAT),
        (FRESH, FENCE_S, True, 540, DoubtStep.LOOK_UP),
        (ARRIVED, FENCE_S, True, 1, DoubtStep.LOOK_UP),
        (looked(2, T0 + 540), FENCE_S, True, 900, DoubtStep.LOOK_UP),
        # Nothing to look up, or looked up in vain.
        (FRESH, None, False, 0, DoubtStep.WAIT),
        (FRESH, FENCE_S, False, 540, DoubtStep.WAIT),
        (ARRIVED, FENCE_S, False, 1, DoubtStep.WAIT),
        (looked(3, T0 + 540), FENCE_S, True, 660, DoubtStep.WAIT),
        # Until the wait is over.
        (ARRIVED, FENCE_S, False, PUSH_WAIT_S - 0.1, DoubtStep.WAIT),
        (ARRIVED, FENCE_S, False, PUSH_WAIT_S, DoubtStep.END),
        (looked(3, T0 + 540), FENCE_S, True, PUSH_WAIT_S, DoubtStep.END),
        # A clock that went back a little prolongs it; one that was wrong by years does not make it last for years.
        (FRESH, None, False, -60, DoubtStep.WAIT),
        (FRESH, None, False, -PUSH_WAIT_S, DoubtStep.END),
    ],
)
def test_where_pushes_come_a_doubt_ends_only_when_none_can_come_any_more(
    progress: DoubtProgress, fence_s: float | None, lookup_resolves: bool, after_s: float, step: DoubtStep
) -> None:
    now = T0 + after_s
    found = next_step(progress, fence_s=fence_s, lookup_resolves=lookup_resolves, push_wait_s=PUSH_WAIT_S, now=now)

    assert found is step


progresses = st.builds(
    DoubtProgress,
    prepared_at=st.just(T0),
    evidence=st.sampled_from([Evidence.NONE, Evidence.ARRIVED]),
    repeats=st.integers(0, 50),
    clean_lookups=st.integers(0, 5),
    first_absent_at=st.none() | st.integers(0, 1000).map(lambda after_s: T0 + after_s),
    lookups=st.integers(0, 50),
)


@settings(max_examples=300, deadline=None)
@given(progresses, st.none() | st.just(FENCE_S), st.booleans(), st.integers(-10_000, 100_000))
def test_nothing_is_repeated_outside_the_fence_or_after_a_copy_arrived(
    progress: DoubtProgress, fence_s: float | None, lookup_resolves: bool, after_s: float
) -> None:
    step = next_step(progress, fence_s=fence_s, lookup_resolves=lookup_resolves, now=T0 + after_s)

    if step is DoubtStep.REPEAT:
        assert fence_s is not None
        assert 0 <= after_s < fence_s
        assert progress.evidence is not Evidence.ARRIVED


@settings(max_examples=300, deadline=None)
@given(progresses, st.none() | st.just(FENCE_S), st.integers(-10_000, int(LOOKUP_DEADLINE_S) - 1))
def test_a_doubt_that_can_be_looked_up_does_not_end_early(
    progress: DoubtProgress, fence_s: float | None, after_s: float
) -> None:
    step = next_step(progress, fence_s=fence_s, lookup_resolves=True, now=T0 + after_s)

    if step is DoubtStep.END:
        assert progress.clean_lookups >= LOOKUPS
        assert progress.first_absent_at is not None
        assert T0 + after_s - progress.first_absent_at >= LOOKUP_SPAN_S


@settings(max_examples=300, deadline=None)
@given(progresses, st.none() | st.just(FENCE_S), st.booleans(), st.integers(-10_000, 100_000))
def test_a_wait_for_pushes_puts_off_the_end_and_nothing_else(
    progress: DoubtProgress, fence_s: float | None, lookup_resolves: bool, after_s: float
) -> None:
    now = T0 + after_s
    without = next_step(progress, fence_s=fence_s, lookup_resolves=lookup_resolves, now=now)

    with_pushes = next_step(
        progress, fence_s=fence_s, lookup_resolves=lookup_resolves, push_wait_s=PUSH_WAIT_S, now=now
    )

    over = abs(after_s) >= PUSH_WAIT_S
    assert with_pushes is (DoubtStep.WAIT if without is DoubtStep.END and not over else without)


def test_every_doubt_ends_in_the_end() -> None:
    now, progress, steps = T0, FRESH, []
    while (step := next_step(progress, fence_s=FENCE_S, lookup_resolves=True, now=now)) is not DoubtStep.END:
        steps.append(step)
        if step is DoubtStep.REPEAT:
            progress = replace(progress, repeats=progress.repeats + 1)
        else:
            first = now if progress.first_absent_at is None else progress.first_absent_at
            progress = replace(
                progress,
                lookups=progress.lookups + 1,
                clean_lookups=progress.clean_lookups + 1,
                first_absent_at=first,
            )
        now += wait_s(progress)
        assert len(steps) < 100

    assert steps == sorted(steps)  # first all repeats, then all look-ups
    assert 10 < steps.count(DoubtStep.REPEAT) < 20
    assert steps.count(DoubtStep.LOOK_UP) >= LOOKUPS
    assert FENCE_S + LOOKUP_SPAN_S <= now - T0 < 1800


@pytest.mark.parametrize(
    ("progress", "seconds"),
    [
        (FRESH, 0.0),
        (replace(FRESH, repeats=1), 1.0),
        (replace(FRESH, repeats=4), 8.0),
        (replace(FRESH, repeats=20), 60.0),
        (replace(FRESH, repeats=20, lookups=1), 2.0),
        (replace(FRESH, lookups=2), 5.0),  # 2 s * 2.5
        (replace(FRESH, lookups=9), 120.0),
    ],
)
def test_steps_come_more_and_more_slowly(progress: DoubtProgress, seconds: float) -> None:
    assert wait_s(progress) == pytest.approx(seconds)


@pytest.mark.parametrize("evidence", [Evidence.NONE, Evidence.ARRIVED, Evidence.ABSENT])
@pytest.mark.parametrize("rule", DoubtRule)
def test_only_the_written_rule_sends_anew_and_never_after_a_copy_arrived(rule: DoubtRule, evidence: Evidence) -> None:
    assert may_resend(rule, evidence) is (rule is DoubtRule.RESEND and evidence is not Evidence.ARRIVED)
