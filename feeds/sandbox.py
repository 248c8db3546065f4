"""How documents are read in a process of their own: within its means, and without surprises for the caller."""

import signal
import sys
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from feeds.parse import ParseError, TooHard
from models.wording import Wording

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")

_BREAKS_THE_PARSER = Wording("The document breaks the parser; check the address, or tell the publisher.")


def attempt(function: Callable[[*_Arguments], _Result], *args: *_Arguments) -> _Result:
    """What the function returns. Raises :class:`ParseError`, and nothing else."""
    try:
        return function(*args)
    except ParseError:
        raise
    except Exception as error:
        raise TooHard(_BREAKS_THE_PARSER) from error


def confine(max_bytes: int) -> None:
    """Limit this process to ``max_bytes`` of address space, and let a signal end it at once, whatever it is doing.

    Where the system knows no such limit, the caller's deadline still holds.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler in Python would wait for the parser's C code to return
    if sys.platform != "linux":
        return
    import resource  # only on Unix

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
