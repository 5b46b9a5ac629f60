"""Recommenders on matrices and frames, against NumPy and against `implicit`."""

import numpy as np
import pytest
from scipy import sparse

import segue

KINDS = ["popularity", "decayed-popularity", "item-knn", "ease", "ials", "sasrec", "act-r"]
SMALL = {"ials": {"factors": 8, "iterations": 4}, "sasrec": {"dim": 16, "epochs": 1}}


def made_up(users=120, items=60, seed=0):
    """Users who keep mostly to one half of the items."""
    rng = np.random.default_rng(seed)
    half = np.arange(items) < items // 2
    likely = np.where(half[None, :] == (np.arange(users)[:, None] % 2 == 0), 0.3, 0.03)
    seen = rng.random((users, items)) < likely
    seen[:, 0] |= ~seen.any(axis=1)
    values = rng.integers(1, 6, seen.shape).astype(np.float32) * seen
    return sparse.csr_matrix(values, dtype=np.float32)


def rows_of(matrix):
    users, items = matrix.nonzero()
    return users, items, np.asarray(matrix[users, items]).ravel()


def frames(matrix, name=lambda number: number):
    """The same interactions as each kind of frame, the events in the same order."""
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    users, items, values = rows_of(matrix)
    columns = {
        "user": [f"user {user}" for user in users],
        "item": [name(int(item)) for item in items],
        "value": values,
    }
    return {
        "pandas": pd.DataFrame(columns),
        "polars": pl.DataFrame(columns),
        "pyarrow": pa.table(columns),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_and_recommends(kind):
    model = segue.Recommender(kind, **SMALL.get(kind, {})).fit(made_up())
    best = model.recommend([0, 1, 2], n=5, known=kind == "act-r")
    assert 0 < len(best) <= 5
    assert all(isinstance(item, int) for item, _ in best)
    assert [score for _, score in best] == sorted((score for _, score in best), reverse=True)
    if kind != "act-r":
        assert not {0, 1, 2} & {item for item, _ in best}
    scores = model.scores([[0, 1, 2], []])
    assert scores.shape == (2, 60) and scores.dtype == np.float32
    assert scores[0, best[0][0]] == np.float32(best[0][1])
    assert "60 items" in repr(model) and model.items == list(range(60))


@pytest.mark.parametrize("kind", ["item-knn", "ease"])
@pytest.mark.parametrize("name", [int, "song {}".format], ids=["numbers", "texts"])
def test_frames_give_what_the_matrix_gives(kind, name):
    matrix = made_up()
    expected = segue.Recommender(kind).fit(matrix)
    histories = [[0, 3], [40, 41, 42]]
    for frame in frames(matrix, name).values():
        model = segue.Recommender(kind).fit(frame)
        assert sorted(model.items, key=str) == sorted(map(name, range(60)), key=str)
        columns = [model.items.index(name(item)) for item in range(60)]
        scores = model.scores([[name(item) for item in history] for history in histories])
        np.testing.assert_allclose(
            scores[:, columns], expected.scores(histories), rtol=1e-4, atol=1e-5
        )


def test_all_frames_give_the_very_same_model():
    models = [segue.Recommender("ials", factors=8).fit(f) for f in frames(made_up()).values()]
    scores = [model.scores([[0, 3], [40, 41, 42]]) for model in models]
    assert np.array_equal(scores[0], scores[1]) and np.array_equal(scores[1], scores[2])


def test_categories_times_and_small_numbers_are_read():
    import pandas as pd
    import polars as pl

    columns = {
        "user": ["a", "a", "b", "b"],
        "item": ["x", "y", "x", "z"],
        "timestamp": pd.to_datetime(["2026-01-02", "2026-01-01", "2026-01-01", "2026-01-05"]),
    }
    frame = pd.DataFrame(columns)
    categories = frame.astype({"user": "category", "item": "category"})
    seconds = frame.assign(timestamp=frame["timestamp"].astype("datetime64[s]").astype("int64"))
    small = pl.from_pandas(frame).with_columns(pl.col("timestamp").cast(pl.Datetime("ms")))
    recommender = segue.Recommender("decayed-popularity", half_life_days=1.0)
    scores = {}
    for name, one in {"dates": frame, "coded": categories, "s": seconds, "ms": small}.items():
        model = recommender.fit(one)
        scores[name] = dict(zip(model.items, model.scores([[]])[0]))
    assert scores["dates"] == scores["coded"] == scores["s"] == scores["ms"]
    assert scores["dates"]["z"] == max(scores["dates"].values())


def test_whatever_kind_of_matrix_gives_the_same():
    matrix = made_up()
    expected = segue.Recommender("ease").fit(matrix).scores(matrix)
    wide = matrix.astype(np.float64)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for other in (wide, matrix.tocsc(), matrix.tocoo(), sparse.csr_array(matrix)):
        assert np.array_equal(segue.Recommender("ease").fit(other).scores(other), expected)


def test_what_is_no_interactions_says_so():
    import pandas as pd

    recommender = segue.Recommender("ease")
    with pytest.raises(segue.InputError, match="`user` and `item`.*not `list`"):
        recommender.fit([1, 2])
    with pytest.raises(segue.InputError, match="no column `item` among `user`, `song`"):
        recommender.fit(pd.DataFrame({"user": ["a"], "song": ["x"]}))
    with pytest.raises(segue.InputError, match="`item` has 1 rows without"):
        recommender.fit(pd.DataFrame({"user": ["a", "b"], "item": ["x", None]}))
    with pytest.raises(segue.InputError, match="column `user` holds .*, expected text"):
        recommender.fit(pd.DataFrame({"user": [0.5], "item": ["x"]}))
    with pytest.raises(segue.InputError, match="column `value` holds .*, expected numbers"):
        recommender.fit(pd.DataFrame({"user": ["a"], "item": ["x"], "value": ["many"]}))
    with pytest.raises(segue.InputError, match="no event is left"):
        recommender.fit(sparse.csr_matrix((3, 3), dtype=np.float32))
    damaged = made_up()
    damaged.indices[0] = 1_000
    with pytest.raises(segue.InputError, match="points to 1000"):
        recommender.fit(damaged)


def test_what_cannot_be_set_says_what_can():
    with pytest.raises(segue.InputError, match="`oracle` does not .*ease"):
        segue.Recommender("oracle")
    with pytest.raises(segue.InputError, match="no setting `lambda_`; there are .*regularisation"):
        segue.Recommender("ease", lambda_=1)
    with pytest.raises(segue.InputError, match="regularisation"):
        segue.Recommender("ease", regularisation=-1).fit(made_up())
    recommender = segue.Recommender("ease", regularisation=7, query__strength="sum")
    assert recommender.kind == "ease" and recommender.settings["regularisation"] == 7
    assert recommender.settings["query"]["strength"] == "sum"


def test_histories_of_another_width_or_of_strangers():
    model = segue.Recommender("ease").fit(made_up())
    with pytest.raises(segue.InputError, match="61 items, the model 60"):
        model.scores(sparse.csr_matrix((2, 61), dtype=np.float32))
    assert model.recommend([999, "who"]) == model.recommend([])


def test_ease_is_the_closed_form():
    """Steck 2019, equation 8, in NumPy."""
    matrix, regularisation = made_up(), 20.0
    x = (matrix.toarray() > 0).astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + regularisation * np.eye(x.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    model = segue.Recommender("ease", regularisation=regularisation).fit(matrix)
    np.testing.assert_allclose(model.scores(matrix), x @ weights, atol=2e-4)


def test_item_neighbours_are_those_of_implicit():
    nearest = pytest.importorskip("implicit.nearest_neighbours")
    matrix = made_up()
    peer = nearest.CosineRecommender(K=60)
    peer.fit(matrix.astype(np.float64), show_progress=False)
    theirs = (matrix @ peer.similarity.tocsr()).toarray()
    strength = {"training__strength": "sum", "query__strength": "sum"}
    model = segue.Recommender("item-knn", neighbours=60, **strength).fit(matrix)
    # An item is its own nearest neighbour for `implicit`; what was seen is not compared.
    seen = matrix.toarray() > 0
    np.testing.assert_allclose(model.scores(matrix)[~seen], theirs[~seen], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("alpha", [2.0, 5.0])
def test_factors_are_those_of_implicit(alpha):
    """The same loss in other terms: what counts one there is an unheard item, here a heard one."""
    als = pytest.importorskip("implicit.als")
    seen = (made_up(400) > 0).astype(np.float32)
    peer = als.AlternatingLeastSquares(
        factors=2, alpha=alpha, regularization=2.0, iterations=60, use_cg=False, use_gpu=False
    )
    peer.fit(seen, show_progress=False)
    settings = {"unobserved_weight": 1 / (alpha - 1), "regularisation": 2.0 / alpha}
    model = segue.Recommender(
        "ials", factors=2, iterations=60, steps=8, frequency_exponent=0.0, **settings
    ).fit(seen)
    theirs = peer.user_factors @ peer.item_factors.T
    np.testing.assert_allclose(model.scores(seen), (1 - 1 / alpha) * theirs, atol=1e-3)
