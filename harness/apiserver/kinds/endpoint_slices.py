"""EndpointSlice: addresses of one type, and the ports that they listen on."""

from __future__ import annotations

from ..names import dns_label
from ..requests import Object
from ..status import FieldError, duplicate, invalid_value, required
from .checks import NOT_AN_ADDRESS, is_address, one_of, optional_name
from .common import BuiltinStrategy
from .containers import PROTOCOLS


class EndpointSliceStrategy(BuiltinStrategy):
    """Hooks of EndpointSlice."""

    def complete(self, document: Object) -> None:
        """Ports have a name and a protocol."""
        for port in document.get("ports") or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")

    def check(self, document: Object) -> list[FieldError]:
        """Addresses of one type, ports with different names."""
        kind = document.get("addressType", "")
        kinds = ("FQDN", "IPv4", "IPv6")
        errors = [required("addressType")] if not kind else one_of(kind, "addressType", kinds)
        errors += _slice_port_errors(document.get("ports") or [])
        missing = []
        for index, endpoint in enumerate(document.get("endpoints") or ()):
            at = f"endpoints[{index}].addresses"
            if not endpoint.get("addresses"):
                missing.append(required(at))
            for number, address in enumerate(endpoint.get("addresses") or ()):
                if kind != "FQDN" and not is_address(address):
                    errors.append(invalid_value(f"{at}[{number}]", address, NOT_AN_ADDRESS))
        return errors + missing

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """The type of addresses stays."""
        if new.get("addressType") == old.get("addressType"):
            return []
        return [invalid_value("addressType", None, "field is immutable")]


def _slice_port_errors(ports: list[Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    names: list[str] = []
    for index, port in enumerate(ports):
        at, name = f"ports[{index}]", port.get("name", "")
        if name in names:
            errors.append(duplicate(f"{at}.name", name))
        names.append(name)
        errors += optional_name(name, f"{at}.name", dns_label)
        errors += one_of(port.get("protocol", "TCP"), f"{at}.protocol", PROTOCOLS)
    return errors
