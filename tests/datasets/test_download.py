from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from nnlab.datasets.connections import Connections
from nnlab.datasets.download import download
from nnlab.datasets.mnist import MNIST
from nnlab.errors import DatasetError, NnlabError

from .mirror import ENDLESS_ENDS, HANGS, TlsHandler, serving

if TYPE_CHECKING:
    from .mirror import Mirror

FILE = MNIST.test_labels
PUBLISHED = (Path(__file__).parents[2] / "data" / "MNIST" / "raw" / FILE.name).read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root" / "MNIST" / "raw" / FILE.name


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def fetch(path: Path, *mirrors: str) -> bytes:
    # Short only where time runs out on purpose, so that a busy machine fails no other test.
    slow = any(
        f"/{behaviour}/" in mirror
        for behaviour in ("silent", "stalling", "endless_continue", *HANGS)
        for mirror in mirrors
    )
    return download(FILE, mirrors, path, timeout=0.3 if slow else 10, deadline=0.5 if slow else 10)


@pytest.mark.parametrize(
    "behaviour",
    [
        "good",
        "chunked",
        "moved",
        "moved_endlessly",
        "says_it_is_encoded",
        "announces_too_much",
        "announces_nonsense",
        "long",
    ],
)
def test_the_published_bytes_are_taken_however_they_come(mirror: Mirror, path: Path, behaviour: str) -> None:
    assert fetch(path, mirror.base(behaviour)) == PUBLISHED
    assert path.read_bytes() == PUBLISHED
    assert files_under(path.parents[2]) == [path]


@pytest.mark.parametrize("behaviour", ENDLESS_ENDS)
def test_reading_stops_after_the_published_number_of_bytes(
    mirror: Mirror, path: Path, behaviour: str
) -> None:
    assert fetch(path, mirror.base(behaviour)) == PUBLISHED
    assert not mirror.outlasted


FAULTS = [
    ("403", "HTTP 403"),
    ("404", "HTTP 404"),
    ("503", "HTTP 503"),
    ("html", "HTML instead of the file"),
    ("long_html", "HTML instead of the file"),
    ("empty", "ended after 0 of 4,542 bytes"),
    ("short", "ended after 1,234 of 4,542 bytes"),
    ("truncated", "ended after 1,234 of 4,542 bytes"),
    ("chunks_cut", "ended after 1,000 of 4,542 bytes"),
    ("endless", "wrong SHA-256"),
    ("corrupt", "wrong SHA-256"),
    ("endless_chunk_extension", "no HTTP answer after 1,000 of 4,542 bytes"),
    ("silent", "timed out"),
    ("stalling", "timed out after 1,234 of 4,542 bytes"),
    ("dripping", "timed out after [0-9]+ of 4,542 bytes"),
    ("dripping_its_header", "timed out"),
    ("dripping_chunks", "timed out after [0-9,]+ of 4,542 bytes"),
    ("dripping_chunk_size", "timed out after 1,000 of 4,542 bytes"),
    ("dripping_chunk_extension", "timed out after 1,000 of 4,542 bytes"),
    ("early_trailers", "timed out after 1,000 of 4,542 bytes"),
    ("endless_header", "no HTTP answer"),
    ("endless_continue", "no HTTP answer|timed out"),
    ("encoded", "wrong SHA-256"),
    ("transfer_encoded", "wrong SHA-256"),
    ("resetting", "broke the connection"),
    ("hanging_up", "broke the connection"),
    ("not_http", "no HTTP answer"),
    ("loop", "more than 5 redirects"),
    ("moved_to_nonsense", "Invalid IPv6 URL"),
    ("moved_to_a_file", "No connection adapters"),
]


@pytest.mark.parametrize(("behaviour", "reason"), FAULTS)
def test_a_mirror_at_fault_is_named_with_the_reason_and_nothing_is_left_behind(
    mirror: Mirror, path: Path, behaviour: str, reason: str
) -> None:
    with pytest.raises(DatasetError, match=f"\n  {re.escape(mirror.base(behaviour))}: .*{reason}.*\nCheck"):
        fetch(path, mirror.base(behaviour))
    assert not mirror.outlasted
    assert not path.parents[2].exists()


def wait_for_threads_to_end() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("download of "):
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("behaviour", [*HANGS, *ENDLESS_ENDS])
def test_no_thread_stays_behind_with_a_mirror_that_never_ends(
    mirror: Mirror, path: Path, behaviour: str
) -> None:
    assert fetch(path, mirror.base(behaviour), mirror.base("good")) == PUBLISHED
    wait_for_threads_to_end()
    assert not mirror.outlasted


def test_a_tls_handshake_that_never_ends_is_cut(path: Path) -> None:
    with serving(TlsHandler) as mirror:
        with pytest.raises(DatasetError, match="timed out"):
            # Python gives the whole handshake the time that it gives a silence.
            download(FILE, [mirror.base("").replace("http:", "https:")], path, timeout=60, deadline=0.5)
        wait_for_threads_to_end()
        assert not mirror.outlasted


