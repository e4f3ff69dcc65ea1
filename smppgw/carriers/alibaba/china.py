"""Mainland China from abroad: a text in the terms of SendMessageWithTemplate.

The international site has templates of its own ("Go China") and no operation that lists them, so they come from a file.
Which template says a text is found as for the mainland service.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smppgw.carriers.alibaba.template_rows import read_template_file
from smppgw.carriers.alibaba.templates import NoMatch, split_signature
from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Rejected

MAX_CONTENT: Final = 500
"""Characters of signature, its brackets and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a call says of a text."""

    sign_name: str
    template_code: str
    params: tuple[tuple[str, str], ...]


class China:
    """The signatures and templates of one account."""

    def __init__(self, templates: Path, sign_name: str | None, signatures: tuple[str, ...]) -> None:
        """Read the templates.

        Args:
            templates: JSON file of approved ones.
            sign_name: Signature of texts that bring none.
            signatures: Those that texts may bring; empty: any, the platform judges.

        Raises:
            TemplateFileError: The file cannot be used.
        """
        self._templates = read_template_file(templates)
        self._sign_name = sign_name
        self._allowed = {*signatures, sign_name} if signatures else None

    def read(self, text: str) -> Wording | Rejected:
        """Find signature, template and values of a text, or say why there are none."""
        brought, rest = split_signature(text)
        sign_name = brought or self._sign_name
        if not sign_name:
            return Rejected(ErrorCode.SENDER_REFUSED, "no signature in the text, and no default sign_name")
        if self._allowed is not None and sign_name not in self._allowed:
            return Rejected(ErrorCode.SENDER_REFUSED, "the signature in the text is not one of the configured ones")
        if len(sign_name) + 2 + len(rest) > MAX_CONTENT:
            return Rejected(ErrorCode.PARAMETER_REFUSED, f"longer than {MAX_CONTENT} characters with its signature")
        match = self._templates.match(rest)
        if isinstance(match, NoMatch):
            near = f"; nearest {match.nearest}" if match.nearest else ""
            return Rejected(ErrorCode.TEMPLATE_MISMATCH, f"fits no template{near}: {match.reason}")
        return Wording(sign_name=sign_name, template_code=match.template_code, params=match.params)
