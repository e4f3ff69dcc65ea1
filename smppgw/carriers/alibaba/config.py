"""The sections of Alibaba Cloud accounts in the configuration: mainland and international.

A model only holds values. The loader of the configuration fills ``access_key_id``, ``access_key_secret`` and
``security_token`` in from the file, the credential or the environment that stands for them.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from smppgw.carriers.config import PushedConfig
from smppgw.core.billing import BilledOn
from smppgw.core.doubt import LOOKUP_DEADLINE_S
from smppgw.core.values import PerSecond, Seconds, Secret

MAX_BATCH: Final = 100
"""Numbers of one call (SendBatchSms, ``PhoneNumberJson``)."""

_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_KEY: Final = re.compile(r"[!-~]+")


def _origin(url: str) -> str:
    plain = url.rstrip("/").lower()
    if not _ORIGIN.fullmatch(plain):
        raise ValueError('write "https://host" or "https://host:port", without a path')
    return plain


def _key(key: str) -> str:
    if not _KEY.fullmatch(key) or "," in key:
        raise ValueError("an access key id has no spaces, commas or characters beyond ASCII")
    return key


def _signature(name: str) -> str:
    if "【" in name or "】" in name:
        raise ValueError("write the signature without 【】: the platform adds them")
    return name


Tag = Annotated[int, Field(ge=0x1400, le=0x3FFF)]
"""Of the range that SMPP leaves to vendors (SMPP v3.4, 5.3.1)."""
Cap = Annotated[int, Field(ge=0, le=1000)]
Origin = Annotated[str, AfterValidator(_origin)]
SignName = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_signature)]


class AlibabaAccount(PushedConfig):
    """What both services need to know of an account."""

    # A fault about the whole section would quote it, secret included.
    model_config = ConfigDict(hide_input_in_errors=True)

    endpoint: Origin
    access_key_id: Annotated[str, AfterValidator(_key)] | None = None
    """Absent: environment variables (``ALIBABA_CLOUD_ACCESS_KEY_ID`` and its companions), else the official chain."""
    access_key_secret: Secret | None = None
    access_key_secret_file: Path | None = None
    credential: str | None = None
    """Name of a systemd credential with the secret."""
    security_token: Secret | None = None
    """Of temporary keys (STS)."""
    access_key_file: Path | None = None
    """JSON file with the whole key, read again and again; instead of the keys above."""
    calls_per_s: Annotated[PerSecond, Field(gt=0)] = 50.0
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = 16
    """One message per call: more calls at once than a carrier with batches needs."""
    sign_name: SignName | None = None
    """Signature of texts by template that bring none; without one, such texts are refused."""
    signatures: tuple[SignName, ...] = ()
    """Signatures such a text may bring as ``【...】`` at its start or end; empty: any, the platform judges."""
    templates: Path | None = None
    """JSON file of approved templates; absent: those the platform lists, where it does."""
    template_tag: Tag = 0x1501
    """Vendor TLV with the code of the template to use."""
    params_tag: Tag = 0x1502
    """Vendor TLV with the values of its variables, a JSON object of strings."""
    signature_tag: Tag = 0x1503
    """Vendor TLV with the signature."""
    push_wait: Annotated[Seconds, Field(gt=0)] = LOOKUP_DEADLINE_S
    """How long after a call a push may still resolve its doubt; of effect with ``push_secret`` only."""

    @property
    def push_wait_s(self) -> float | None:
        """``push_wait``; None where no pushes come."""
        return None if self.push_secret is None else self.push_wait

    @model_validator(mode="after")
    def _has_different_tags(self) -> Self:
        if len({self.template_tag, self.params_tag, self.signature_tag}) < 3:
            raise ValueError("template_tag, params_tag and signature_tag must differ")
        return self

    @model_validator(mode="after")
    def _has_whole_key(self) -> Self:
        has_secret = any((self.access_key_secret, self.access_key_secret_file, self.credential))
        if self.access_key_file is not None and (has_secret or self.access_key_id or self.security_token):
            raise ValueError("access_key_file holds the whole key: no other part of one can stand beside it")
        if has_secret and self.access_key_id is None:
            raise ValueError("access_key_id is missing beside its secret")
        if self.access_key_id is not None and not has_secret:
            raise ValueError("one of access_key_secret_file, credential or access_key_secret is needed")
        return self


class AlibabaConfig(AlibabaAccount):
    """Mainland and template messages, Dysmsapi 2017-05-25."""

    type: Literal["alibaba"] = "alibaba"
    endpoint: Origin = "https://dysmsapi.aliyuncs.com"
    billed_on: BilledOn = BilledOn.DELIVERY
    """By the receipt of the network: a failed one is free (sending rules, mainland)."""
    refresh: Annotated[Seconds, Field(ge=30, le=86400)] = 600.0
    """Between two looks at the lists."""
    max_batch: Annotated[int, Field(ge=1, le=MAX_BATCH)] = MAX_BATCH
    """Messages per call."""
    otp_per_minute: Cap = 1
    """One-time passwords per signature and number and clock minute; 0: no cap is known."""
    otp_per_hour: Cap = 5
    otp_per_day: Cap = 10
    otp_per_number: Cap = 40
    """One-time passwords per number and day, whatever the signature."""
    others_per_day: Cap = 50
    """Other messages per signature, template and number and day."""
    promotions_at_night: bool = False
    """Whether promotions are sent between 20:00 and 8:00 in Beijing, when the platform takes none."""


class AlibabaGlobeConfig(AlibabaAccount):
    """International messages, Dysmsapi 2018-05-01."""

    type: Literal["alibaba-globe"] = "alibaba-globe"
    endpoint: Origin = "https://dysmsapi.ap-southeast-1.aliyuncs.com"
    sender: Annotated[str, Field(max_length=15)] = ""
    """Sender of messages that bring none; empty: the platform's choice."""
    max_batch: Annotated[int, Field(ge=1, le=1000)] = 1
    """Messages per call; one: every message has a call of its own."""
    mainland: bool = False
    """Whether mainland China is reached too, by templates; this service does not list them."""

    @model_validator(mode="after")
    def _can_reach_the_mainland(self) -> Self:
        if self.mainland and self.templates is None:
            raise ValueError("mainland needs templates: the platform has no list of them")
        if not self.mainland and (self.templates or self.signatures or self.sign_name):
            raise ValueError("templates, signatures and sign_name are for mainland = true only")
        return self

    @model_validator(mode="after")
    def _is_worth_a_batch(self) -> Self:
        if 1 < self.max_batch <= self.calls_per_s:
            raise ValueError("a call of several goes once a second: max_batch must be more than calls_per_s, or 1")
        return self
