"""Alibaba Cloud SMS (Dysmsapi): template messages to mainland China, free text to all other countries."""

from smppgw.carriers.alibaba.config import AlibabaConfig, AlibabaGlobeConfig
from smppgw.carriers.alibaba.globe import AlibabaGlobe
from smppgw.carriers.alibaba.mainland import Alibaba

__all__ = ["Alibaba", "AlibabaConfig", "AlibabaGlobe", "AlibabaGlobeConfig"]
