"""Attacks on a server of its own, and what its other clients notice: python -m tests.crash.attacks

For each kind: the 99th percentile of `/healthz` and of a question while it runs, and how much more
memory the server holds afterwards. `--descriptors 64` starts the server with so few.
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOOTNOTE = (sys.executable, "-c", "from ui.cli import main; main()")
SECONDS = 8.0
_JSON = {"Content-Type": "application/json"}
_ASK = json.dumps({"question": "Who met in Paris?"})
_HEAD = b"Host: 127.0.0.1\r\n"


@dataclass
class Target:
    """A server that is attacked."""

    port: int
    pid: int

    def connect(self, first: bytes = b"") -> socket.socket:
        """A connection that has sent this."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        client.sendall(first)
        return client

    def read(self, path: str) -> str:
        """What is at a path. Raises OSError and HTTPException."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    def request(self, method: str, path: str, body: str = "", seconds: float = 30) -> int:
        """The status of a reply, 0 if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body or None, _JSON)
            reply = connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException):
            return 0
        else:
            return reply.status
        finally:
            connection.close()

    @property
    def memory(self) -> int:
        """MB that the server holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() >> 20


@dataclass
class Probe:
    """Asks a server for something again and again, and keeps the seconds and statuses."""

    target: Target
    method: str
    path: str
    body: str = ""
    seconds: list[float] = field(default_factory=list)
    failures: int = 0

    def run(self, stop: threading.Event) -> None:
        """Ask until `stop` is set."""
        while not stop.wait(0.1):
            began = time.monotonic()
            if self.target.request(self.method, self.path, self.body) != 200:
                self.failures += 1
            self.seconds.append(time.monotonic() - began)

    @property
    def p99(self) -> float:
        """The 99th percentile of the seconds."""
        ordered = sorted(self.seconds) or [float("inf")]
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def _endless_value(target: Target, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(OSError), target.connect(b"GET /healthz HTTP/1.1\r\n" + _HEAD + b"X: ") as s:
            while not stop.is_set():
                s.sendall(b"a" * (1 << 20))


def _endless_fields(target: Target, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(OSError), target.connect(b"GET /healthz HTTP/1.1\r\n" + _HEAD) as s:
            while not stop.is_set():
                s.sendall(b"X: b\r\n" * 100_000)


def _pipelined(target: Target, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(OSError), target.connect() as s:
            while not stop.is_set():
                s.sendall((b"GET /healthz HTTP/1.1\r\n" + _HEAD + b"\r\n") * 5_000)


def _holding(first: bytes, count: int) -> Callable[[Target, threading.Event], None]:
    """An attack of connections that send this and then nothing."""

    def attack(target: Target, stop: threading.Event) -> None:
        with ExitStack() as stack:
            for number in range(count):
                with suppress(OSError):
                    client = target.connect(first.replace(b"NUMBER", b"%d" % number))
                    stack.enter_context(client)
            stop.wait()

    return attack


def _bad_json(target: Target, stop: threading.Event) -> None:
    bodies = ['{"question": "\\ud800"}', '{"question": NaN}', "[" * 400_000]
    while not stop.is_set():
        for body in bodies:
            target.request("POST", "/v1/ask", body)


def _leaving(target: Target, stop: threading.Event) -> None:
    """Readers of slow pages who leave."""
    number = 0
    while not stop.is_set():
        with ExitStack() as stack:
            for _ in range(120):
                number += 1
                path = f"/documents/slow.pdf?picture={number % 3 + 1}"
                with suppress(OSError):
                    first = f"GET {path} HTTP/1.1\r\n".encode() + _HEAD + b"\r\n"
                    stack.enter_context(target.connect(first))
            stop.wait(2)


_BIG = b"GET /v1/documents/big.md HTTP/1.1\r\n" + _HEAD + b"\r\n"
_PAGE = b"GET /documents/big.md HTTP/1.1\r\n" + _HEAD + b"\r\n"
_PUT = b"PUT /v1/documents/NUMBER.md HTTP/1.1\r\n" + _HEAD + b"Content-Length: 100\r\n\r\nx"
_POST = b"POST /v1/ask HTTP/1.1\r\n" + _HEAD + b"Content-Length: 100\r\n\r\n{"
ATTACKS = {
    "a head without end": _endless_value,
    "fields without end": _endless_fields,
    "requests without end": _pipelined,
    "1,200 idle connections": _holding(b"", 1_200),
    "300 heads that stop": _holding(b"GET / HTTP/1.1\r\n", 300),
    "90 uploads of one byte": _holding(_PUT, 90),
    "90 bodies of one byte": _holding(_POST, 90),
    "100 replies that nobody reads": _holding(_BIG, 100),
    "100 pages that nobody reads": _holding(_PAGE, 100),
    "readers of slow pages who leave": _leaving,
    "JSON that is none": _bad_json,
}


@contextmanager
def server(folder: Path, descriptors: int | None) -> Iterator[Target]:
    """A server over the seeds, a slow PDF and a large document."""
    corpus, data = folder / "corpus", str(folder / "data")
    corpus.mkdir()
    for path in (ROOT / "seeds").iterdir():
        (corpus / path.name).write_bytes(path.read_bytes())
    (corpus / "slow.pdf").write_bytes(slow_pdf(3, 200))
    text = "The garden party is held in May.\n\n" * 100
    (corpus / "big.md").write_text(text * 800, encoding="utf-8")
    subprocess.run([*FOOTNOTE, "--data", data, "index", str(corpus)], check=True)

    def limit() -> None:
        if descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    process = subprocess.Popen(
        [*FOOTNOTE, "--data", data, "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )
    assert process.stdout
    port = int(process.stdout.readline().split()[4].rpartition(":")[2])
    target = Target(port, process.pid)
    while target.request("POST", "/v1/ask", _ASK) != 200:
        time.sleep(0.5)
    try:
        yield target
    finally:
        began = time.monotonic()
        process.terminate()
        process.wait(30)
        print(f"stopped in {time.monotonic() - began:.1f} s")  # noqa: T201


def slow_pdf(pages: int, draws: int) -> bytes:
    """A PDF that is quick to read as text and slow to draw: one large image many times."""
    from zlib import compress

    size = 20_000
    image = compress(bytes(size // 8 * size), 9)
    head = f"/Type /XObject /Subtype /Image /Width {size} /Height {size} /ColorSpace /DeviceGray "
    head += "/BitsPerComponent 1 /Filter /FlateDecode /Interpolate true"
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(1, pages + 1))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< {head} /Length {len(image)} >>\nstream\n".encode() + image + b"\nendstream",
    ]
    for page in range(1, pages + 1):
        body = "".join(
            f"q 400 0 0 400 {30 + i / 100} {100 + i % 500} cm /I Do Q\n" for i in range(draws)
        )
        text = (
            # On the image: a picture that has text is not read as one.
            f"{body}BT /F 12 Tf 40 450 Td (Party number {page} is in Slowville.) Tj ET\n".encode()
        )
        objects.append(f"<< /Length {len(text)} >>\nstream\n".encode() + text + b"endstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {3 + 2 * page} 0 R "
            "/Resources << /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >> >>".encode()
        )
    out, places = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def measure(target: Target, name: str, seconds: float) -> bool:
    """Attack, print what others noticed, and tell whether that is within the promises."""
    before = target.memory
    stop = threading.Event()
    probes = [Probe(target, "GET", "/healthz"), Probe(target, "POST", "/v1/ask", _ASK)]
    work = [threading.Thread(target=ATTACKS[name], args=(target, stop), daemon=True)]
    work += [threading.Thread(target=probe.run, args=(stop,)) for probe in probes]
    for thread in work:
        thread.start()
    time.sleep(seconds)
    most = target.memory
    stop.set()
    for thread in work[1:]:
        thread.join()
    time.sleep(3)
    health, asked = probes
    more = target.memory - before
    kept = health.p99 < 1 and asked.p99 < 5 and more < 100 and not health.failures
    print(  # noqa: T201
        f"{name:<32} healthz {health.p99:6.2f} s  question {asked.p99:6.2f} s  "
        f"failed {health.failures}+{asked.failures}  memory {most - before:+5} MB during, "
        f"{more:+4} MB after  {'ok' if kept else 'BROKEN'}",
        flush=True,
    )
    return kept


def main() -> None:
    """Run the attacks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(ATTACKS)}")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--descriptors", type=int)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, 4_096))
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), given.descriptors) as target:
        kept = [measure(target, name, given.seconds) for name in given.names or ATTACKS]
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
