import gzip
import io
import os
import resource
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import tag_files, terminal
from service.tag_files import Chunks, Lines, Range, Ranges, chunks_of, output, size_of

LINE = '{"id": 1, "text": "برق"}\n'.encode()


def chunks(content: bytes) -> tuple[list[bytes], str | None]:
    lines = Lines(io.BytesIO(content))
    found = []
    while not lines.ended:
        lines.read()
        found.append(lines.take())
    assert lines.n_read == len(content) or lines.problem
    return [chunk for chunk in found if chunk], lines.problem


class TestLines:
    @pytest.mark.parametrize("content", [b"\n", LINE, LINE * 3, b"{}"])
    def test_small_file_is_one_chunk(self, content: bytes) -> None:
        assert chunks(content) == ([content], None)

    def test_empty_file_has_none(self) -> None:
        assert chunks(b"") == ([], None)

    def test_last_line_needs_no_line_feed(self) -> None:
        assert chunks(LINE + b"{}") == ([LINE, b"{}"], None)

    def test_large_file_is_many_chunks_of_whole_lines(self) -> None:
        content = LINE * 200_000
        found, _ = chunks(content)
        assert b"".join(found) == content
        assert len(found) > 3
        assert all(chunk.endswith(b"\n") for chunk in found)
        assert max(map(len, found)) < 2 << 20

    def test_line_longer_than_a_chunk_stays_whole(self) -> None:
        long = b"x" * (5 << 20) + b"\n"
        found, _ = chunks(LINE + long + LINE)
        assert [len(chunk) for chunk in found] == [len(LINE), len(long + LINE)]

    def test_byte_order_mark_is_dropped_where_the_file_begins(self) -> None:
        mark = b"\xef\xbb\xbf"
        assert chunks(mark + LINE + mark + LINE)[0] == [LINE + mark + LINE]

    def test_what_lies_ready_is_given_at_once(self) -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", 0) as feed:
            lines = Lines(file)
            assert lines.fileno() == reading
            for piece, due in ((LINE + b"{", LINE), (b"}", b""), (b"\n", b"{}\n")):
                feed.write(piece)
                lines.read()
                assert lines.take() == due
            assert not lines.ended


class TestGzip:
    def test_is_told_by_its_first_byte(self) -> None:
        assert chunks(gzip.compress(LINE * 3)) == ([LINE * 3], None)

    def test_byte_order_mark(self) -> None:
        assert chunks(gzip.compress(b"\xef\xbb\xbf" + LINE))[0] == [LINE]

    def test_joined_files_are_one(self) -> None:
        content = gzip.compress(LINE) + gzip.compress(b"") + gzip.compress(LINE * 2)
        assert b"".join(chunks(content)[0]) == LINE * 3

    @pytest.mark.parametrize("filling", [1, 3 << 20])
    @pytest.mark.parametrize("lines", [LINE, LINE * 50_000])
    def test_zeros_after_it_are_passed_over(self, lines: bytes, filling: int) -> None:
        content = (gzip.compress(lines, 1) + bytes(filling)) * 2
        found, problem = chunks(content)
        assert (b"".join(found), problem) == (lines * 2, None)

    def test_no_chunk_is_much_larger_for_being_well_packed(self) -> None:
        content = b"{}\n" * 5_000_000
        found, _ = chunks(gzip.compress(content))
        assert sum(map(len, found)) == len(content)
        assert max(map(len, found)) < 2 << 20

    @pytest.mark.parametrize("lost", [1, 8, 9, 2000])
    def test_that_ends_early_is_told(self, lost: int) -> None:
        content = b"".join(b'{"id": %d, "text": "a"}\n' % n for n in range(5000))
        found, problem = chunks(gzip.compress(content)[:-lost])
        assert problem == ("the rest of it cannot be read (the gzip file ends early)")
        together = b"".join(found)
        assert content.startswith(together)
        assert together.endswith(b"\n")

    def test_that_is_damaged_is_told(self) -> None:
        content = bytearray(gzip.compress(LINE * 3))
        content[-5] ^= 1  # of the checksum or the length
        _, problem = chunks(bytes(content))
        assert problem
        assert problem.startswith("the rest of it cannot be read (Error -3")

    def test_that_is_none_is_told(self) -> None:
        _, problem = chunks(b"\x1f{}\n")
        assert problem
        assert "incorrect header check" in problem


