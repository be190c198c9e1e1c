"""Names in the objects of ``rawkit load``: what each means, and its unit.

They belong to :data:`rawkit.cli.records.FIELDS`, where nothing has another meaning.
"""

LOAD_FIELDS: dict[str, tuple[str, ...]] = {
    "wanted_connections": ("how many there were to be", "connections"),
    "made_connections": ("how many there were, those in place of failed ones included",),
    "question_octets": ("length of a question, and of its answer", "octets"),
    "wanted_rate": ("questions a second; `null`: a closed loop",),
    "each_its_own": ("whether each question has a connection of its own",),
    "asked_for": ("from the first question to the end of asking", "seconds"),
    "asked_questions": ("how many were asked", "questions"),
    "answered_questions": ("those of them that were answered", "questions"),
    "per_second": ("answers a second, of those that came before the end of asking",),
    "unasked": ("that were due, and for which no connection was free", "questions"),
    "unfinished": ("whose answers were not waited for", "questions"),
    "different": ("answers that were not what was asked",),
    "stray_datagrams": ("that came late or twice", "datagrams"),
    "latency": ("object: from when each was asked to its answer; `null`: nothing was answered",),
    "corrected": (
        "object: the same from when each was due, those never asked included; in a closed loop"
        " an estimate; `null`: nothing was answered",
    ),
    "connecting": ("object: how long connections took; `null`: none was made in the test",),
    "percentiles": ("list of objects; those that less than 10 are beyond are left out",),
    "percent": ("so many of the latencies",),
    "at_most": ("take no longer; in steps of 0.8 %", "seconds"),
    "fewest_answers": ("of the connection that had fewest",),
    "most_answers": ("of the one that had most",),
    "gone_wrong": ("list of objects: what went wrong, the most frequent first",),
    "under_way": ('what could not be done: `"connect"`, `"ask"` or `"answer"`',),
    "failures": ("how often",),
    "generator_busy": ("how much of a processor the generator took", "share, 0 to 1"),
    "generator_waited": ("part of the time that it waited for a processor", "share, 0 to 1"),
    "generator_late": (
        "that left more than 1 ms late though a connection was free",
        "questions",
    ),
    "doubts": ("list of reasons why the figures may be the generator's, and not the server's",),
}
