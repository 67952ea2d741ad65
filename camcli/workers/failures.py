"""Why a run gets no answer from a worker, or no image."""

from __future__ import annotations

from camcli.records import FailedImage, ImageItem


class StoppedError(Exception):
    """The run is ending, and nothing more is done for it."""


class GaveUpError(Exception):
    """A worker did not answer, or could not get an image a second time.

    Attributes:
        kind: What happened, in a word.

    """

    def __init__(self, kind: str, message: str) -> None:
        """Name what happened."""
        super().__init__(message)
        self.kind = kind


def unchanged(decoded: ImageItem | FailedImage, sha256: str) -> ImageItem:
    """Return an image that was decoded again, if that went well and its file is the same.

    Raises:
        GaveUpError: It did not, or is another one now.

    """
    if isinstance(decoded, FailedImage):
        raise GaveUpError(decoded.type, decoded.message)
    if decoded.sha256 != sha256:
        raise GaveUpError("Changed", "the file changed while it was being explained")
    return decoded
