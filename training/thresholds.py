"""From which score on a topic is a tag, and which decisions an editor should see.

Scores are calibrated, so a topic is assigned where it is more likely than not. A caller
who prefers precision or recall gets the threshold that is best by an F score which
weighs them so, on articles that the scoring models have not seen.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from training.calibration import Calibrated

MORE_LIKELY_THAN_NOT = 0.5
# The weight of recall in the F score: halved, doubled (van Rijsbergen's F-measure).
_BETA = {"precision": 0.5, "recall": 2.0}
_WRONG_CAUGHT = 0.9  # share of wrong decisions that the review band must hold
_WIDEST_BAND = 4.0  # log-odds either way, 0.018 to 0.982; wider, all are uncertain


def preferred_threshold(preference: str, calibrated: Calibrated) -> float:
    """The threshold for "precision" or "recall", on its own side of one half."""
    precision, recall, scores = precision_recall_curve(
        calibrated.articles.carries,
        calibrated.scores,
        sample_weight=calibrated.articles.weights,
    )
    weight = _BETA[preference] ** 2
    precision, recall = precision[:-1], recall[:-1]
    with np.errstate(invalid="ignore"):
        f_scores = (1 + weight) * precision * recall / (weight * precision + recall)
    best = float(scores[np.nanargmax(f_scores)])
    if preference == "precision":
        return max(best, MORE_LIKELY_THAN_NOT)
    return min(best, MORE_LIKELY_THAN_NOT)


def review_band(calibrated: Calibrated) -> tuple[float, float]:
    """The scores around one half between which nearly all wrong decisions lie."""
    wrong = (calibrated.scores >= MORE_LIKELY_THAN_NOT) != calibrated.articles.carries
    distance = np.abs(_log_odds(calibrated.scores[wrong]))
    weights = calibrated.articles.weights[wrong]
    width = 0.0
    if len(distance):
        order = np.argsort(distance)
        share = np.cumsum(weights[order]) / weights.sum()
        width = float(distance[order][np.searchsorted(share, _WRONG_CAUGHT)])
    return _score(-width), _score(width)


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(scores, _score(-_WIDEST_BAND), _score(_WIDEST_BAND))
    return np.asarray(np.log(inside / (1.0 - inside)))


def _score(log_odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-log_odds)))
