"""A mapping that forgets: what is known of the latest requests of a ping."""

from typing import Generic, TypeVar

from rawkit.engine.ping_tally import WINDOW

Key = TypeVar("Key")
Value = TypeVar("Value")


class Latest(Generic[Key, Value]):
    """Values by key, as many as requests can be told apart on the wire."""

    def __init__(self) -> None:
        self._values: dict[Key, Value] = {}

    def put(self, key: Key, value: Value) -> None:
        """Remember a value, and forget the oldest if there are too many."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > WINDOW:
            del self._values[next(iter(self._values))]

    def get(self, key: Key) -> Value | None:
        """Return the latest value of a key."""
        return self._values.get(key)
