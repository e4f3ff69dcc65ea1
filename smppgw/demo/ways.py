"""The way of each message, read from the gateway's store: what really happened, not what was meant to.

A read-only connection to the file, beside the daemon or after it; nothing here can write.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from smppgw.core.codes import ErrorCode
from smppgw.core.model import Stage
from smppgw.store.sqlite import opening, rows

_MESSAGES: Final = """
    SELECT m.id, m.account, m.recipient, coalesce(m.text, s.text), m.parts, m.decision, m.carrier, m.stage, m.attempt,
        m.error, c.attempt IS NOT NULL, c.reporting_micros
    FROM messages m
    LEFT JOIN segments s ON s.id = m.id
    LEFT JOIN ledger c ON c.attempt = m.attempt AND c.message = m.id
    ORDER BY m.id"""

_MESSAGE_IDS: Final = """
    SELECT s.message, u.message_id FROM segments s JOIN submissions u ON u.id = s.submission
    WHERE s.message IS NOT NULL ORDER BY s.message, s.number"""


class Verdict(StrEnum):
    """What the carrier said when it got the message."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DOUBTFUL = "doubtful"
    NONE = "none"
    """It was not asked, or has not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One message: where it came from, which way it took, what it costs."""

    account: str
    recipient: str
    """E.164 digits without plus."""
    text: str
    parts: int
    route: str
    """Name of the rule that matched."""
    carrier: str
    verdict: Verdict
    micros: int | None
    """What it costs as far as is known now, in millionths of the reporting currency; None: nothing is booked, or the
    price is unknown."""
    message_ids: tuple[str, ...]
    """Told to the client, one per submit_sm."""


def read_ways(store: Path) -> list[Way]:
    """Read the way of every message of a store, oldest first."""
    with closing(opening.connect_reader(store)) as db:
        db.execute("BEGIN")
        message_ids = _message_ids(db)
        return [_way(row, message_ids) for row in db.execute(_MESSAGES)]


def _message_ids(db: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for message, message_id in db.execute(_MESSAGE_IDS):
        found[message] = (*found.get(message, ()), message_id)
    return found


def _way(row: tuple[Any, ...], message_ids: Mapping[int, tuple[str, ...]]) -> Way:
    number, account, recipient, text, parts, decision, carrier, stage, attempt, error, booked, micros = row
    return Way(
        account=account,
        recipient=recipient,
        text=text,
        parts=parts,
        route=rows.decision(decision).rule if decision else "",
        carrier=carrier,
        verdict=_verdict(Stage(stage), error, called=attempt is not None, booked=bool(booked)),
        micros=micros,
        message_ids=message_ids.get(number, ()),
    )


def _verdict(stage: Stage, error: int | None, *, called: bool, booked: bool) -> Verdict:
    """Every accepted hand-off stands in the ledger, with or without a price; what ended without one was refused."""
    if booked:
        return Verdict.ACCEPTED
    if stage in {Stage.DOUBTFUL, Stage.PARKED} or error == ErrorCode.OUTCOME_UNKNOWN:
        return Verdict.DOUBTFUL
    return Verdict.REJECTED if called and stage is Stage.FINAL else Verdict.NONE
