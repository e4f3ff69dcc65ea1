"""The only place that builds and wires; start order, stop order."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from smppgw.app import policies
from smppgw.app.carriers import MODELS, check_files
from smppgw.app.gateway import Gateway
from smppgw.app.reloading import Configuration
from smppgw.app.tls import server_context
from smppgw.config import loader
from smppgw.config.settings import Settings
from smppgw.ops import logs
from smppgw.ops.clock import Clock
from smppgw.store.base import StoreError

SWITCH_S: Final = 0.001
"""The event loop and the writer thread share the interpreter: a commit is not to wait 5 ms for its turn."""


def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check a configuration, rate cards included.

    Raises:
        ConfigFaults: It cannot be used; holds every fault.
    """
    return read(path, environ).settings


def read(path: Path, environ: Mapping[str, str] | None = None) -> Configuration:
    """Read and check a configuration, and keep what the files say that it names.

    Raises:
        ConfigFaults: It cannot be used; holds every fault.
    """
    loaded = loader.load_whole(path, MODELS, os.environ if environ is None else environ)
    settings = loaded.settings
    check_files(settings.carriers)
    return Configuration(
        settings,
        policies.prices(loaded),
        server_context(settings.smpp),
        policies.callees(settings.accounts),
    )


def run(path: Path) -> int:
    """Run the daemon in the foreground; return its exit code.

    Raises:
        ConfigFaults: The configuration cannot be used.
    """
    gateway = Gateway(lambda: read(path), Clock(), os.environ)
    settings = gateway.settings
    pipe = logs.configure(settings.log.format, settings.log.level)
    log = structlog.get_logger()
    exit_code = 0
    sys.setswitchinterval(SWITCH_S)
    try:
        for warning in settings.warnings:
            log.warning("configuration", reason=warning)
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(_main(gateway))
    except* (StoreError, OSError) as faults:
        for fault in faults.exceptions:
            log.error("ended", reason=str(fault))
        exit_code = 1
    finally:
        pipe.close()
    return exit_code


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _main(gateway: Gateway) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, gateway.stop)
    loop.add_signal_handler(signal.SIGHUP, gateway.reload)
    await gateway.run()
