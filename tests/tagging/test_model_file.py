"""A model file is written the same, read the same, or refused."""

import random
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from service.tagging import model_file, text
from service.tagging.kernel import Reading, Weights
from service.tagging.model_file import Model, ModelFileError, frozen, load, save
from service.tagging.tagger import Article, Tagger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.joblib"


@pytest.fixture(scope="session")
def content(model_path: Path) -> bytes:
    return model_path.read_bytes()


def tables(model: Model) -> Iterator[tuple[str, NDArray[Any]]]:
    yield from (model.reading._asdict() | model.weights._asdict()).items()


def description(content: bytes, model: Model) -> list[int]:
    """The places of a file's bytes that belong to no array."""
    outside = np.ones(len(content), bool)
    for _, table in tables(model):
        start = content.index(table.tobytes())
        outside[start : start + table.nbytes] = False
    return np.flatnonzero(outside).tolist()


def test_round_trip(model: Model, path: Path) -> None:
    version = save(model, path)
    read = load(path)
    assert read.version == version == model_file.version_of(path)
    for (name, table), (_, expected) in zip(tables(read), tables(model), strict=True):
        assert table.dtype == expected.dtype, name
        assert np.array_equal(table, expected), name
    names = {field.name for field in fields(Model)} - {"version", "reading", "weights"}
    for name in names:
        found, expected = getattr(read, name), getattr(model, name)
        np.testing.assert_equal(found, expected, name)


def test_same_bytes(model: Model, path: Path) -> None:
    save(model, path)
    before = path.read_bytes()
    save(replace(model, version="another"), path)
    assert path.read_bytes() == before


def test_tables_are_mapped_and_cannot_be_written(model_path: Path) -> None:
    for name, table in tables(load(model_path)):
        assert isinstance(getattr(table.base, "base", None), np.memmap), name
        assert not table.flags.writeable, name


