"""What this computer is called and under which addresses it is reached."""

import ipaddress
import socket
from dataclasses import dataclass

import psutil

_LOCAL_SUFFIX = ".local"
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True)
class Reached:
    """By which names and addresses a browser finds this computer, each in order, none twice."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]


def own_names() -> tuple[str, ...]:
    """By which names a browser finds this computer, none twice."""
    host = socket.gethostname().split(".")[0].lower()
    return tuple(dict.fromkeys((host, f"{host}{_LOCAL_SUFFIX}", "localhost")))


def reached() -> Reached:
    """As it is now. Addresses that are good for one cable only (link-local) are left out."""
    found = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in _FAMILIES
    }
    lasting = sorted(
        (one for one in map(ipaddress.ip_address, found) if not one.is_link_local),
        key=lambda one: (one.is_loopback, one.version, int(one)),
    )
    return Reached(own_names(), tuple(str(address) for address in lasting))


def origin_of(port: int) -> str:
    """Scheme, name and port as most browsers will have them: by the name that mDNS announces."""
    name = next(name for name in own_names() if name.endswith(_LOCAL_SUFFIX))
    return f"https://{name}" if port == 443 else f"https://{name}:{port}"
