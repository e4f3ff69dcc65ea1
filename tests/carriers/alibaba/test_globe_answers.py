"""The answer to a call for several: everything adds up, or all that is known is that it arrived."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgw.carriers.alibaba.api import Reply
from smppgw.carriers.alibaba.globe_answers import several
from smppgw.carriers.http import Answer
from smppgw.core.model import CarrierRef
from smppgw.core.verdict import Accepted, Doubtful, Evidence, Rejected, Verdict

NUMBERS = ("4915112345678", "4915112345679", "4915112345680")
IDS = ("1001", "1002", "1003")


def verdicts(numbers: tuple[str, ...] = NUMBERS, **fields: Any) -> list[Verdict]:
    body = msgspec.json.encode({"ResponseCode": "OK", **fields})
    return several(Reply(answer=Answer(status=200, headers={}, body=body), code="OK"), numbers)


def kinds(found: list[Verdict]) -> list[str]:
    return [type(verdict).__name__ for verdict in found]


@pytest.mark.parametrize("failed", [None, "", "[]", []])
@pytest.mark.parametrize("success", ["3", 3])
@pytest.mark.parametrize("ids", [json.dumps(IDS), list(IDS), json.dumps([1001, 1002, 1003])])
def test_all_accepted_in_any_spelling(ids: object, success: object, failed: object) -> None:
    found = verdicts(MessageIdList=ids, SuccessCount=success, FailedList=failed)

    assert found == [Accepted(CarrierRef(each)) for each in IDS]


@pytest.mark.parametrize("failed", [[NUMBERS[0]], [f"+{NUMBERS[0]}"], [int(NUMBERS[0])]])
def test_a_failed_number_is_known_however_it_is_written(failed: list[object]) -> None:
    found = verdicts(MessageIdList='["1001","1002"]', SuccessCount="2", FailedList=json.dumps(failed))

    assert kinds(found) == ["Rejected", "Accepted", "Accepted"]
    assert found[1:] == [Accepted(CarrierRef("1001")), Accepted(CarrierRef("1002"))]


def test_all_may_have_failed() -> None:
    found = verdicts(MessageIdList="[]", SuccessCount="0", FailedList=json.dumps(NUMBERS))

    assert [isinstance(each, Rejected) and each.whole_batch for each in found] == [True] * 3


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"MessageIdList": json.dumps(IDS), "FailedList": "[]"},
        {"SuccessCount": "3", "FailedList": "[]"},
        {"MessageIdList": json.dumps(IDS[:2]), "SuccessCount": "3"},
        {"MessageIdList": json.dumps(IDS[:2]), "SuccessCount": "2"},
        {"MessageIdList": json.dumps(IDS), "SuccessCount": "2"},
        {"MessageIdList": json.dumps([*IDS, "1004"]), "SuccessCount": "4"},
        {"MessageIdList": '["1001","1001","1002"]', "SuccessCount": "3"},
        {"MessageIdList": '["1001","","1002"]', "SuccessCount": "3"},
        {"MessageIdList": '["1001",null,"1002"]', "SuccessCount": "3"},
        {"MessageIdList": '["1001",true,"1002"]', "SuccessCount": "3"},
        {"MessageIdList": "1001,1002,1003", "SuccessCount": "3"},
        {"MessageIdList": {"a": 1}, "SuccessCount": "3"},
        {"MessageIdList": json.dumps(IDS), "SuccessCount": "3", "FailedList": json.dumps([NUMBERS[0]])},
        {"MessageIdList": '["1001","1002"]', "SuccessCount": "2", "FailedList": '["4915100000000"]'},
        {"MessageIdList": '["1001"]', "SuccessCount": "1", "FailedList": json.dumps([NUMBERS[0]] * 2)},
        {"MessageIdList": '["1001","1002"]', "SuccessCount": "2", "FailedList": "no list"},
        {"MessageIdList": json.dumps(IDS), "SuccessCount": True},
    ],
)
def test_what_does_not_add_up_has_arrived_and_nothing_else_is_known(fields: dict[str, Any]) -> None:
    assert verdicts(**fields) == [Doubtful("OK, but its counts do not add up", Evidence.ARRIVED)] * 3


@given(accepted=st.sets(st.integers(0, 29)))
def test_each_id_is_handed_out_once_and_none_to_a_failed_number(accepted: set[int]) -> None:
    numbers = tuple(f"49151000{place:05}" for place in range(30))
    ids = [f"id{place}" for place in sorted(accepted)]
    failed = [number for place, number in enumerate(numbers) if place not in accepted]

    found = verdicts(numbers, MessageIdList=json.dumps(ids), SuccessCount=str(len(ids)), FailedList=json.dumps(failed))

    assert [each.ref for each in found if isinstance(each, Accepted)] == ids
    assert {place for place, each in enumerate(found) if isinstance(each, Accepted)} == accepted
