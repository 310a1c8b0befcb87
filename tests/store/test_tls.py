"""TLS with a real server: whose certificate is not in order is not talked to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from support.servers import OwnServer, free_port

from verk_actors.config import RedisUrl
from verk_actors.errors import StoreUnavailable
from verk_actors.store.connection import Connection

pytestmark = pytest.mark.needs("redis-server")  # the embedded one has no TLS


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Return the file of the certificate of an authority, which has issued `good.pem` and `other.pem`."""
    ca = trustme.CA()
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "good.pem")
    ca.issue_cert("redis.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "other.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def url(request: pytest.FixtureRequest, authority: Path) -> Iterator[str]:
    """Return the URL of a server with one of the certificates."""
    certificate, port = str(authority.with_name(request.param)), str(free_port())
    options = {"tls_port": port, "tls_cert_file": certificate, "tls_key_file": certificate, "tls_auth_clients": "no"}
    server = OwnServer(authority.parent / "server", program=shutil.which("redis-server"), **options)
    with server:
        yield f"rediss://127.0.0.1:{port}/0"


def ping(url: str) -> bytes:
    connection = Connection(RedisUrl(url), name="test")
    try:
        reply: bytes = connection.call("PING")
        return reply
    finally:
        connection.close()


@pytest.mark.parametrize("url", ["good.pem"], indirect=True)
def test_a_server_with_a_certificate_of_a_known_authority_is_talked_to(url: str, authority: Path) -> None:
    assert ping(f"{url}?ssl_ca_certs={authority}") == b"PONG"
    assert ping(f"{url}?ssl_ca_certs={authority}&ssl_cert_reqs=required") == b"PONG"


@pytest.mark.parametrize("url", ["good.pem"], indirect=True)
def test_a_server_with_a_certificate_of_an_unknown_authority_is_not(url: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"(?i)certificate") as refused:
        ping(url)

    assert not refused.value.sent


@pytest.mark.parametrize("url", ["other.pem"], indirect=True)
def test_a_server_with_a_certificate_for_another_name_is_not(url: str, authority: Path) -> None:
    """redis-py below 6 doesn't look at the name unless it is told to."""
    with pytest.raises(StoreUnavailable, match=r"(?i)certificate|hostname|IP address mismatch"):
        ping(f"{url}?ssl_ca_certs={authority}")
