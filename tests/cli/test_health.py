"""`smppgw health`: well, unwell, or not there."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smppgw.cli import main
from smppgw.cli.exits import Exit


class Daemon(BaseHTTPRequestHandler):
    """Answers with the server's status."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"reasons":["\x1b[2J"]}')

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""


class Server(HTTPServer):
    """A daemon's HTTP, as healthy as the test wants."""

    status = 200
    asked: list[str]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Daemon) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def health(tmp_path: Path, listen: str) -> Result:
    file = tmp_path / "smppgw.toml"
    file.write_text(f'[http]\nlisten = "{listen}"\n')
    return CliRunner().invoke(main, ["health", "-c", str(file)])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_daemon_that_is_well_is_0(tmp_path: Path, server: Server, host: str) -> None:
    result = health(tmp_path, f"{host}:{server.server_port}")

    assert (result.exit_code, server.asked) == (Exit.OK, ["/healthz"])


def test_a_daemon_that_is_not_well_is_1_and_says_why(tmp_path: Path, server: Server) -> None:
    server.status = 503

    result = health(tmp_path, f"127.0.0.1:{server.server_port}")

    assert result.exit_code == Exit.FAILED
    assert result.stdout == '{"reasons":["\\x1b[2J"]}\n'


def test_a_daemon_that_is_not_there_is_5(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    result = health(tmp_path, f"127.0.0.1:{port}")

    assert result.exit_code == Exit.UNREACHABLE
    assert f"127.0.0.1:{port}" in result.stderr


def test_a_configuration_that_cannot_be_read_is_3(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["health", "-c", str(tmp_path / "none.toml")])

    assert result.exit_code == Exit.CONFIG
