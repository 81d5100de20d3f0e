"""A client's connection, whose bytes are gathered before a thread is given to it.

A thread that waits for a client does nothing else, so whoever sends or reads slowly
could hold them all. The worker's loop therefore gathers a request until all of it is
here, and sends on what a client was too slow to take once the thread has gone. What
cannot be gathered, a body that is very long or whose length is not announced, is read
by one of the threads that are kept for long work.
"""

import enum
import re
import select
import socket
import threading
import time

SMALL_BYTES = 64 * 1024  # a request up to this is small

# What may take long, or be answered with more than a client takes at once: batches,
# streams, the card, a version to be loaded, the counts of all workers. Their paths may
# be written otherwise, too: behind a host or a prefix, or with escapes.
_LONG_WORK = re.compile(rb"[^ ]+ [^ ?]*(?:/v1/(?:classify/|model/)|/metrics|%)")

_HEAD_BYTES = 64 * 1024
_GATHERED_BYTES = 4 * 1024 * 1024
_UNSENT_BYTES = 1024 * 1024
_PIECE_BYTES = 256 * 1024
# Bytes a second. Who is slower than this for as long as a request may take is cut off.
_LEAST_RATE = 4096
_MS = 1000.0
_END = b"\r\n\r\n"
_PROBES = (b"GET /healthz ", b"GET /readyz ")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*(?=\r\n|$)")
_CLOSES = re.compile(rb"^[^\r]* http/1\.0(?:\r|$)|\r\nconnection:[^\r]*\bclose\b")


class Stage(enum.Enum):
    """How far a request has come."""

    PARTIAL = enum.auto()
    """More of it must come."""
    WHOLE = enum.auto()
    """All of it is here."""
    STREAMED = enum.auto()
    """Its head is here; a thread must read its body."""
    OVERLONG = enum.auto()
    """Its head is longer than a head may be."""
    FOREIGN = enum.auto()
    """What comes is no HTTP, but perhaps TLS."""
    GONE = enum.auto()
    """There is no request, nor will there be one."""


