"""YAML bodies: read as kubectl's library reads them, which is YAML 1.1 without timestamps.

JSON is YAML, and most bodies sent as YAML are JSON; those take the fast way.
"""

from __future__ import annotations

from typing import Any

import orjson
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class _Constructor(SafeConstructor):
    """Leaves dates as the text they were written as: JSON has no dates."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def load(body: bytes) -> Any:
    """The value of one YAML document.

    Raises:
        ValueError: The text is no YAML, or says nothing.
    """
    try:
        return orjson.loads(body)
    except ValueError:
        pass  # not JSON, so it has to be read as YAML proper
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    reader.Constructor = _Constructor
    try:
        return reader.load(body.decode())
    except MarkedYAMLError as error:
        problem = (error.problem or "").replace("allowed here", "allowed in this context")
        raise ValueError(f"yaml: {problem}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"yaml: {error}") from None
