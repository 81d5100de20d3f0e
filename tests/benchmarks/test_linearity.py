import pytest

from benchmarks.linearity import cut, exponent, without_slope


def test_a_text_is_cut_into_articles_of_one_length() -> None:
    assert [one.text for one in cut("abcdefg", 3)] == ["abc", "def", "g"]


@pytest.mark.parametrize(
    ("costs", "fixed"),
    [({10: 120.0, 110: 320.0}, 100.0), ({10: 20.0, 110: 220.0}, 0.0)],
    ids=["with a fixed part", "without"],
)
def test_the_fixed_part_is_told_by_two_lengths(
    costs: dict[int, float], fixed: float
) -> None:
    assert without_slope(costs, 10, 110) == fixed


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_is_of_the_whole_cost(power: float) -> None:
    curve = [(10.0**size, 3 * (10.0**size) ** (power - 1)) for size in range(3, 8)]
    assert exponent(curve) == pytest.approx(power)
