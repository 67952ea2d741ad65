"""How a command that loads a network starts up quickly."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects before Python collects garbage again (700 to 2,000 by default), and how much more
# rarely it looks through those that survived.
_COLLECT_AFTER = (100_000, 20, 20)


@contextmanager
def starting_up() -> Iterator[None]:
    """Collect garbage less often inside, where about 400,000 objects are created to stay.

    Python would otherwise look through them again and again, for half a second. Not for work on
    images, where a little garbage can hold much memory.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
