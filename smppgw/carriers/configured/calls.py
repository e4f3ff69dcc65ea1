"""Calls to the carrier: who we are is added to each request when it is made, and kept nowhere."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx2 as httpx

from smppgw.carriers.configured.request import FORM, Written, with_query
from smppgw.carriers.configured.section import Section
from smppgw.carriers.http import CallOutcome, NotSent, Observer, Operation, Result, call, request

_HEADER: Final = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made."""

    result: Result
    seconds: float
    ended: Callable[[CallOutcome], None]
    """Takes its outcome, for the observer; called once, by whoever has read the answer."""


class Calls:
    """Authenticated calls, each reported to the observer."""

    def __init__(
        self,
        name: str,
        section: Section,
        http: httpx.AsyncClient,
        monotonic: Callable[[], float],
        observer: Observer,
    ) -> None:
        self._name = name
        self._section = section
        self._http = http
        self._monotonic = monotonic
        self._observer = observer

    async def make(
        self,
        operation: Operation,
        method: str,
        written: Written,
        headers: Mapping[str, str],
        *,
        deadline_s: float,
        max_octets: int,
    ) -> Made:
        """Make one call."""
        began = self._monotonic()
        secrets = self._secret_headers()
        if all(map(_HEADER.fullmatch, secrets.values())):
            signed = self._signed(method, written, {**headers, **secrets})
            result = await call(self._http, signed, deadline_s=deadline_s, max_octets=max_octets)
        else:
            # Its file was changed to something else since the start. Certain: nothing was written.
            result = NotSent("a secret of the section cannot stand in a header")
        seconds = self._monotonic() - began

        def ended(outcome: CallOutcome) -> None:
            self._observer.called(self._name, operation, outcome, seconds)

        return Made(result=result, seconds=seconds, ended=ended)

    def _signed(self, method: str, written: Written, headers: Mapping[str, str]) -> httpx.Request:
        content = {} if written.content_type is None else {"content-type": written.content_type}
        accept = {"accept": "application/json" if self._section.answer.format == "json" else "*/*"}
        return request(
            written.host,
            with_query(written.target, self._secret_query()),
            method=method,
            headers={**accept, **headers, **content},
            body=self._with_secret(written),
        )

    def _secret_headers(self) -> dict[str, str]:
        section, headers = self._section, dict[str, str]()
        if section.password is not None:
            login = f"{section.username}:{section.password.reveal()}".encode()
            headers["authorization"] = "Basic " + base64.b64encode(login).decode()
        if section.token is not None:
            headers["authorization"] = "Bearer " + section.token.reveal()
        if section.key is not None and section.key_in is not None and section.key_in.header is not None:
            headers[section.key_in.header.lower()] = section.key_in.prefix + section.key.reveal()
        return headers

    def _secret_query(self) -> list[tuple[str, str]]:
        key, place = self._section.key, self._section.key_in
        return [] if key is None or place is None or place.query is None else [(place.query, key.reveal())]

    def _with_secret(self, written: Written) -> bytes:
        """Return the body with the key in it: a last field of a form, or the first member of a JSON object."""
        key, place = self._section.key, self._section.key_in
        if key is None or place is None or place.body is None:
            return written.body
        if written.content_type == FORM:
            field = with_query("", [(place.body, key.reveal())], self._section.charset)[1:].encode("ascii")
            return written.body + b"&" + field if written.body else field
        member = json.dumps({place.body: key.reveal()}).encode()
        return member if written.body == b"{}" else member[:-1] + b"," + written.body[1:]
