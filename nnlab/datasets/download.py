"""Downloads a published file: tries one mirror after another until one has the right bytes."""
# ruff: noqa: PLC0415 - requests and tqdm are slow to import, and most runs download nothing

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from nnlab.errors import DatasetError, NnlabError
from nnlab.files import atomic_write, make_folders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import requests

    from nnlab.datasets.connections import Connections
    from nnlab.datasets.published import PublishedFile

TIMEOUT = 20.0  # seconds to connect, and between two pieces of data
DEADLINE = 900.0  # seconds per mirror in total: enough for the largest file at 30 kB/s
MAX_REDIRECTS = 5
MAX_REQUESTS = 1 + MAX_REDIRECTS
CHUNK = 1 << 16
# Subclasses come before their base classes.
REASONS: dict[type[BaseException], str] = {
    TimeoutError: "timed out",
    ConnectionRefusedError: "refused the connection",
    ConnectionError: "broke the connection",
    socket.gaierror: "unknown host",
    ssl.SSLError: "no trusted TLS connection",
    http.client.IncompleteRead: "",  # the number of bytes received is the better message
    http.client.HTTPException: "no HTTP answer",
}


class _MirrorError(Exception):
    """A mirror failed; the message gives the reason in a few words."""


def download(
    file: PublishedFile,
    mirrors: Sequence[str],
    path: Path,
    *,
    progress: bool = False,
    timeout: float = TIMEOUT,
    deadline: float = DEADLINE,
) -> bytes:
    """Download `file` to `path` from the first of `mirrors` (base URLs) that has it; return its bytes.

    Nothing is written before the digest is verified. `timeout` and `deadline` are in seconds per mirror.
    Raises `DatasetError` with the reason for each mirror if all fail, `NnlabError` if it cannot be written.
    """
    reasons = []
    for mirror in mirrors:
        try:
            data = _fetch(mirror + file.name, file, progress=progress, timeout=timeout, deadline=deadline)
        except _MirrorError as error:
            reasons.append(f"\n  {mirror}: {error}")
        else:
            _write(path, data)
            return data
    raise DatasetError(
        f"no mirror has {file.name}:{''.join(reasons)}\n"
        f"Check the network or the proxy, put the file at {path} by hand, or name a folder that has it "
        "with --data-dir or NNLAB_DATA_DIR"
    )


def _write(path: Path, data: bytes) -> None:
    try:
        make_folders(path.parent)
    except OSError as error:
        raise NnlabError(f"cannot write {path}: {error.strerror or error}") from error
    with atomic_write(path) as stream:
        stream.write(data)


def _fetch(url: str, file: PublishedFile, *, progress: bool, timeout: float, deadline: float) -> bytes:
    """Return the verified bytes of `file` from one mirror. Raises `_MirrorError`."""
    import requests
    import urllib3

    data = bytearray()
    reason = ""
    try:
        _receive(url, data, file, progress=progress, timeout=timeout, deadline=deadline)
    # ValueError: a redirect to an invalid address.
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        reason = _reason(error)
        if isinstance(error, requests.exceptions.ProxyError):
            reason = f"the proxy: {reason}"
        if reason and data:
            reason += f" after {len(data):,} of {file.size:,} bytes"
    fault = _fault(data, file)
    if fault:
        raise _MirrorError(reason or fault)
    return bytes(data)


def _receive(
    url: str, data: bytearray, file: PublishedFile, *, progress: bool, timeout: float, deadline: float
) -> None:
    """Append what the mirror sends to `data`, until it ends or the published size is reached.

    Raises any error of the connection, and `TimeoutError` when time is up.
    """
    import tqdm

    from nnlab.datasets.connections import Connections

    # A socket's timeout limits neither the DNS lookup nor a line that arrives byte by byte. So another thread
    # waits for the mirror, and this one only for the clock and for Ctrl-C.
    pieces: SimpleQueue[bytes | BaseException | None] = SimpleQueue()
    connections = Connections()
    started = time.monotonic()
    end = started + min(deadline, MAX_REQUESTS * timeout)  # the deadline of the header
    threading.Thread(
        target=_request,
        args=(url, file.size, timeout, connections, pieces),
        name=f"download of {url}",
        daemon=True,
    ).start()
    try:
        with tqdm.tqdm(
            total=file.size, desc=file.name, unit="B", unit_scale=True, leave=False, disable=not progress
        ) as bar:
            while len(data) < file.size:
                piece = pieces.get(timeout=max(0.0, end - time.monotonic()))
                if piece is None:
                    break
                if isinstance(piece, BaseException):
                    raise piece
                end = started + deadline
                data += piece
                bar.update(len(piece))
    except Empty:
        raise TimeoutError from None
    finally:
        connections.cut()  # this ends the other thread, unless it is still looking up an address


def _request(
    url: str,
    size: int,
    timeout: float,
    connections: Connections,
    pieces: SimpleQueue[bytes | BaseException | None],
) -> None:
    """Put into `pieces`: b"" after the header, the pieces of the undecoded body, and None or an exception.

    Nothing is read after `size` bytes.
    """
    try:
        with connections.session() as session, _open(session, url, timeout) as response:
            pieces.put(b"")
            # read1 returns what has arrived; read would wait for a whole chunk.
            while size and (piece := response.raw.read1(min(CHUNK, size), decode_content=False)):
                size -= len(piece)
                pieces.put(piece)
        pieces.put(None)
    except BaseException as error:  # noqa: BLE001 (it is raised in the waiting thread)
        pieces.put(error)


def _open(session: requests.Session, url: str, timeout: float) -> requests.Response:
    """Follow redirects to a response with status 200, and return it with its body unread.

    Session.get would read the bodies of redirects, however long, and follow a redirect from https to http.
    """
    import requests

    for _ in range(MAX_REQUESTS):
        request = session.prepare_request(requests.Request("GET", url, {"Accept-Encoding": "identity"}))
        # The proxies and certificate authorities of the environment.
        settings = session.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
        response = session.get_adapter(url).send(
            request,
            stream=True,
            timeout=timeout,
            verify=settings["verify"] or True,
            proxies=settings["proxies"],
        )
        if not response.is_redirect:
            break
        response.close()
        target = urljoin(url, response.headers["Location"])
        if url.startswith("https:") and not target.startswith("https:"):
            raise _MirrorError("redirects from https to an address without it")
        url = target
    else:
        raise _MirrorError(f"more than {MAX_REDIRECTS} redirects")
    if response.status_code != requests.codes.ok:
        response.close()
        raise _MirrorError(f"HTTP {response.status_code}")
    return response


def _fault(data: bytearray, file: PublishedFile) -> str | None:
    """Return what is wrong with a response body, or None."""
    if data.lstrip().startswith(b"<"):
        return "HTML instead of the file"
    if len(data) < file.size:
        return f"ended after {len(data):,} of {file.size:,} bytes"
    if hashlib.sha256(data).hexdigest() != file.sha256:
        return "wrong SHA-256"
    return None


def _reason(error: BaseException) -> str:
    """Return in a few words the cause under the nested exceptions of requests and urllib3."""
    layers = [error]
    while cause := layers[-1].__cause__ or layers[-1].__context__:
        layers.append(cause)
    known = (words for layer in layers for kind, words in REASONS.items() if isinstance(layer, kind))
    cause = layers[-1]
    return next(known, getattr(cause, "strerror", None) or str(cause) or type(cause).__name__)
