"""What an answer of the gateway looks like, in its three families, and the errors that lead to one.

1. Dysmsapi 2017-05-25, business: HTTP 200, `Code`/`Message`.
2. The gateway in front, and management calls: HTTP 4xx/5xx, five fields.
3. Dysmsapi 2018-05-01, business: HTTP 200, `ResponseCode`/`ResponseDescription`.
"""

import random
import uuid
from collections.abc import Mapping
from enum import StrEnum

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/json;charset=utf-8"


class Service(StrEnum):
    """The two APIs; also the `datacenter` of their rows and faults."""

    MAINLAND = "mainland"
    INTERNATIONAL = "international"


VERSIONS = {Service.MAINLAND: "2017-05-25", Service.INTERNATIONAL: "2018-05-01"}
"""`x-acs-version`."""


class GatewayError(Exception):
    """The call is refused before, or instead of, the business."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


def missing(parameter: str) -> GatewayError:
    """A mandatory parameter is not there."""
    return GatewayError(400, f"Missing{parameter}", f"{parameter} is mandatory for this action.")


class BusinessError(Exception):
    """The call came through, the business says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Answers:
    """Builds responses, each with a request id of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def success(self, service: Service, fields: Mapping[str, object]) -> Response:
        """A call that did what it was asked."""
        if service is Service.MAINLAND:
            return self._json(200, {"Code": "OK", "Message": "OK", **fields})
        accepted = {"ResponseCode": "OK", "ResponseDescription": "The SMS Send Request was accepted"}
        return self._json(200, {**accepted, **fields})

    def business(self, service: Service, error: BusinessError) -> Response:
        """Families 1 and 3."""
        code, text = ("Code", "Message") if service is Service.MAINLAND else ("ResponseCode", "ResponseDescription")
        return self._json(200, {text: error.message, code: error.code})

    def gateway(self, host: str, error: GatewayError, headers: Mapping[str, str] | None = None) -> Response:
        """Family 2."""
        recommend = f"https://api.aliyun.com/troubleshoot?q={error.code}&product=Dysmsapi"
        body = {"HostId": host, "Code": error.code, "Message": error.message, "Recommend": recommend}
        return self._json(error.status, body, headers)

    def _json(self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
        request_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4)).upper()
        return Response(
            msgspec.json.encode({"RequestId": request_id, **body}),
            status,
            {"x-acs-request-id": request_id, **(headers or {})},
            MEDIA_TYPE,
        )
