"""What has become of a probe."""

from enum import Enum


class State(Enum):
    """What has become of a probe."""

    OPEN = "open"
    ANSWERED = "answered"
    GIVEN_UP = "given up"
    NOT_SENT = "not sent"
    DISMISSED = "dismissed"
