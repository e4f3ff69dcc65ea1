"""Alibaba Cloud SMS: Dysmsapi 2017-05-25 (mainland, templates) and 2018-05-01 (international, free text)."""

from smppgw.simulators.alibaba.app import alibaba_app
from smppgw.simulators.alibaba.options import AlibabaOptions

__all__ = ["AlibabaOptions", "alibaba_app"]
