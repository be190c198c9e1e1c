"""Work that must not be done on the caller's thread: it would change that thread for good."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def on_own_thread(function: Callable[[], Result]) -> Result:
    """Call a function on a thread that does nothing else, and return its result."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # handed to the thread that waits
            errors.append(error)

    thread = threading.Thread(target=call, name="rawkit-own")
    thread.start()
    thread.join()
    if errors:
        raise errors.pop()
    return results[0]
