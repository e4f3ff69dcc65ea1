"""What arrives on the handset: the text after the job's options for alphabet and length. Pure."""

from smppgw.simulators import gsm
from smppgw.simulators.retarus.job_request import MAX_PARTS, JobOptions

DEFAULT_MAX_PARTS = 20


def shown_text(text: str, options: JobOptions) -> tuple[str, int]:
    """What the handset shows of a text, and how many parts it is billed as."""
    if (options.encoding or "").upper() == "UTF-16":
        coding = gsm.Coding.UTF16
    else:
        text, coding = _in_alphabet(text, (options.invalid_characters or "REPLACE").upper())
    wanted = DEFAULT_MAX_PARTS if options.max_parts is None else options.max_parts
    shown = gsm.truncated(text, coding, min(max(wanted, MAX_PARTS[0]), MAX_PARTS[-1]))
    return shown, gsm.parts_of(shown, coding)


def _in_alphabet(text: str, rule: str) -> tuple[str, gsm.Coding]:
    if rule == "TO_UTF16":
        return text, gsm.coding_of(text)
    if rule == "TRANSLITERATE":
        text = gsm.transliterated(text) or text
    return gsm.replaced(text), gsm.Coding.GSM7
