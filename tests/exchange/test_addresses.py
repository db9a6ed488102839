"""Agencies name the addresses that we call; none of them leads into our house."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from exchange.providers import addresses
from exchange.providers.addresses import AddressNotAllowed, NameUnknown, checked

PUBLIC_4, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@pytest.fixture
def production(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As in production, and every name resolves to one public address."""
    settings.PRODUCTION = True
    monkeypatch.setattr(addresses, "resolve", lambda host, port: [PUBLIC_4])
    return settings


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://city.example/inquiries", "https://city.example/inquiries"),
        ("HTTPS://City.Example", "https://city.example/"),
        ("https://city.example:443/", "https://city.example/"),
        ("https://city.example:8443/a%20b/c?x=1&y=/?", "https://city.example:8443/a%20b/c?x=1&y=/?"),
        ("https://city.example?x=1", "https://city.example/?x=1"),
        ("https://xn--fiq228c.example/", "https://xn--fiq228c.example/"),
        (f"https://{PUBLIC_4}/", f"https://{PUBLIC_4}/"),
        (f"https://[{PUBLIC_6}]:8443/", f"https://[{PUBLIC_6}]:8443/"),
    ],
)
def test_public_addresses_are_called(production: Any, url: str, signed: str) -> None:
    address = checked(url)
    assert address.url == signed
    assert address.ips == ((PUBLIC_6,) if PUBLIC_6 in url else (PUBLIC_4,))


@pytest.mark.parametrize(
    "url",
    [
        "http://city.example/",
        f"http://{PUBLIC_4}/",
        "ftp://city.example/",
        "file:///etc/passwd",
        "gopher://city.example/",
        "//city.example/",
        "city.example",
        "",
        "https://",
        "https:///x",
        "https://user@city.example/",
        "https://user:word@city.example/",
        "https://city.example@127.0.0.1/",
        "https://127.0.0.1\\@city.example/",
        "https://city.example\\.evil.example/",
        "https://city.example#@127.0.0.1/",
        "https://city.example/#x",
        "https://city.example/ x",
        "https://city.example/\r\nHost: x",
        "\thttps://city.example/",
        "https://city.example/%zz",
        "https://city.example/市",
        "https://市.example/",
        "https://city。example/",
        "https://１２７.0.0.1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://-city.example/",
        "https://city..example/",
        "https://city.example./",
        "https://under_score.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        f"https://city.example/{'a' * 2000}",
        "https://city.example:80/",
        "https://city.example:22/",
        "https://city.example:6379/",
        "https://city.example:0/",
        "https://city.example:65536/",
        "https://city.example:99999/",
        "https://city.example:443:443/",
        "https://city.example:/",
        "https://city.example:+443/",
        "https://city.example:４４３/",
        # IPv4 in the forms that some resolvers read as numbers, and whole or in part other notations.
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://127.0.0.01/",
        "https://0/",
        "https://0x/",
        "https://1.2.3.4.5/",
        "https://city.1/",
        "https://256.256.256.256/",
        # What is no public host.
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://127.0.0.1/",
        "https://127.255.255.254/",
        "https://169.254.169.254/latest/meta-data/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.192/",
        "https://192.0.2.1/",
        "https://192.88.99.1/",
        "https://192.168.1.1/",
        "https://198.18.0.1/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        f"https://[::ffff:{PUBLIC_4}]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[100::1]/",
        "https://[2001::1]/",
        "https://[2001:db8::1]/",
        "https://[2002:7f00:1::]/",
        "https://[3fff::1]/",
        "https://[fc00::1]/",
        "https://[fd12:3456:789a::1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[::1/",
        "https://::1/",
        "https://[127.0.0.1]/",
        "https://[city.example]/",
        "https://[v1.x]/",
    ],
)
def test_nothing_else_is(production: Any, url: str) -> None:
    with pytest.raises(AddressNotAllowed) as refused:
        checked(url)
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        [PUBLIC_4, "10.1.2.3"],
        [PUBLIC_4, "::1"],
    ],
)
@pytest.mark.parametrize("name", ["city.example", "localhost", "inside.localhost", "127.0.0.1.nip.example"])
def test_a_name_counts_for_all_that_it_leads_to(
    production: Any, monkeypatch: pytest.MonkeyPatch, name: str, found: list[str]
) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda host, port: found)
    with pytest.raises(AddressNotAllowed):
        checked(f"https://{name}/")


def test_a_name_is_resolved_once(production: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [[PUBLIC_4], ["127.0.0.1"]]
    monkeypatch.setattr(addresses, "resolve", lambda host, port: answers.pop(0))
    assert checked("https://city.example/").ips == (PUBLIC_4,)
    assert len(answers) == 1


def test_closed_networks_are_called_where_the_settings_name_them(production: Any, monkeypatch: Any) -> None:
    production.OUTBOUND_NETWORKS = ["10.20.0.0/16", "fd00:20::/32"]
    production.OUTBOUND_PORTS = {8443}
    assert checked("https://10.20.3.4:8443/").ips == ("10.20.3.4",)
    assert checked("https://[fd00:20::1]:8443/").ips == ("fd00:20::1",)
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["10.20.0.1", PUBLIC_4])
    assert checked("https://city.lg.example:8443/").ips == ("10.20.0.1", PUBLIC_4)
    for url in ("https://10.21.0.1:8443/", "https://10.20.3.4/", "http://10.20.3.4:8443/", "https://127.0.0.1:8443/"):
        with pytest.raises(AddressNotAllowed):
            checked(url)


def test_outside_production_this_machine_may_be_called_too(settings: Any, monkeypatch: Any) -> None:
    settings.PRODUCTION = False
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["127.0.0.1", "::1"])
    assert checked("http://localhost:9123/x").url == "http://localhost:9123/x"
    assert checked("http://127.0.0.1:9123").port == 9123
    assert checked("https://[::1]:9123/").host == "::1"
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["127.0.0.1", PUBLIC_4])
    for url in ("http://city.example/", "http://10.0.0.1/", "https://192.168.0.1/", "https://city.example:9123/"):
        with pytest.raises(AddressNotAllowed):
            checked(url)


def test_names_that_lead_nowhere_or_not_in_time(production: Any, monkeypatch: Any) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError

    monkeypatch.setattr(addresses, "resolve", unknown)
    with pytest.raises(NameUnknown):
        checked("https://city.example/")
    over = threading.Event()
    monkeypatch.setattr(addresses, "resolve", lambda host, port: [PUBLIC_4] if over.wait(30) else [])
    with pytest.raises(NameUnknown):
        checked("https://city.example/", deadline=time.monotonic() + 0.05)
    over.set()
