"""From the carriers' sections to the doors on which their pushes knock."""

from collections.abc import Mapping

from pydantic import BaseModel

from smppgw.carriers.base import Carrier, Pushes
from smppgw.carriers.config import PushedConfig
from smppgw.web.pushes import Door


def pushers(carriers: Mapping[str, Carrier]) -> dict[str, Pushes]:
    """Return the carriers that can read pushes."""
    found: Mapping[str, object] = carriers
    return {name: carrier for name, carrier in found.items() if isinstance(carrier, Pushes)}


def doors(configs: Mapping[str, BaseModel], carriers: Mapping[str, Carrier]) -> dict[str, Door]:
    """Return a door for each carrier that has a secret."""
    able = pushers(carriers)
    return {
        name: Door(config.push_secret, config.push_from, able[name].push_answer)
        for name, config in configs.items()
        if isinstance(config, PushedConfig) and config.push_secret is not None and name in able
    }
