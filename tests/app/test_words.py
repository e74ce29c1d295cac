"""Numbers and sentences as people read them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app import words


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (4.14, "×4.1"),
        (1 / 1.2, "÷1.2"),
        (1, "×1.0"),
        (1.02, "×1.0"),
        (1 / 1.02, "×1.0"),
        (334.4, "×334"),
        (16790, "×16,790"),
    ],
)
def test_an_effect_is_a_factor_that_lifts_or_lowers(factor, text):
    assert words.times(math.log(factor)) == text


def test_an_enormous_effect_does_not_overflow():
    assert words.times(2000.0) == "×10³⁰⁴"
    assert words.times(-30.0) == "÷1.1·10¹³"
    assert words.times(math.log(5.46e6), 2) == "×5.5·10⁶"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.4434, 3, ".443"), (0.0065, 4, ".0065"), (1.0, 3, "1.000"), (0.9999, 2, "1.00"), (0, 2, ".00")],
)
def test_a_quality_has_no_leading_zero(value, digits, text):
    assert words.quality(value, digits) == text


@pytest.mark.parametrize(("value", "text"), [(0.2, "1 s"), (59.4, "59 s"), (252, "4 min 12 s"), (7500, "2 h 5 min")])
def test_durations(value, text):
    assert words.seconds(value) == text


def test_a_residual_is_scientific():
    assert words.scientific(2.13e-7) == "2.1 × 10⁻⁷"
    assert words.scientific(0.0) == "0"


def test_nothing_in_a_title_is_read_as_markdown():
    shown = words.markdown("*batteries not included [:red[x]] $1$ <b>")
    for sign in "*[]:$<>":
        assert f"\\{sign}" in shown and shown.count(sign) == shown.count(f"\\{sign}")


LIFTS = {
    "nease": np.log([4.0, 2.0, 2.0]),
    "flvae_residual": np.log([2.0, 3.0, 1.0]),
    "flvae_latent": np.log([1.0, 1.0, 0.5]),
}


def sentence(**changes):
    known = {
        "title": "Alien (1979)",
        "n_candidates": 3445,
        "lifts": LIFTS,
        "base_rank": 38,
        "n_hits": 2,
        "n_held_out": 12,
        "k": 3,
    }
    return words.recommendation_answer(**known | changes)


def test_the_answer_multiplies_the_factors_of_the_first_film():
    said = sentence()
    assert said.startswith("**Alien \\(1979\\)** comes first of 3,445 unseen films: this history raises its score ×8.0")
    assert "its place from #38 to #1" in said
    assert said.endswith(
        "**2 of the 3** films shown are among the 12 held out, and NEASE is the strongest voice for 2 of them."
    )


def test_ranked_by_one_part_the_answer_tells_of_its_score_alone():
    said = sentence(part="FLVAE", ranked=("flvae_residual", "flvae_latent"), base_rank=7)
    assert "of 3,445 unseen films by FLVAE alone: this history raises its score ×2.0 and its place from #7 to" in said
    assert "voice" not in said and said.endswith("**2 of the 3** films shown are among the 12 held out.")


def test_a_stranger_for_whom_all_films_score_alike_is_told_from_one_who_gets_the_same_first():
    assert "for a stranger it comes first too." in sentence(base_rank=1)
    assert "for a stranger all films score alike." in sentence(base_rank=None)


def test_the_answer_without_held_out_films_claims_no_hits():
    said = sentence(n_held_out=0, n_hits=0)
    assert "held out" not in said and said.endswith("NEASE is the strongest voice for 2 of the 3 shown.")


def test_the_answer_of_a_model_without_factors_names_no_voice():
    assert sentence(lifts={}, n_hits=1).endswith("unseen films. **1 of the 3** films shown is among the 12 held out.")


def test_a_head_of_the_model_is_named_within_a_sentence():
    only = {"nease": np.zeros(3), "flvae_residual": np.ones(3)}
    assert "and the residual head is the strongest voice for all of them" in sentence(lifts=only)


def test_a_film_that_is_first_for_strangers_too_is_not_said_to_move():
    assert "from 1 to 1" not in sentence(base_rank=1)


def test_only_test_users_show_hits_without_a_remark():
    assert words.why_no_hits("test", 5) is None
    assert "train user" in words.why_no_hits("train", 0)
    assert "validation user" in words.why_no_hits("validation", 4)
    assert "held out" in words.why_no_hits("test", 0)


def overview(users: int, error: float | None) -> str:
    measured = {"users": users, "ndcg@100": {"mean": 0.443, "se": error}}
    return words.overview_answer("VASP small", "MovieLens 1M", measured, {"title": "EASE", "mean": 0.017, "se": error})


def test_the_overview_answer_has_the_difference_with_its_error():
    assert overview(750, 0.004).endswith(
        "**NDCG@100 .443**, which is .017\u00a0±\u00a0.004 above EASE on the same users."
    )


def test_the_overview_answer_of_one_user_has_no_error():
    said = overview(1, None)
    assert "that 1 unseen user liked" in said and said.endswith("which is .017 above EASE on the same user.")


def test_the_maps_answer_says_nothing_clear_where_nothing_is_clear():
    near = {"joint": 0.7, "nease": 0.60, "flvae": 0.62}
    assert "about equally" in words.maps_answer(near, 0.1, "these four genres")
    clear = words.maps_answer(near | {"nease": 0.2}, 0.1, "these four genres")
    assert clear.startswith("**FLVAE gathers films of a genre more than NEASE.**") and "by chance 10%" in clear


def test_the_maps_answer_of_a_model_in_one_part_compares_nothing():
    said = words.maps_answer({"joint": 0.5}, 0.1, "any genre")
    assert said == "Of the ten films nearest to a film of any genre, **50%** share its genre; by chance 10%."
