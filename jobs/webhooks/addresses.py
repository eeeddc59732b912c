"""The SSRF guard: which addresses a webhook may call.

Only public addresses are allowed, and networks that the settings list. Otherwise
anybody who may submit a job could have this server call hosts of its own network.
"""

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from jobs.models.webhook import MAX_URL_CHARS

PORTS = {"http": 80, "https": 443}
SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by customers of a provider
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # multicast relays
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/3",  # multicast, reserved, broadcast
            "2001::/23",  # protocol assignments, among them Teredo
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which leads to any IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)
"""Networks of IANA's registries of special addresses. Python's `is_global` is not used:
it has another answer before 3.11.10 (CVE-2024-4032) and in each later registry."""
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""The only IPv6 addresses that IANA has assigned to hosts of the internet. Others are
site-local addresses, NAT64, and IPv4 addresses written as IPv6 ones."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(ValueError):
    """This address must not be called; the message says why."""


class Target(NamedTuple):
    """A URL, and its checked address, to which the connection will be made."""

    parts: SplitResult
    port: int
    address: str

    @property
    def host(self) -> str:
        return str(self.parts.hostname)

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + (
            f"?{self.parts.query}" if self.parts.query else ""
        )


def parse(url: str) -> tuple[SplitResult, int]:
    """The parts of a URL and its port. Raises Refused."""
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable():
        raise Refused(f"Use printable ASCII, at most {MAX_URL_CHARS} characters.")
    if " " in url or "\\" in url:
        raise Refused("It contains a space or a backslash.")
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
        check_brackets(parts.netloc)
        (parts.hostname or "").encode("idna")  # as a resolver does, but as ValueError
    except ValueError as error:
        raise Refused(f"It is not a valid URL: {error}.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refused("The URL must begin with https:// and a host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused("Leave out user, password and fragment.")
    return parts, port


def check_brackets(netloc: str) -> None:
    """Raise a ValueError unless brackets enclose an IPv6 address.

    `urlsplit` does so since Python 3.11.4 only.
    """
    host, bracket, port = netloc.rpartition("@")[2].partition("]")
    if host.startswith("[") and bracket and not port.strip(":0123456789"):
        ipaddress.IPv6Address(host[1:])
    elif set("[]") & set(netloc):
        raise ValueError("brackets are for IPv6 addresses")


def check_url(url: str) -> None:
    """Check a URL without resolving its host name. Raises Refused."""
    parts, _ = parse(url)
    try:
        address = ipaddress.ip_address(str(parts.hostname))
    except ValueError:
        return
    check_address(address, parts.scheme)


def resolve(url: str) -> Target:
    """Resolve the host once; all of its addresses must be allowed.

    Raises Refused, or OSError when the name cannot be resolved.
    """
    parts, port = parse(url)
    resolved = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in resolved]
    for address in addresses:
        check_address(ipaddress.ip_address(address.partition("%")[0]), parts.scheme)
    return Target(parts, port, addresses[0])


def check_address(address: Address, scheme: str) -> None:
    """Raises Refused."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    allowed = map(ipaddress.ip_network, settings.SKILLFLEET_WEBHOOK_NETWORKS)
    if any(address in network for network in allowed):
        return
    if not is_public(address):
        raise Refused(
            f"{address} is not a public address; an operator may allow its network"
            " (SKILLFLEET_WEBHOOK_NETWORKS)."
        )
    if scheme != "https":
        raise Refused(
            "Use https://; plain http is only for networks that an operator allowed."
        )


def is_public(address: Address) -> bool:
    """Whether it is an address of the internet, the same on every Python."""
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in SPECIAL)
