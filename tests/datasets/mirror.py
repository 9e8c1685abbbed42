"""A mirror of MNIST on the loopback that can misbehave."""

from __future__ import annotations

import gzip
import os
import socket
import struct
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[2] / "data"
# Faults by which a mirror can hold whoever only limits the silence between two bytes.
HANGS = (
    "dripping",
    "dripping_its_header",
    "dripping_chunks",
    "dripping_chunk_size",
    "dripping_chunk_extension",
    "early_trailers",
)
# The right bytes are there; what follows them never ends.
ENDLESS_ENDS = ("dripping_trailer", "endless_trailers")


class Handler(BaseHTTPRequestHandler):
    """Answers /BEHAVIOUR/FILE."""

    server: Mirror

    def do_GET(self) -> None:
        behaviour, name = self.path.rsplit("/", 2)[-2:]
        self.server.requests.append((self.path, dict(self.headers)))
        getattr(self, f"answer_{behaviour}")((DATA / "MNIST" / "raw" / name).read_bytes())

    def do_CONNECT(self) -> None:
        """Act as a proxy that never finishes its status line."""
        self.wfile.write(b"HTTP/1.1 ")
        self.repeat(b"x")

    def log_message(self, *_: object) -> None:
        pass

    def head(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def reply(self, body: bytes, status: int = 200, **headers: object) -> None:
        self.head(status, Content_Length=len(body), **headers)
        self.wfile.write(body)

    def answer_good(self, body: bytes) -> None:
        self.reply(body)

    def chunks(self, *pieces: bytes) -> None:
        """Begin a chunked response, and send these complete chunks."""
        self.protocol_version = "HTTP/1.1"
        self.head(Transfer_Encoding="chunked", Connection="close")
        for piece in pieces:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def repeat(self, piece: bytes, *, pause: float = 0.02) -> None:
        """Send `piece` for longer than any client with a deadline waits."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            self.wfile.write(piece)
            if self.server.closing.wait(pause):
                return
        self.server.outlasted = True

    def answer_chunked(self, body: bytes) -> None:
        self.chunks(*(body[start : start + 1000] for start in range(0, len(body), 1000)))
        self.wfile.write(b"0\r\n\r\n")

    def answer_chunks_cut(self, body: bytes) -> None:
        self.chunks(body[:1000])

    def answer_dripping_chunks(self, body: bytes) -> None:
        self.chunks(body[:1000])
        self.repeat(b"1\r\nx\r\n")

    def answer_dripping_chunk_size(self, body: bytes) -> None:
        self.chunks(body[:1000])
        self.repeat(b"0")
        self.wfile.write(f"{len(body) - 1000:x}\r\n".encode() + body[1000:] + b"\r\n0\r\n\r\n")

    def answer_dripping_chunk_extension(self, body: bytes) -> None:
        self.chunks(body[:1000])
        self.wfile.write(f"{len(body) - 1000:x};".encode())
        self.repeat(b"x")
        self.wfile.write(b"\r\n" + body[1000:] + b"\r\n0\r\n\r\n")

    def answer_endless_chunk_extension(self, body: bytes) -> None:
        self.chunks(body[:1000])
        self.wfile.write(b"1;")
        self.repeat(b"x" * 10_000, pause=0)

    def answer_early_trailers(self, body: bytes) -> None:
        self.chunks(body[:1000])
        self.wfile.write(b"0\r\n")
        self.repeat(b"X: y\r\n" * 100, pause=0)

    def answer_endless_trailers(self, body: bytes) -> None:
        self.chunks(body)
        self.wfile.write(b"0\r\n")
        self.repeat(b"X: y\r\n" * 100, pause=0)

    def answer_dripping_trailer(self, body: bytes) -> None:
        self.chunks(body)
        self.wfile.write(b"0\r\nX: ")
        self.repeat(b"y")

    def answer_says_it_is_encoded(self, body: bytes) -> None:
        self.reply(body, Content_Encoding="gzip", Content_Type="application/x-gzip")

    def answer_encoded(self, body: bytes) -> None:
        self.reply(gzip.compress(body), Content_Encoding="gzip")

    def answer_transfer_encoded(self, body: bytes) -> None:
        self.protocol_version = "HTTP/1.1"
        self.head(Transfer_Encoding="gzip, chunked", Connection="close")
        packed = gzip.compress(body)
        self.wfile.write(f"{len(packed):x}\r\n".encode() + packed + b"\r\n0\r\n\r\n")

    def answer_404(self, _: bytes) -> None:
        self.send_error(404)

    def answer_403(self, _: bytes) -> None:
        self.send_error(403)

    def answer_503(self, _: bytes) -> None:
        self.send_error(503)

    def answer_html(self, _: bytes) -> None:
        self.reply(b"\n<!DOCTYPE html><title>Sign in to the network</title>", Content_Type="text/html")

    def answer_long_html(self, _: bytes) -> None:
        self.reply(b"<html>" + b" " * 100_000)

    def answer_empty(self, _: bytes) -> None:
        self.reply(b"")

    def answer_short(self, body: bytes) -> None:
        self.reply(body[:1234])

    def answer_truncated(self, body: bytes) -> None:
        self.head(Content_Length=len(body))
        self.wfile.write(body[:1234])

    def answer_announces_too_much(self, body: bytes) -> None:
        self.head(Content_Length=len(body) + 100)
        self.wfile.write(body)

    def answer_announces_nonsense(self, body: bytes) -> None:
        self.head(Content_Length="many")
        self.wfile.write(body)

    def answer_long(self, body: bytes) -> None:
        self.reply(body + b"\0")

    def answer_corrupt(self, body: bytes) -> None:
        self.reply(bytes([*body[:-1], body[-1] ^ 1]))

    def answer_silent(self, _: bytes) -> None:
        self.server.closing.wait(10)

    def answer_stalling(self, body: bytes) -> None:
        self.head(Content_Length=len(body))
        self.wfile.write(body[:1234])
        self.server.closing.wait(10)

    def answer_dripping(self, body: bytes) -> None:
        self.head(Content_Length=len(body))
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.server.closing.wait(0.02):
                break

    def answer_dripping_its_header(self, _: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nServer: ")
        self.repeat(b"x")

    def answer_endless_header(self, _: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.closing.is_set():
            self.wfile.write(b"Server: x\r\n" * 100)

    def answer_endless_continue(self, _: bytes) -> None:
        while not self.server.closing.is_set():
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def answer_endless(self, _: bytes) -> None:
        self.head()
        self.flood()

    def flood(self) -> None:
        while not self.server.closing.is_set():
            self.wfile.write(b"\x1f" * 10_000)

    def answer_resetting(self, body: bytes) -> None:
        self.head(Content_Length=len(body))
        self.wfile.write(body[:1234])
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def answer_hanging_up(self, _: bytes) -> None:
        pass

    def answer_not_http(self, _: bytes) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    def answer_moved(self, _: bytes) -> None:
        self.head(302, Location=self.path.replace("/moved/", "/good/"))

    def answer_moved_endlessly(self, _: bytes) -> None:
        self.head(302, Location=self.path.replace("/moved_endlessly/", "/good/"))
        self.flood()

    def answer_loop(self, _: bytes) -> None:
        self.head(302, Location=self.path)

    def answer_moved_to_nonsense(self, _: bytes) -> None:
        self.head(302, Location="http://[::1/")

    def answer_moved_to_a_file(self, _: bytes) -> None:
        self.head(302, Location="file:///etc/hostname")


class TlsHandler(Handler):
    """A server that never finishes its part of a TLS handshake."""

    def handle(self) -> None:
        self.wfile.write(b"\x16\x03\x03\x3f\xff")  # a record of the handshake, of 16,383 bytes
        self.repeat(b"x")


class Mirror(ThreadingHTTPServer):
    """A server of mirrors; `base("404")` is the base URL of the mirror with that behaviour."""

    def __init__(self, handler: type[Handler] = Handler) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        self.outlasted = False  # whether a client stayed until an endless answer ended

    def base(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{behaviour}/"

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients disconnect on purpose."""


@contextmanager
def serving(handler: type[Handler] = Handler) -> Iterator[Mirror]:
    """Yield a mirror that answers in threads."""
    with Mirror(handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
