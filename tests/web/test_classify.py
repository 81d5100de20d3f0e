import pytest

from tests.web.asking import Post

EMOJI_TEXT = "😀👨‍👩‍👧 صادرات پسته ۲۰ درصد بیشتر شد."


def test_answer_has_every_topic_best_first(classify: Post) -> None:
    answer = classify({"text": "قطعی برق در شهر"})
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.json["model"] == "0123456789abcdef"
    assert answer.json["language"] == "fa"
    keys = ["id", "names", "score", "assigned", "review", "threshold"]
    assert [list(topic) for topic in answer.json["topics"]] == [keys] * 3
    assert answer.json["topics"] == [
        {
            "id": "energy",
            "names": {"fa": "انرژی", "en": "Energy"},
            "score": 0.9,
            "assigned": True,
            "review": False,
            "threshold": 0.4,
        },
        {
            "id": "trade",
            "names": {"fa": "تجارت", "en": "Trade"},
            "score": 0.05,
            "assigned": False,
            "review": False,
            "threshold": 0.5,
        },
        {
            "id": "sanctions",
            "names": {"fa": "تحریم", "en": "Sanctions"},
            "score": 0.05,
            "assigned": False,
            "review": False,
            "threshold": 0.6,
        },
    ]


def test_evidence_counts_code_points_of_the_field_as_sent(classify: Post) -> None:
    body = {"title": "🚢 صادرات", "text": EMOJI_TEXT, "explain": True}
    topics = classify(body).json["topics"]
    evidence = topics[0]["evidence"]
    assert [one["field"] for one in evidence] == ["text", "title"]
    for one in evidence:
        assert body[one["field"]][one["start"] : one["end"]] == one["text"]
        assert one["text"] == "صادرات"
        assert one["weight"] == 1.5
    assert topics[-1]["evidence"] == []


def test_title_alone_can_carry_a_topic(classify: Post) -> None:
    answer = classify({"title": "تحریم تازه", "text": "متن دیگر"})
    assert answer.json["topics"][0]["id"] == "sanctions"


@pytest.mark.parametrize("text", ["۱۲۳ !!", "\u200c", "😀", "\u202e."])
def test_text_without_letters_has_no_language(classify: Post, text: str) -> None:
    answer = classify({"text": text})
    assert answer.status_code == 200
    assert answer.json["language"] is None
    assert not any(topic["assigned"] for topic in answer.json["topics"])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON; charset="UTF-8"',
        "application/vnd.desk+json",
    ],
)
def test_content_types_of_json(classify: Post, content_type: str) -> None:
    answer = classify('{"text": "برق"}'.encode(), content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "text", ["a\u0007b", "\u202eمتن\u202c", "\ufeffمتن", "\U0010ffff", "متن" * 3000]
)
def test_unusual_characters_are_tagged(classify: Post, text: str) -> None:
    assert classify({"text": text}).status_code == 200


def test_last_of_two_equal_keys_counts(classify: Post) -> None:
    answer = classify('{"text": "برق", "text": "تحریم"}'.encode())
    assert answer.json["topics"][0]["id"] == "sanctions"


def test_escaped_surrogate_pair_is_one_character(classify: Post) -> None:
    body = rb'{"text": "\ud83d\ude00 \u0628\u0631\u0642", "explain": true}'
    assert classify(body).json["topics"][0]["evidence"][0]["start"] == 2


def topics_of(classify: Post, **body: object) -> dict[str, dict[str, object]]:
    answer = classify({"text": "شاید صادرات", **body})
    assert answer.status_code == 200
    return {topic["id"]: topic for topic in answer.json["topics"]}


def test_uncertain_decision_is_for_review(classify: Post) -> None:
    topics = topics_of(classify)
    assert topics["trade"]["assigned"] is True
    assert topics["trade"]["review"] is True
    assert topics["energy"]["review"] is False


@pytest.mark.parametrize(
    ("prefer", "threshold", "assigned"),
    [("precision", 0.8, []), ("recall", 0.04, ["trade"]), (None, 0.5, ["trade"])],
)
def test_preference_sets_the_thresholds(
    classify: Post, prefer: str | None, threshold: float, assigned: list[str]
) -> None:
    topics = topics_of(classify, prefer=prefer)
    assert topics["trade"]["threshold"] == threshold
    assert [name for name, topic in topics.items() if topic["assigned"]] == assigned


def test_own_threshold_goes_before_the_preference(classify: Post) -> None:
    own = {"trade": 0.55, "energy": 0, "sanctions": 1}
    topics = topics_of(classify, prefer="precision", thresholds=own)
    assert {name: topic["threshold"] for name, topic in topics.items()} == own
    assert topics["trade"]["assigned"] is True
    assert topics["energy"]["assigned"] is True
    assert topics["sanctions"]["assigned"] is False


def test_no_own_threshold_changes_nothing(classify: Post) -> None:
    assert topics_of(classify, thresholds={}) == topics_of(classify)


@pytest.mark.parametrize("thresholds", [{}, {"trade": 0}])
def test_only_persian_is_tagged(classify: Post, thresholds: dict[str, float]) -> None:
    answer = classify({"text": "Pistachio exports", "thresholds": thresholds})
    assert answer.json["language"] == "en"
    assert len(answer.json["topics"]) == 3
    assert not any(topic["assigned"] for topic in answer.json["topics"])
    assert not any(topic["review"] for topic in answer.json["topics"])


def chosen(classify: Post, **body: object) -> list[str]:
    answer = classify({"text": "قطعی برق", **body})
    assert answer.status_code == 200
    return [topic["id"] for topic in answer.json["topics"]]


@pytest.mark.parametrize(
    ("topics", "ids"),
    [
        (None, ["energy", "trade", "sanctions"]),
        ({}, ["energy", "trade", "sanctions"]),
        ({"include": None}, ["energy", "trade", "sanctions"]),
        ({"include": ["sanctions", "trade"]}, ["trade", "sanctions"]),
        ({"exclude": ["energy"]}, ["trade", "sanctions"]),
        ({"include": ["energy", "trade"], "exclude": ["energy"]}, ["trade"]),
        ({"include": ["energy"], "exclude": ["energy"]}, []),
    ],
)
def test_topics_are_chosen(classify: Post, topics: object, ids: list[str]) -> None:
    assert chosen(classify, topics=topics) == ids


@pytest.mark.parametrize(
    ("limit", "count"), [(None, 3), (1, 1), (2.0, 2), (3, 3), (10**30, 3)]
)
def test_best_topics_up_to_the_limit(
    classify: Post, limit: float | None, count: int
) -> None:
    assert chosen(classify, limit=limit) == ["energy", "trade", "sanctions"][:count]


def test_limit_counts_the_chosen_topics(classify: Post) -> None:
    topics = {"exclude": ["energy"]}
    assert chosen(classify, topics=topics, limit=1) == ["trade"]
