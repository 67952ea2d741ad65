"""A bucket on this machine, and a server that answers whatever a test wants."""

from __future__ import annotations

import logging
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from camcli.storage import stores
from camcli.storage.stores import object_store

SECRET = "not-for-eyes"

Put = Callable[[str, bytes], None]
"""Puts an object into the bucket `photos`, by its key."""


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Moto's server, with an empty bucket `photos`."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/photos", method="PUT"))
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    stores._opened.cache_clear()
    yield
    stores._opened.cache_clear()


@pytest.fixture
def bucket(endpoint: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Put:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    store = S3Store("photos", client_options={"allow_http": True})

    def put(key: str, data: bytes) -> None:
        obstore.put(store, key, data)

    return put


class Answering:
    """A server that answers each request with the next of some answers, the last one again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[str] = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self) -> tuple[int, bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Answering

    def do_GET(self) -> None:
        self.owner.asked.append(self.path)
        status, body = self.owner.next()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """A server that stands for S3, asked again without waiting long."""
    answering = Answering()
    monkeypatch.setenv("AWS_ENDPOINT_URL", answering.url)
    short = timedelta(milliseconds=1)
    backoff = {"init_backoff": short, "max_backoff": 2 * short, "base": 2}
    monkeypatch.setitem(object_store._RETRY, "backoff", backoff)
    yield answering
    answering.close()
