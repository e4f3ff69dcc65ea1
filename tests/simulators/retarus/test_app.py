"""The simulated Retarus over HTTP, without a socket."""

import base64
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

Simulator = Callable[..., httpx2.AsyncClient]
Advance = Callable[[float], None]

DE2, DE1, EU = "/de2/rest/v1", "/de1/rest/v1", "/eu/rest/v1"


def a_job(*numbers: str, **options: Any) -> dict[str, Any]:
    recipients = [{"dst": number, "customerRef": f"m-{index}"} for index, number in enumerate(numbers)]
    return {
        "options": {"customerRef": "batch", "src": "Shop", "statusRequested": True, **options},
        "messages": [{"text": "hello", "recipients": recipients or [{"dst": "+4917612345678"}]}],
    }


async def posted(client: httpx2.AsyncClient, job: dict[str, Any], base: str = DE2) -> str:
    answer = await client.post(f"{base}/jobs", json=job)
    assert answer.status_code == 201
    return str(answer.json()["jobId"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/jobs"), ("GET", "/jobs"), ("GET", "/jobs/J.x"), ("GET", "/sms"), ("GET", "/version")],
)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !!!",
        "Bearer " + base64.b64encode("user:pässword".encode()).decode(),
        "Basic " + base64.b64encode(b"user:wrong").decode(),
    ],
)
async def test_every_call_needs_the_login(
    retarus: Simulator, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    answer = await retarus().request(method, DE2 + path, headers=headers, auth=None)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="sms4a"'
    assert answer.content == b""


async def test_a_job_with_a_number_of_the_chosen_end_is_refused_whole(retarus: Simulator) -> None:
    client = retarus(refuse_suffix="0999")

    refused = await client.post(f"{DE2}/jobs", json=a_job("+4917612345678", "+4917612340999"))
    await posted(client, a_job("+4917612345678"))

    assert refused.status_code == 422
    assert [row["to"] for row in (await client.get("/_sim/messages")).json()] == ["+4917612345678"]


async def test_a_job_is_answered_with_its_id_alone(retarus: Simulator) -> None:
    answer = await retarus().post(f"{DE2}/jobs", json=a_job())

    assert answer.status_code == 201
    assert list(answer.json()) == ["jobId"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("mode", "body"), [("none", b""), ("json", b'{"message":"no messages","code":422}')])
async def test_a_refusal_has_the_chosen_body(retarus: Simulator, mode: str, body: bytes) -> None:
    answer = await retarus(error_body=mode).post(f"{DE2}/jobs", json={})

    assert (answer.status_code, answer.content) == (422, body)


async def test_statuses_carry_the_references_and_times(retarus: Simulator, advance: Advance) -> None:
    client = retarus()
    job_id = await posted(client, a_job("+4917612345678", "0049176123450001"))
    advance(10)

    rows = (await client.get(f"{DE2}/sms", params={"jobId": job_id})).json()

    assert [row.pop("smsId")[0] for row in rows] == ["S", "S"]
    assert rows == [
        {
            "dst": "+4917612345678",
            "processStatus": "DONE",
            "status": "SUC_FIN",
            "customerRef": "m-0",
            "reason": "message_state:DELIVERED [00000002] (Final) (Message is delivered to destination.)",
            "sentTs": "2026-01-02T03:04:10.000Z",
            "finishedTs": "2026-01-02T03:04:15.000Z",
        },
        {
            "dst": "+49176123450001",
            "processStatus": "DONE",
            "status": "INVALID_DST",
            "customerRef": "m-1",
            "finishedTs": "2026-01-02T03:04:05.000Z",
        },
    ]


async def test_a_recipient_without_reference_gets_its_number(retarus: Simulator) -> None:
    client = retarus()
    job_id = await posted(client, a_job())

    rows = (await client.get(f"{DE2}/sms", params={"jobId": job_id})).json()

    assert rows[0]["customerRef"] == "+4917612345678"


async def test_the_job_report_has_the_options_and_the_recipients(retarus: Simulator, advance: Advance) -> None:
    client = retarus()
    job_id = await posted(client, a_job("+4917612345678", "+4917612340003", validityMin=9999, encoding="UTF-16"))

    before = (await client.get(f"{DE2}/jobs/{job_id}")).json()
    advance(10)
    after = (await client.get(f"{DE2}/jobs/{job_id}")).json()

    assert "finishedTs" not in before
    assert after.pop("finishedTs") == "2026-01-02T03:04:15.000Z"
    assert len(after.pop("recipientIds")) == 2
    assert after == {
        "jobId": job_id,
        "src": "Shop",
        "encoding": "utf-16",
        "billcode": "",
        "statusRequested": True,
        "flash": False,
        "validityMin": 2880,
        "customerRef": "batch",
        "qos": "NORMAL",
        "receiptTs": "2026-01-02T03:04:05.000Z",
    }


async def test_a_job_waits_for_its_period_and_blackouts(retarus: Simulator, advance: Advance) -> None:
    client = retarus()
    period, blackout = "2026-01-02T03:05:05Z", "2026-01-02T03:05:00Z/2026-01-02T03:06:05Z"
    job_id = await posted(client, a_job(jobPeriod=period, blackoutPeriods=[blackout]))

    seen = []
    for seconds in (119.0, 6.0, 5.0):
        advance(seconds)
        seen.append((await client.get(f"{DE2}/sms", params={"jobId": job_id})).json()[0]["processStatus"])

    assert seen == ["OPEN", "RUNNING", "DONE"]


async def test_a_recipients_blackout_replaces_the_jobs(retarus: Simulator, advance: Advance) -> None:
    client = retarus()
    job = a_job("+4917612345678", "+4917612345679", blackoutPeriods=["2026-01-02T03:00Z/2026-01-02T04:00Z"])
    job["messages"][0]["recipients"][0]["blackoutPeriods"] = ["2026-01-02T03:00Z/2026-01-02T03:05Z"]
    job_id = await posted(client, job)
    advance(65)

    rows = (await client.get(f"{DE2}/sms", params={"jobId": job_id})).json()

    assert [row["processStatus"] for row in rows] == ["DONE", "OPEN"]


@pytest.mark.parametrize("unknown_as", [404, 500])
@pytest.mark.parametrize("path", ["/sms?jobId={}", "/jobs/{}"])
async def test_the_other_data_center_does_not_know_the_job(retarus: Simulator, path: str, unknown_as: int) -> None:
    client = retarus(unknown_as=unknown_as)
    job_id = await posted(client, a_job())

    here = await client.get(DE2 + path.format(job_id))
    there = await client.get(DE1 + path.format(job_id))

    assert (here.status_code, there.status_code) == (200, unknown_as)


@pytest.mark.parametrize("path", ["/sms", "/sms?jobId=", "/sms?jobId=J.short", "/jobs/nonsense"])
async def test_what_is_no_job_id_is_refused(retarus: Simulator, path: str) -> None:
    assert (await retarus().get(DE2 + path)).status_code == 400


async def test_eu_spreads_jobs_and_lookups_over_both_data_centers(retarus: Simulator) -> None:
    client = retarus()
    ids = [await posted(client, a_job(), EU) for _ in range(20)]

    found = [(await client.get(f"{EU}/sms", params={"jobId": job_id})).status_code for job_id in ids]
    rows = (await client.get("/_sim/messages")).json()

    assert set(found) == {200, 404}
    assert {row["datacenter"] for row in rows} == {"de1", "de2"}


async def test_a_seed_repeats_the_choice_of_eu(retarus: Simulator) -> None:
    choices = []
    for client in (retarus(seed=7), retarus(seed=7)):
        for _ in range(20):
            await posted(client, a_job(), EU)
        choices.append([row["datacenter"] for row in (await client.get("/_sim/messages")).json()])

    assert choices[0] == choices[1]


async def test_a_job_is_invisible_for_a_while(retarus: Simulator, advance: Advance) -> None:
    client = retarus(visible_after=2.0)
    job_id = await posted(client, a_job())

    seen = []
    for seconds in (1.9, 0.2):
        advance(seconds)
        seen.append((await client.get(f"{DE2}/jobs/{job_id}")).status_code)

    assert seen == [404, 200]


async def test_an_equal_job_is_a_duplicate_for_ten_minutes(retarus: Simulator, advance: Advance) -> None:
    client = retarus()
    job = a_job(duplicateDetection=True)

    statuses = []
    for seconds in (0.0, 600.0, 1.0):
        advance(seconds)
        statuses.append((await client.post(f"{DE2}/jobs", json=job)).status_code)

    assert statuses == [201, 409, 201]


async def test_the_order_of_keys_and_blanks_do_not_make_a_job_different(retarus: Simulator) -> None:
    client = retarus()
    first = b'{"messages":[{"text":"a","recipients":[{"dst":"+4917612345678"}]}],"options":{"duplicateDetection":true}}'
    again = (
        b'{"options": {"duplicateDetection": true},"messages":[{"recipients":[{"dst":"+4917612345678"}],"text":"a"}]}'
    )

    statuses = [(await client.post(f"{DE2}/jobs", content=body)).status_code for body in (first, again)]

    assert statuses == [201, 409]


async def test_a_duplicate_stores_nothing(retarus: Simulator) -> None:
    client = retarus()
    for _ in range(2):
        await client.post(f"{DE2}/jobs", json=a_job(duplicateDetection=True))

    assert len((await client.get("/_sim/messages")).json()) == 1


@pytest.mark.parametrize(
    "job", [a_job(duplicateDetection=False), a_job(duplicateDetection=True, customerRef="another")]
)
async def test_a_different_job_or_one_without_detection_is_no_duplicate(
    retarus: Simulator, job: dict[str, Any]
) -> None:
    client = retarus()
    await posted(client, a_job(duplicateDetection=True))
    await posted(client, a_job(duplicateDetection=False))

    assert (await client.post(f"{DE2}/jobs", json=job)).status_code == 201


async def test_the_other_data_center_does_not_detect_the_duplicate(retarus: Simulator) -> None:
    client = retarus()
    job = a_job(duplicateDetection=True)

    statuses = [(await client.post(f"{base}/jobs", json=job)).status_code for base in (DE2, DE1)]

    assert statuses == [201, 201]


async def test_the_list_holds_the_jobs_of_its_data_center_in_the_window(retarus: Simulator, advance: Advance) -> None:
    client = retarus()
    await posted(client, a_job())
    advance(100)
    inside = await posted(client, a_job())
    await posted(client, a_job(), DE1)
    window = {"jobIdsOnly": "true", "fromTs": "2026-01-02T04:05:00+01:00", "toTs": "2026-01-02T03:06:00Z"}

    answer = await client.get(f"{DE2}/jobs", params=window)

    assert answer.json() == [{"jobId": inside}]


@pytest.mark.parametrize(("is_open", "found"), [("true", [1]), ("false", [0]), (None, [0, 1])])
async def test_the_list_tells_open_jobs_from_finished_ones(
    retarus: Simulator, advance: Advance, is_open: str | None, found: list[int]
) -> None:
    client = retarus()
    ids = [await posted(client, a_job(number)) for number in ("+4917612345678", "+4917612340015")]
    advance(10)
    params = {"jobIdsOnly": "true"} | ({"open": is_open} if is_open else {})

    answer = await client.get(f"{DE2}/jobs", params=params)

    assert answer.json() == [{"jobId": ids[index]} for index in found]


async def test_the_list_comes_in_pages(retarus: Simulator) -> None:
    client = retarus()
    ids = [await posted(client, a_job()) for _ in range(5)]

    answer = await client.get(f"{DE2}/jobs", params={"jobIdsOnly": "true", "offset": "3", "limit": "1"})

    assert answer.json() == [{"jobId": ids[3]}]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "jobIdsOnly=false",
        "jobIdsOnly=true&limit=0",
        "jobIdsOnly=true&limit=1001",
        "jobIdsOnly=true&limit=many",
        "jobIdsOnly=true&offset=-1",
        "jobIdsOnly=true&open=maybe",
        "jobIdsOnly=true&fromTs=yesterday",
        "jobIdsOnly=true&fromTs=2026-01-03T00:00:00Z",
        "jobIdsOnly=true&fromTs=2025-12-02T00:00:00Z&toTs=2026-01-02T00:00:00Z",
    ],
)
async def test_a_list_without_sense_is_refused(retarus: Simulator, query: str) -> None:
    assert (await retarus().get(f"{DE2}/jobs?{query}")).status_code == 400


