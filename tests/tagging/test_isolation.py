"""Serving needs nothing that only training needs."""

import subprocess
import sys
from pathlib import Path

from service.tagging.model_store import ModelStore

PROGRAM = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

BLOCKED = {"training", "sklearn", "scipy", "hazm", "nltk", "pandas", "matplotlib"}


class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")
        return None


sys.meta_path.insert(0, Blocker())
try:
    import sklearn
except ImportError as error:
    assert "blocked" in str(error)
else:
    raise AssertionError("nothing is blocked")

from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger, Wish

tagger = Tagger(ModelStore(Path(sys.argv[1])).live())
article = Article("", "این شرکت اعلام کرد تولید نفت و گاز برای نیروگاه بیشتر شد.")
best = next(tagger.tag([article], Wish(explain=True))).topics[0]
assert best.assigned and best.evidence
assert not BLOCKED & {name.partition(".")[0] for name in sys.modules}
print(best.id)
"""


def test_tags_where_training_cannot_be_imported(store: ModelStore) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        # Only where nothing is compiled are keys' overflows reported.
        [
            *(sys.executable, "-W", "error"),
            *("-W", "ignore:overflow encountered:RuntimeWarning"),
            *("-c", PROGRAM, str(store.root)),
        ],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    assert (ended.stdout.strip(), ended.stderr) == ("energy", "")
