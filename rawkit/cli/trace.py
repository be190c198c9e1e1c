"""``rawkit trace``: traceroute(8), with what mtr(8) counts, and every way there is."""

import signal
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, BinaryIO

from rawkit.cli.errors import OK, write
from rawkit.cli.trace_options import parse
from rawkit.cli.trace_wanted import TraceOptions
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.cli.trace_live import Opener
    from rawkit.cli.trace_lookup import Lookup
    from rawkit.cli.trace_session import Wrap


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code: 0 reached, 1 not reached, 2 trouble."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.trace_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit trace {version()}\n")
        return OK
    # A name server may keep us waiting; nothing is known yet, so let Ctrl-C just end it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with ExitStack() as files:
            if options.multipath:
                from rawkit.cli.trace_multipath import run

                return run(options, _capture(options, files))
            return _trace(options, files)
    finally:
        signal.signal(signal.SIGINT, before)


def _trace(options: TraceOptions, files: ExitStack) -> int:
    from rawkit.cli.trace_run import Run, printer_for, wall_from
    from rawkit.cli.trace_session import open_lookup

    lookup = open_lookup(options)
    opened, epoch = _opener(options, files)
    if options.live:
        return _live(options, opened, lookup)
    stream = opened(None)
    printer = printer_for(options, stream.settings, lookup, wall_from(epoch))
    return Run(stream, printer, lookup, verbose=options.verbose).run()


def _opener(options: TraceOptions, files: ExitStack) -> "tuple[Opener, float | None]":
    """Return what opens a stream, and the epoch of its times if that is not ours."""
    if options.replay is not None:
        from rawkit.cli.trace_record import Replay, read_recording

        recording = read_recording(options.replay)
        return lambda _: Replay(recording, options.replay_speed), recording.epoch
    from rawkit.cli.trace_session import open_session

    wrap = _capture(options, files)
    if options.record is None:
        return lambda method: open_session(options, wrap, method), None
    from rawkit.cli.trace_record import Recorded, open_recording

    record = files.enter_context(open_recording(options.record))
    return lambda method: Recorded(open_session(options, wrap, method), record), None


def _live(options: TraceOptions, opened: "Opener", lookup: "Lookup") -> int:
    from rawkit.cli.trace_live import live

    has_file = options.replay is not None or options.record is not None
    fixed = "a recording has its method" if has_file else ""
    return live(opened, fixed=fixed, lookup=lookup)


def _capture(options: TraceOptions, files: ExitStack) -> "Wrap | None":
    """Return what keeps the packets of all sessions in one file, if that is wanted."""
    if options.pcap is None:
        return None
    if options.pcap == "-":
        raise UsageError("stdout is for what is shown: name a FILE, or a pipe as >(command)")
    from rawkit.cli.trace_session import wrapper

    try:
        file = open(options.pcap, "wb")  # noqa: SIM115  # closed with the others
    except OSError as error:
        raise UsageError(f"cannot write to {options.pcap!r}: {error.strerror}") from error
    files.callback(_close, file)
    return wrapper(file)


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # what could not be written has been told by then
        file.close()
