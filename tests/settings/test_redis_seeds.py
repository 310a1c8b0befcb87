"""URLs of several servers: whom to ask, and the URL of the server that they name."""

from __future__ import annotations

from verk_actors.settings.redis_seeds import Seeds


def test_the_hosts_have_the_ports_of_their_kind_unless_they_say_otherwise() -> None:
    sentinels = Seeds.parse("redis+sentinel://one,two:5,[::1],[fe80::1]:7/verk")
    cluster = Seeds.parse("redis+cluster://one,two:5")

    assert sentinels.addresses == (("one", 26379), ("two", 5), ("::1", 26379), ("fe80::1", 7))
    assert cluster.addresses == (("one", 6379), ("two", 5))
    assert (sentinels.kind, sentinels.service) == ("sentinel", "verk")
    assert (cluster.kind, cluster.service) == ("cluster", "")


def test_sentinels_and_the_server_behind_them_have_each_their_own_user() -> None:
    text = "redis+sentinel://us%40er:pa%3Ass@one/verk/3?sentinel_username=w%40tch&sentinel_password=s%26+x"
    seeds = Seeds.parse(text)

    assert seeds.seed_url(("one", 26379)) == "redis://w%40tch:s%26%20x@one:26379/0"
    assert seeds.server_url(("two", 6379)) == "redis://us%40er:pa%3Ass@two:6379/3"


def test_sentinels_without_a_user_are_asked_without_one() -> None:
    seeds = Seeds.parse("redis+sentinel://:secret@one/verk")

    assert seeds.seed_url(("::1", 26379)) == "redis://[::1]:26379/0"
    assert seeds.server_url(("one", 6379)) == "redis://:secret@one:6379/0"


def test_a_cluster_has_one_user_for_all_and_tls_is_the_same_for_all() -> None:
    seeds = Seeds.parse("rediss+cluster://user:secret@one?ssl_ca_certs=/etc/my%20ca.pem")

    url = "rediss://user:secret@one:6379/0?ssl_ca_certs=/etc/my%20ca.pem"
    assert seeds.seed_url(("one", 6379)) == seeds.server_url(("one", 6379)) == url
