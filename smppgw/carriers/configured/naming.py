"""What a row of an answer calls each message of an attempt. Pure.

An attempt is all that is left of a call after a restart, so the recipients are read back from what was written.
"""

from collections.abc import Sequence
from typing import Final

from smppgw.carriers.configured.request import Places, Shape
from smppgw.carriers.configured.template import Template
from smppgw.core.model import Attempt

WRITTEN_AS: Final = ("recipient", "recipient_plus", "recipients", "recipients_plus")
"""The placeholders that may have written the recipients, the first one that did counts."""


class Names:
    """Fills ``equals`` in for the messages of an attempt."""

    def __init__(self, equals: Template | None, shape: Shape) -> None:
        self._equals = equals
        places = (shape.places(name) for name in WRITTEN_AS)
        self._places: Places | None = next((place for place in places if place is not None), None)

    def of(self, attempt: Attempt) -> Sequence[str] | None:
        """Return the name of each message, in their order; None where the attempt does not tell."""
        if self._equals is None:
            return None
        recipients = [""] * len(attempt.messages)
        if self._equals.names & set(WRITTEN_AS):
            recipients = self._recipients(attempt)
        if len(recipients) != len(attempt.messages):
            return None
        return [
            self._equals.text(
                {
                    "batch_id": attempt.batch,
                    "message_id": str(message),
                    "recipient": recipient,
                    "recipient_plus": f"+{recipient}",
                }.__getitem__
            )
            for message, recipient in zip(attempt.messages, recipients, strict=True)
        ]

    def _recipients(self, attempt: Attempt) -> list[str]:
        if self._places is None:
            return []
        return [text.removeprefix("+") for text in self._places.read(attempt.target, attempt.body)]
