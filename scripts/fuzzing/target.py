"""One run of the fuzzer: ``python -m scripts.fuzzing.target CRASHERS LIBFUZZER-ARGUMENT…``.

Inputs for which something does not hold go to the folder CRASHERS, one for each place in
the code where it shows, and the run goes on.
"""

import hashlib
import pkgutil
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any


def main(folder: Path, arguments: list[str]) -> None:
    """Run until libFuzzer has had enough."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["rawkit.wire"]):
        wire = import_module("rawkit.wire")
        for module in pkgutil.iter_modules(wire.__path__):
            import_module(f"rawkit.wire.{module.name}")
        checks = import_module("scripts.fuzzing.checks")
    seen: set[str] = set()

    def look(octets: bytes) -> None:
        try:
            checks.check(octets)
        except Exception as error:  # that is what is looked for
            name = name_of(error)
            if name not in seen:
                seen.add(name)
                (folder / name).write_bytes(octets)
                (folder / f"{name}.txt").write_text("".join(traceback.format_exception(error)))

    atheris.Setup([sys.argv[0], *arguments], look)
    atheris.Fuzz()


def name_of(error: Exception) -> str:
    """Return a name for what went wrong: the error and where it was raised."""
    where = _last(error.__traceback__)
    kind = type(error).__name__
    about = str(error).partition(":")[0] if kind == "Problem" else ""
    digest = hashlib.sha256(f"{where}{about}".encode()).hexdigest()[:8]
    return f"{kind}-{digest}"


def _last(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
