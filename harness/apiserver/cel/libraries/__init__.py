"""All functions of the CEL environment of Kubernetes 1.37, one library a file.

What is not here is not there either: Kubernetes leaves out cel-go's math, encoders, protos and
`cel.bind`, and keeps `includes` for the next release.
"""

from __future__ import annotations

from harness.apiserver.cel.declarations import Function, merge
from harness.apiserver.cel.libraries.formats import FORMAT, FORMATS
from harness.apiserver.cel.libraries.lists import LISTS
from harness.apiserver.cel.libraries.network import CIDR, IP, NETWORK
from harness.apiserver.cel.libraries.operators import OPERATORS
from harness.apiserver.cel.libraries.optionals import OPTIONALS
from harness.apiserver.cel.libraries.quantities import QUANTITIES, QUANTITY
from harness.apiserver.cel.libraries.regex import REGEX
from harness.apiserver.cel.libraries.sets import SETS
from harness.apiserver.cel.libraries.standard import STANDARD
from harness.apiserver.cel.libraries.strings import STRINGS
from harness.apiserver.cel.libraries.times import TIMES
from harness.apiserver.cel.libraries.urls import URL, URLS
from harness.apiserver.cel.libraries.versions import SEMVER, VERSIONS
from harness.apiserver.cel.static_types import Type

FUNCTIONS: dict[str, Function] = merge(
    (
        *(OPERATORS, STANDARD, TIMES, STRINGS, OPTIONALS, LISTS, SETS, REGEX),
        *(QUANTITIES, NETWORK, URLS, FORMATS, VERSIONS),
    )
)
TYPE_NAMES: dict[str, Type] = {
    kind.name: kind for kind in (QUANTITY, IP, CIDR, URL, FORMAT, SEMVER)
}
