"""The shape of ids."""

import math
import re

from smppgw.simulators.retarus.ids import JOB_ID, SERIES, STEP, Ids, sms_id

NOW = 1668590647.583  # 2022-11-16 09:24:07.583 UTC


def test_a_job_id_has_the_published_shape() -> None:
    ids = Ids(seed=1)

    job_id = ids.job_id(ids.stem(NOW))

    assert re.fullmatch(r"J\.20221116-102407\.583-0[0-9a-z]{8}[0-9A-Z]{9}", job_id)
    assert JOB_ID.fullmatch(job_id)
    assert len(job_id) == 40


def test_jobs_of_one_millisecond_have_different_stems() -> None:
    ids = Ids(seed=1)

    stems = {ids.stem(NOW) for _ in range(1000)}

    assert len(stems) == 1000


def test_every_series_is_used_before_one_comes_back() -> None:
    assert math.gcd(STEP, SERIES) == 1


def test_recipients_of_a_job_have_different_ids_of_the_same_length() -> None:
    stem = Ids(seed=1).stem(NOW)

    found = {sms_id(stem, index) for index in range(3000)}

    assert len(found) == 3000
    assert {len(each) for each in found} == {40}
