"""Message ids: a keyed bijection onto ids an old system can hold."""

import re
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.core.ids import IdForm, Ids, is_shaped, readings

FORMS = list(IdForm)
SHAPES = {IdForm.DECIMAL: re.compile(r"[1-9][0-9]{9}"), IdForm.HEX: re.compile(r"[1-9a-f][0-9a-f]{7}")}
DOMAINS = {IdForm.DECIMAL: 9 * 10**9, IdForm.HEX: 15 * 16**7}


@cache
def ids_of(form: IdForm, key: bytes = b"key") -> Ids:
    return Ids(key, form)


@pytest.mark.parametrize("form", FORMS)
def test_the_domain_holds_every_id_without_a_leading_zero(form: IdForm) -> None:
    assert ids_of(form).domain == DOMAINS[form]


@given(st.sampled_from(FORMS), st.integers(0, 2**63))
def test_an_id_has_its_length_and_no_leading_zero(form: IdForm, counter: int) -> None:
    text = ids_of(form).external(counter)

    assert SHAPES[form].fullmatch(text)
    assert is_shaped(text, form)


@given(st.sampled_from(FORMS), st.integers(0, 2**63))
def test_an_id_leads_back_to_its_counter_modulo_the_domain(form: IdForm, counter: int) -> None:
    ids = ids_of(form)

    assert ids.internal(ids.external(counter)) == counter % ids.domain


@given(st.sampled_from(FORMS), st.data())
def test_every_id_is_some_counter_s(form: IdForm, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(SHAPES[form], fullmatch=True))
    ids = ids_of(form)

    counter = ids.internal(text)

    assert counter is not None
    assert ids.external(counter) == text


@pytest.mark.parametrize("form", FORMS)
def test_many_counters_in_a_row_have_different_ids(form: IdForm) -> None:
    ids = ids_of(form)

    assert len({ids.external(counter) for counter in range(20_000)}) == 20_000


@pytest.mark.parametrize("form", FORMS)
def test_ids_in_a_row_do_not_look_sequential(form: IdForm) -> None:
    ids = ids_of(form)
    values = [int(ids.external(counter), 16 if form is IdForm.HEX else 10) for counter in range(1000)]

    rising = sum(later > earlier for earlier, later in pairwise(values))
    closest = min(abs(later - earlier) for earlier, later in pairwise(values))

    # Random order rises in half of 999 steps (standard deviation 9), and its steps span the domain.
    assert 400 < rising < 600
    assert closest > 1


@pytest.mark.parametrize("form", FORMS)
def test_counting_on_past_the_domain_starts_again(form: IdForm) -> None:
    ids = ids_of(form)

    assert ids.external(ids.domain + 5) == ids.external(5)


@pytest.mark.parametrize("form", FORMS)
def test_another_key_gives_other_ids(form: IdForm) -> None:
    ours, theirs = ids_of(form), ids_of(form, b"other")

    assert all(ours.external(counter) != theirs.external(counter) for counter in range(20))


@pytest.mark.parametrize(
    ("form", "ids"),
    [
        (IdForm.DECIMAL, ["2200244740", "8235306382", "5859510422", "1739692626"]),
        (IdForm.HEX, ["cafd2ff0", "e2f0f139", "6c6cb608", "d4525bdd"]),
    ],
)
def test_ids_of_a_key_are_the_same_in_every_release(form: IdForm, ids: list[str]) -> None:
    """Rows of the store are found by these: whoever changes them must carry the rows along."""
    assert [Ids(b"a stored key", form).external(counter) for counter in (0, 1, 2, 10**9)] == ids


def test_hexadecimal_ids_are_read_in_either_case() -> None:
    ids = ids_of(IdForm.HEX)
    text = next(text for text in map(ids.external, range(100)) if not text.isdigit())

    assert ids.internal(text.upper()) == ids.internal(text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (IdForm.DECIMAL, ""),
        (IdForm.DECIMAL, "0123456789"),
        (IdForm.DECIMAL, "123456789"),
        (IdForm.DECIMAL, "12345678901"),
        (IdForm.DECIMAL, "12345678ab"),
        (IdForm.DECIMAL, "+123456789"),
        (IdForm.DECIMAL, "1_23456789"),
        (IdForm.DECIMAL, " 123456789"),
        (IdForm.DECIMAL, "123456789\u0663"),
        (IdForm.HEX, "0fffffff"),
        (IdForm.HEX, "0x123456"),
        (IdForm.HEX, "fffffff"),
        (IdForm.HEX, "ffffffff0"),
        (IdForm.HEX, "fffffffg"),
        (IdForm.HEX, "ffff_fff"),
    ],
)
def test_what_is_no_id_has_no_counter(form: IdForm, text: str) -> None:
    assert ids_of(form).internal(text) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("4096172839", ["4096172839", "f426a327"]),
        ("8F1C29A7", ["8f1c29a7"]),
        ("0268435456", ["0268435456", "10000000"]),
        ("12345678", ["12345678", "bc614e"]),
        ("99999999999", ["99999999999"]),
        ("٣", ["٣"]),
        ("", [""]),
    ],
)
def test_an_id_is_read_as_a_person_or_a_receipt_may_write_it(said: str, told: list[str]) -> None:
    assert list(readings(said)) == told
