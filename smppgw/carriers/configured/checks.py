"""What no key of a section can know by itself: that what is sent and what is read fit together.

Every disagreement is told where it can be mended. The rules serve two ends: a message is never taken for accepted, or
for another one, because of a gap in the configuration, and nothing secret is stored or sent in clear by mistake.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from smppgw.carriers.configured.body import Place, is_flat, templates
from smppgw.carriers.configured.fields import ASK, IDENTITY, SEND
from smppgw.carriers.configured.request import Shape
from smppgw.carriers.configured.section import Section
from smppgw.carriers.configured.shapes import ask_shape, send_shape
from smppgw.carriers.configured.tables import Ask, AskRows, KeyIn
from smppgw.carriers.configured.template import Kind, Value
from smppgw.carriers.configured.words import Meaning, Say

Finding = tuple[Place, str]

_RESERVED: Final = frozenset({
    "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "transfer-encoding",
})  # fmt: skip
_VISIBLE: Final = re.compile(r"[ -~]+")
_SAMPLES: Final[Mapping[Kind, Value]] = {
    Kind.TEXT: "t",
    Kind.DIGITS: "1",
    Kind.NUMBER: 1,
    Kind.FLAG: True,
    Kind.LIST: ("1",),
}
_RECIPIENTS: Final = frozenset({"recipient", "recipient_plus", "recipients", "recipients_plus"})


def disagreements(section: Section) -> Iterator[Finding]:
    """Say what does not fit together, and where."""
    yield from _login(section)
    yield from _headers(section)
    try:
        shape = send_shape(section)
    except ValueError as fault:
        yield ("each", "at"), str(fault)
        return
    yield from _request(section, shape)
    yield from _charset(section, shape)
    yield from _fence(section, shape)
    yield from _answer(section)
    yield from _answer_rows(section, shape)
    yield from _outcome(section)
    yield from _status(section)
    yield from _lookup(section, shape)
    yield from _push(section)
    yield from _probe(section)


def cautions(section: Section) -> Iterator[tuple[str, str]]:
    """Say what works, but should not stay so."""
    urls = {"url": section.url} | {f"{key}.url": ask.url for key, ask in _asks(section)}
    for key, url in urls.items():
        if not url.is_private:
            yield key, "sends texts, numbers and what proves who we are in clear; use https://"


def said(section: Section, shape: Shape) -> frozenset[str]:
    """Return every placeholder that a request says, for the call or for each message."""
    headers = [name for template in (section.headers or {}).values() for name in template.names]
    item = None if section.each is None else section.each.item
    each = [name for template in templates(item) for name in template.names]
    return shape.whole | frozenset(headers) | frozenset(each)


def _asks(section: Section) -> Iterator[tuple[str, Ask]]:
    for key, ask in (("status", section.status), ("lookup", section.lookup), ("probe", section.probe)):
        if ask is not None:
            yield key, ask


def _of_one(section: Section) -> frozenset[str]:
    """Return the placeholders that tell one message from all others."""
    return IDENTITY if section.max_messages > 1 else IDENTITY | {"batch_id"}


def ids_are_of_calls(section: Section) -> bool:
    """Whether all messages of a call share one id of the carrier."""
    return section.max_messages > 1 and not (section.answer.rows and section.answer.rows.id)


# Who we are.


def _login(section: Section) -> Iterator[Finding]:
    if (section.username is None) is not (section.password is None):
        missing = "username" if section.username is None else "password"
        yield (missing,), "username and password go together"
    if section.password is not None and section.token is not None:
        yield ("token",), "password is there already, and one header cannot hold both"
    if (section.key is None) is not (section.key_in is None):
        yield ("key_in" if section.key_in is None else "key",), "key and key_in go together"
    if section.key_in is not None:
        yield from _key_in(section, section.key_in)
    for name, secret in (("token", section.token), ("key", section.key)):
        if secret is not None and not _VISIBLE.fullmatch(secret.reveal()):
            yield (name,), "has other than printable ASCII characters, which no header can hold"


def _key_in(section: Section, place: KeyIn) -> Iterator[Finding]:
    if sum(each is not None for each in (place.header, place.query, place.body)) != 1:
        yield ("key_in",), "names one of header, query and body"
    if place.prefix and place.header is None:
        yield ("key_in", "prefix"), "is for a header"
    if (place.header or "").lower() == "authorization" and (section.password or section.token):
        yield ("key_in", "header"), "that header holds the password or the token"
    if place.body is not None:
        for key, body in [("body", section.body), *((key, ask.body) for key, ask in _asks(section))]:
            if not isinstance(body, Mapping):
                yield (key,), "needs a table as its body, to put the key into"


def _headers(section: Section) -> Iterator[Finding]:
    named: list[tuple[Place, Iterable[str]]] = [(("headers",), section.headers or ())]
    named += [((key, "headers"), ask.headers) for key, ask in _asks(section)]
    for place, headers in named:
        for name in headers:
            if name in _RESERVED:
                hint = "write it as password, token or key" if name == "authorization" else "it is set by itself"
                yield (*place, name), hint


# What is sent.


def _request(section: Section, shape: Shape) -> Iterator[Finding]:
    names = said(section, shape)
    if "text" not in names:
        yield ("body",), "says the text nowhere: write {text}"
    if not names & _RECIPIENTS:
        yield ("body",), "says the recipient nowhere: write {recipient}"
    if section.max_messages > 1 and shape.whole & IDENTITY:
        shown = ", ".join(f"{{{name}}}" for name in sorted(shape.whole & IDENTITY))
        yield ("max_messages",), f"{shown} stands for one message: write {{recipients}}, or use each, or set it to 1"
    elif section.max_messages > 1 and section.each is None and not shape.whole & {"recipients", "recipients_plus"}:
        yield ("max_messages",), "more than one message needs {recipients} or each"
    yield from _body((), section.method, section.body is not None or section.each is not None)
    if section.body_type == "form":
        if section.each is not None:
            yield ("each",), 'is for body_type = "json"'
        elif section.body is not None and not is_flat(section.body):
            yield ("body",), "a form is a table of texts"


def _charset(section: Section, shape: Shape) -> Iterator[Finding]:
    """Write each request once, with values that every charset can hold."""
    shapes = [("body", shape), *((key, ask_shape(question, section.charset)) for key, question in _asks(section))]
    for key, one in shapes:
        try:
            section.sender.encode(section.charset)
            one.write(_sample, [_sample])
        except UnicodeEncodeError as fault:
            yield (key,), f"{fault.object!r} cannot be written in {section.charset}"
        except TypeError:
            pass  # no table where a form needs one, which is told elsewhere


def _sample(name: str) -> Value:
    return _SAMPLES[(SEND | ASK)[name]]


def _body(place: Place, method: str, has_body: bool) -> Iterator[Finding]:
    if has_body and method == "GET":
        yield (*place, "method"), "GET has no body: write POST, or use query"


def _fence(section: Section, shape: Shape) -> Iterator[Finding]:
    if section.fence_for is not None and "batch_id" not in said(section, shape):
        yield ("fence_for",), "by what does the carrier know a repeat: say {batch_id} in a header or in the request"


# What comes back.


def _answer(section: Section) -> Iterator[Finding]:
    answer = section.answer
    has_id = answer.id is not None or answer.id_header is not None
    if answer.id is not None and answer.id_header is not None:
        yield ("answer", "id_header"), "there is an id already"
    if not (has_id or answer.code or (answer.rows and (answer.rows.id or answer.rows.code))):
        yield ("answer",), "nothing in it proves an acceptance: name an id, or a code"
    yield from _codes(("answer",), answer.code is not None, answer.codes)
    if answer.codes.get("") is Say.ACCEPTED and not (has_id or (answer.rows and answer.rows.id)):
        yield ("answer", "codes", ""), "without a code, only an id proves an acceptance"
    if answer.rows is not None:
        yield from _codes(("answer", "rows"), answer.rows.code is not None, answer.rows.codes)
        if answer.rows.codes.get("") is Say.ACCEPTED and answer.rows.id is None:
            yield ("answer", "rows", "codes", ""), "without a code, only an id in the row proves an acceptance"
    for status, meaning in answer.statuses.items():
        if status in answer.success:
            yield ("answer", "statuses", str(status)), "is a success already"
        elif meaning is Say.CODE and answer.code is None:
            yield ("answer", "statuses", str(status)), "there is no code"


def _codes(place: Place, has_code: bool, codes: Mapping[str, Meaning]) -> Iterator[Finding]:
    if has_code is not bool(codes):
        yield (*place, "codes" if has_code else "code"), "code and codes go together"
    elif has_code and Say.ACCEPTED not in codes.values():
        yield (*place, "codes"), 'none means accepted; where only refusals have a code, write "" = "accepted"'
    if codes.get("*") is Say.ACCEPTED:
        yield (*place, "codes", "*"), "a code that is not in the table proves nothing"


def _answer_rows(section: Section, shape: Shape) -> Iterator[Finding]:
    rows = section.answer.rows
    if rows is None:
        return
    place = ("answer", "rows")
    if (rows.where is None) is not (rows.equals is None):
        yield (*place, "where" if rows.where is None else "equals"), "where and equals go together"
    if rows.where is None and rows.at.is_many:
        yield (*place, "at"), "[*] gives no order: say by where and equals which row is whose"
    names = rows.equals.names if rows.equals is not None else frozenset()
    if rows.equals is not None and not names & _of_one(section):
        yield (*place, "equals"), "is the same for all messages: say {recipient} or {message_id}"
    if "message_id" in names and "message_id" not in said(section, shape):
        yield (*place, "equals"), "the request does not say {message_id}"
    if names & _RECIPIENTS and not any(shape.places(name) for name in _RECIPIENTS):
        yield (*place, "equals"), "no field of the query or the body holds the recipient and nothing else"


# What becomes of it.


def _outcome(section: Section) -> Iterator[Finding]:
    pushes = section.push is not None and section.push.state is not None
    if section.status is None and not pushes and not section.ends_accepted:
        yield ("status",), "how is the outcome learned: by status, by push, or never (ends_accepted = true)"
    if section.ends_accepted and (section.status is not None or pushes):
        yield ("ends_accepted",), "contradicts status and push"


def _status(section: Section) -> Iterator[Finding]:
    status = section.status
    if status is None:
        return
    if (status.error is None) is not (not status.errors):
        yield ("status", "errors" if status.errors == {} else "error"), "error and errors go together"
    yield from _body(("status",), status.method, status.body is not None)
    names = ask_shape(status, section.charset).whole | (status.rows.equals.names if status.rows else frozenset())
    if not names & {"ref", "refs", "batch_id"}:
        yield ("status",), "asks for nothing that is surely ours: say {ref} or {batch_id}"
    yield from _asked(section, "status", status, status.rows)


def _lookup(section: Section, shape: Shape) -> Iterator[Finding]:
    lookup = section.lookup
    if lookup is None:
        return
    yield from _body(("lookup",), lookup.method, lookup.body is not None)
    asked = ask_shape(lookup, section.charset).whole
    names = asked | (lookup.rows.equals.names if lookup.rows else frozenset())
    if names & {"ref", "refs"}:
        yield ("lookup",), "nobody knows {ref} of a doubtful message"
    if "batch_id" not in names:
        # Message ids are unique in this store only, and others may share the account.
        yield ("lookup",), "asks for nothing that is surely ours: say {batch_id}"
    for name in sorted(names & {"batch_id", "message_id"} - said(section, shape)):
        yield ("lookup",), f"asks for {{{name}}}, which the request does not say"
    if lookup.rows is None and lookup.id is None:
        yield ("lookup",), "nothing in its answer proves that the message was taken: name an id, or rows"
    yield from _asked(section, "lookup", lookup, lookup.rows)


def _asked(section: Section, key: str, ask: Ask, rows: AskRows | None) -> Iterator[Finding]:
    """Hold a question against what can be known, and its answer against whom it speaks of."""
    whole = ask_shape(ask, section.charset).whole
    of_one = _of_one(section) if ids_are_of_calls(section) else _of_one(section) | {"ref"}
    if rows is None and (section.max_messages > 1 or "refs" in whole) and not whole & of_one:
        yield (key,), "is one question about several messages: say by rows which part of the answer is whose"
    if rows is not None and not rows.equals.names & of_one:
        yield (key, "rows", "equals"), "is the same for all messages of a call"
    answer = section.answer
    has_id = any((answer.id, answer.id_header, answer.rows is not None and answer.rows.id))
    names = whole | (rows.equals.names if rows else frozenset())
    if names & {"ref", "refs"} and not has_id:
        yield (key,), "asks for {ref}, but no id is taken from the answer"


def _push(section: Section) -> Iterator[Finding]:
    push = section.push
    if (push is None) is not (section.push_secret is None):
        yield ("push_secret" if push else "push",), "push and push_secret go together"
    if push is None:
        return
    if push.state is None and push.inbound is None:
        yield ("push",), "brings neither a state nor inbound texts"
    if push.state is None:
        return
    if push.batch is None and push.ref is None:
        yield ("push",), "names no message: say where ref or batch stands"
    if not push.states and section.status is None:
        yield ("push", "states"), "is required without status"
    if push.recipient is None and section.max_messages > 1 and (push.ref is None or ids_are_of_calls(section)):
        yield ("push", "recipient"), "is required: several messages share what the push names"


def _probe(section: Section) -> Iterator[Finding]:
    if section.probe is not None:
        yield from _body(("probe",), section.probe.method, section.probe.body is not None)
        if ask_shape(section.probe, section.charset).whole:
            yield ("probe",), "is about no message: it has no placeholders"
