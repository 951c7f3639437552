from __future__ import annotations

import errno
import hashlib
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.setup import download as download_module
from studio.setup.download import Download, is_offline, make_opener
from studio.setup.failures import (
    DiskFullError,
    NoNetworkError,
    UnavailableError,
    WrongHashError,
)
from tests.packaging import file_server
from tests.packaging.file_server import FileServer

BODY = bytes(range(256)) * 3000
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(BODY) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "store" / "file.whl"


def part_of(target: Path) -> Path:
    return target.with_name("file.whl.part")


def leave_part(target: Path, content: bytes) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(content)


class Fetched:
    """What a download did besides bringing the file."""

    def __init__(self) -> None:
        self.reports: list[tuple[int, int]] = []
        self.pauses: list[float] = []


def fetch(url: str, target: Path, sha256: str = SHA256, size: int = len(BODY)) -> Fetched:
    fetched = Fetched()
    Download(
        url,
        target,
        sha256=sha256,
        size=size,
        opener=urllib.request.build_opener(urllib.request.ProxyHandler({})),
        report=lambda done, total: fetched.reports.append((done, total)),
        pause=fetched.pauses.append,
    ).run()
    return fetched


def test_fetches_and_reports_to_the_last_byte(server: FileServer, target: Path) -> None:
    fetched = fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert not part_of(target).exists()
    assert fetched.reports[-1] == (len(BODY), len(BODY))
    assert server.ranges == [None]


def test_continues_what_is_there(server: FileServer, target: Path) -> None:
    leave_part(target, BODY[:1000])
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == ["bytes=1000-"]


def test_a_killed_download_is_continued(server: FileServer, target: Path) -> None:
    half = len(BODY) // 2
    server.answers = [file_server.stalls_after(half)]
    code = (
        "import sys, urllib.request; from pathlib import Path\n"
        "from studio.setup.download import Download\n"
        "Download(sys.argv[1], Path(sys.argv[2]), sha256=sys.argv[3], size=int(sys.argv[4]),\n"
        "  opener=urllib.request.build_opener(urllib.request.ProxyHandler({})),\n"
        "  report=lambda done, total: print(done, flush=True)).run()\n"
    )
    # Reads are whole chunks, so the child must see chunks smaller than half the file.
    code = code.replace("Download\n", "Download\nimport studio.setup.download as d\n", 1)
    code = code.replace("\nDownload(", "\nd.CHUNK_BYTES = 4096\nDownload(", 1)
    words = [sys.executable, "-c", code, server.url, str(target), SHA256, str(len(BODY))]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) > half - 4096:
                break
        child.kill()
    server.let_go.set()
    left = part_of(target).stat().st_size
    assert half - 4096 < left <= half
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == [None, f"bytes={left}-"]


def test_a_server_without_ranges_means_starting_over(server: FileServer, target: Path) -> None:
    leave_part(target, BODY[:1000])
    server.answers = [file_server.whole]
    fetch(server.url, target)
    assert target.read_bytes() == BODY


def test_another_range_than_asked_for_is_not_taken(server: FileServer, target: Path) -> None:
    leave_part(target, BODY[:1000])
    server.answers = [file_server.wrong_range]
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]


def test_416_means_starting_over(server: FileServer, target: Path) -> None:
    leave_part(target, BODY[:1000])
    server.answers = [file_server.refuses(416)]
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]


def test_a_complete_part_needs_no_request(server: FileServer, target: Path) -> None:
    leave_part(target, BODY)
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == []


def test_a_part_longer_than_the_file_is_thrown_away(server: FileServer, target: Path) -> None:
    leave_part(target, BODY + b"more")
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == [None]


def test_a_damaged_part_is_fetched_again(server: FileServer, target: Path) -> None:
    leave_part(target, b"x" * 1000)
    fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]


def test_a_short_body_is_continued(server: FileServer, target: Path) -> None:
    server.answers = [file_server.stops_after(5000)]
    fetched = fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert server.ranges == [None, "bytes=5000-"]
    assert fetched.pauses == [1]


def test_wrong_content_is_deleted_and_said(server: FileServer, target: Path) -> None:
    with pytest.raises(WrongHashError, match=r"file\.whl is not the file that was expected"):
        fetch(server.url, target, sha256="0" * 64)
    assert list(target.parent.iterdir()) == []


def test_a_file_of_another_size_is_refused_before_it_is_fetched(
    server: FileServer, target: Path
) -> None:
    with pytest.raises(WrongHashError):
        fetch(server.url, target, size=len(BODY) - 1)
    assert not target.exists()
    assert not part_of(target).exists()


def test_a_busy_server_is_asked_again(server: FileServer, target: Path) -> None:
    server.answers = [file_server.refuses(503), file_server.refuses(429)]
    fetched = fetch(server.url, target)
    assert target.read_bytes() == BODY
    assert fetched.pauses == [2, 4]


def test_a_server_that_stays_busy_is_given_up(server: FileServer, target: Path) -> None:
    server.answers = [file_server.refuses(503)] * 9
    with pytest.raises(UnavailableError):
        fetch(server.url, target)
    assert len(server.ranges) == download_module.FRUITLESS_TRIES


def test_not_found_is_not_asked_twice(server: FileServer, target: Path) -> None:
    server.answers = [file_server.refuses(404)]
    with pytest.raises(UnavailableError, match="404"):
        fetch(server.url, target)
    assert len(server.ranges) == 1


def test_nothing_listening_is_no_network(target: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(NoNetworkError, match="no network connection"):
            fetch(f"http://127.0.0.1:{port}/file.whl", target)


def test_reads_a_wheel_from_a_folder(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "file.whl"
    source.write_bytes(BODY)
    fetch(source.as_uri(), target)
    assert target.read_bytes() == BODY
    assert source.exists()


def test_a_full_disk_is_said_and_the_part_kept(
    server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_part(target, BODY[:1000])
    real_write = Download._write

    class FullFile:
        def write(self, chunk: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        Download, "_write", lambda self, _, chunk: real_write(self, FullFile(), chunk)
    )
    with pytest.raises(DiskFullError, match="The disk is full"):
        fetch(server.url, target)
    assert part_of(target).read_bytes() == BODY[:1000]


@pytest.mark.parametrize(
    ("error", "offline"),
    [
        (urllib.error.URLError(socket.gaierror(-2, "Name or service not known")), True),
        (urllib.error.URLError(OSError(errno.ENETUNREACH, "unreachable")), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (urllib.error.URLError(ssl.SSLCertVerificationError("bad certificate")), False),
        (OSError(errno.EACCES, "denied"), False),
        (ValueError(), False),
    ],
)
def test_what_counts_as_no_network(error: Exception, offline: bool) -> None:
    assert is_offline(error) is offline


def test_a_missing_certificate_file_is_an_error_not_silence(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        make_opener(tmp_path / "missing.pem", "")


def test_pips_proxy_is_used() -> None:
    opener = make_opener(None, "http://proxy.invalid:3128")
    proxies = [h.proxies for h in opener.handlers if isinstance(h, urllib.request.ProxyHandler)]
    assert proxies == [{"http": "http://proxy.invalid:3128", "https": "http://proxy.invalid:3128"}]
