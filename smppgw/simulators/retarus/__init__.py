"""Retarus SMS for Applications, REST v1, as its portal and vendor code show it: three hosts, two data centres."""

from smppgw.simulators.retarus.app import retarus_app
from smppgw.simulators.retarus.options import RetarusOptions

__all__ = ["RetarusOptions", "retarus_app"]
