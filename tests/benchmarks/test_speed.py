from functools import partial

from benchmarks.speed import best_of, floor
from service.tagging.tagger import Article, Tagger


def test_calls_take_turns_and_a_first_round_warms() -> None:
    called: list[str] = []
    calls = {name: partial(called.append, name) for name in ("a", "b")}
    seconds = best_of(calls, rounds=2)
    assert called == ["a", "b"] * 3
    assert seconds.keys() == calls.keys()
    assert all(taken > 0 for taken in seconds.values())


def test_a_turn_may_be_several_calls() -> None:
    called: list[str] = []
    calls = {name: partial(called.append, name) for name in ("a", "b")}
    best_of(calls, rounds=2, in_a_row=2)
    assert "".join(called) == "ab" + "aabb" * 2


def test_the_floor_looks_up_every_code_point(tagger: Tagger) -> None:
    short, long = Article("", "خبر"), Article("خبر", "خبر خبر")
    look_up = floor(tagger, [short, long])
    characters = tagger.model.reading.characters
    of_word = sum(int(characters[ord(one)]) for one in "خبر")
    apart = [int(characters[ord(one)]) for one in "\n "]
    assert look_up(short) == of_word + apart[0]
    assert look_up(long) == 3 * of_word + sum(apart)
