"""Where a webhook may go (SEC-09): the form of an address, and which machines are out of bounds.

Owns both rules. Must not resolve a name: whoever connects does, and asks here about each address that it got.
"""

import ipaddress
import re
from urllib.parse import urlsplit

URL_MAX = 2048
HOST_MAX = 253

_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
"""The last label of a host that some readers take for an IPv4 address."""
_NAME = re.compile(r"[a-z0-9._-]+", re.ASCII)
"""Nothing that one reader takes as it stands and another decodes first."""
_RELAYS = ipaddress.ip_network("192.88.99.0/24")
"""Led into IPv6 once; withdrawn, and whoever answers there now is nobody's receiver."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.ip_network("::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def url_fault(url: object, *, plain: bool) -> str | None:
    """Why this is no address for webhooks, or None. `plain` allows http, which only development and tests may."""
    if not isinstance(url, str) or not 0 < len(url) <= URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be an address of at most {URL_MAX} visible ASCII characters, such as https://example.com/payflow"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address that can be read"
    if parts.scheme not in {"https", *(("http",) if plain else ())}:
        return "must begin with https://"
    if parts.username is not None or parts.password is not None or "\\" in url:
        return "must not hold a user, a password or a backslash"
    if parts.fragment or not parts.hostname or len(parts.hostname) > HOST_MAX or port == 0:
        return "must name a host, and no fragment"
    if not _NAME.fullmatch(parts.hostname) and (":" not in parts.hostname or "%" in parts.hostname):
        return "must name its host in letters, digits, dots and hyphens"
    if _NUMERIC.fullmatch(parts.hostname.rstrip(".").rpartition(".")[2]) and literal(parts.hostname) is None:
        return "must spell an IP address in full"
    return None


def literal(host: str) -> Address | None:
    """The address that a host spells out, or None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def address_fault(text: str, *, loopback: bool) -> str | None:
    """Why nothing is sent to this IP address, or None. `loopback` allows this machine itself."""
    address = literal(text)
    if address is None:
        return "is no IP address"
    address = _inner(address)
    if loopback and address.is_loopback:
        return None
    if (
        address in _RELAYS
        or address.is_multicast
        or address.is_reserved
        or not address.is_global
        or getattr(address, "is_site_local", False)
    ):
        return "is private, local or reserved"
    return None


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries, where the network would unwrap it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and not (address.is_loopback or address.is_unspecified)):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return ipaddress.IPv6Address("::") if address in _NAT64_LOCAL else address
