"""A library with a global registry, as metrics libraries have: a name can be registered once."""

_registered: dict[str, "Counter"] = {}


class Counter:
    """Counts, under a name."""

    def __init__(self, name: str) -> None:
        if name in _registered:
            raise ValueError(f"Duplicated metric: {name}")
        _registered[name] = self
        self.value = 0

    def increase(self) -> None:
        """One more."""
        self.value += 1