def test_missing(path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"does not exist; run `make train`"):
        load(path)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_other_format(
    model: Model, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(model_file, "FORMAT", 99)
        save(model, path)
    with pytest.raises(ModelFileError, match=r"has format 99.*`make train`"):
        load(path)


def test_other_rules(model: Model, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(text, "PREFIXES", ("می",))
        save(model, path)
    with pytest.raises(ModelFileError, match=r"other rules for characters.*`make"):
        load(path)


@pytest.mark.parametrize("compress", ["zlib", "gzip", "bz2", "xz", "lzma"])
def test_compressed(model: Model, path: Path, compress: str) -> None:
    topics = msgspec.to_builtins(model.topics)
    joblib.dump({"topics": topics}, path, (compress, 3))
    with pytest.raises(ModelFileError, match="damaged"):
        load(path)


@pytest.mark.parametrize("other", [b"", b"\x00", b"{}", b"PK\x03\x04", b"\x93NUMPY"])
def test_no_model(other: bytes, path: Path) -> None:
    path.write_bytes(other)
    with pytest.raises(ModelFileError, match="damaged"):
        load(path)


def test_truncated(content: bytes, model: Model, path: Path) -> None:
    outside = description(content, model)
    lengths = {*range(0, 300, 3), *outside[::41], *outside[-40:], *outside[1:-1:997]}
    lengths |= {len(content) * step // 40 for step in range(40)}
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError):
            load(path)


def loaded(path: Path) -> Model | None:
    try:
        return load(path)
    except ModelFileError:
        return None


def test_damaged_description(content: bytes, model: Model, path: Path) -> None:
    """A changed byte is refused, unless it is in a word or a number of the file."""
    chance = random.Random(0)  # noqa: S311  # nothing secret
    damaged = bytearray(content)
    for place in chance.sample(description(content, model), 200):
        damaged[place] ^= chance.randrange(1, 256)
        path.write_bytes(damaged)
        read = loaded(path)
        damaged[place] = content[place]
        if read is not None:
            assert [table.shape for _, table in tables(read)] == [
                table.shape for _, table in tables(model)
            ]


def test_damaged_arrays_are_never_read_out_of_bounds(
    content: bytes, model: Model, path: Path
) -> None:
    chance = random.Random(0)  # noqa: S311
    article = Article("رفته ام ۱۲", "﷼ ﷲ تحریم های نفتی، گفت و گو می شود. 3.14 ㏠")
    damaged = bytearray(content)
    for _, table in tables(model):
        start = content.index(table.tobytes())
        for place in chance.sample(range(start, start + table.nbytes), 3):
            damaged[place] ^= chance.randrange(1, 256)
            path.write_bytes(damaged)
            read = loaded(path)
            damaged[place] = content[place]
            if read is not None:
                assert len([*Tagger(read).tag([article])]) == 1


Change = Callable[[Model], Model]


def reading(**changes: Callable[[NDArray[Any]], NDArray[Any]]) -> Change:
    def change(model: Model) -> Model:
        found = {name: of(getattr(model.reading, name)) for name, of in changes.items()}
        return replace(model, reading=model.reading._replace(**found))

    return change


def weights(**changes: Callable[[NDArray[Any]], NDArray[Any]]) -> Change:
    def change(model: Model) -> Model:
        found = {name: of(getattr(model.weights, name)) for name, of in changes.items()}
        return replace(model, weights=model.weights._replace(**found))

    return change


def put(number: float, place: int = 0) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def put(table: NDArray[Any]) -> NDArray[Any]:
        changed = table.copy()
        changed.flat[place] = number
        return changed

    return put


NOT_A_NUMBER, INFINITE = (
    np.array([1, number], np.float32).view(np.uint64)[0] for number in (np.nan, np.inf)
)
UNUSABLE = {
    "other numbers": reading(characters=lambda table: table.astype(np.uint64)),
    "other byte order": weights(words=lambda table: table.astype(">u8")),
    "one dimension more": reading(characters=lambda table: table[:, None]),
    "one dimension less": weights(words=lambda table: table[:, 0]),
    "no dimension": weights(intercepts=lambda table: table[0]),
    "too few characters": reading(characters=lambda table: table[:-1]),
    "letters beyond the last": reading(characters=put(2**31 | 2**25 | 2)),
    "letters past the last": reading(
        characters=put(2**31 | 6), expansions=lambda table: table[:5]
    ),
    "more letters than any has": reading(characters=put(2**31 | 7)),
    "no letters": reading(characters=put(2**31)),
    "no kinds": reading(kinds=lambda table: table[:0]),
    "odd number of kinds": reading(kinds=lambda table: table[:-1]),
    "no compounds": reading(together=lambda table: table[:0]),
    "compounds that fill their table": reading(together=np.ones_like),
    "odd number of slots": reading(together=lambda table: table[:-1]),
    "slots without values": reading(together=lambda table: table[:, :1]),
    "no filter": reading(together_filter=lambda bits: bits[:0]),
    "odd filter": weights(ngram_filter=lambda bits: bits[:-1]),
    "no words": weights(words=lambda table: table[:0]),
    "words that fill their table": weights(words=np.ones_like),
    "too few topics": weights(words=lambda table: table[:, :-1]),
    "n-grams of too few topics": weights(ngrams=lambda table: table[:, :-1]),
    "n-grams that fill their table": weights(ngrams=np.ones_like),
    "not a number": weights(words=put(NOT_A_NUMBER, 1)),
    "infinite": weights(ngrams=put(INFINITE, 1)),
    "intercept missing": weights(intercepts=lambda table: table[:-1]),
    "calibration missing": weights(calibration=lambda table: table[:-1]),
    "calibration infinite": weights(calibration=put(np.inf)),
    "threshold missing": lambda model: replace(model, thresholds=model.thresholds[1:]),
    "threshold that is no number": lambda model: replace(
        model, thresholds=np.array([np.nan, 0.5])
    ),
    "topic missing": lambda model: replace(model, topics=model.topics[1:]),
    "seeds that are no digest": lambda model: replace(model, seeds=["laugh"]),
    "libraries that are no dict": lambda model: replace(model, libraries=7),
}


@pytest.mark.parametrize("change", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_tables(change: Change, model: Model, path: Path) -> None:
    """Tables that do not fit each other, which a look-up would leave."""
    save(change(model), path)
    with pytest.raises(ModelFileError, match="damaged"):
        load(path)


@pytest.mark.parametrize("shape", [Reading, Weights])
def test_every_table_is_checked(shape: type[Reading | Weights]) -> None:
    assert set(shape._fields) <= set(model_file._TABLES)


def test_frozen_views_share_memory(model: Model) -> None:
    table = np.ones((3, 4), np.uint64, order="F")
    changed = frozen(model.weights._replace(words=table))
    assert changed.words.flags.c_contiguous
    assert np.shares_memory(changed.ngrams, model.weights.ngrams)


def test_a_record_is_in_one_line_of_the_cache(model_path: Path) -> None:
    weights = load(model_path).weights
    for records in (weights.words, weights.ngrams):
        assert records.ctypes.data % 64 == 0
        assert 64 % records.strides[0] == 0
