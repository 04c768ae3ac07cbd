"""Long runs of the program as users start it: python -m tests.crash.long [SCENARIO ...]

Each prints a line with its figures; the exit code is 1 if one of them broke a promise. Sizes are
set with `--scale`: 1 is what `make long` runs, tests run a fraction of some.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.crash.attacks import ROOT, Target
from tests.hostile.index_all import peaks

FOOTNOTE = (sys.executable, "-m", "ui")
ASK = json.dumps({"question": "Who met in Paris?"})
# Runs what follows where the folder in $0 is mounted read-only, in a mount namespace of its own.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


class Broken(AssertionError):
    """A promise that was not kept, as a sentence."""


def promise(kept: bool, sentence: str) -> None:
    """Raise Broken unless something is as it should be."""
    if not kept:
        raise Broken(sentence)


def footnote(data: Path, *words: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command of the program."""
    command = [*FOOTNOTE, "--data", str(data), *words]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=seconds, check=False
    )


def seeds(folder: Path) -> tuple[Path, Path]:
    """A copy of the seeds, and a data folder in which they are indexed."""
    corpus, data = folder / "corpus", folder / "data"
    shutil.copytree(ROOT / "seeds", corpus)
    promise(footnote(data, "index", str(corpus)).returncode == 0, "the seeds were not indexed")
    return corpus, data


@contextmanager
def serving(
    data: Path, *, before: Sequence[str] = (), limit: Callable[[], None] | None = None
) -> Iterator[Target]:
    """A server of its own that answers questions."""
    process = start(data, before, limit)
    try:
        yield ready(process)
    finally:
        process.terminate()
        process.wait(30)


def start(
    data: Path, before: Sequence[str] = (), limit: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    """Start a server; `ready` waits for it."""
    command = [*before, *FOOTNOTE, "--data", str(data), "serve", "--port", "0"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, preexec_fn=limit, bufsize=1
    )


def ready(process: subprocess.Popen[str]) -> Target:
    """The server, once it answers a question."""
    assert process.stdout
    line = process.stdout.readline()
    promise("http://" in line, f"the server did not start: {line!r}")
    target = Target(int(line.split()[4].rpartition(":")[2]), process.pid)
    wait(lambda: target.request("POST", "/v1/ask", ASK) == 200, "no question is answered")
    return target


def wait(done: Callable[[], bool], sentence: str, seconds: float = 60) -> float:
    """Seconds until something is so. Raises Broken if it takes too long."""
    began = time.monotonic()
    while not done():
        promise(time.monotonic() - began < seconds, f"{sentence} after {seconds:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - began


def kills(folder: Path, scale: float) -> str:
    """Server and index are killed by turns, at random moments, while documents change."""
    corpus, data = seeds(folder)
    chance, times = random.Random(7), max(2, round(30 * scale))
    for number in range(times):
        (corpus / f"note-{number}.md").write_text(f"Note {number}: the lamp is in room {number}.")
        server, index = start(data), [*FOOTNOTE, "--data", str(data), "index", str(corpus)]
        indexing = subprocess.Popen(index, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 4))
        for process in (indexing, server) if number % 2 else (server, indexing):
            process.send_signal(signal.SIGKILL)
            process.wait()
    promise(footnote(data, "index", str(corpus)).returncode == 0, "the index is broken")
    checked = footnote(data, "doctor")
    promise(checked.returncode == 0, f"doctor: {checked.stdout} {checked.stderr}")
    with serving(data) as target:
        paths = documents(target)
        lost = [n for n in range(times) if f"note-{n}.md" not in paths]
    promise(not lost, f"documents are missing: {lost}")
    return (
        f"{times} kills of server and index, {len(paths)} documents, 0 lost, doctor finds nothing"
    )


def documents(target: Target) -> list[str]:
    """The paths that a server lists."""
    body = json.loads(target.read("/v1/documents"))
    return [each["path"] for each in body["documents"]]


def many_files(folder: Path, scale: float) -> str:
    """Fifty thousand small files."""
    corpus, data, count = folder / "corpus", folder / "data", max(100, round(50_000 * scale))
    for number in range(count):
        path = corpus / f"{number // 1000:03}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"The valve of pump {number % 500} is checked in room {number % 500 + 7}.")
    command = [*FOOTNOTE, "--data", str(data), "index", str(corpus)]
    told = list[str]()
    for _ in range(2):
        began = time.monotonic()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, text=True) as process:
            own, _ = peaks(process)
        promise(process.returncode == 0, "the files were not indexed")
        told.append(f"{time.monotonic() - began:.0f} s, {own} MB")
    with serving(data) as target:
        began = time.monotonic()
        promise(len(documents(target)) == min(count, 5_000), "not all documents are listed")
        promise(target.request("POST", "/v1/ask", ASK) == 200, "no answer")
        listed = time.monotonic() - began
    return f"{count:,} files: {told[0]}; again {told[1]}; listed and asked in {listed:.1f} s"


