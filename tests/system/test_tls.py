"""TLS: a node works by it, and no server is trusted that can't prove who it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest
import trustme
from support.eventually import eventually
from support.nodes import running_node
from support.sentinels import SERVICE, Sentinel
from support.servers import OwnServer, free_port

from verk_actors.errors import StoreUnavailable
from verk_actors.events import JobFailed, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.wire.job import Job

pytestmark = pytest.mark.needs("redis-server")  # the embedded server has no TLS


@attrs.frozen
class Certificates:
    """An authority of the test's own, and what it has signed.

    Attributes:
        ca: the authority's certificate, to be trusted.
        client: the query of a URL by which a client shows a certificate.
        server: the options of a server that shows one, for the names given.
    """

    directory: Path
    authority: trustme.CA

    @classmethod
    def in_directory(cls, directory: Path) -> Certificates:
        """Make an authority that keeps its files there."""
        certificates = cls(directory, trustme.CA())
        certificates.authority.cert_pem.write_to_path(str(directory / "ca.pem"))
        return certificates

    @property
    def trust(self) -> str:
        """The parameter of a URL that trusts the authority."""
        return f"ssl_ca_certs={self.directory / 'ca.pem'}"

    def client(self) -> str:
        """Return the parameters of a URL that show a client's certificate."""
        certificate, key = self._issue("client")
        return f"ssl_certfile={certificate}&ssl_keyfile={key}"

    def server(self, *names: str) -> dict[str, str]:
        """Return the options of a server that shows a certificate for these names, and asks clients for none."""
        certificate, key = self._issue(*names)
        files = {"tls_ca_cert_file": str(self.directory / "ca.pem"), "tls_cert_file": certificate, "tls_key_file": key}
        return files | {"tls_port": str(free_port()), "tls_auth_clients": "no"}

    def _issue(self, *names: str) -> tuple[str, str]:
        issued = self.authority.issue_cert(*names)
        certificate, key = self.directory / f"{names[0]}.pem", self.directory / f"{names[0]}.key"
        issued.private_key_pem.write_to_path(str(key))
        for pem in issued.cert_chain_pems:
            pem.write_to_path(str(certificate), append=True)
        return str(certificate), str(key)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Return an authority."""
    return Certificates.in_directory(tmp_path)


class TlsServer(OwnServer):
    """A redis-server with a port for TLS beside the plain one."""

    def __init__(self, directory: Path, options: dict[str, str]) -> None:
        super().__init__(directory, program="redis-server", **options)
        self.tls_port = int(options["tls_port"])


@pytest.fixture
def server(tmp_path: Path, certificates: Certificates) -> Iterator[TlsServer]:
    """Return a server whose certificate is for localhost."""
    with TlsServer(tmp_path / "server", certificates.server("localhost")) as server:
        yield server


def refusal(url: str, seconds: float = 20.0) -> StoreUnavailable:
    connection = Connection(RedisUrl(url), name="test", socket_timeout_seconds=seconds)
    with pytest.raises(StoreUnavailable) as raised:
        connection.call("PING")
    assert not connection.connected
    assert not raised.value.sent
    return raised.value


def test_a_node_works_by_tls(server: TlsServer, certificates: Certificates) -> None:
    config = Config(redis_url=f"rediss://localhost:{server.tls_port}/0?{certificates.trust}")
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.client.enqueue(Job(queue="q", class_="Bad", args=[2]))
        node.client.schedule(Job(queue="q", class_="Good", args=[3]), 0.1)
        node.log.expect(JobFinished, 2)
        node.log.expect(JobFailed)


def test_a_certificate_that_nobody_vouches_for_is_refused(server: TlsServer) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(f"rediss://localhost:{server.tls_port}/0").why


def test_a_certificate_for_another_host_is_refused(server: TlsServer, certificates: Certificates) -> None:
    error = refusal(f"rediss://127.0.0.1:{server.tls_port}/0?{certificates.trust}")

    assert "IP address mismatch" in error.why


def test_a_plain_connection_to_a_tls_port_and_tls_to_a_plain_port_are_refused(
    server: TlsServer, certificates: Certificates
) -> None:
    refusal(f"redis://localhost:{server.tls_port}/0")
    refusal(f"rediss://localhost:{server.port}/0?{certificates.trust}", seconds=0.5)  # the server never answers it


def test_a_server_that_asks_for_a_certificate_gets_one(server: TlsServer, certificates: Certificates) -> None:
    with server.client() as client:
        client.config_set("tls-auth-clients", "yes")
    url = f"rediss://localhost:{server.tls_port}/0?{certificates.trust}"
    with closing(Connection(RedisUrl(f"{url}&{certificates.client()}"), name="test")) as connection:
        assert connection.call("PING") == b"PONG"

    refusal(url)


def test_sentinels_and_the_server_they_name_are_both_asked_by_tls(tmp_path: Path, certificates: Certificates) -> None:
    """Sentinels name addresses, unless told to announce names: the certificate is for the address."""
    options = certificates.server("localhost", "127.0.0.1")
    watcher = options | {"tls_port": str(free_port()), "tls_replication": "yes"}
    settings = [f"{name.replace('_', '-')} {value}" for name, value in watcher.items()]
    with (
        TlsServer(tmp_path / "server", options) as server,
        Sentinel(tmp_path / "sentinel", program="redis-server").watch(server, *settings, port=server.tls_port),
    ):
        seed = f"localhost:{watcher['tls_port']}"
        url = f"rediss+sentinel://{seed}/{SERVICE}?{certificates.trust}"
        with closing(Connection(RedisUrl(url), name="test")) as connection:
            assert connection.call("CONFIG", "GET", "tls-port")[1] == options["tls_port"].encode()

        assert "CERTIFICATE_VERIFY_FAILED" in refusal(f"rediss+sentinel://{seed}/{SERVICE}").why


def test_a_cluster_is_asked_by_tls(tmp_path: Path, certificates: Certificates) -> None:
    """And a server that does not say its address is where it was asked."""
    options = {"cluster_enabled": "yes", "cluster_port": str(free_port()), "tls_cluster": "yes"}
    options |= {"cluster_preferred_endpoint_type": "unknown-endpoint"}
    with (
        TlsServer(tmp_path / "server", certificates.server("localhost") | options) as server,
        server.client() as client,
    ):
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        eventually(lambda: client.cluster("INFO")["cluster_state"] == "ok", "cluster")
        config = Config(
            redis_url=f"rediss+cluster://localhost:{server.tls_port}?{certificates.trust}", namespace="{verk}"
        )
        with running_node(config, queues={"q": 1}) as node:
            node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
            node.log.expect(JobFinished)
