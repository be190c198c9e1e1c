"""``rawkit sniff --workers``: several processes share what comes, each writes a file of its own."""

import os
import pickle
import signal
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn

from rawkit.cli.errors import BROKEN_PIPE, INTERRUPTED, OK, TROUBLE, cause_of, complain
from rawkit.cli.sniff_options import SniffOptions
from rawkit.cli.sniff_run import Run, verdict
from rawkit.errors import RawkitError
from rawkit.host.calls import die_with_parent, libc
from rawkit.record import replace
from rawkit.sockets.fanout import Fanout

if TYPE_CHECKING:
    from rawkit.engine.capture import CaptureReport

SUMMED = ("captured", "passed", "dropped", "octets", "bad", "unfinished", "super_packets", "cut")
READY = b"+"


class Worker(NamedTuple):
    """A process that shares the work."""

    pid: int
    outcome: BinaryIO
    """A pipe from which an octet comes when it listens, and its report when it is done."""


def run_workers(options: SniffOptions) -> int:
    """Share what comes among processes, this one included; return the exit code."""
    group = Fanout()
    libc()  # loaded here, once, and not in every process
    run = Run(_for_worker(options, 0), fanout=group)
    io = run.open()  # now the group has a number
    workers: list[Worker] = []
    code = OK
    try:
        for number in range(1, options.workers):
            worker = _started(options, number, group, io.frames.fileno())
            workers.append(worker)  # at once: whatever happens, it is to be ended
        ready = [worker.outcome.read(1) for worker in workers]
        if not all(ready):
            run.session.stop()  # one has failed, and said why
        code = run.listen()
    finally:
        reports = [_ended(worker) for worker in workers]
    total = run.session.report()
    for report in reports:
        total = total if report is None else _sum(total, report)
    run.conclude(total)
    lost = sum(report is None for report in reports)
    if lost:
        complain("sniff", f"{lost} of {options.workers} processes failed")
    return TROUBLE if lost else code or verdict(total, options)


def _for_worker(options: SniffOptions, number: int) -> SniffOptions:
    """Return the options of one process: its file has its number before the suffix."""
    own = copy(options)
    stem, suffix = os.path.splitext(options.file or "")
    if suffix.lower() in (".gz", ".zst"):
        stem, inner = os.path.splitext(stem)
        suffix = inner + suffix
    own.file = f"{stem}-{number}{suffix}"
    return own


def _started(options: SniffOptions, number: int, group: Fanout, not_its_own: int) -> Worker:
    outcome, theirs = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        os.close(not_its_own)
        _work(options, number, group, theirs)
    os.close(theirs)
    return Worker(pid, open(outcome, "rb", buffering=0))


def _work(options: SniffOptions, number: int, group: Fanout, outcome: int) -> NoReturn:
    """Be a worker; nothing of it ever returns to the caller's code."""
    code = TROUBLE
    try:
        die_with_parent(signal.SIGTERM)
        run = Run(_for_worker(options, number), fanout=group)
        run.open()
        code = run.listen(when_ready=lambda: _tell(outcome, READY))
        _tell(outcome, pickle.dumps(run.session.report()))
    except BrokenPipeError:
        code = BROKEN_PIPE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (RawkitError, OSError) as error:
        complain("sniff", cause_of(error))
    finally:
        os._exit(code)


def _ended(worker: Worker) -> "CaptureReport | None":
    """End a worker; return its report, or ``None`` if it failed."""
    with suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGTERM)
    with worker.outcome as file:
        told = file.read()
    os.waitpid(worker.pid, 0)
    report: CaptureReport | None = pickle.loads(told) if told else None
    return report


def _tell(outcome: int, octets: bytes) -> None:
    """Tell the first process something, if it is still there."""
    with suppress(BrokenPipeError):
        os.write(outcome, octets)


def _sum(one: "CaptureReport", other: "CaptureReport") -> "CaptureReport":
    interfaces = dict(one.interfaces)
    for name, count in other.interfaces.items():
        interfaces[name] = interfaces.get(name, 0) + count
    sums = {name: getattr(one, name) + getattr(other, name) for name in SUMMED}
    elapsed = max(one.elapsed, other.elapsed)
    return replace(one, interfaces=interfaces, elapsed=elapsed, **sums)