async def test_the_version_is_told(retarus: Simulator) -> None:
    assert (await retarus().get(f"{DE1}/version")).json()["majorVersion"] == 2024


async def test_there_are_three_hosts(retarus: Simulator) -> None:
    assert (await retarus().get("/us/rest/v1/version")).status_code == 404


@pytest.mark.parametrize(
    ("text", "options", "shown", "parts"),
    [
        ("a" * 161, {"maxParts": 1}, "a" * 153, 1),
        ("a" * 161, {"maxParts": 2}, "a" * 161, 2),
        ("中" * 71, {"maxParts": 2, "invalidCharacters": "TO_UTF16"}, "中" * 71, 2),
        ("a" * 71, {"maxParts": 2, "encoding": "UTF-16"}, "a" * 71, 2),
        ("中a", {}, " a", 1),
        ("ëa", {"invalidCharacters": "TRANSLITERATE"}, "ea", 1),
    ],
)
async def test_the_text_is_what_the_handset_shows(
    retarus: Simulator, text: str, options: dict[str, Any], shown: str, parts: int
) -> None:
    client = retarus()
    job = a_job(**options)
    job["messages"][0]["text"] = text
    await posted(client, job)

    row = (await client.get("/_sim/messages")).json()[0]

    assert (row["text"], row["parts"]) == (shown, parts)
