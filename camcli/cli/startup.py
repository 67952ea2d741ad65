"""What a command that loads a network goes through before its first image."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made before Python looks for garbage again (700 to 2,000 unless told), and how much rarer
# it looks through those that survived.
_COLLECT_AFTER = (100_000, 20, 20)


@contextmanager
def starting_up() -> Iterator[None]:
    """Look for garbage less often inside, where some four hundred thousand objects come to stay.

    Python would look through them again and again while they come, for half a second. Not for work
    on images: of what is garbage there, a little can hold much memory.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