class TestRanges:
    @staticmethod
    def ranges(chunks: Chunks) -> list[Range]:
        assert isinstance(chunks, Ranges)
        found = []
        while not chunks.ended:
            assert chunks.full
            cut = chunks.take()
            assert cut
            found.append(cut)
        assert chunks.take() is None
        return found

    @given(
        content=st.lists(st.sampled_from([b"\n", b"x", b"yz\n", b"\r", b"\x00" * 9])),
        chunk=st.integers(1, 30),
        look=st.integers(1, 9),
    )
    def test_are_all_lines_in_order(
        self, content: list[bytes], chunk: int, look: int
    ) -> None:
        whole = b"X" + b"".join(content)
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryFile() as file:
            patch.setattr(tag_files, "_CHUNK_BYTES", chunk)
            patch.setattr(tag_files, "_LOOK_BYTES", look)
            file.write(whole)
            file.flush()
            found = [cut.read() for cut in self.ranges(chunks_of(file))]
        assert not [problem for _, problem in found if problem]
        blocks = [block for block, _ in found]
        assert b"".join(blocks) == whole
        assert all(block.endswith(b"\n") for block in blocks[:-1])
        # A range is no longer than its last line makes it.
        assert all(block[:-1].rfind(b"\n") + 1 < chunk for block in blocks)

    @pytest.mark.parametrize("content", [b"", gzip.compress(LINE, mtime=0)])
    def test_are_of_plain_files(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "file"
        path.write_bytes(content)
        with path.open("rb") as file:
            assert isinstance(chunks_of(file), Lines)
        reading, writing = os.pipe()
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            assert isinstance(chunks_of(file), Lines)

    @pytest.mark.parametrize("lines", [b"", LINE * 2])
    def test_byte_order_mark_is_in_none(self, tmp_path: Path, lines: bytes) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"\xef\xbb\xbf" + lines)
        with path.open("rb") as file:
            found = [cut.read() for cut in self.ranges(chunks_of(file))]
        assert b"".join(block for block, _ in found) == lines

    def test_what_is_written_meanwhile_is_in_none(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(LINE)
        with path.open("rb") as file, path.open("ab", 0) as writer:
            chunks = chunks_of(file)
            writer.write(LINE)
            assert [cut.read() for cut in self.ranges(chunks)] == [(LINE, None)]

    def test_lines_that_were_lost_meanwhile_are_told(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(LINE * 2)
        with path.open("rb") as file:
            (cut,) = self.ranges(chunks_of(file))
            os.truncate(path, 2 * len(LINE) - 1)
            assert cut.read() == (LINE, "it has become shorter")


class TestOutput:
    def test_file_is_there_when_it_is_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.write_bytes(b"before")
        with output(path) as file:
            file.write(b"after")
            file.flush()
            assert path.read_bytes() == b"before"
        assert path.read_bytes() == b"after"
        assert [*tmp_path.iterdir()] == [path]

    def test_error_leaves_what_was_there(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.write_bytes(b"before")
        with pytest.raises(TypeError), output(path) as file:
            file.writelines([b"after", ""])  # type: ignore[list-item]
        assert path.read_bytes() == b"before"
        assert [*tmp_path.iterdir()] == [path]

    def test_link_stays_a_link(self, tmp_path: Path) -> None:
        path, link = tmp_path / "out", tmp_path / "link"
        link.symlink_to(path)
        with output(link) as file:
            file.write(b"x")
        assert link.is_symlink()
        assert path.read_bytes() == b"x"

    def test_pipe_is_not_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with output(path) as file:
            file.write(b"x")
        assert os.read(reader, 9) == b"x"
        os.close(reader)
        assert path.is_fifo()

    def test_pipe_may_be_named_by_its_descriptor(self) -> None:
        """As /dev/stdout and a shell's >(…) do: a link to what has no path."""
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as read, os.fdopen(writing, "wb") as kept:
            with output(Path(f"/dev/fd/{kept.fileno()}")) as opened:
                opened.write(b"x")
            kept.close()
            assert read.read() == b"x"

    def test_file_that_is_open_is_gone_on_with(self, tmp_path: Path) -> None:
        """As `-o /dev/stdout >>file` wants it."""
        path = tmp_path / "answers.jsonl"
        path.write_bytes(b"before\n")
        with path.open("ab") as kept, output(Path(f"/dev/fd/{kept.fileno()}")) as file:
            file.write(b"x\n")
        assert path.read_bytes() == b"before\nx\n"

    def test_standard_output_takes_all_or_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also under PYTHONUNBUFFERED, where it writes what there is room for."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        with (tmp_path / "out").open("wb", 0) as raw:
            unbuffered = io.TextIOWrapper(raw, write_through=True)  # type: ignore[arg-type]
            monkeypatch.setattr("sys.stdout", unbuffered)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
            try:
                with pytest.raises(OSError, match="File too large"):
                    terminal.write(bytes(1 << 20))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            terminal.write(b"more")
            unbuffered.detach()
        assert (tmp_path / "out").read_bytes() == bytes(10) + b"more"


def test_size_is_known_of_files_only(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        Path(path).write_bytes(b"xyz")
    assert size_of(paths) == 6
    assert size_of([paths[0], "-"]) is None
    assert size_of([paths[0], str(tmp_path)]) is None
