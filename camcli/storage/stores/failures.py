"""What a store's error means, told without anything that may hold credentials."""

from __future__ import annotations

import re

from camcli.errors import ImageError
from camcli.storage.stores.base import StoreError
from camcli.system.wording import counted_as

_STATUS = re.compile(r"status code: ([1-5][0-9]{2})")
_RETRIES = re.compile(r"\bretries: ([0-9]{1,4})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
# What S3 answers where no request of these credentials can succeed.
_OF_CREDENTIALS = {
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId"),
    *("SignatureDoesNotMatch", "RequestTimeTooSkewed", "AccountProblem", "AuthFailure"),
}
_OF_THE_BUCKET = {"NoSuchBucket", "InvalidBucketName", "AllAccessDisabled"}


def failure(error: Exception, where: str, shared: bool) -> ImageError:
    """Return what a request's error means.

    The error's own text has the whole request in it, so no more than its status and code is told.

    Args:
        error: What the library raised.
        where: The object or bucket, as messages may show it.
        shared: Whether all objects come from one store, which fails for all of them.

    """
    text = str(error)
    status = _found(_STATUS, text)
    code = _found(_CODE, text)
    answer = " ".join(filter(None, [status, code]))
    of_the_store: type[ImageError] = StoreError if shared else ImageError
    if code in _OF_THE_BUCKET:
        return of_the_store(f"{where}: there is no such bucket ({answer})")
    if code in _OF_CREDENTIALS or status == "401":
        return of_the_store(f"{where}: the credentials are expired or wrong ({answer}): renew them")
    if status == "403":
        return ImageError(f"{where}: access is denied ({answer}): check what these credentials may")
    if status == "404" or isinstance(error, FileNotFoundError):
        return ImageError(f"{where}: there is no such object")
    if status and status[0] not in "5" and status != "429":
        return ImageError(f"{where}: the request is refused ({answer})")
    tried = counted_as(1 + int(_found(_RETRIES, text) or 0), "attempt")
    if status:
        return of_the_store(f"{where}: the store is overloaded or broken, {tried} ({answer})")
    return of_the_store(f"{where}: the store cannot be reached, {tried}")


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
