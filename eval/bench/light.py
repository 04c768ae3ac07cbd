"""What Footnote takes of a laptop: CPU, memory and time of a cold answer and of a server, and how
many questions a second the server answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from eval.bench.load import LoadClient
from eval.bench.processes import ROOT, Checkout, Cost
from eval.bench.timing import Figure, make_corpus

_FILES, _PARAGRAPHS = 20, 10
_QUESTIONS, _CLIENTS = 1000, 4
_MANY_CLIENTS, _ROUND = 16, 150
_ASK = "Who hosted the talks?"


def bench(
    against: Path | None, passages: int, times: int, say: Callable[[str], None]
) -> Iterator[list[Figure]]:
    """Figures of this checkout, and beside those of another one (`against`) with its own index;
    both take turns, so that a slow minute of the machine is slow for both.
    """
    with TemporaryDirectory(prefix="footnote-bench-") as name:
        folder = Path(name)
        make_corpus(folder / "corpus", max(1, passages // _PARAGRAPHS), _PARAGRAPHS)
        roots = [ROOT, *([against.resolve()] if against else [])]
        checkouts = [
            Checkout(root, folder / f"data{number}", {}) for number, root in enumerate(roots)
        ]
        for checkout in checkouts:
            say(f"indexing with {checkout.root}")
            checkout.run("index", str(folder / "corpus"))
        say("cold answers")
        yield _answers(checkouts, times)
        say(f"servers, {_QUESTIONS} questions each")
        yield _servers(checkouts, folder / "corpus", times)
        say(f"questions a second, {_ROUND} in each of {times} rounds")
        yield _paces(checkouts, folder / "corpus", times)


def _answers(checkouts: list[Checkout], times: int) -> list[Figure]:
    costs = dict[Path, list[Cost]]()
    for _ in range(times):
        for checkout in checkouts:
            costs.setdefault(checkout.root, []).append(checkout.cost("ask", _ASK))
    cpu = [median(cost.cpu for cost in found) for found in costs.values()]
    peak = [median(cost.peak for cost in found) for found in costs.values()]
    return [
        _figure("a cold answer: CPU", cpu, "s"),
        _figure("a cold answer: peak memory", peak, "MB"),
    ]


def _servers(checkouts: list[Checkout], corpus: Path, times: int) -> list[Figure]:
    ready, cpu = dict[Path, list[float]](), dict[Path, list[float]]()
    memory = dict[Path, float]()
    for number in range(times):
        for checkout in checkouts:
            with checkout.serving() as server:
                ready.setdefault(checkout.root, []).append(server.ready_seconds())
                cpu.setdefault(checkout.root, []).append(server.cpu())
                if number == 0:
                    client = LoadClient(server.address, corpus)
                    client.ask(client.questions(_QUESTIONS), _CLIENTS)
                    memory[checkout.root] = server.resident()
    return [
        _figure("a server: ready after", [median(found) for found in ready.values()], "s"),
        _figure("a server: CPU until then", [median(found) for found in cpu.values()], "s"),
        _figure(f"a server: memory after {_QUESTIONS} questions", list(memory.values()), "MB"),
    ]


def _paces(checkouts: list[Checkout], corpus: Path, times: int) -> list[Figure]:
    """Questions a second of servers that run side by side and are asked in turn."""
    paces = dict[tuple[int, Path], list[float]]()
    with ExitStack() as stack:
        clients = dict[Path, LoadClient]()
        for checkout in checkouts:
            server = stack.enter_context(checkout.serving())
            server.ready_seconds()
            clients[checkout.root] = LoadClient(server.address, corpus)
            clients[checkout.root].ask(clients[checkout.root].questions(_MANY_CLIENTS), 1)
        for _ in range(times):
            for root, client in clients.items():
                for at_once in (1, _MANY_CLIENTS):
                    questions, began = client.questions(_ROUND), perf_counter()
                    client.ask(questions, at_once)
                    pace = _ROUND / (perf_counter() - began)
                    paces.setdefault((at_once, root), []).append(pace)
    return [
        _figure(
            f"questions a second, clients: {at_once}",
            [median(paces[at_once, checkout.root]) for checkout in checkouts],
            "/s",
        )
        for at_once in (1, _MANY_CLIENTS)
    ]


def _figure(name: str, values: list[float], unit: str) -> Figure:
    own, *others = values
    detail = "".join(f"{own / other:.2f} of {other:,.2f} {unit}" for other in others)
    return Figure(name, own, unit, detail)
