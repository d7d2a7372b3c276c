"""The data sets and the splitter give scikit-learn's numbers."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.datasets import load_iris, load_wine, train_test_split

LOADERS = [(load_iris, (150, 4), [50, 50, 50]), (load_wine, (178, 13), [59, 71, 48])]


@pytest.mark.parametrize(("load", "shape", "counts"), LOADERS)
def test_shapes_types_and_class_counts(load, shape, counts):
    bunch = load()
    assert bunch.data.shape == shape and bunch.data.dtype == np.float64
    assert bunch.target.shape == shape[:1] and bunch.target.dtype == np.int64
    assert np.bincount(bunch.target).tolist() == counts
    assert len(bunch.feature_names) == shape[1] and len(bunch.target_names) == 3
    assert len(bunch.DESCR) > 100


@pytest.mark.parametrize("name", ["load_iris", "load_wine"])
def test_equal_to_scikit_learn(name):
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    ours, theirs = globals()[name](), getattr(sklearn_datasets, name)()
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.testing.assert_array_equal(ours.target, theirs.target)
    assert ours.target.dtype == theirs.target.dtype
    assert ours.feature_names == theirs.feature_names
    assert ours.target_names.tolist() == theirs.target_names.tolist()
    assert ours.target_names.dtype == theirs.target_names.dtype
    assert set(ours) == set(theirs) - {"filename", "data_module"}


def test_bunch_is_a_dictionary_with_attributes():
    bunch = load_iris()
    assert bunch["data"] is bunch.data
    bunch.note = "mine"
    assert bunch["note"] == "mine" and "note" in dir(bunch)
    with pytest.raises(AttributeError, match="missing"):
        bunch.missing  # noqa: B018


def test_each_call_returns_fresh_arrays():
    load_iris().data[:] = 0
    assert load_iris().data[0].tolist() == [5.1, 3.5, 1.4, 0.2]


def test_return_x_y():
    data, target = load_wine(return_X_y=True)
    assert data.shape == (178, 13) and target.shape == (178,)


def test_as_frame_without_pandas_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        load_iris(as_frame=True)


def test_as_frame():
    pandas = pytest.importorskip("pandas")
    bunch = load_iris(as_frame=True)
    assert isinstance(bunch.frame, pandas.DataFrame) and bunch.frame.shape == (150, 5)
    assert bunch.data.columns.tolist() == bunch.feature_names
    assert bunch.target.name == "target"


def test_works_from_a_wheel(tmp_path):
    """The CSV files travel in the wheel, and are found there without the source tree."""
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"  # setuptools leaves its build folder there
    shutil.copytree(Path(__file__).parents[1], source, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", tmp_path, source]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.startswith("tinygrad_edu/datasets/")]
        archive.extractall(tmp_path / "site", names)
    assert {"tinygrad_edu/datasets/iris.csv", "tinygrad_edu/datasets/wine.csv"} <= set(names)
    code = "from tinygrad_edu.datasets import load_wine; print(load_wine().data.shape)"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path / "site", text=True)
    assert printed.strip() == "(178, 13)"


def test_split_written_down():
    x = np.arange(10)
    train, test = train_test_split(x, test_size=0.3, random_state=42)
    assert test.tolist() == [8, 1, 5] and train.tolist() == [0, 7, 2, 9, 4, 3, 6]
    train, test = train_test_split(x, test_size=0.3, shuffle=False)
    assert train.tolist() == [0, 1, 2, 3, 4, 5, 6] and test.tolist() == [7, 8, 9]


def test_split_keeps_rows_together_and_containers_as_they_are():
    x, y = np.arange(20).reshape(10, 2), list(range(10))
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
    assert isinstance(y_train, list) and len(y_test) == 3
    assert (x_train[:, 0] // 2).tolist() == y_train and (x_test[:, 0] // 2).tolist() == y_test


def test_split_without_a_seed_draws_from_numpys_global_state():
    state = np.random.get_state()
    try:
        np.random.seed(7)
        assert train_test_split(list(range(9))) == train_test_split(list(range(9)), random_state=7)
    finally:
        np.random.set_state(state)


sizes = st.none() | st.integers(-1, 41) | st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.7, 0.9, 0.999, 1.0])


@given(
    n=st.integers(1, 40),
    test_size=sizes,
    train_size=sizes,
    seed=st.integers(0, 2**32 - 1),
    shuffle=st.booleans(),
    classes=st.none() | st.integers(1, 4),
)
def test_split_equals_scikit_learns(n, test_size, train_size, seed, shuffle, classes):
    theirs = pytest.importorskip("sklearn.model_selection").train_test_split
    labels = None if classes is None else [int(c) for c in np.random.RandomState(seed).randint(classes, size=n)]
    options = {"test_size": test_size, "train_size": train_size, "random_state": seed, "shuffle": shuffle}
    try:
        expected = theirs(np.arange(n), stratify=labels, **options)
    except ValueError as error:
        with pytest.raises(ValueError) as caught:
            train_test_split(np.arange(n), stratify=labels, **options)
        if not type(error).__name__.startswith("InvalidParameter"):  # scikit-learn's own wording of bad types
            assert str(caught.value) == str(error)
        return
    for a, b in zip(train_test_split(np.arange(n), stratify=labels, **options), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ((), {}, "At least one array required"),
        (([1, 2], [1, 2, 3]), {}, r"inconsistent numbers of samples: \[2, 3\]"),
        (([1, 2, 3],), {"test_size": "half"}, "Invalid value for test_size"),
        (([1, 2, 3],), {"shuffle": False, "stratify": [0, 0, 1]}, "not implemented for shuffle=False"),
    ],
)
def test_split_refuses(arrays, options, message):
    with pytest.raises(ValueError, match=message):
        train_test_split(*arrays, **options)
