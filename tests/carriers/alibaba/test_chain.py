"""The official credential chain behind our adapter: stubbed at its boundary, and the real package.

That has a process of its own, because it reads its variables when it is imported.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from smppgw.carriers.alibaba import chain
from smppgw.carriers.alibaba.chain import Chain
from smppgw.carriers.alibaba.credentials import KeyUnavailableError
from smppgw.simulators.alibaba import AlibabaOptions, alibaba_app
from smppgw.simulators.serving import running

PROCESS_S = 60.0
LOAD_TWICE = """
import json, logging, sys, threading
logging.basicConfig(level=logging.DEBUG)
from smppgw.carriers.alibaba.chain import Chain
from smppgw.carriers.alibaba.credentials import KeyUnavailableError
found, chain = [], Chain()
for is_doubted in (False, False, True):
    try:
        key = chain.load(is_doubted)
    except KeyUnavailableError as error:
        found.append(str(error))
        continue
    token = key.credentials.security_token
    found.append([key.credentials.access_key_id, key.credentials.access_key_secret.reveal(), token and token.reveal()])
print(json.dumps(found))
"""


class Found:
    """What the package hands out."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    def get_access_key_id(self) -> Any:
        return self._parts[0]

    def get_access_key_secret(self) -> Any:
        return self._parts[1]

    def get_security_token(self) -> Any:
        return self._parts[2]

    def get_expiration(self) -> Any:
        return self._parts[3]


class Provider:
    """The package's chain, scripted."""

    def __init__(self, *answers: Found | Exception) -> None:
        self._answers = list(answers)

    def get_credentials(self) -> Found:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def stub(monkeypatch: pytest.MonkeyPatch, *providers: Provider) -> None:
    waiting = list(providers)
    monkeypatch.setattr(chain, "_provider", lambda: waiting.pop(0))


def test_a_key_is_taken_over_with_its_token_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, Provider(Found("STS.1", "secret", "token", 1_700_000_000)))

    key = Chain().load(False)

    assert key.credentials.access_key_id == "STS.1"
    assert key.credentials.access_key_secret.reveal() == "secret"
    assert key.credentials.security_token
    assert key.credentials.security_token.reveal() == "token"
    assert key.expires_at == 1_700_000_000


@pytest.mark.parametrize("token", [None, ""])
def test_a_permanent_key_has_no_token(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    stub(monkeypatch, Provider(Found("LTAI", "secret", token, None)))

    assert Chain().load(False).credentials.security_token is None


def test_the_chain_is_begun_anew_only_when_its_key_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Provider(Found("1", "s", None, None), Found("2", "s", None, None))
    stub(monkeypatch, first, Provider(Found("3", "s", None, None)))
    loaded = Chain()

    found = [loaded.load(is_doubted).credentials.access_key_id for is_doubted in (False, False, True)]

    assert found == ["1", "2", "3"]


@pytest.mark.parametrize(
    "answer", [RuntimeError("result: AccessKeySecret=hunter2"), Found(None, "hunter2", None, None)]
)
def test_a_failure_says_nothing_of_what_was_answered(
    monkeypatch: pytest.MonkeyPatch, answer: Found | Exception
) -> None:
    stub(monkeypatch, Provider(answer))

    with pytest.raises(KeyUnavailableError) as caught:
        Chain().load(False)

    assert "hunter2" not in str(caught.value)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials.provider", None)

    with pytest.raises(KeyUnavailableError, match=r"smppgw\[alibaba-credentials\]"):
        Chain().load(False)


# --- the real package -------------------------------------------------------------------------------------------------


async def in_a_process(home: Path, **environ: str) -> tuple[list[Any], str]:
    """Load three times, the last time afresh, with every log on; return what was found, and what was logged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        LOAD_TWICE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environ(home, environ),
    )
    try:
        async with asyncio.timeout(PROCESS_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    return json.loads(out), err.decode()


def _environ(home: Path, environ: dict[str, str]) -> dict[str, str]:
    # No metadata service here: the address would be asked on the network.
    plain = {"HOME": str(home), "PYTHONPATH": ":".join(sys.path), "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    return plain | {"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true", "NO_PROXY": "*"} | environ


async def test_the_package_finds_a_profile(tmp_path: Path) -> None:
    profile = tmp_path / "credentials.ini"
    profile.write_text("[sms]\ntype = access_key\naccess_key_id = LTAI\naccess_key_secret = hunter2\n")

    found, logged = await in_a_process(
        tmp_path, ALIBABA_CLOUD_CREDENTIALS_FILE=str(profile), ALIBABA_CLOUD_PROFILE="sms"
    )

    assert found == [["LTAI", "hunter2", None]] * 3
    assert "hunter2" not in logged


async def test_the_package_renews_temporary_keys(tmp_path: Path) -> None:
    # A key that has less than 15 minutes left is renewed with every look.
    options = AlibabaOptions(access_key_id="i", access_key_secret="s", key_lifetime=600.0)
    async with running(alibaba_app(options)) as url:
        found, logged = await in_a_process(tmp_path, ALIBABA_CLOUD_CREDENTIALS_URI=f"{url}/_sim/credentials")

    assert len({key_id for key_id, _, _ in found}) == 3
    assert all(token for _, _, token in found)
    assert not [word for key in found for word in key if word in logged]


async def test_the_package_says_nothing_of_an_answer_that_is_wrong(tmp_path: Path) -> None:
    async with running(alibaba_app(AlibabaOptions(access_key_id="i", access_key_secret="s"))) as url:
        found, logged = await in_a_process(tmp_path, ALIBABA_CLOUD_CREDENTIALS_URI=f"{url}/hunter2")

    assert found == ["no source of the credential chain has an access key (CredentialException)"] * 3
    assert "hunter2" not in logged
