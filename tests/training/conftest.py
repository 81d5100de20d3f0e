import itertools
import json
import shutil
from pathlib import Path

import pytest

from service.tagging.kernel import Reading
from service.tagging.model_file import Model
from training.seeds import SeedSet, read_seeds

SEEDS = Path(__file__).parents[1] / "seeds"
COUNTED = [
    {
        "article": f"{number:012x}",
        "topics": ["energy"] if carries else [],
        "borderline": ["football"] if carries else [],
        "passages": [
            {"امروز": 1, "در": 1, place: 1},
            {"برق": 2, "خاموشی": 1} if carries else {"باران": 2, "شدید": 1},
        ],
    }
    for number, (carries, place) in enumerate(
        itertools.product((True, False), ("تهران", "بغداد", "مسکو", "پکن"))
    )
]


@pytest.fixture
def seeds_folder(tmp_path: Path) -> Path:
    """A copy of tests/seeds, counted seeds added, to be changed at will."""
    folder = tmp_path / "seeds"
    shutil.copytree(SEEDS, folder)
    (folder / "counted").mkdir()
    lines = (json.dumps(entry, ensure_ascii=False) for entry in COUNTED)
    (folder / "counted" / "feed.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def small_seeds() -> Path:
    """The folder tests/seeds; not to be changed."""
    return SEEDS


@pytest.fixture(scope="session")
def seed_set() -> SeedSet:
    return read_seeds(SEEDS)


@pytest.fixture(scope="session")
def reading(model: Model) -> Reading:
    """How the small model reads words."""
    return model.reading
