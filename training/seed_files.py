"""The files that seeds are kept in; whatever is wrong has its place and its cure."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.tagging.text import NOTHING, canonical, spelling

FENCE = "+++"
_WORDS_OF_NAME = (2, 3)


class SeedError(Exception):
    """A seed that cannot be used; the message gives file, line and cure."""

    def __init__(self, path: Path, line: int, problem: str, cure: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}; {cure}")


def files_in(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder of seeds, in alphabetical order.

    Raises:
        SeedError: There is something else in it, which would never be read.
    """
    found = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    for path in found:
        if path.suffix != suffix or not path.is_file():
            raise SeedError(
                path, 1, "nothing reads it", f"name it *{suffix}, or take it out"
            )
    return found


def read_text(path: Path) -> str:
    """The content of a file.

    Raises:
        SeedError: It is missing, begins with a byte-order mark or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise SeedError(path, 1, "it does not exist", "restore the file") from error
    if content.startswith(b"\xef\xbb\xbf"):
        raise SeedError(
            path, 1, "it begins with a byte-order mark", "save it as UTF-8 without one"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SeedError(path, line, "it is not UTF-8", "save it as UTF-8") from error


def read_toml(path: Path, content: str, lines_before: int = 0) -> dict[str, Any]:
    """Parse TOML that stands in a file after some other lines."""
    try:
        return tomllib.loads(content)
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = lines_before + (int(found[1]) if found else content.count("\n") + 1)
        raise SeedError(path, line, f"no TOML ({error})", "mend it") from error


def line_of(key: str, content: str, lines_before: int = 0) -> int:
    """Where a key or a table of TOML begins; where the TOML does, if not found."""
    found = re.search(rf'^\s*(?:\[\s*)?"?{re.escape(key)}"?\s*[]=]', content, re.M)
    before = content[: found.end()].count("\n") if found else 0
    return lines_before + before + 1


def read_front_matter(path: Path) -> tuple[str, list[str]]:
    """The TOML between the fences of an article, and the lines after them."""
    lines = read_text(path).split("\n")
    if lines[0] != FENCE or FENCE not in lines[1:]:
        raise SeedError(
            path,
            1,
            "no front matter",
            f"begin with TOML between two lines {FENCE}, and end lines with \\n alone",
        )
    end = lines.index(FENCE, 1)
    return "\n".join(lines[1:end]), lines[end + 1 :]


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file, each with its line."""
    for line, content in enumerate(read_text(path).split("\n"), 1):
        if not content:
            continue
        try:
            entry = json.loads(content)
        except (ValueError, RecursionError) as error:
            # What else JSON says is where in its single line.
            why = error.msg if isinstance(error, json.JSONDecodeError) else error
            raise SeedError(
                path, line, f"no JSON ({why})", "write one object a line"
            ) from error
        if not isinstance(entry, dict):
            raise SeedError(path, line, "no object", "write one object a line")
        yield line, entry


def read_counts(path: Path) -> dict[str, int]:
    """Words and how many articles hold them; none where there is no file."""
    counts = {}
    for line, content in _entries(path):
        word, _, articles = content.partition("\t")
        if not word or not articles.isdecimal():
            raise SeedError(path, line, "no word count", "write word, tab, articles")
        counts[word] = int(articles)
    return counts


def read_names(path: Path) -> tuple[str, ...]:
    """Names of two or three words, a line each; none where there is no file."""
    names = []
    for line, content in _entries(path):
        words = content.split()
        if len(words) not in _WORDS_OF_NAME or not all(map(_is_joined, words)):
            raise SeedError(
                path,
                line,
                "no name of two or three words",
                "write them in letters alone, with a space between; the tagger joins "
                "nothing else",
            )
        names.append(content)
    return tuple(names)


def _is_joined(word: str) -> bool:
    """Whether the tagger may join a word: a number or a sign would part the name."""
    kept = all(isinstance(one, str) or one == NOTHING for one in map(spelling, word))
    return kept and canonical(word).isalpha()


def _entries(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that may be missing, each with its number; no comments."""
    lines = read_text(path).split("\n") if path.exists() else []
    for line, content in enumerate(lines, 1):
        entry = content.removesuffix("\r")  # as Windows ends lines
        if entry and not entry.startswith("#"):
            yield line, entry


def require_keys(
    path: Path,
    line: int,
    entry: dict[str, Any],
    keys: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> None:
    """Make sure that an entry has these keys, no other, and no empty string."""
    for key in keys:
        if key not in entry:
            raise SeedError(path, line, f"{key!r} is missing", f"add {key!r}")
    for key, value in entry.items():
        if key not in keys + optional:
            raise SeedError(
                path,
                line,
                f"{key!r} is not a key of this seed",
                f"remove it; the keys are {', '.join(keys + optional)}",
            )
        if isinstance(value, str) and not value.strip():
            raise SeedError(
                path, line, f"{key!r} is empty", "write it or drop the seed"
            )


def require_letters(path: Path, line: int, text: str) -> None:
    """Make sure that a text can be read as words."""
    # A hamza or a tatweel alone is a letter, and no word.
    if not any(one.isalpha() and canonical(one) for one in text):
        raise SeedError(
            path, line, "the text is empty", "write it with letters or drop the seed"
        )
    if re.search("[\ud800-\udfff]", text):
        raise SeedError(
            path, line, "the text holds half of a surrogate pair", "write it out"
        )
