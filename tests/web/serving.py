"""An application on a free port, for what asks over a real connection."""

import contextlib
import threading
from collections.abc import Iterator

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

LOOK_AGAIN = 0.02  # seconds, whether it is to end


@contextlib.contextmanager
def serving(
    app: Flask, handler: type[WSGIRequestHandler] | None = None
) -> Iterator[str]:
    """Serve until the block ends, in a thread for each request; gives the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, args=(LOOK_AGAIN,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
