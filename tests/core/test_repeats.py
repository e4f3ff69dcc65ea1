"""What counts as the same text again, and how long."""

import pytest

from smppgw.core import repeats
from smppgw.core.repeats import Repeats, digest

A, B, C = (digest(b"secret", "ACME", "4915111111111", text) for text in "abc")
NOW = 1_700_000_000.0


def test_what_was_seen_is_seen_again_until_the_window_ends() -> None:
    seen = Repeats()
    seen.note(A, NOW, 30)

    assert [seen.has(A, NOW + after_s, 30) for after_s in (0, 29.9, 30)] == [True, True, False]
    assert not seen.has(B, NOW, 30)


def test_what_is_forgotten_was_not_seen() -> None:
    seen = Repeats()
    seen.note(A, NOW, 30)

    seen.forget(A)
    seen.forget(B)

    assert not seen.has(A, NOW, 30)


def test_what_is_too_old_takes_no_room() -> None:
    seen = Repeats()
    seen.note(A, NOW, 30)
    seen.note(B, NOW + 20, 30)
    seen.note(A, NOW + 40, 30)
    assert len(seen) == 2

    seen.note(C, NOW + 55, 30)

    assert len(seen) == 2
    assert seen.has(A, NOW + 55, 30)


def test_beyond_the_most_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST", 2)
    seen = Repeats()
    for each in (A, B, C):
        seen.note(each, NOW, 30)

    assert [seen.has(each, NOW, 30) for each in (A, B, C)] == [False, True, True]


def test_a_clock_that_is_set_back_makes_nothing_a_repetition_for_hours() -> None:
    seen = Repeats()
    seen.note(A, NOW, 30)

    assert not seen.has(A, NOW - 3600, 30)
    seen.note(B, NOW - 3600, 30)
    assert len(seen) == 1


def test_each_of_sender_recipient_and_text_makes_a_difference() -> None:
    made = {
        digest(secret, sender, recipient, text)
        for secret in (b"one", b"two")
        for sender in ("ACME", "")
        for recipient in ("491", "492")
        for text in ("", "Grüße 😀")
    }
    assert len(made) == 16
