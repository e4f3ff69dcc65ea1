"""The official credential chain (extra ``alibaba-credentials``), kept at arm's length.

Its order: OIDC (``ALIBABA_CLOUD_ROLE_ARN``, ``..._OIDC_PROVIDER_ARN``, ``..._OIDC_TOKEN_FILE``), the profile of the
aliyun CLI, ``~/.alibabacloud/credentials.ini``, the RAM role of an ECS instance, ``ALIBABA_CLOUD_CREDENTIALS_URI``. It
reads its variables when it is imported, blocks, and logs what it was answered, so it is imported when it is needed,
runs in a thread, and is silenced. Everything in this module blocks.

Source: PyPI alibabacloud-credentials 1.0.12.
"""

import logging
from typing import Any, Final

from smppgw.carriers.alibaba.credentials import Key, KeyUnavailableError, make_key

_LOGGERS: Final = ("credentials", "apscheduler", "urllib3")
"""Those of the package and of what it brings; the first one gets a handler for the terminal each time."""


class Chain:
    """The chain of one account; for one thread at a time."""

    def __init__(self) -> None:
        self._provider: Any = None

    def load(self, is_doubted: bool) -> Key:
        """Return the key that the chain has now; it renews it by itself 15 minutes before it expires.

        Args:
            is_doubted: Begin the chain anew: what it remembers is not good any more.

        Raises:
            KeyUnavailableError: It has none, or is not installed.
        """
        if self._provider is None or is_doubted:
            self._provider = _provider()
        try:
            found = self._provider.get_credentials()
        except Exception as error:  # noqa: BLE001 - whatever a source meets; its text quotes answers
            reason = f"no source of the credential chain has an access key ({type(error).__name__})"
            raise KeyUnavailableError(reason) from None
        return make_key(
            found.get_access_key_id(),
            found.get_access_key_secret(),
            found.get_security_token(),
            found.get_expiration(),
        )


def _provider() -> Any:
    try:
        from alibabacloud_credentials.provider import DefaultCredentialsProvider
    except ImportError:
        reason = "the credential chain is not installed: pip install smppgw[alibaba-credentials]"
        raise KeyUnavailableError(reason) from None
    _silence()
    return DefaultCredentialsProvider()


def _silence() -> None:
    """Keep answers and URLs, which hold keys and tokens, out of every log."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
