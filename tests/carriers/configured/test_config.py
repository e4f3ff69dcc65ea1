"""The section: what is wrong with it is told at its place, and what could lie or leak is refused."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from smppgw.carriers.config import CarrierConfig
from smppgw.carriers.configured import HttpCarrierConfig
from smppgw.carriers.configured.fields import ASK, SEND
from smppgw.carriers.configured.tables import Answer, AnswerRows, InboundFields, KeyIn, LookUp, Push, StatusPoll
from smppgw.carriers.configured.words import OUTCOMES, STATUSES, VERDICTS
from smppgw.config.faults import ConfigFaults
from smppgw.config.loader import load
from smppgw.config.settings import Settings
from tests.carriers.configured.builders import ALIKE, MANY, ONE, section

HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$bYB8bD1Yb2Yb3pyvGbfgO7A5DpzdWXdXfdgGiAnm9jU"


def faults_of(raw: dict[str, Any]) -> dict[str, str]:
    """Where each fault is, and what it says."""
    with pytest.raises(ValidationError) as caught:
        HttpCarrierConfig.model_validate(raw)
    found: dict[str, str] = {}
    for fault in caught.value.errors():
        place = ".".join(map(str, fault["loc"]))
        found[place] = "; ".join(filter(None, (found.get(place), fault["msg"])))
    return found


def changed(text: str, path: str, value: object) -> dict[str, Any]:
    """A section with one value at a path changed; None takes it out."""
    raw = section(text)
    table, *steps = raw, *path.split("/")
    for step in steps[:-1]:
        table = table.setdefault(step, {})
    if value is None:
        table.pop(steps[-1], None)
    else:
        table[steps[-1]] = value
    return raw


@pytest.mark.parametrize("text", [ONE, MANY, ALIKE])
def test_sections_that_are_right_load(text: str) -> None:
    config = HttpCarrierConfig.model_validate(section(text))

    assert config.max_messages == (1 if text == ONE else 3)
    assert list(config.cautions()) == []


@pytest.mark.parametrize(
    ("text", "path", "value", "place", "reason"),
    [
        # Placeholders, paths, words: where they stand.
        (ONE, "url", "api.example", "url", 'write "https://host/path"'),
        (ONE, "url", 7, "url", "should be a text"),
        (ONE, "url", "https://x/{reciipient}", "url", "did you mean {recipient}?"),
        (ONE, "body/text", "{txt}", "body.text", "did you mean {text}?"),
        (ONE, "body/nested", {"list": ["a", "{parts:x}"]}, "body.nested.list.1", "no form of a number"),
        (ONE, "body/never", float("inf"), "body.never", "should be a text, a number"),
        (ONE, "query", {"a": "{text"}, "query.a", "stands alone"),
        (ONE, "query", {"a": ["b"]}, "query.a", "should be a text"),
        (ONE, "headers", {"X-To": "{recipient}"}, "headers.x-to", "no placeholder here: {batch_id}"),
        (ONE, "headers", {"X-A": "ü"}, "headers.x-a", "printable ASCII"),
        (ONE, "headers", {"X A": "b"}, "headers.x a.[key]", "pattern"),
        (ONE, "answer/id", "a..b", "answer.id", "is no path"),
        (ONE, "answer/id", "a[*]", "answer.id", "[*] has no place in it"),
        (ONE, "answer/codes", {"": "acepted"}, "answer.codes.", 'did you mean "accepted"?'),
        (ONE, "answer/statuses", {"500": "accepted"}, "answer.statuses.500", "is none of"),
        (ONE, "answer/statuses", {"5xx": "doubt"}, "answer.statuses.5xx.[key]", "integer"),
        (ONE, "answer/success", [500], "answer.success.0", "less than or equal to 299"),
        (ONE, "status/states", {"ok": "delivrd"}, "status.states.ok", 'did you mean "delivered"?'),
        (ONE, "status/states", {}, "status.states", "at least 1 item"),
        (ONE, "status/url", "https://x/{text}", "status.url", "no placeholder here"),
        (ONE, "status/stat", "x", "status.stat", "Extra inputs"),
        (ONE, "status/errors", {"x": "delivered"}, "status.errors.x", "is none of"),
        (ONE, "lookup/body", {"a": {"b": "{ref_}"}}, "lookup.body.a.b", "did you mean {ref}?"),
        # Who we are.
        (ONE, "username", "me", "password", "go together"),
        (ONE, "username", "a:b", "username", "pattern"),
        (MANY, "username", None, "username", "go together"),
        (MANY, "token", "t", "token", "one header cannot hold both"),
        (ONE, "key", "k", "key_in", "go together"),
        (ONE, "key_in", {"query": "k"}, "key", "go together"),
        (ONE, "token", "line\nbreak", "token", "printable ASCII"),
        (ONE, "headers", {"Authorization": "Bearer x"}, "headers.authorization", "write it as password, token or key"),
        (ONE, "headers", {"Host": "x"}, "headers.host", "set by itself"),
        (ONE, "status/headers", {"content-length": "3"}, "status.headers.content-length", "set by itself"),
        # What is sent.
        (ONE, "body/text", None, "body", "says the text nowhere"),
        (ONE, "body/to", None, "body", "says the recipient nowhere"),
        (ONE, "method", "GET", "method", "GET has no body"),
        (ONE, "status/body", {"a": "b"}, "status.method", "GET has no body"),
        (ONE, "max_messages", 2, "max_messages", "{recipient_plus} stands for one message"),
        (ALIKE, "body/id", "{message_id}", "max_messages", "{message_id} stands for one message"),
        (MANY, "each", None, "max_messages", "needs {recipients} or each"),
        (MANY, "each/at", "batch", "each.at", "the body has something else there"),
        (MANY, "body_type", "form", "each", 'for body_type = "json"'),
        (ALIKE, "body/extra", {"a": "b"}, "body", "a form is a table of texts"),
        (ONE, "max_messages", 1001, "max_messages", "less than or equal to 1000"),
        (ONE, "fence_for", "1s", "fence_for", "greater than or equal to 120"),
        # What comes back.
        (ONE, "answer/id_header", "X-Id", "answer.id_header", "there is an id already"),
        (ONE, "answer", {}, "answer", "nothing in it proves an acceptance"),
        (ONE, "answer/code", None, "answer.code", "go together"),
        (ONE, "answer/codes", {}, "answer.codes", "go together"),
        (ONE, "answer/codes", {"E": "rejected"}, "answer.codes", "none means accepted"),
        (ONE, "answer/codes", {"0": "accepted", "*": "accepted"}, "answer.codes.*", "proves nothing"),
        (ONE, "answer/id", None, "answer.codes.", "only an id proves"),
        (ONE, "answer/statuses", {"201": "doubt"}, "answer.statuses.201", "is a success already"),
        (MANY, "answer/statuses", {"500": "code"}, "answer.statuses.500", "there is no code"),
        (MANY, "answer/rows/where", None, "answer.rows.where", "go together"),
        (MANY, "answer/rows/equals", None, "answer.rows.equals", "go together"),
        (MANY, "answer/rows", {"at": "a[*].b", "id": "id"}, "answer.rows.at", "[*] gives no order"),
        (MANY, "answer/rows/equals", "{batch_id}", "answer.rows.equals", "is the same for all messages"),
        (MANY, "each/item/to", "tel:{recipient}", "answer.rows.equals", "the recipient and nothing else"),
        # The outcome.
        (ONE, "status", None, "status", "how is the outcome learned"),
        (ONE, "ends_accepted", True, "ends_accepted", "contradicts"),
        (ONE, "status/error", None, "status.error", "go together"),
        (ONE, "status/errors", {}, "status.errors", "go together"),
        (ONE, "status/url", "https://x/{recipient}", "status", "asks for nothing that is surely ours"),
        (ONE, "answer/id", None, "status", "no id is taken from the answer"),
        (MANY, "status/rows", None, "status", "one question about several messages"),
        (ALIKE, "status/rows/equals", "{ref}", "status.rows.equals", "the same for all messages of a call"),
        (ALIKE, "status/rows", None, "status", "one question about several messages"),
        # Doubts.
        (ONE, "body/ref", None, "lookup", "asks for {batch_id}, which the request does not say"),
        (ONE, "lookup/url", "https://x/{ref}?b={batch_id}", "lookup", "nobody knows {ref}"),
        (ONE, "lookup", {"url": "https://x/{message_id}", "id": "id"}, "lookup", "surely ours: say {batch_id}"),
        (ONE, "lookup", {"url": "https://x/{batch_id}"}, "lookup", "name an id, or rows"),
        (MANY, "lookup/rows", None, "lookup", "one question about several messages"),
    ],
)
def test_a_fault_is_told_where_it_can_be_mended(text: str, path: str, value: object, place: str, reason: str) -> None:
    faults = faults_of(changed(text, path, value))

    assert reason in faults.get(place, ""), faults


@pytest.mark.parametrize(
    ("push", "place", "reason"),
    [
        ({}, "push", "neither a state nor inbound texts"),
        ({"state": "s"}, "push", "names no message"),
        ({"state": "s", "batch": "b"}, "push.recipient", "several messages share what the push names"),
    ],
)
def test_a_push_says_of_whom_it_speaks(push: dict[str, Any], place: str, reason: str) -> None:
    assert reason in faults_of(section(MANY, push=push, push_secret="s"))[place]


def test_a_push_without_polls_explains_its_words() -> None:
    push: dict[str, Any] = {"state": "s", "ref": "r"}

    assert "required without status" in faults_of(section(ONE, push=push, push_secret="s", status=None))["push.states"]
    push |= {"states": {"ok": "delivered"}}
    HttpCarrierConfig.model_validate(section(ONE, push=push, push_secret="s", status=None))


def test_pushes_and_their_secret_go_together() -> None:
    assert "push" in faults_of(section(ONE, push_secret="s"))
    assert "push_secret" in faults_of(section(ONE, push={"state": "state", "ref": "r"}))


def test_a_probe_is_about_no_message() -> None:
    assert "no placeholders" in faults_of(section(ONE, probe={"url": "https://x/{batch_id}"}))["probe"]
    assert "probe.method" in faults_of(section(ONE, probe={"url": "https://x", "body": {}}))


@pytest.mark.parametrize(
    ("key_in", "place"),
    [
        ({}, "key_in"),
        ({"header": "X-A", "query": "a"}, "key_in"),
        ({"query": "a", "prefix": "App "}, "key_in.prefix"),
        ({"header": "Authorization"}, "key_in.header"),
        ({"header": "X\r\nA"}, "key_in.header"),
    ],
)
def test_a_key_has_one_place(key_in: dict[str, str], place: str) -> None:
    assert place in faults_of(section(ONE, key="k", key_in=key_in))


def test_a_key_in_the_body_needs_bodies() -> None:
    faults = faults_of(section(ONE, key="k", key_in={"body": "api_key"}))

    assert set(faults) == {"status", "lookup"}


def test_a_fence_needs_something_that_repeats_share() -> None:
    raw = section(ONE, fence_for="24h", lookup=None)
    HttpCarrierConfig.model_validate(raw)

    raw["body"] = {"to": "{recipient}", "text": "{text}"}

    assert "{batch_id}" in faults_of(raw)["fence_for"]
    HttpCarrierConfig.model_validate({**raw, "headers": {"Idempotency-Key": "{batch_id}"}})


@pytest.mark.parametrize(
    "changes", [{"body": {"to": "{recipients}", "text": "{text} 你好"}}, {"sender": "你好"}, {"query": {"你": "x"}}]
)
def test_constants_fit_the_charset(changes: dict[str, Any]) -> None:
    assert "cannot be written in iso-8859-1" in faults_of(section(ALIKE, charset="iso-8859-1", **changes))["body"]


def test_many_faults_are_told_at_once() -> None:
    raw = section(ONE, url="x", method="DELETE", unknown=1)
    raw["body"] = {"to": "{a}", "text": {"b": "{c}"}}
    raw["answer"]["id"] = ".."
    raw["status"]["states"]["queued"] = "waiting"

    assert set(faults_of(raw)) == {
        "url", "method", "unknown", "body.to", "body.text.b", "answer.id", "status.states.queued",
    }  # fmt: skip


def test_faults_quote_no_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        HttpCarrierConfig.model_validate(section(ONE, password="hunter2-hunter2", token="hunter3\n"))

    assert "hunter" not in str(caught.value)


# In the whole configuration.

Load = Callable[..., Settings]


@pytest.fixture
def load_section(tmp_path: Path) -> Load:
    """Load a whole file with the section in it."""

    def call(lines: str, **files: str) -> Settings:
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        file = tmp_path / "smppgw.toml"
        section = lines.replace("[answer", "[carriers.acme.answer").replace("[status", "[carriers.acme.status")
        file.write_text(
            f"""
            [smpp]
            listen = "127.0.0.1:2775"
            [[accounts]]
            system_id = "legacy"
            password_hash = "{HASH}"
            [[routes]]
            name = "default"
            carriers = ["acme"]
            [carriers.acme]
            type = "http"
            {section}
            """
        )
        return load(file, {"http": HttpCarrierConfig}, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    return call


PLAIN = """
url = "https://api.example/send"
body = { to = "{recipient}", text = "{text}" }
ends_accepted = true
answer = { id = "id" }
"""


def test_every_secret_has_its_three_ways(load_section: Load) -> None:
    files = {"a": "from-a", "b": "from-b\n", "c": "from-c"}
    keys = 'username = "me"\npassword_file = "a"\nkey_credential = "b"\nkey_in = { header = "X-Api-Key" }'

    config = load_section(f"{keys}\n{PLAIN}", **files).carriers["acme"]
    other = load_section(f'token_credential = "c"\n{PLAIN}', **files)
    plain = load_section(f'token = "inline"\n{PLAIN}')

    assert isinstance(config, HttpCarrierConfig)
    assert isinstance(other.carriers["acme"], HttpCarrierConfig)
    secrets = (config.password, config.key, other.carriers["acme"].token)
    assert [secret and secret.reveal() for secret in secrets] == ["from-a", "from-b", "from-c"]
    assert other.warnings == ()
    assert plain.warnings == (
        "carriers.acme.token is a secret in the configuration itself; use a file, a credential or a hash",
    )


def test_a_missing_secret_is_told_with_the_other_faults(load_section: Load) -> None:
    with pytest.raises(ConfigFaults) as caught:
        load_section(f'token_file = "none"\n{PLAIN.replace("{text}", "{txt}")}')

    assert [fault.path for fault in caught.value.faults] == ["carriers.acme.token_file", "carriers.acme.body.text"]


def test_what_goes_in_clear_is_warned_of(load_section: Load) -> None:
    settings = load_section(PLAIN.replace("https://api.example", "http://api.example"))

    assert settings.warnings == (
        "carriers.acme.url sends texts, numbers and what proves who we are in clear; use https://",
    )
    assert load_section(PLAIN.replace("https://api.example", "http://127.0.0.1:1")).warnings == ()


# The page for operators.


@pytest.fixture(scope="module")
def page() -> str:
    return (Path(__file__).parents[3] / "docs" / "HTTP_CARRIER.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "model", [HttpCarrierConfig, Answer, AnswerRows, StatusPoll, LookUp, Push, InboundFields, KeyIn]
)
def test_every_key_is_explained(page: str, model: type[BaseModel]) -> None:
    own = [key for key in model.model_fields if key not in CarrierConfig.model_fields]

    assert [key for key in own if not re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", page)] == []


@pytest.mark.parametrize("words", [SEND, ASK, VERDICTS, STATUSES, OUTCOMES])
def test_every_word_is_explained(page: str, words: Mapping[str, object]) -> None:
    assert [word for word in words if not re.search(rf"[`{{\"]{word}[`}}\"]", page)] == []


def test_no_placeholder_is_explained_that_there_is_not(page: str) -> None:
    shown = set(re.findall(r"`\{([a-z_]+)[:?}]", page))

    assert shown <= {*SEND, *ASK}
