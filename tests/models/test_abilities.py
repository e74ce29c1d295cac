"""What models declare that they can do is what they do."""

from __future__ import annotations

from vasp_models.data import synthetic
from vasp_models.explanations.answers import factor_names
from vasp_models.explanations.explainers import explainers_for
from vasp_models.models import MODELS, create, preset
from vasp_models.models.abilities import abilities


def test_abilities_are_those_of_a_fitted_model():
    likes, _ = synthetic.checkerboard()
    for name in ("nease", "ease", "popularity", "multvae"):
        settings, options = preset(name, "tiny" if "tiny" in MODELS[name].presets else None)
        model, can = create(name, settings, likes.n_items), abilities(name)
        model.fit(likes, options)
        fits = explainers_for(model)
        assert ("integrated-gradients" in fits) == can.gradient and ("nease" in fits) == (can.linear is not None)
        assert not can.factors or can.factors == tuple(factor_names(model))


def test_how_new_users_are_taken_up_is_declared():
    assert abilities("ials").new_users == abilities("mf").new_users == "solve"
    assert abilities("vasp").new_users == "forward"
    assert not abilities("popularity").personalised and not abilities("lfm").personalised
    assert abilities("svae").ordered and not abilities("multvae").ordered
    assert abilities("deeprec").ratings and not abilities("ease").ratings
    assert abilities("lfm").learns_from == "ratings"
