"""The model file: what training writes and the tagger reads.

A joblib file that holds one plain dict of numeric arrays, numbers and strings. It is
memory-mapped, so that workers share it, and it is read by `unpickler.py`, which knows
arrays and nothing else: a file made by an attacker is refused, never run.
"""

import functools
import hashlib
import pickle
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyPickler
from numpy.typing import NDArray

from service.tagging import text, unpickler
from service.tagging.kernel import (
    KEY,
    LONGEST_EXPANSION,
    VALUE,
    Reading,
    Records,
    Slots,
    Weights,
    columns_of,
)
from service.tagging.topics import Topic
from service.tagging.unpickler import ALIGNMENT

FORMAT = 6
PREFERENCES = ("precision", "recall")
# Ends of the bins in which an evaluation counts scores, so that a service can count in
# the same ones what it sees. Narrow where most scores are: near 0 and near 1.
SCORE_EDGES = (0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0)
# The type of number in each table of Reading and Weights, and its dimensions.
_TABLES = {
    "characters": (np.uint32, 1),
    "expansions": (np.uint32, 1),
    "kinds": (np.uint64, 1),
    "together": (np.uint64, 2),
    "together_filter": (np.uint64, 1),
    "words": (np.uint64, 2),
    "ngrams": (np.uint64, 2),
    "ngram_filter": (np.uint64, 1),
    "intercepts": (np.float64, 1),
    "calibration": (np.float64, 2),
}
# What pickle and numpy raise on bytes that are not what they should be.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    msgspec.ValidationError,
    pickle.UnpicklingError,
    struct.error,
)


class _Aligned(NumpyPickler):  # type: ignore[misc]  # joblib has no types
    """Begins every array where a line of the processor's cache begins."""

    def _create_array_wrapper(self, array: NDArray[Any]) -> NumpyArrayWrapper:
        wrapper = super()._create_array_wrapper(array)
        wrapper.numpy_array_alignment_bytes = ALIGNMENT
        return wrapper


class ModelFileError(Exception):
    """A model file that cannot be used; the message names it and the cure."""


@dataclass(frozen=True, eq=False)
class Model:
    """A trained tagger's tables and what is known of them.

    Attributes:
        version: The first 16 hexadecimal digits of the file's SHA-256.
        topics: In the order of the arrays' columns.
        reading: How characters become words.
        weights: What words weigh for each topic.
        thresholds: Shape (topics,): the score from which on a topic is assigned.
        preferred: Other thresholds, by what they prefer: "precision", "recall".
        review: Shape (topics, 2): from which score to which a decision is uncertain
            enough for an editor to look at it.
        seeds: Digest of the seeds it was trained on.
        libraries: Version of each library that training used.
        evaluation: Figures on held-out seeds, as JSON would hold them.
    """

    version: str
    topics: tuple[Topic, ...]
    reading: Reading
    weights: Weights
    thresholds: NDArray[np.float64]
    preferred: dict[str, NDArray[np.float64]]
    review: NDArray[np.float64]
    seeds: str
    libraries: dict[str, str]
    evaluation: dict[str, Any]
    format: int = FORMAT

    @functools.cached_property
    def topic_ids(self) -> tuple[str, ...]:
        """The topics' ids, in the same order."""
        return tuple(topic.id for topic in self.topics)


def frozen[Tables: (Reading, Weights)](tables: Tables) -> Tables:
    """The same tables as read-only arrays, the one type the kernel is compiled for."""
    views = [np.ascontiguousarray(np.asarray(array)).view() for array in tables]
    for view in views:
        view.flags.writeable = False
    return type(tables)(*views)


def save(model: Model, path: Path) -> str:
    """Write a model to a new file.

    The model's own `version` is ignored: the bytes decide.

    Returns:
        The version.
    """
    content = {
        "format": FORMAT,
        "fingerprint": text.fingerprint(),
        "topics": [msgspec.structs.asdict(topic) for topic in model.topics],
        "reading": model.reading._asdict(),
        "weights": model.weights._asdict(),
        "thresholds": model.thresholds,
        "preferred": model.preferred,
        "review": model.review,
        "seeds": model.seeds,
        "libraries": model.libraries,
        "evaluation": model.evaluation,
    }
    with path.open("wb") as file:
        _Aligned(file, protocol=4).dump(content)
    return version_of(path)


