from pathlib import Path

import joblib
import pytest
from hypothesis import settings

from service.tagging.model_file import Model, load
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger

SEEDS = Path(__file__).parent / "seeds"

# A first example may have to wait for the compiler, and machines differ. A long run
# is asked for with --hypothesis-profile=long.
settings.register_profile("short", deadline=None, print_blob=True)
settings.register_profile("long", settings.get_profile("short"), max_examples=20_000)
settings.load_profile("short")


@pytest.fixture(scope="session")
def model() -> Model:
    """Two topics, energy and football, trained on tests/seeds; without a version."""
    # Training is heavy to import, and tests that need no model must not pay for it.
    from training.build import train  # noqa: PLC0415
    from training.seeds import read_seeds  # noqa: PLC0415

    # Starting processes would take longer than the whole training.
    with joblib.parallel_config(backend="sequential"):
        return train(read_seeds(SEEDS), lambda _: None)


@pytest.fixture(scope="session")
def store(model: Model, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store whose live version is `model`; not to be changed."""
    store = ModelStore(tmp_path_factory.mktemp("models"))
    store.promote(store.add(model))
    return store


@pytest.fixture(scope="session")
def model_path(store: ModelStore) -> Path:
    """The file of the live version; not to be changed."""
    return store.root / str(store.live_version()) / "model.joblib"


@pytest.fixture(scope="session")
def tagger(model_path: Path) -> Tagger:
    """Serves the model as it is read from disk."""
    return Tagger(load(model_path))
