"""Log lines never hold anybody up."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from smppgw.ops.log_pipe import LogPipe

PIPE_OCTETS = 64 * 1024


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe."""
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            pass  # the test closed it


def test_lines_come_out_in_order(ends: tuple[int, int]) -> None:
    reading, writing = ends
    pipe = LogPipe(writing)

    for number in range(1000):
        pipe.write(f"{number}")
    pipe.close(5)

    assert os.read(reading, PIPE_OCTETS).decode().split("\n") == [*map(str, range(1000)), ""]
    assert pipe.dropped == 0


def test_a_full_pipe_that_nobody_reads_never_blocks(ends: tuple[int, int]) -> None:
    reading, writing = ends
    pipe = LogPipe(writing, max_lines=100)

    for _ in range(2000):
        pipe.write("x" * 1000)
    pipe.close(0.01)

    assert pipe.dropped > 1000
    os.close(reading)  # lets the thread go before its descriptor belongs to somebody else
    pipe.close(5)


def test_what_was_queued_is_written_when_somebody_reads_again(ends: tuple[int, int]) -> None:
    reading, writing = ends
    pipe = LogPipe(writing, max_lines=10)
    lines = 200
    for _ in range(lines):
        pipe.write("x" * 1000)

    os.set_blocking(reading, True)
    seen = b""
    while seen.count(b"\n") + pipe.dropped < lines:
        seen += os.read(reading, PIPE_OCTETS)
    pipe.close(5)

    assert set(seen.decode().split("\n")) == {"x" * 1000, ""}


def test_a_reader_that_is_gone_costs_lines_and_nothing_else(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.close(reading)
    pipe = LogPipe(writing)

    for _ in range(3):
        pipe.write("x")
    pipe.close(5)

    assert pipe.dropped == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        pipe = LogPipe(full.fileno())
        pipe.write("x")
        pipe.close(5)

    assert pipe.dropped == 1


def test_a_descriptor_that_somebody_made_non_blocking_loses_nothing(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.set_blocking(writing, False)
    pipe = LogPipe(writing)
    lines = 200
    for _ in range(lines):
        pipe.write("x" * 1000)

    seen = b""
    while seen.count(b"\n") < lines:
        seen += os.read(reading, PIPE_OCTETS)
    pipe.close(5)

    assert pipe.dropped == 0
