from collections.abc import Callable, Iterator
from typing import Any

import pytest
from distributed import LocalCluster

from service import tag_files
from service.archive import tag as tagging
from service.archive.run import Done
from service.archive.tag import Options
from service.tagging.model_store import ModelStore

Tag = Callable[..., Done]


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a scheduler whose worker is two threads of this process."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def tag(store: ModelStore, cluster: str, monkeypatch: pytest.MonkeyPatch) -> Tag:
    """Tags an archive in many small partitions."""
    monkeypatch.setattr(tagging, "_LEAST", 2000)
    monkeypatch.setattr(tag_files, "_CHUNK_BYTES", 2000)

    def tag(*inputs: object, output: object, **more: Any) -> Done:  # noqa: ANN401
        found = [str(one) for one in inputs]
        options = Options(found, str(output), **{"cluster": cluster, **more})
        return tagging.tag(store, options)

    return tag
