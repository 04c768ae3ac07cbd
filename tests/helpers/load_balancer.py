"""A load balancer in front of servers on this machine: each request goes to the next of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle


@contextmanager
def balancer(addresses: Sequence[str], cookie: str = "") -> Iterator[str]:
    """Run one; its address. With `cookie`, whoever has it stays with the server that it names, and
    who has none is given one, as HAProxy and nginx do that keep a browser at one server.
    """
    turns, lock = cycle(range(len(addresses))), threading.Lock()

    class Forwarding(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length) if length else None
            kept = self.headers.get("Cookie", "").partition(f"{cookie}=")[2][:1] if cookie else ""
            with lock:
                number = int(kept) if kept else next(turns)
            connection = HTTPConnection(addresses[number], timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                    self.send_header(name, value)
            if cookie and not kept:
                self.send_header("Set-Cookie", f"{cookie}={number}; Path=/")
            self.end_headers()
            while some := response.read1():  # events go on as they come
                self.wfile.write(some)
                self.wfile.flush()
            connection.close()

        do_POST = do_DELETE = do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Forwarding) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
