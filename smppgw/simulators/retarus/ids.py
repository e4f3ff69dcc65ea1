"""Job and recipient ids in the shape that published ones have.

`J.` + date and time + `-` + a digit + Unix milliseconds in base 36 + nine characters: 38 after the point. The real
clock part follows Berlin; here it is UTC+1 all year, as nobody may read an id.
"""

import random
import re
from datetime import UTC, datetime, timedelta, timezone

JOB_ID = re.compile(r"J\..{18,38}")

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ZONE = timezone(timedelta(hours=1))
SERIES = 36**5
STEP = 22_695_479
"""Has no factor in common with 36, so that counting in it visits every series once."""


def base36(number: int, width: int) -> str:
    """A number in upper-case base 36, filled with zeros."""
    characters: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, 36)
        characters.append(_DIGITS[digit])
    return "".join(reversed(characters))


_INDEX = [base36(index, 4) for index in range(3000)]


class Ids:
    """Makes ids that never repeat within 60 million jobs."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._next = self._random.randrange(SERIES)

    def stem(self, now: float) -> str:
        """What the ids of a job and its recipients share: all but the letter and the last four characters."""
        self._next = (self._next + STEP) % SERIES
        at = datetime.fromtimestamp(now, UTC).astimezone(_ZONE)
        stamp = f"{at:%Y%m%d-%H%M%S}.{at.microsecond // 1000:03d}"
        return f".{stamp}-0{base36(int(now * 1000), 8).lower()}{base36(self._next, 5)}"

    def job_id(self, stem: str) -> str:
        """The id of the job."""
        return f"J{stem}{base36(self._random.randrange(36**4), 4)}"


def sms_id(stem: str, index: int) -> str:
    """The id of a job's recipient, counted from 0 to 2999."""
    return f"S{stem}{_INDEX[index]}"
