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
TRANSLATED = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"))
)
"""IPv6 networks whose addresses are translated to any IPv4 address."""
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
        (parts.hostname or "").encode("idna")  # as a resolver does, but as ValueError
    except ValueError as error:
        raise Refused(f"It is not a valid URL: {error}.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refused("Begin it with https:// and a host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refused("Leave out user, password and fragment.")
    return parts, port


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
    if (
        not address.is_global
        or address.is_multicast
        or any(address in network for network in TRANSLATED)
    ):
        raise Refused(
            f"{address} is not a public address; an operator may allow its network"
            " (SKILLFLEET_WEBHOOK_NETWORKS)."
        )
    if scheme != "https":
        raise Refused(
            "Use https://; plain http is only for networks that an operator allowed."
        )
