"""A server on loopback that gives out one file, as servers do: with and without ranges, versions and a length."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves `content` under every path.

    Attributes
    ----------
    asked : list of str or None
        The Range headers of the requests, in order.
    cut, wait : int or None
        After how many bytes of the file the connection breaks, or nothing more comes until `go_on` is set.
    ranges : bool
        It can go on in the middle of the file.
    headers : dict
        What else to send.
    status : int
        What to answer instead of 200.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str | None] = []
        self.cut: int | None = None
        self.wait: int | None = None
        self.go_on = threading.Event()
        self.ranges, self.length = True, True
        self.headers = {"ETag": '"1"'}
        self.status = 200
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/data.tar.gz"

    def _handler(files) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                files.asked.append(self.headers["Range"])
                size, begin, status = len(files.content), 0, files.status
                current = self.headers["If-Range"] in files.headers.values()
                if files.ranges and current and self.headers["Range"]:
                    begin = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                    status = 206 if begin < size else 416
                self.send_response(status)
                for name, value in files.headers.items():
                    self.send_header(name, value)
                if status == 206:
                    self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
                if files.length:
                    self.send_header("Content-Length", str(max(0, size - begin)))
                self.end_headers()
                if status not in (200, 206):
                    return
                if files.wait is not None and files.wait > begin:
                    self.wfile.write(files.content[begin : files.wait])
                    files.go_on.wait(60)
                    begin = files.wait
                self.wfile.write(files.content[begin : files.cut])

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        return Handler