def test_a_proxy_whose_answer_never_ends_is_cut(
    mirror: Mirror, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", mirror.base("")[:-2])
    with pytest.raises(DatasetError, match="timed out"):
        fetch(path, "https://mirror.invalid/dripping/")
    wait_for_threads_to_end()
    assert not mirror.outlasted


def test_after_the_cut_no_connection_is_made(mirror: Mirror) -> None:
    connections = Connections()
    connections.cut()
    with connections.session() as session, pytest.raises(requests.exceptions.ConnectionError):
        session.get(mirror.base("good") + FILE.name)
    assert mirror.requests == []


@pytest.mark.parametrize("behaviour", [behaviour for behaviour, _ in FAULTS])
def test_a_mirror_at_fault_moves_on_to_the_next_mirror(mirror: Mirror, path: Path, behaviour: str) -> None:
    assert fetch(path, mirror.base(behaviour), mirror.base("good")) == PUBLISHED


def test_a_mirror_that_refuses_the_connection_moves_on_to_the_next_mirror(
    mirror: Mirror, path: Path, refusing: str
) -> None:
    assert fetch(path, refusing, mirror.base("good")) == PUBLISHED


def test_the_first_good_mirror_ends_the_search(mirror: Mirror, path: Path) -> None:
    fetch(path, mirror.base("good"), mirror.base("404"))
    assert [path for path, _ in mirror.requests] == [f"/good/{FILE.name}"]


def test_when_all_mirrors_fail_one_message_has_every_reason_and_the_remedy(
    mirror: Mirror, path: Path, refusing: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        fetch(path, refusing, mirror.base("503"), mirror.base("html"))
    assert str(caught.value) == (
        f"no mirror has {FILE.name}:\n"
        f"  {refusing}: refused the connection\n"
        f"  {mirror.base('503')}: HTTP 503\n"
        f"  {mirror.base('html')}: HTML instead of the file\n"
        f"Check the network or the proxy, put the file at {path} by hand, or name a folder that has it "
        "with --data-dir or NNLAB_DATA_DIR"
    )


def test_a_failed_download_leaves_the_file_of_before_as_it_was(mirror: Mirror, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"before")
    with pytest.raises(DatasetError):
        fetch(path, mirror.base("corrupt"))
    assert path.read_bytes() == b"before"
    assert files_under(path.parents[2]) == [path]


def test_no_encoding_is_asked_for(mirror: Mirror, path: Path) -> None:
    fetch(path, mirror.base("good"))
    assert mirror.requests[0][1]["Accept-Encoding"] == "identity"


def test_https_never_redirects_to_http(mirror: Mirror, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def answer(_: object, request: requests.PreparedRequest, **__: object) -> requests.Response:
        asked.append(request.url)
        response = requests.Response()
        response.status_code = 302
        response.headers["Location"] = mirror.base("good") + FILE.name
        response.raw = open(__file__, "rb")  # noqa: PTH123, SIM115 - anything that can be closed
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", answer)
    with pytest.raises(DatasetError, match="redirects from https to an address without it"):
        fetch(path, "https://mirror.invalid/")
    assert asked == [f"https://mirror.invalid/{FILE.name}"]


def test_a_proxy_of_the_environment_is_used(
    mirror: Mirror, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", mirror.base("")[:-2])
    assert fetch(path, "http://mirror.invalid/good/") == PUBLISHED
    assert mirror.requests[0][0] == f"http://mirror.invalid/good/{FILE.name}"


def test_a_proxy_that_is_down_is_named_as_the_cause(
    path: Path, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", refusing)
    with pytest.raises(DatasetError, match="the proxy: refused the connection"):
        fetch(path, "http://mirror.invalid/")


def test_an_invalid_certificate_is_reported(mirror: Mirror, path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no trusted TLS connection|broke the connection"):
        fetch(path, mirror.base("good").replace("http:", "https:"))


def test_progress_is_drawn_on_stderr_only_when_asked_for(
    mirror: Mirror, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch(path, mirror.base("good"))
    assert capsys.readouterr() == ("", "")
    download(FILE, [mirror.base("good")], path, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert FILE.name in captured.err


def test_a_folder_that_cannot_be_made_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file, not a folder")
    path = tmp_path / "root" / FILE.name
    with pytest.raises(NnlabError, match=f"cannot write {re.escape(str(path))}: "):
        fetch(path, mirror.base("good"))


def test_downloads_at_the_same_time_do_not_disturb_each_other(mirror: Mirror, path: Path) -> None:
    fetched: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: fetched.append(fetch(path, mirror.base("chunked")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetched == [PUBLISHED] * 4
    assert hashlib.sha256(path.read_bytes()).hexdigest() == FILE.sha256
    assert files_under(path.parents[2]) == [path]