def version_of(path: Path) -> str:
    """The version that a model file's bytes stand for."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def load(path: Path) -> Model:
    """Read a model file, its arrays mapped from disk.

    Raises:
        ModelFileError: The file is missing, damaged, hostile, of another format, or
            written by code that reads Persian otherwise.
    """
    try:
        content = unpickler.read_mapped(path)
        _refuse_other_code(path, content)
        return _model(content, version_of(path))
    except FileNotFoundError as error:
        raise ModelFileError(f"{path} does not exist; run `make train`") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from error
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ModelFileError(
            f"{path} is no model file or is damaged ({reason}); run `make train`"
        ) from error


def _refuse_other_code(path: Path, content: Mapping[str, Any]) -> None:
    """Makes sure that the file was written by code that reads Persian as this does."""
    written_format, fingerprint = content["format"], content["fingerprint"]
    # Only then may they be compared and printed: an array, or a list that holds
    # itself many times over, does neither.
    if not isinstance(written_format, int) or not isinstance(fingerprint, str):
        raise TypeError("it is not a model")
    if written_format != FORMAT:
        raise ModelFileError(
            f"{path} has format {written_format}, this code reads {FORMAT}; "
            "train again with `make train`"
        )
    if fingerprint != text.fingerprint():
        raise ModelFileError(
            f"{path} was written by code with other rules for characters and words; "
            "train again with `make train`"
        )


def _model(content: Mapping[str, Any], version: str) -> Model:
    topics = msgspec.convert(content["topics"], tuple[Topic, ...])
    reading = frozen(Reading(**content["reading"]))
    weights = frozen(Weights(**content["weights"]))
    _check(reading, weights, len(topics))
    preferred = {
        name: _numbers(content["preferred"][name], len(topics)) for name in PREFERENCES
    }
    if not isinstance(content["seeds"], str):
        raise TypeError("its digest of seeds is no string")
    return Model(
        version=version,
        topics=topics,
        reading=reading,
        weights=weights,
        thresholds=_numbers(content["thresholds"], len(topics)),
        preferred=preferred,
        review=_numbers(content["review"], len(topics), 2),
        seeds=content["seeds"],
        libraries=dict(content["libraries"]),
        evaluation=dict(content["evaluation"]),
    )


def _numbers(found: object, *shape: int) -> NDArray[np.float64]:
    numbers = np.array(found, np.float64)
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ValueError("its thresholds do not fit its topics")
    return numbers


def _check(reading: Reading, weights: Weights, n_topics: int) -> None:
    """Makes sure that no look-up of the compiled pass can leave its tables."""
    for name, table in (reading._asdict() | weights._asdict()).items():
        number, dimensions = _TABLES[name]
        usable = table.flags.aligned and table.ndim == dimensions
        if table.dtype != number or not usable:
            raise ValueError(f"its table {name} is not of {np.dtype(number)}")
        if table.dtype.kind == "f" and not np.isfinite(table).all():
            raise ValueError(f"its table {name} is not of finite numbers")
    _check_slots(reading.together, VALUE + 1)
    for records in (weights.words, weights.ngrams):
        _check_slots(records, columns_of(n_topics))
        if not np.isfinite(records[:, KEY + 1 :].view(np.float32)).all():
            raise ValueError("a table of records is not of finite numbers")
    powers = reading.kinds, reading.together_filter, weights.ngram_filter
    whole = (
        all(_is_power_of_two(len(table)) for table in powers)
        and len(reading.characters) == sys.maxunicode + 1
        and weights.intercepts.shape == (n_topics,)
        and weights.calibration.shape == (n_topics, 5)
        and _expansions_inside(reading)
    )
    if not whole:
        raise ValueError("its tables do not fit each other")


def _check_slots(slots: Slots | Records, columns: int) -> None:
    if slots.shape[1] != columns or not _is_power_of_two(len(slots)):
        raise ValueError(f"a table of keys is not a power of two long, {columns} wide")
    if 3 * np.count_nonzero(slots[:, KEY]) > 2 * len(slots):
        raise ValueError("a table of keys is more than two thirds full")


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def _expansions_inside(reading: Reading) -> bool:
    characters = reading.characters
    expanding = characters[characters >= 2**31].astype(np.int64) - 2**31
    first, length = expanding >> 5, expanding & 31
    inside = first + length <= len(reading.expansions)
    short = (length > 0) & (length <= LONGEST_EXPANSION)
    return bool((inside & short).all())
