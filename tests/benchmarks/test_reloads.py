"""The short form of `python -m benchmarks.reloads`."""

import math
from pathlib import Path

import pytest

from benchmarks.reloads import measure
from service.tagging.model_file import Model
from service.tagging.tagger import Article

TEXTS = (
    "خاموشی برق ادامه دارد و نیروگاه گازی به سبب کمبود سوخت از مدار خارج شد.",
    "تیم فوتبال با دو گل در نیمه دوم بازی را برد و صدرنشین لیگ شد.",
    "کارگردان از پایان فیلم‌برداری در شیراز خبر داد.",
)


@pytest.mark.slow
def test_no_request_fails_while_the_model_changes(model: Model, tmp_path: Path) -> None:
    outcome = measure(tmp_path, model, [Article("", text) for text in TEXTS], 5)
    assert outcome.faults == []
    assert len(outcome.seconds) == 5
    assert not any(map(math.isinf, outcome.seconds))
    assert outcome.answers > 5 * 8
    assert all(len(versions) == 1 for versions in outcome.mapped)
