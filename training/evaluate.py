"""Scores tags against graded articles, and a peer's beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.bootstrap import (
    Draws,
    Estimate,
    F1Draws,
    draw_articles,
    estimate,
    f1_of_draws,
)
from training.decisions import Decisions, TagsArticles, by_group, decide
from training.figures import Report, report
from training.gold import Graded
from training.reliability import ReviewBand, calibration_errors, review_band


@dataclass(frozen=True, slots=True)
class Peer:
    """Another tagger on the same articles.

    Attributes:
        report: Its figures.
        macro_gain: Our macro F1 less its own; the interval draws both alike.
        micro_gain: Our micro F1 less its own.
    """

    report: Report
    macro_gain: Estimate
    micro_gain: Estimate


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What is known of a tagger on one group of articles.

    Attributes:
        report: Figures by topic.
        macro_f1: With its interval.
        micro_f1: With its interval.
        calibration: Expected calibration error by topic.
        review: What the review band catches.
        peers: Peers by name.
    """

    report: Report
    macro_f1: Estimate
    micro_f1: Estimate
    calibration: dict[str, Estimate]
    review: ReviewBand
    peers: dict[str, Peer]


def evaluate(
    tagger: TagsArticles,
    graded: Sequence[Graded],
    peers: Mapping[str, TagsArticles] | None = None,
) -> dict[str, Evaluated]:
    """Evaluate a tagger on all articles and on each of their groups."""
    ours = by_group(decide(tagger, graded), graded)
    theirs = {
        name: by_group(decide(peer, graded), graded)
        for name, peer in (peers or {}).items()
    }
    return {
        group: _evaluate_group(
            decisions, {name: found[group] for name, found in theirs.items()}
        )
        for group, decisions in ours.items()
    }


def _evaluate_group(decisions: Decisions, peers: Mapping[str, Decisions]) -> Evaluated:
    figures = report(decisions)
    draws = draw_articles(figures.articles)
    drawn = f1_of_draws(decisions, draws)
    return Evaluated(
        report=figures,
        macro_f1=estimate(figures.macro.f1, drawn.macro),
        micro_f1=estimate(figures.micro.f1, drawn.micro),
        calibration=calibration_errors(decisions),
        review=review_band(decisions),
        peers={
            name: _beside(figures, drawn, peer, draws) for name, peer in peers.items()
        },
    )


def _beside(ours: Report, drawn: F1Draws, peer: Decisions, draws: Draws) -> Peer:
    theirs = report(peer)
    peer_drawn = f1_of_draws(peer, draws)
    return Peer(
        theirs,
        estimate(ours.macro.f1 - theirs.macro.f1, drawn.macro - peer_drawn.macro),
        estimate(ours.micro.f1 - theirs.micro.f1, drawn.micro - peer_drawn.micro),
    )
