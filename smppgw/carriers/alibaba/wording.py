"""A message in the platform's terms: signature, template, values. Verified before it is used.

What is not known is not refused: while no list of templates could be loaded a message has no wording yet, and while no
list of signatures could, the platform judges them. Pure.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from smppgw.carriers.alibaba.config import AlibabaAccount
from smppgw.carriers.alibaba.explicit import Choice, ExplicitError, Params, Tagged, Tags, choice_in, fill, read_tlvs
from smppgw.carriers.alibaba.matching import TemplateSet
from smppgw.carriers.alibaba.signatures import SignatureSet, fold, split_signature
from smppgw.carriers.alibaba.template_rows import TemplateList
from smppgw.carriers.alibaba.templates import Match, NoMatch, Template
from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Rejected

MAX_CONTENT: Final = 500
"""Characters of signature, its brackets and text."""
_REMEMBERED: Final = 2048
"""A message is read when it is checked, admitted, grouped and prepared, the last three right after each other."""
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Wording:
    """What a call says of one message."""

    sign_name: str
    template: Template
    params: Params


@dataclass(frozen=True, slots=True)
class Lists:
    """What an account may send with; replaced as a whole."""

    templates: TemplateList | None = None
    """None: not known."""
    signatures: SignatureSet | None = None
    """None: not known."""


class Reader:
    """Reads messages by one set of lists."""

    def __init__(self, config: AlibabaAccount, lists: Lists) -> None:
        self.lists = lists
        self._default = config.sign_name or ""
        allowed = {*config.signatures, config.sign_name} if config.signatures else set()
        self._allowed = {fold(name) for name in allowed if name}
        self._tags = Tags(config.template_tag, config.params_tag, config.signature_tag)
        self.read: Callable[[str, bytes], Wording | Rejected | None] = lru_cache(_REMEMBERED)(self._read)
        """Says how a text and its vendor TLVs are worded, or why they cannot be; None: templates are not known yet."""

    def _read(self, text: str, vendor_tlvs: bytes) -> Wording | Rejected | None:
        try:
            tagged = read_tlvs(vendor_tlvs, self._tags) if vendor_tlvs else Tagged()
            signed, rest = split_signature(text)
            sign_name = self._sign_name(signed, tagged.signature)
            if isinstance(sign_name, Rejected):
                return sign_name
            if tagged.code:
                return self._by_parameters(sign_name, tagged.code, tagged.params, rest)
            if choice := choice_in(rest):
                return self._filled(sign_name, choice, says="")
            return _too_long(sign_name, rest) or self._matched(sign_name, rest)
        except ExplicitError as fault:
            return Rejected(ErrorCode.TEMPLATE_MISMATCH, str(fault))

    def _sign_name(self, in_text: str | None, in_tlv: str | None) -> str | Rejected:
        if in_text and in_tlv and fold(in_text) != fold(in_tlv):
            return Rejected(ErrorCode.SENDER_REFUSED, "text and TLV name different signatures")
        sign_name = in_text or in_tlv or self._default
        if not sign_name:
            return Rejected(ErrorCode.SENDER_REFUSED, "no signature in the text, and no default sign_name")
        if self._allowed and fold(sign_name) not in self._allowed:
            return Rejected(ErrorCode.SENDER_REFUSED, "the signature is not one of the configured ones")
        return sign_name

    def _matched(self, sign_name: str, text: str) -> Wording | Rejected | None:
        """Find the template that says the text."""
        if (templates := self.lists.templates) is None:
            return None
        found = templates.approved.match(text)
        if isinstance(found, Match):
            return self._signed(sign_name, found)
        if templates.others.templates and isinstance(other := templates.others.match(text), Match):
            return Rejected(ErrorCode.TEMPLATE_MISMATCH, f"fits {other.template.code}, which is not approved")
        return _mismatch(found)

    def _by_parameters(self, sign_name: str, code: str, params: Params | None, text: str) -> Wording | Rejected | None:
        """Take the template that was named; where no values came with it, the text has them."""
        if params is not None or not text:
            return self._filled(sign_name, Choice(code, params or ()), says=text)
        if (templates := self.lists.templates) is None:
            return None
        return _too_long(sign_name, text) or self._signed(sign_name, _values_in(_named(templates, code), text))

    def _filled(self, sign_name: str, choice: Choice, *, says: str) -> Wording | Rejected | None:
        """Fill the template that was named; ``says``, where there is a text too, must be what comes of it."""
        if (templates := self.lists.templates) is None:
            return None
        template = _named(templates, choice.code)
        match = Match(template, fill(template, choice.params))
        rendered = template.render(dict(match.params))
        if says not in ("", rendered):
            raise ExplicitError(f"the text is not what {template.code} says with these values")
        return _too_long(sign_name, rendered) or self._signed(sign_name, match)

    def _signed(self, sign_name: str, match: Match) -> Wording | Rejected:
        """Hold the signature against the template."""
        signatures = self.lists.signatures
        if signatures and (fault := signatures.fault(sign_name, match.template.scene)):
            return Rejected(ErrorCode.SENDER_REFUSED, fault)
        return Wording(sign_name, match.template, match.params)


def _named(templates: TemplateList, code: str) -> Template:
    if code in templates.others.by_code:
        raise ExplicitError(f"{code} is not approved")
    if code not in templates.approved.by_code:
        raise ExplicitError("there is no template of this code")
    return templates.approved.by_code[code]


def _values_in(template: Template, text: str) -> Match:
    found = TemplateSet((template,)).match(text)
    if isinstance(found, NoMatch):
        reason = found.reason if found.nearest else "it begins otherwise"
        raise ExplicitError(f"the text is not what {template.code} says: {reason}")
    return found


def _mismatch(found: NoMatch) -> Rejected:
    near = f"; nearest {found.nearest}" if found.nearest else ""
    return Rejected(ErrorCode.TEMPLATE_MISMATCH, f"fits no template{near}: {found.reason}")


def _too_long(sign_name: str, text: str) -> Rejected | None:
    if len(sign_name) + 2 + len(text) > MAX_CONTENT:
        return Rejected(ErrorCode.PARAMETER_REFUSED, f"longer than {MAX_CONTENT} characters with its signature")
    if _SURROGATE.search(sign_name + text):
        return Rejected(ErrorCode.PARAMETER_REFUSED, "half a character in the text")
    return None
