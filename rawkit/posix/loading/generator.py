"""The loop that asks: one thread, level-triggered epoll(7), and nobody is waited for."""

import os
import select
import socket
import time
from collections import deque

from rawkit.engine.load_schedule import Schedule
from rawkit.posix.loading.floor import IN, Floor
from rawkit.posix.loading.settings import LoadSettings
from rawkit.posix.loading.slots import Opener, Slot, State
from rawkit.posix.loading.tally import Meter, punctual

AT_ONCE = 64
"""Connections in the making before the test begins: fewer than a usual backlog."""
TICK = 0.1
"""Seconds that a wait takes at most."""
MOMENT = 0.001
"""Seconds that a wait takes when something is late already."""
LATE = 0.001
"""Seconds after which a question has left late."""
SELECTABLE = 1024


class Generator:
    """Connects, asks, and waits for the last answers."""

    def __init__(
        self, opener: Opener, settings: LoadSettings, first: socket.socket | None = None
    ) -> None:
        """Prepare.

        Args:
            opener: opens connections.
            settings: how to ask.
            first: a connection that is open already.
        """
        self.floor = Floor(opener, settings)
        self.elapsed = 0.0
        self.effort = Meter().read(0)
        self.is_stopped = False
        self._settings = settings
        self._first = first
        self._is_round = not (
            self.floor.has_numbers or settings.each_its_own or settings.rate is not None
        )

    def run(self) -> None:
        """Do all of it."""
        try:
            if self._settings.each_its_own:
                self.floor.free.extend(self.floor.slots)
            else:
                self._set_up()
            with punctual():
                self._ask_all()
            while self.floor.open_questions and not self.is_stopped:
                self._turn(TICK)
        finally:
            self.close()

    def stop(self) -> None:
        """Have it end at once; what is known by then counts."""
        self.is_stopped = True

    def close(self) -> None:
        """Close everything. A second time does nothing."""
        self.floor.close()
        if self._first is not None:
            self._first.close()

    def _set_up(self) -> None:
        """Make all connections, a few at a time."""
        floor, settings = self.floor, self._settings
        waiting = deque(floor.slots)
        if self._first is not None:
            floor.take(waiting.popleft(), self._first)
            self._first = None
        until = time.monotonic() + settings.timeout + settings.duration
        while (waiting or floor.connecting) and not self.is_stopped:
            while waiting and floor.connecting < AT_ONCE:
                floor.open(waiting.popleft())
            self._turn(TICK)
            if time.monotonic() >= until:
                for _ in waiting:
                    floor.tally.failed("connect", says="no time was left for it")
                return

    def _ask_all(self) -> None:
        """Ask until the time is over, or all is asked and answered."""
        floor, rate = self.floor, self._settings.rate
        meter, begin = Meter(), time.monotonic()
        until = begin + self._settings.duration
        schedule = None if rate is None else Schedule(rate, begin)
        floor.is_asking = True
        if schedule is None:
            for _ in range(len(floor.free)):
                floor.release(floor.free.popleft())
        while not self.is_stopped and (now := time.monotonic()) < until:
            if not (floor.left or floor.open_questions):
                break
            wait = min(TICK, until - now)
            if schedule is None:
                self._turn(wait)
            else:
                self._ask_due(schedule, now)
                self._turn_before(schedule, wait)
        floor.is_asking = False
        ended = time.monotonic()
        if schedule is not None:
            self._catch_up(schedule, until)
        floor.is_over = True
        self.elapsed = ended - begin
        floor.tally.answered_in_time = floor.tally.answered
        self.effort = meter.read(floor.tally.late)
        if schedule is not None:
            self._count_unasked(schedule, min(ended, until))

    def _catch_up(self, schedule: Schedule, until: float) -> None:
        """Ask what was due in time, if only a moment was missing for it."""
        last = time.monotonic() + TICK
        while self.floor.left and schedule.due < until and not self.is_stopped:
            self._ask_due(schedule, until)
            if time.monotonic() >= last:
                return
            self._turn(MOMENT)

    def _count_unasked(self, schedule: Schedule, end: float) -> None:
        """Count questions that were due, and for which there was no connection."""
        tally = self.floor.tally
        tally.unasked = int(min(schedule.missed(end), self.floor.left))
        interval = 1 / (self._settings.rate or 1.0)
        tally.from_due.add_falling(end - schedule.due, interval, tally.unasked)

    def _ask_due(self, schedule: Schedule, now: float) -> None:
        """Ask what is due, as far as there are free connections."""
        while self.floor.left and schedule.due < now and (slot := self._next_free()) is not None:
            due = schedule.take()
            if time.monotonic() - max(due, slot.began) > LATE:
                self.floor.tally.late += 1
            self.floor.begin(slot, due)

    def _next_free(self) -> Slot | None:
        free = self.floor.free
        while free:
            slot = free.popleft()
            if slot.state is State.IDLE:
                return slot
        return None

    def _turn_before(self, schedule: Schedule, wait: float) -> None:
        """Wait for news, but not beyond the moment of the next question.

        epoll_wait(2) counts in milliseconds, and rounds up; select(2) is more exact.
        """
        if self.floor.free and self.floor.left:
            wait = max(0.0, min(wait, schedule.due - time.monotonic()))
        number = self.floor.epoll.fileno()
        if 0 < wait < TICK and number < SELECTABLE and not self.floor.later:
            select.select((number,), (), (), wait)
            wait = 0.0
        self._turn(wait)

    def _turn(self, wait: float) -> None:
        """Wait, take what has come, and do what is due."""
        floor = self.floor
        if floor.later:
            wait = min(wait, max(0.0, floor.later[0][0] - time.monotonic()))
        ready = floor.epoll.poll(wait)
        if self._is_round and floor.is_asking and floor.left >= len(ready):
            self._go_round(ready)
        else:
            for fd, events in ready:
                if (slot := floor.by_fd.get(fd)) is not None:
                    floor.happened(slot, events)
        now = time.monotonic()
        floor.try_again(now)
        floor.sweep(now)

    def _go_round(self, ready: list[tuple[int, int]]) -> None:
        """Take answers, and ask at once again.

        What nearly always happens is done right here: each call less is more load.
        """
        floor, clock, read, write = self.floor, time.monotonic, os.read, os.write
        slots, most, asked, latencies = floor.by_fd, floor.most_read, State.ASKED, list[float]()
        for fd, events in ready:
            slot = slots.get(fd)
            if slot is None or events != IN or slot.state is not asked or slot.got:
                if slot is not None:
                    floor.happened(slot, events)
                continue
            try:
                data = read(fd, most)
            except OSError as error:
                floor.broke(slot, "answer", error)
                continue
            if data != slot.message:
                floor.heard(slot, data)
                continue
            now = clock()
            latencies.append(now - slot.asked)
            slot.asked = now
            slot.answers += 1
            try:
                done = write(fd, data)
            except OSError as error:
                floor.unsent(slot, data, error)
                continue
            if done != len(data):
                slot.same = True
                floor.unsent(slot, data[done:])
        number = len(latencies)
        floor.tally.latencies.add_each(latencies)
        floor.tally.answered += number
        floor.tally.asked += number
        floor.left -= number
