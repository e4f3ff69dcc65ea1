"""Which inbound texts opt somebody out, and in again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.optout import START_WORDS, STOP_WORDS, Consent, Optouts, Wish, Words

WORDS = Words(STOP_WORDS, START_WORDS)
RECIPIENT = "4915111111111"


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop! ", "«Stop»", "stop.\r\n", "ＳＴＯＰ", "STOP ALL", "Arrêt", "arre\u0302t", "td", "退订"],
)
def test_a_text_that_is_nothing_but_the_word_opts_out(text: str) -> None:
    assert WORDS.reads(text) is Consent.WITHDRAWN


@pytest.mark.parametrize("text", ["START", "start.", "Unstop"])
def test_another_word_opts_in_again(text: str) -> None:
    assert WORDS.reads(text) is Consent.GIVEN


@pytest.mark.parametrize("text", ["", "!", "Please stop by at five", "stop it", "yes", "restart", "STOP" + " " * 40])
def test_any_other_text_says_nothing(text: str) -> None:
    assert WORDS.reads(text) is None


@given(st.text(max_size=60))
def test_no_text_is_more_than_can_be_read(text: str) -> None:
    assert WORDS.reads(text) in {None, *Consent}


def test_a_word_in_both_lists_opts_out() -> None:
    assert Words(["OFF"], ["off"]).reads("Off") is Consent.WITHDRAWN


def test_who_opts_out_of_one_account_gets_what_others_send() -> None:
    optouts = Optouts({"acme": [4915122222222]})

    optouts.note("acme", Wish(RECIPIENT, Consent.WITHDRAWN))

    assert optouts.has("acme", RECIPIENT)
    assert optouts.has("acme", "4915122222222")
    assert not optouts.has("bolt", RECIPIENT)


def test_who_was_opted_out_at_the_start_can_opt_in_and_out_again() -> None:
    optouts = Optouts({"acme": [4915100000000, int(RECIPIENT), 4915199999999]})
    seen = [optouts.has("acme", RECIPIENT)]
    for consent in (Consent.GIVEN, Consent.WITHDRAWN):
        optouts.note("acme", Wish(RECIPIENT, consent))
        seen.append(optouts.has("acme", RECIPIENT))

    assert seen == [True, False, True]
    assert [optouts.has("acme", f"49151{rest:08}") for rest in (0, 1, 99999999)] == [True, False, True]


def test_who_opts_in_again_gets_everything_again() -> None:
    optouts = Optouts({})
    for consent in (Consent.WITHDRAWN, Consent.GIVEN, Consent.GIVEN):
        optouts.note("acme", Wish(RECIPIENT, consent))

    assert not optouts.has("acme", RECIPIENT)