def descriptors(folder: Path, scale: float) -> str:
    """A server that may open 64 files, and clients that hold connections."""
    _, data = seeds(folder)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    with serving(data, limit=limit) as target, ExitStack() as stack:
        for _ in range(max(40, round(200 * scale))):
            with suppress(OSError):
                stack.enter_context(target.connect())
        statuses = [target.request("POST", "/v1/ask", ASK) for _ in range(20)]
        promise(set(statuses) == {200}, f"questions got {statuses}")
        promise(target.request("GET", "/documents/brief.md") == 200, "a document is not shown")
    return "20 questions and a document were served with 64 descriptors and idle connections"


def two_servers(folder: Path, scale: float) -> str:
    """Two servers of one index, with documents added to both."""
    corpus, data = seeds(folder)
    count = max(2, round(10 * scale))
    with serving(data) as one, serving(data) as other:
        for number in range(count):
            target = (one, other)[number % 2]
            status = target.request("PUT", f"/v1/documents/new-{number}.md", f"Pump {number}.")
            promise(status == 201, f"an upload got {status}")
        wanted = {f"new-{number}.md" for number in range(count)}

        def both() -> bool:
            return all(wanted <= set(documents(target)) for target in (one, other))

        seconds = wait(both, "not every server has every document", 120)
    # What a server still read when the other's sync ended goes with the next.
    promise(footnote(data, "index", str(corpus)).returncode == 0, "the index is broken")
    checked = footnote(data, "doctor")
    promise(checked.returncode == 0, f"doctor: {checked.stdout} {checked.stderr}")
    return f"{count} uploads to two servers are in both after {seconds:.0f} s, doctor finds nothing"


def read_only(folder: Path, _: float) -> str:
    """An index on a disk that cannot be written."""
    corpus, data = seeds(folder)
    before = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(data))
    with serving(data, before=before) as target:
        asked = target.request("POST", "/v1/ask", ASK)
        status = target.request("PUT", "/v1/documents/new.md", "Words.")
        wait(lambda: bool(json.loads(target.read("/v1/sync"))["fault"]), "nothing is said")
    promise(asked == 200, f"a question got {asked}")
    index = [*before, *FOOTNOTE, "--data", str(data), "index", str(corpus)]
    done = subprocess.run(index, capture_output=True, text=True, cwd=ROOT, check=False)
    promise("Traceback" not in done.stderr, done.stderr)
    said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
    left = f"`index` leaves with {done.returncode}: {said}"
    return f"questions are answered, an upload gets {status} and its sync says why not, {left}"


CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
/* The wall clock, put forward by as many seconds as the file $JUMP has bytes, back with $BACK. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    struct stat file;
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, now);
    const char *ahead = getenv("JUMP"), *back = getenv("BACK");
    if (clock == CLOCK_REALTIME && ahead && !stat(ahead, &file)) now->tv_sec += file.st_size;
    if (clock == CLOCK_REALTIME && back && !stat(back, &file)) now->tv_sec -= file.st_size;
    return done;
}
"""


def clock(folder: Path, _: float) -> str:
    """The wall clock is put a day forward, and two back, while a server and an index run."""
    corpus, data = seeds(folder)
    source, shim = folder / "clock.c", folder / "clock.so"
    source.write_text(CLOCK, encoding="utf-8")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    ahead, back = folder / "ahead", folder / "back"
    before = ("env", f"LD_PRELOAD={shim}", f"JUMP={ahead}", f"BACK={back}")
    with serving(data, before=before) as target:
        for number, (file, seconds) in enumerate([(ahead, 86_400), (back, 172_800)]):
            with file.open("wb") as moved:
                moved.truncate(seconds)
            statuses = [target.request("POST", "/v1/ask", ASK) for _ in range(5)]
            promise(set(statuses) == {200}, f"questions got {statuses}")
            name = f"new-{number}.md"
            status = target.request("PUT", f"/v1/documents/{name}", f"Pump {number}.")
            promise(status == 201, f"an upload got {status}")
            wait(lambda name=name: name in documents(target), "an upload is not indexed")  # type: ignore[misc]
    promise(footnote(data, "index", str(corpus)).returncode == 0, "the index is broken")
    promise(footnote(data, "doctor").returncode == 0, "doctor finds faults")
    return "a day forward and two back: questions answered, uploads indexed, doctor finds nothing"


def replaced(folder: Path, scale: float) -> str:
    """A file of two versions that take turns while it is read."""
    corpus, data = folder / "corpus", folder / "data"
    corpus.mkdir()
    # Shorter than the part of a document that one reply holds.
    texts = [f"{word} " * 30_000 for word in ("amber", "birch")]
    stop, file = threading.Event(), corpus / "turns.txt"
    file.write_text(texts[0])

    def turn() -> None:
        number = 0
        while not stop.wait(0.005):
            number += 1
            (folder / "next").write_text(texts[number % 2])
            (folder / "next").replace(file)

    thread = threading.Thread(target=turn)
    thread.start()
    rounds, refused = max(2, round(10 * scale)), 0
    try:
        for _ in range(rounds):
            done = footnote(data, "index", str(corpus))
            refused += done.returncode == 3
            promise(done.returncode in (0, 3), done.stderr)
            if not done.returncode:
                with serving(data) as target:
                    shown = json.loads(target.read("/v1/documents/turns.txt"))["text"]
                promise(len(set(shown.split())) == 1, "two versions are mixed")
    finally:
        stop.set()
        thread.join()
    return f"{rounds} syncs while a file was replaced: never mixed, {refused} times told of"


def pages(folder: Path, scale: float) -> str:
    """A PDF of a hundred thousand pages."""
    from tests.hostile.test_bad_files import CATALOG, FONT, PAGE, WORDS, pdf_of

    corpus, data, count = folder / "corpus", folder / "data", max(20_000, round(100_000 * scale))
    corpus.mkdir()
    tree = b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, b"3 0 R " * count)
    (corpus / "pages.pdf").write_bytes(pdf_of(CATALOG, tree, PAGE, FONT, streams={5: (b"", WORDS)}))
    began = time.monotonic()
    done = footnote(data, "index", str(corpus))
    promise(done.returncode == 3 and "too large: over 10,000 pages" in done.stderr, done.stderr)
    return f"{count:,} pages: listed as too large in {time.monotonic() - began:.0f} s"


def sessions(folder: Path, scale: float) -> str:
    """Pages that are opened and dropped."""
    _, data = seeds(folder)
    count = max(50, round(10_000 * scale))
    with serving(data) as target:
        opened(target, 50, "first")
        before = target.memory
        began = time.monotonic()
        waited = opened(target, count, "more")
        seconds, most = time.monotonic() - began, target.memory
        promise(target.request("POST", "/v1/ask", ASK) == 200, "no answer")
        after = target.memory
    promise(after - before < 400, f"{after - before} MB are kept")
    return (
        f"{count:,} dropped page sessions in {seconds:.0f} s, told {waited:,} times to wait: "
        f"{most - before:+} MB, {(after - before) / count * 1000:.0f} kB each"
    )


def opened(target: Target, count: int, name: str) -> int:
    """Open so many pages, and read nothing of them; how often the server was busy."""
    waited = 0
    for number in range(count):
        body = {"data": [None], "fn_index": 0, "session_hash": f"{name}{number}", "trigger_id": 0}
        sent = json.dumps(body)
        # A queue holds a few of them, and what comes beyond is told so.
        while (status := target.request("POST", "/gradio_api/queue/join", sent)) == 503:
            waited += 1
            time.sleep(0.05)
        promise(status == 200, f"a page that opens got {status}")
    return waited


SCENARIOS: dict[str, Callable[[Path, float], str]] = {
    "kills": kills,
    "files": many_files,
    "descriptors": descriptors,
    "two-servers": two_servers,
    "read-only": read_only,
    "clock": clock,
    "replaced": replaced,
    "pages": pages,
    "sessions": sessions,
}


def run(name: str, scale: float) -> tuple[bool, str]:
    """Run a scenario; whether every promise was kept, and its line."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return True, SCENARIOS[name](Path(folder), scale)
        except Broken as broken:
            return False, f"BROKEN: {broken}"


def main() -> None:
    """Run the scenarios that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENARIO", choices=[[], *SCENARIOS])
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    os.environ["FOOTNOTE_REQUESTS_PER_MINUTE"] = "0"
    kept = True
    for name in given.names or SCENARIOS:
        began = time.monotonic()
        is_kept, line = run(name, given.scale)
        kept = kept and is_kept
        print(f"{name:<12} {time.monotonic() - began:5.0f} s  {line}", flush=True)  # noqa: T201
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
