"""``SMPPGW__SECTION__KEY``: the environment overrides keys of tables, never of the ``[[...]]`` lists.

``SMPPGW__CARRIERS__ALIBABA_INTL__ENDPOINT`` is ``carriers.alibaba-intl.endpoint``: case does not matter, and a hyphen
is written as an underscore. Values are texts; lists and inline tables are written as in the file.
"""

import tomllib
from collections.abc import Mapping
from typing import Any, Final

from smppgw.config.faults import Fault, Findings

_PREFIX: Final = "SMPPGW__"
_LISTS: Final = frozenset({"accounts", "routes"})


def override(raw: dict[str, Any], environ: Mapping[str, str], findings: Findings) -> dict[str, str]:
    """Put the environment's values into the file's tables.

    Returns:
        The variable behind each overridden path, for `named`.
    """
    origins: dict[str, str] = {}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX):
            continue
        steps = variable.removeprefix(_PREFIX).lower().split("__")
        if fault := _unusable(variable, steps):
            findings.faults.append(fault)
        elif path := _put(raw, steps, _value(environ[variable])):
            origins[path] = variable
        else:
            findings.fault(variable, "names a key inside something that is not a table")
    return origins


def named(faults: list[Fault], origins: Mapping[str, str]) -> list[Fault]:
    """Return the faults with the variable's name where the environment, not the file, has set the value."""
    return [
        Fault(fault.path, f"{fault.reason}; set by {origins[fault.path]}", fault.suggestion)
        if fault.path in origins
        else fault
        for fault in faults
    ]


def _unusable(variable: str, steps: list[str]) -> Fault | None:
    if len(steps) < 2 or not all(steps):
        return Fault(variable, "names no key", f"write {_PREFIX}SECTION__KEY")
    if steps[0] in _LISTS:
        return Fault(variable, f"{steps[0]} are a list, which the environment cannot override", "change the file")
    return None


def _value(text: str) -> object:
    if not text.startswith(("[", "{")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(raw: dict[str, Any], steps: list[str], value: object) -> str | None:
    """Set the value; the path that was set, or None where a step is no table."""
    table = raw
    walked = []
    for step in steps[:-1]:
        walked.append(_existing(table, step))
        table = table.setdefault(walked[-1], {})
        if not isinstance(table, dict):
            return None
    walked.append(_existing(table, steps[-1]))
    table[walked[-1]] = value
    return ".".join(walked)


def _existing(table: dict[str, Any], step: str) -> str:
    return next((key for key in table if key.lower().replace("-", "_") == step), step)
