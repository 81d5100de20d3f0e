import pickle
from pathlib import Path

import pytest

from benchmarks.straightforward import Straightforward, create_app
from service.tagging.tagger import Article
from training.seeds import read_seeds

SEEDS = Path(__file__).parents[1] / "seeds"
TEXT = "خاموشی برق و نیروگاه و نفت و گاز"


@pytest.fixture(scope="module")
def peer() -> Straightforward:
    return Straightforward(read_seeds(SEEDS))


def test_every_topic_has_a_score(peer: Straightforward) -> None:
    scores = dict(peer.tag(Article("", TEXT)))
    assert scores.keys() == {"energy", "football"}
    assert scores["energy"] > scores["football"]


def test_it_answers_over_http(peer: Straightforward, tmp_path: Path) -> None:
    (tmp_path / "peer.pickle").write_bytes(pickle.dumps(peer))
    client = create_app(tmp_path / "peer.pickle").test_client()
    answer = client.post("/", json={"title": "", "text": TEXT})
    assert answer.status_code == 200
    assert [one["id"] for one in answer.get_json()["topics"]] == peer.topics
