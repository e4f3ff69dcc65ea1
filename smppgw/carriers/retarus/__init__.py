"""Retarus SMS for Applications, REST v1: many messages in one job, outcomes by polling.

Sources: developers.retarus.com/sms/sms4a-api and docs.retarus.com/sms; what neither says is marked where it is assumed.
"""

from smppgw.carriers.retarus.adapter import Retarus
from smppgw.carriers.retarus.config import RetarusConfig

__all__ = ["Retarus", "RetarusConfig"]
