"""Sessions over TLS, on both event loops; the certificates are those of tests/data/tls."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smppgw.smpp.aio import Listener
from smppgw.smpp.events import Ended, EndReason
from smppgw.smpp.pdu import BindTransceiver, SubmitSmResp, Unbind, UnbindResp
from tests.smpp.conftest import Live
from tests.smpp.peers import BOUND_S, Peer, Recorder, answer_submits, door, noise, submit

CERTIFICATES = Path(__file__).parents[1] / "data" / "tls"
NAMES = {"legacy.example.com", "spare.example.com"}


def server(verify: ssl.VerifyMode = ssl.CERT_NONE, name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / f"{name}.key")
    context.load_verify_locations(CERTIFICATES / "ca.pem")
    context.verify_mode = verify
    return context


def esme(certificate: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
    if certificate is not None:
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / f"{certificate}.key")
    return context


@asynccontextmanager
async def client(listener: Listener, context: ssl.SSLContext) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(*listener.addresses[0], ssl=context, server_hostname="localhost")
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


async def is_turned_away(listener: Listener, context: ssl.SSLContext) -> bool:
    """Whether the handshake fails, or, as in TLS 1.3, the connection ends right after it."""
    try:
        async with asyncio.timeout(BOUND_S), client(listener, context) as peer:
            peer.give(BindTransceiver(sequence_number=1))
            return await peer.take() is None
    except (ssl.SSLError, ConnectionError):
        return True


def test_a_whole_life_over_tls(live: Live) -> None:
    """Bind, submit, unbind."""
    handler = Recorder(on_event=answer_submits)

    async def work() -> None:
        async with door(handler, tls=server()) as listener, client(listener, esme()) as peer:
            await peer.bind()
            peer.give(submit(2), Unbind(sequence_number=3))
            answers = {type(await peer.take()), type(await peer.take())}
            assert answers == {SubmitSmResp, UnbindResp}
            assert await peer.take() is None

    live(work)

    assert handler.seen[-1] == Ended(reason=EndReason.UNBOUND)
    assert handler.connections[0].certificate_names == frozenset()


@pytest.mark.parametrize("verify", [ssl.CERT_REQUIRED, ssl.CERT_OPTIONAL])
def test_the_names_of_a_client_are_known_before_its_bind(live: Live, verify: ssl.VerifyMode) -> None:
    handler = Recorder()

    async def work() -> None:
        async with door(handler, tls=server(verify)) as listener, client(listener, esme("client")) as peer:
            await peer.bind()

    live(work)

    assert handler.connections[0].certificate_names == NAMES


@pytest.mark.parametrize(
    ("verify", "certificate"),
    [
        (ssl.CERT_REQUIRED, None),
        (ssl.CERT_REQUIRED, "expired"),
        (ssl.CERT_REQUIRED, "stranger"),
        (ssl.CERT_OPTIONAL, "expired"),
        (ssl.CERT_OPTIONAL, "stranger"),
        (ssl.CERT_REQUIRED, "server"),  # signed by the right authority, but for another purpose
    ],
)
def test_without_a_good_certificate_nobody_gets_as_far_as_a_bind(
    live: Live, verify: ssl.VerifyMode, certificate: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """No handler call, no line in the log, and the place is free again."""
    handler = Recorder()

    async def work() -> None:
        async with door(handler, tls=server(verify)) as listener:
            assert await is_turned_away(listener, esme(certificate))
            async with asyncio.timeout(BOUND_S):
                await listener.wait_empty()

    live(work)

    assert handler.calls == []
    assert noise(caplog) == []


def test_a_client_without_certificate_may_come_where_none_is_required(live: Live) -> None:
    handler = Recorder()

    async def work() -> None:
        async with door(handler, tls=server(ssl.CERT_OPTIONAL)) as listener, client(listener, esme()) as peer:
            await peer.bind()

    live(work)

    assert handler.connections[0].certificate_names == frozenset()


def test_a_new_certificate_is_for_new_connections(live: Live) -> None:
    """The session that lives goes on."""
    handler = Recorder(on_event=answer_submits)
    shown: list[object] = []

    async def work() -> None:
        async with door(handler, tls=server()) as listener, client(listener, esme()) as old:
            await old.bind()
            listener.use_tls(server(name="renewed"))
            async with client(listener, esme()) as new:
                shown.extend(p.writer.get_extra_info("peercert")["serialNumber"] for p in (old, new))
            old.give(submit(2))
            assert await old.take() == SubmitSmResp(sequence_number=2)

    live(work)

    assert len(set(shown)) == 2


def test_an_open_door_stays_plain(live: Live) -> None:
    """A reload hands the new certificate to every listener."""
    handler = Recorder()

    async def work() -> None:
        async with door(handler) as listener:
            listener.use_tls(server())
            reader, writer = await asyncio.open_connection(*listener.addresses[0])
            await Peer(reader, writer).bind()
            writer.close()

    live(work)

    assert not handler.errors
