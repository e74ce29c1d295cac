"""LFM is the minimum that gradient descent would find, and a user's bias follows from the user's ratings."""

from __future__ import annotations

import numpy as np
import pytest

from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.models import create
from vasp_models.models.lfm import LFM, LFMSettings, solved


def rated(users: int = 30, items: int = 20, seed: int = 0) -> Interactions:
    """Ratings of a third of all pairs; nobody rated the last item."""
    rng = np.random.default_rng(seed)
    rows = [np.sort(rng.choice(items - 1, 7, replace=False)) for _ in range(users)]
    likes = Interactions.from_lists(rows, items)
    user, item = rng.normal(size=users), rng.normal(size=items)
    values = np.clip(np.round(3 + user[likes.row_numbers] + item[likes.indices]), 1, 5).astype(np.float32)
    return Interactions(likes.indptr, likes.indices, items, values=values)


def loss(train: Interactions, target: np.ndarray, lam: float, alpha: float, user, item) -> float:
    apart = alpha + user[train.row_numbers] + item[train.indices] - target
    return float((apart**2).sum() + lam * ((user**2).sum() + (item**2).sum()))


def descended(train: Interactions, target: np.ndarray, lam: float, rate: float = 4e-3, steps: int = 60_000):
    """Plain gradient descent on eq. 4, all three at once."""
    alpha, user, item = 0.0, np.zeros(len(train)), np.zeros(train.n_items)
    for _ in range(steps):
        apart = alpha + user[train.row_numbers] + item[train.indices] - target
        of_user = np.bincount(train.row_numbers, weights=apart, minlength=len(train)) + lam * user
        of_item = np.bincount(train.indices, weights=apart, minlength=train.n_items) + lam * item
        step = rate * apart.sum(), rate * of_user, rate * of_item
        alpha, user, item = alpha - step[0], user - step[1], item - step[2]
        if max(abs(step[0]), np.abs(step[1]).max(), np.abs(step[2]).max()) < 1e-13:
            break
    return alpha, user, item


@pytest.mark.parametrize("lam", [0.5, 5.4])
def test_it_is_what_gradient_descent_comes_to(lam):
    train = rated()
    target = train.values.astype(float)
    exact, slow = solved(train, target, lam), descended(train, target, lam)
    for one, other in zip(exact, slow, strict=True):
        assert np.allclose(one, other, atol=1e-7)
    least = loss(train, target, lam, *exact)
    assert least <= loss(train, target, lam, *slow) + 1e-9
    rng = np.random.default_rng(0)
    for _ in range(20):  # and every way away from it leads up
        moved = [each + 1e-3 * rng.normal(size=np.shape(each)) for each in exact]
        assert loss(train, target, lam, *moved) > least


def test_the_bias_of_a_train_user_follows_from_the_ratings():
    train = rated()
    model = create("lfm", LFMSettings("rating", lam=2.0), train.n_items)
    model.fit(train)
    alpha, user, item = solved(train, train.values.astype(float), 2.0)
    assert np.allclose(model.user_bias(train), user, atol=1e-5)
    assert np.allclose(model.score(train), alpha + user[:, None] + item, atol=1e-5)


def test_without_ratings_of_the_user_the_list_is_the_same_for_all():
    train = rated()
    model = create("lfm", LFMSettings(), train.n_items)
    model.fit(train)
    likes = Interactions(train.indptr, train.indices, train.n_items)
    assert (model.score(likes) == model.score(likes)[0]).all()
    order = np.argsort(model.score(likes)[0])
    assert (np.argsort(model.score(train), axis=1)[:, -3:] == order[-3:]).all()  # a user's bias moves all items alike


def test_an_item_that_nobody_rated_has_no_bias():
    train = rated()
    model = create("lfm", LFMSettings("rating", lam=1.0), train.n_items)
    model.fit(train)
    assert model.item_bias[-1] == 0 and (model.item_bias[:-1] != 0).all()


def test_the_label_is_whether_the_rating_reaches_the_threshold():
    train = rated()
    for threshold in (3.0, 4.0):
        model = create("lfm", LFMSettings(lam=1.0, threshold=threshold), train.n_items)
        model.fit(train)
        expected = solved(train, (train.values >= threshold).astype(float), 1.0)
        assert np.allclose(model.item_bias, expected[2], atol=1e-6)


def test_a_larger_penalty_puts_much_rated_films_before_one_lucky_rating():
    # Item 0: one user, who liked it. Item 1: eighty users, of whom sixty liked it. Item 2: half of them did.
    lists = [[1, 2] for _ in range(79)] + [[0, 1, 2]]
    likes = Interactions.from_lists(lists, 3)
    liked = {1: 60, 2: 40}
    values = [5.0 if item == 0 or row < liked[item] else 1.0
              for row, item in zip(likes.row_numbers, likes.indices, strict=True)]  # fmt: skip
    train = Interactions(likes.indptr, likes.indices, 3, values=np.array(values, dtype=np.float32))
    first = {}
    for lam in (0.1, 1000.0):
        model = create("lfm", LFMSettings(lam=lam), 3)
        model.fit(train)
        first[lam] = int(model.item_bias.argmax())
    assert first == {0.1: 0, 1000.0: 1}


def test_likes_alone_are_refused():
    likes = Interactions.from_lists([[0, 1]], 3)
    with pytest.raises(DataError, match="LFM learns from ratings, and these histories have none"):
        LFM(LFMSettings(), 3).fit(likes)