class Budget:
    """Bytes of long bodies and answers that a worker may hold; shared by threads."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take so many bytes, if so many are left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._left += size


class Channel:
    """A client's socket, what has come on it, and what it has still to take.

    The worker's loop calls `gather`, `offer`, `flush` and `discard`, which never wait.
    Who answers uses it as gunicorn uses a socket: `recv` and `sendall` wait, and raise
    TimeoutError when the client has been too slow for too long.

    Attributes:
        may_wait: Whether they do; the loop, which may not, answers short work.
        deadline: By when the loop must have seen the client do something
            (`time.monotonic`).
    """

    def __init__(self, sock: socket.socket, budget: Budget, seconds: float) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._budget = budget
        self._seconds = seconds
        self._patience = seconds
        self._unsent = bytearray()
        self._taken = 0
        self.may_wait = True
        self.begin(b"", seconds)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    # What the loop calls.

    def begin(self, came: bytes, idle_seconds: float) -> None:
        """Expect a request, of which some bytes may be here."""
        self._came = bytearray(came)
        self._searched = 0
        self._total: int | None = None
        self._patience = self._seconds
        self._is_begun = bool(came)
        seconds = self._seconds if came else idle_seconds
        self.deadline = time.monotonic() + seconds

    def renew(self) -> None:
        """Give the client its time anew, to take an answer."""
        self.deadline = time.monotonic() + self._seconds

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request has come."""
        return not self._is_begun

    @property
    def is_small(self) -> bool:
        """Whether the request is whole and small."""
        return self._total is not None and self._total <= SMALL_BYTES

    @property
    def is_short_work(self) -> bool:
        """Whether it is small, and so is its answer, soon made."""
        return self.is_small and not _LONG_WORK.match(self._came)

    @property
    def is_probe(self) -> bool:
        """Whether a supervisor asks for the service's health."""
        return self._came.startswith(_PROBES)

    @property
    def head(self) -> bytes:
        """The lines of the request's head, as far as they have come."""
        return head_of(self._came)

    def gather(self) -> Stage:
        """Take in what has come, and judge it."""
        try:
            piece = self._socket.recv(_PIECE_BYTES)
        except BlockingIOError:
            return Stage.PARTIAL
        except OSError:
            return Stage.GONE
        if not piece:
            # It may have closed its own side only: what has come is then answered.
            return Stage.STREAMED if self._total else Stage.GONE
        if not self._is_begun:
            self._is_begun = True
            self.deadline = time.monotonic() + self._seconds
        elif self._total is not None:
            self._extend(len(piece))
        self._came += piece
        return self.judge()

    def judge(self) -> Stage:
        """How far the request has come, of which some bytes are here."""
        if self._total is None:
            # An empty line before a request is to be passed over (RFC 9112, 2.2).
            blank = len(self._came) - len(self._came.lstrip(b"\r\n"))
            del self._came[:blank]
            if self._came and not self._came[:1].isalpha():
                return Stage.FOREIGN  # its end would be waited for in vain
            end = self._came.find(_END, max(0, self._searched - len(_END)))
            self._searched = len(self._came)
            if end < 0:
                long = len(self._came) > _HEAD_BYTES
                return Stage.OVERLONG if long else Stage.PARTIAL
            length = body_length(bytes(self._came[:end]))
            if length is None or not self._reserve(length):
                return Stage.STREAMED
            self._total = end + len(_END) + length
        return Stage.WHOLE if len(self._came) >= self._total else Stage.PARTIAL

    def skip(self) -> bytes | None:
        """Drop a whole request; what came after it, None where its client leaves."""
        if self._total is None or len(self._came) < self._total:
            return None
        if _CLOSES.search(self.head.lower()):
            return None
        return bytes(self._came[self._total :])

    def offer(self, content: bytes) -> None:
        """Have something sent by the next `flush`."""
        self._unsent += content

    def flush(self) -> bool:
        """Send what the client will take; whether that was all.

        Raises:
            OSError: The client is gone.
        """
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                return False
            del self._unsent[:sent]
            self._extend(sent)
        self._give_back()
        return True

    def end(self, seconds: float) -> None:
        """Send no more, and `discard` what comes for some seconds.

        Closing while the client is still sending would reset the connection, and the
        client might never see its answer.

        Raises:
            OSError: The client is gone.
        """
        self._socket.shutdown(socket.SHUT_WR)
        self._came.clear()
        self.deadline = time.monotonic() + seconds

    def discard(self) -> bool:
        """Throw away what has come; False once nothing more can come."""
        try:
            return bool(self._socket.recv(_PIECE_BYTES))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close the socket."""
        self._unsent.clear()
        self._give_back()
        self._socket.close()

    # What a thread calls.

    def take(self) -> bytes:
        """All that has come, which from now on is the caller's."""
        came = bytes(self._came)
        self._came.clear()
        return came

    def recv(self, size: int) -> bytes:
        """As a socket's, but waiting no longer than the client has earned.

        Only waiting counts: a stream may take as long as it likes to be tagged.
        """
        while True:
            try:
                piece = self._socket.recv(size)
            except BlockingIOError:
                self._wait(select.POLLIN)
            else:
                self._earn(len(piece))
                return piece

    def sendall(self, content: bytes) -> None:
        """As a socket's, but leaving to the loop what the client does not take now.

        The loop itself, which flushes at the end, sends head and body in one go.
        """
        unsent = memoryview(content)
        if not self.may_wait and len(self._unsent) + len(unsent) <= SMALL_BYTES:
            self.offer(content)
            return
        while unsent:
            if not self._unsent or self.flush():
                try:
                    sent = self._socket.send(unsent)
                except BlockingIOError:
                    sent = 0
                unsent = unsent[sent:]
                self._earn(sent)
            if unsent and not self._keep(unsent):
                self._wait(select.POLLOUT)
            else:
                return

    def send(self, content: bytes) -> int:
        """As a socket's, but all of it."""
        self.sendall(content)
        return len(content)

    def _wait(self, event: int) -> None:
        if not self.may_wait:
            raise TimeoutError("the loop waits for no client")
        started = time.monotonic()
        poll = select.poll()
        poll.register(self._socket, event)
        ready = poll.poll(max(0.0, self._patience) * _MS)
        self._patience -= time.monotonic() - started
        if not ready:
            raise TimeoutError("the client is too slow")

    def _earn(self, size: int) -> None:
        self._patience = min(self._seconds, self._patience + size / _LEAST_RATE)

    def _extend(self, size: int) -> None:
        most = time.monotonic() + self._seconds
        self.deadline = min(most, self.deadline + size / _LEAST_RATE)

    def _keep(self, content: memoryview) -> bool:
        size = len(content)
        if len(self._unsent) + size > SMALL_BYTES:
            is_too_much = len(self._unsent) + size > _UNSENT_BYTES
            if is_too_much or not self._budget.take(size):
                return False
            self._taken += size
        self._unsent += content
        return True

    def _reserve(self, length: int) -> bool:
        if length <= SMALL_BYTES:
            return True
        if length > _GATHERED_BYTES or not self._budget.take(length):
            return False
        self._taken += length
        return True

    def _give_back(self) -> None:
        self._budget.give(self._taken)
        self._taken = 0


def head_of(came: bytes | bytearray) -> bytes:
    """The lines of a request's head, as far as they have come."""
    end = came.find(_END)
    return bytes(came if end < 0 else came[: end + len(b"\r\n")])


def body_length(head: bytes) -> int | None:
    """The length of the body that a head announces, None where a thread must see.

    gunicorn parses the head again and refuses what is not HTTP. This only decides who
    waits for the body.
    """
    head = head.lower()
    if b"\ntransfer-encoding" in head or b"\nexpect" in head:
        return None
    if b"\ncontent-length" not in head:
        return 0
    found = _LENGTH.findall(head)
    return int(found[0]) if len(found) == 1 else None
