"""The carriers there are: by ``type``, the model of the configuration section and the adapter behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from smppgw.carriers.alibaba import Alibaba, AlibabaConfig, AlibabaGlobe, AlibabaGlobeConfig
from smppgw.carriers.alibaba.config import AlibabaAccount
from smppgw.carriers.alibaba.credentials import KeyUnavailableError
from smppgw.carriers.alibaba.key_file import read_key_file
from smppgw.carriers.alibaba.template_rows import TemplateFileError, read_template_file
from smppgw.carriers.base import Carrier
from smppgw.carriers.configured import HttpCarrier, HttpCarrierConfig
from smppgw.carriers.http import Observer, Unobserved
from smppgw.carriers.loopback import Loopback, LoopbackConfig
from smppgw.carriers.probing import Probe, Probing
from smppgw.carriers.retarus import Retarus, RetarusConfig
from smppgw.config.faults import ConfigFaults, Fault
from smppgw.ops.clock import Clock

MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "retarus": RetarusConfig,
    "alibaba": AlibabaConfig,
    "alibaba-globe": AlibabaGlobeConfig,
    "http": HttpCarrierConfig,
    "loopback": LoopbackConfig,
}


def _over_http(adapter: Callable[..., Carrier]) -> Callable[[str, Any, Clock, Observer], Carrier]:
    def make(name: str, config: Any, clock: Clock, observer: Observer) -> Carrier:
        return adapter(name, config, clock=clock.wall, monotonic=clock.monotonic, observer=observer)

    return make


def _loopback(name: str, config: LoopbackConfig, clock: Clock, observer: Observer) -> Carrier:
    return Loopback(name, config, clock=clock.wall)


_MAKERS: Final[Mapping[type[BaseModel], Callable[[str, Any, Clock, Observer], Carrier]]] = {
    RetarusConfig: _over_http(Retarus),
    AlibabaConfig: _over_http(Alibaba),
    AlibabaGlobeConfig: _over_http(AlibabaGlobe),
    HttpCarrierConfig: _over_http(HttpCarrier),
    LoopbackConfig: _loopback,
}


def check_files(configs: Mapping[str, BaseModel]) -> None:
    """Read the files that carriers will need.

    Raises:
        ConfigFaults: One of them is faulty.
    """
    faults = []
    for name, config in configs.items():
        if isinstance(config, AlibabaConfig | AlibabaGlobeConfig) and config.templates is not None:
            try:
                read_template_file(config.templates)
            except (TemplateFileError, OSError) as fault:
                faults.append(Fault(f"carriers.{name}.templates", str(fault)))
        if isinstance(config, AlibabaAccount) and config.access_key_file is not None:
            try:
                read_key_file(config.access_key_file)
            except KeyUnavailableError as fault:
                faults.append(Fault(f"carriers.{name}.access_key_file", str(fault)))
    if faults:
        raise ConfigFaults(tuple(faults))


def make_carriers(configs: Mapping[str, BaseModel], clock: Clock, observer: Observer) -> dict[str, Carrier]:
    """Make the adapter of each configured carrier; none of them opens a connection yet."""
    return {name: _MAKERS[type(config)](name, config, clock, observer) for name, config in configs.items()}


async def try_carrier(name: str, config: BaseModel, clock: Clock) -> Sequence[Probe] | None:
    """Try a configured carrier without sending a message; None: it cannot be tried."""
    carrier = make_carriers({name: config}, clock, Unobserved())[name]
    try:
        return (await carrier.probe() or None) if isinstance(carrier, Probing) else None
    finally:
        await carrier.aclose()
