import os
import subprocess
import sys

from benchmarks import memory

MEGABYTE = 1_000_000
CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"


def test_a_tree_has_the_processes_that_a_process_started() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE
    ) as parent:
        found = [parent.pid]
        while len(found) < 2 and parent.poll() is None:
            found = memory.tree(parent.pid)
        assert parent.stdin is not None
        parent.stdin.write(b"\n")
    assert found[0] == parent.pid
    assert len(found) == 2
    assert memory.tree(parent.pid) == [parent.pid]


def test_a_process_that_has_ended_has_no_memory() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert (memory.peak(ended.pid), memory.resident(ended.pid)) == (0, 0)


def test_memory_of_a_process_is_told_in_bytes() -> None:
    own = os.getpid()
    assert memory.peak(own) >= memory.resident(own) > 10 * MEGABYTE
    assert 0 < memory.proportional(own) <= memory.peak(own)


def test_growth_is_what_a_call_has_at_most() -> None:
    taken = memory.growth(lambda: bytearray(os.urandom(1) * 50 * MEGABYTE))
    assert 50 * MEGABYTE <= taken < 150 * MEGABYTE
    assert memory.growth(lambda: None) < 10 * MEGABYTE
