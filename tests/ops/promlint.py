"""What `promtool check metrics` (Prometheus 2.42) finds in an exposition, so that no test needs that program."""

import re
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

_RESERVED = ("_bucket", "_count", "_sum")
_FOREIGN_UNIT = re.compile(r"_(ms|milliseconds|minutes|hours|days|us|ns|kb|kilobytes|mb|bits|percent)(_|$)")
_TYPES = ("counter", "gauge", "histogram", "summary")


def lint(exposition: str) -> list[str]:
    """Return what is wrong, one line each; nothing where all is well."""
    return [
        f"{family.name} {fault}"
        for family in text_string_to_metric_families(exposition)
        for fault in _faults(family, exposition)
    ]


def _faults(family: Metric, exposition: str) -> Iterator[str]:
    # The parser takes _total from counters, so their names are read where they stand.
    written = f"{family.name}_total" if f"# TYPE {family.name}_total " in exposition else family.name
    if not family.documentation:
        yield "has no help"
    if (family.type == "counter") is not written.endswith("_total"):
        yield "is a counter without _total, or no counter with it"
    if family.type != "histogram" and written.endswith(_RESERVED):
        yield "ends as a part of a histogram does"
    if any(f"_{kind}" in written for kind in _TYPES):
        yield "has its type in its name"
    if _FOREIGN_UNIT.search(written):
        yield "has a unit that is no base unit"
    names = {written, *(label for sample in family.samples for label in sample.labels)}
    if any(":" in name or name != name.lower() for name in names):
        yield "has a colon or a capital letter in a name"
    if family.type != "histogram" and "le" in names:
        yield "has the label of a histogram"
