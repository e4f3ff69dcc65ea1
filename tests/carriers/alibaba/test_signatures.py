"""Signatures in texts."""

import pytest

from smppgw.carriers.alibaba.signatures import split_signature


@pytest.mark.parametrize(
    ("text", "signature", "rest"),
    [
        ("【阿里云】今日休息。", "阿里云", "今日休息。"),
        ("今日休息。【阿里云】", "阿里云", "今日休息。"),
        ("【甲】今日休息。【乙】", "甲", "今日休息。【乙】"),
        ("今日【甲】休息。", None, "今日【甲】休息。"),
        ("【】今日休息。", None, "【】今日休息。"),
        ("【阿里云】两\n行", "阿里云", "两\n行"),
        ("今日休息。", None, "今日休息。"),
        ("", None, ""),
    ],
)
def test_a_signature_is_taken_off_either_end(text: str, signature: str | None, rest: str) -> None:
    assert split_signature(text) == (signature, rest)
