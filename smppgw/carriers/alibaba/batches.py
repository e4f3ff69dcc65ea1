"""What a refusal means for several messages that shared a call.

SendBatchSms has one answer for all. How it treats one bad message among good ones is documented nowhere, so nothing is
taken for granted: what may be the fault of one is looked for by halving the batch (``Rejected.whole_batch``), until the
bad message stands alone and has its own verdict; what is certainly the fault of all is refused for all. Pure.
"""

from dataclasses import replace
from typing import Final

from smppgw.carriers.alibaba.codes import ABOUT_THE_SIGNATURE
from smppgw.core.codes import ErrorCode
from smppgw.core.verdict import Deferred, Rejected, Verdict

_ABOUT_THE_TEMPLATE: Final = frozenset({"TemplateNotFound"})
"""A batch has one template. ``isv.SMS_TEMPLATE_ILLEGAL`` is not here: it also says that values do not fit it."""


def of_batch(verdict: Verdict, code: str | None, *, signatures: int) -> Verdict:
    """Say what the verdict on a call means for each of its several messages.

    Args:
        verdict: As it would be for a single message.
        code: What the platform called the refusal; None where it gave no code.
        signatures: How many different ones the batch has.
    """
    match verdict:
        case Rejected() if code in _ABOUT_THE_TEMPLATE or (code in ABOUT_THE_SIGNATURE and signatures == 1):
            return verdict
        case Rejected():
            return replace(verdict, whole_batch=True)
        case Deferred(whole_carrier=False):
            # A cap of one number: the others have done nothing to wait for.
            return Rejected(ErrorCode.FREQUENCY_LIMIT, verdict.reason, whole_batch=True)
        case _:
            return verdict


def is_about_lists(code: str | None) -> bool:
    """Whether a refusal says that our lists of templates and signatures are out of date."""
    return code in ABOUT_THE_SIGNATURE or code in _ABOUT_THE_TEMPLATE or code == "isv.SMS_TEMPLATE_ILLEGAL"
