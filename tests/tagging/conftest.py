import importlib.util
from collections.abc import Callable
from types import ModuleType

import numba
import numpy as np
import pytest

from service.tagging import features, kernel
from service.tagging.kernel import Reading
from service.tagging.model_file import frozen
from tests.tagging.persian import COMPOUNDS

Spell = Callable[[str], list[str]]
Sentences = Callable[[str], list[list[str]]]


@pytest.fixture(scope="session")
def reading() -> Reading:
    """The characters and word rules, with a few compounds."""
    return frozen(features.build_reading(COMPOUNDS))


@pytest.fixture(scope="session")
def sentences_of(reading: Reading) -> Sentences:
    """The canonical words of each sentence of a text."""

    def sentences_of(text: str) -> list[list[str]]:
        _, words, letters = kernel.read_words(features.code_points(text), 0, reading)
        found: list[list[str]] = []
        begins = words["begins"].tolist()
        for word, first in zip(features.spelled(words, letters), begins, strict=True):
            if first:
                found.append([])
            found[-1].append(word)
        return found

    return sentences_of


@pytest.fixture(scope="session")
def words_of(sentences_of: Sentences) -> Spell:
    """The canonical words of a text."""
    return lambda text: [word for sentence in sentences_of(text) for word in sentence]


@pytest.fixture(scope="session")
def uncompiled() -> ModuleType:
    """The kernel's own source run by Python, where coverage can see its lines."""
    spec = importlib.util.spec_from_file_location("uncompiled", kernel.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.config, "DISABLE_JIT", True)
        spec.loader.exec_module(module)
    module.BLOCK = 2  # type: ignore[attr-defined]  # so that short texts have several
    return module


@pytest.fixture(scope="session", params=["compiled", "uncompiled"])
def any_kernel(request: pytest.FixtureRequest) -> ModuleType:
    """The kernel, compiled and not."""
    if request.param == "compiled":
        return kernel
    module: ModuleType = request.getfixturevalue("uncompiled")
    return module


@pytest.fixture(scope="session", autouse=True)
def _keys_wrap() -> None:
    # Keys are computed modulo 2^64, which numpy reports where nothing is compiled.
    np.seterr(over="ignore")
