"""Splitting data in two: `train_test_split`, with scikit-learn's arguments, draws and results."""

from collections.abc import Callable, Iterable
from math import ceil, floor
from typing import Any

import numpy as np


def train_test_split(
    *arrays: Any,
    test_size: float | None = None,
    train_size: float | None = None,
    random_state: int | np.random.RandomState | None = None,
    shuffle: bool = True,
    stratify: Any = None,
) -> list[Any]:
    """Split arrays, lists, tensors or data frames of equal length into train and test parts.

    Args:
        arrays: what to split, along the first dimension.
        test_size: a fraction in (0, 1) or a number of samples; what `train_size` leaves, or else 0.25.
        train_size: likewise; by default what `test_size` leaves.
        random_state: a seed or a `RandomState`; None draws from NumPy's global state.
        shuffle: False takes the first rows for training and the next for testing.
        stratify: class labels, one for each row: both parts then keep the proportions of the classes.

    Returns:
        `[train, test]` for each array in turn: `X_train, X_test, y_train, y_test = train_test_split(X, y)`.

    Raises:
        ValueError: no array, unequal lengths, sizes that do not fit, or too few samples of a class.

    The same `random_state` gives the same split as `sklearn.model_selection.train_test_split`.
    """
    if not arrays:
        raise ValueError("At least one array required as input")
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")
    n_train, n_test = _sizes(lengths[0], test_size, train_size)

    if not shuffle:
        if stratify is not None:
            raise ValueError("Stratified train/test split is not implemented for shuffle=False")
        order = np.arange(n_train + n_test)
        train, test = order[:n_train], order[n_train:]
    else:
        random = _random_state(random_state)
        if stratify is None:
            order = random.permutation(lengths[0])
            test, train = order[:n_test], order[n_test : n_test + n_train]
        else:
            train, test = _stratified(np.asarray(stratify), n_train, n_test, random)
    return [_rows(array, index) for array in arrays for index in (train, test)]


def _random_state(seed: int | np.random.RandomState | None) -> Any:
    if seed is None:
        return np.random  # the module draws from the global state
    return seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)


def _sizes(n: int, test_size: Any, train_size: Any) -> tuple[int, int]:
    """How many of `n` samples train and how many test."""
    if test_size is None and train_size is None:
        test_size = 0.25
    for name, size in (("test_size", test_size), ("train_size", train_size)):
        if size is not None and np.asarray(size).dtype.kind not in "if":
            raise ValueError(f"Invalid value for {name}: {size}")
        if size is not None and not 0 < size < (1 if _is_fraction(size) else n):
            raise ValueError(
                f"{name}={size} should be either positive and smaller than the number of samples {n} "
                "or a float in the (0, 1) range"
            )
    if _is_fraction(test_size) and _is_fraction(train_size) and train_size + test_size > 1:
        raise ValueError(
            f"The sum of test_size and train_size = {train_size + test_size}, should be in the (0, 1) range. "
            "Reduce test_size and/or train_size."
        )
    if train_size is None:
        n_test = _count(test_size, n, ceil)
        n_train = n - n_test
    else:
        n_train = _count(train_size, n, floor)
        n_test = n - n_train if test_size is None else _count(test_size, n, ceil)
    if n_train + n_test > n:
        raise ValueError(
            f"The sum of train_size and test_size = {n_train + n_test}, should be smaller than the number of "
            f"samples {n}. Reduce test_size and/or train_size."
        )
    if n_train == 0:
        raise ValueError(
            f"With n_samples={n}, test_size={test_size} and train_size={train_size}, the resulting train set "
            "will be empty. Adjust any of the aforementioned parameters."
        )
    return n_train, n_test


def _is_fraction(size: Any) -> bool:
    return np.asarray(size).dtype.kind == "f"


def _count(size: Any, n: int, rounded: Callable[[float], int]) -> int:
    return rounded(size * n) if _is_fraction(size) else int(size)


def _stratified(labels: np.ndarray, n_train: int, n_test: int, random: Any) -> tuple[np.ndarray, np.ndarray]:
    """The indices of a split in which each class has its share: scikit-learn's StratifiedShuffleSplit."""
    if labels.ndim == 2:  # several labels a row: each distinct row is a class
        labels = np.array([" ".join(row.astype("str")) for row in labels])
    classes, of_sample, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "The least populated classes in y have only 1 member, which is too few. The minimum number of groups "
            f"for any class cannot be less than 2. Classes with too few members are: {classes[counts < 2].tolist()}"
        )
    for name, n in (("train_size", n_train), ("test_size", n_test)):
        if n < len(classes):
            raise ValueError(f"The {name} = {n} should be greater or equal to the number of classes = {len(classes)}")
    members = np.split(np.argsort(of_sample, kind="stable"), np.cumsum(counts)[:-1])
    for_train = _shares(counts, n_train, random)
    for_test = _shares(counts - for_train, n_test, random)
    train: list[int] = []
    test: list[int] = []
    for member, a, b in zip(members, for_train, for_test, strict=True):
        shuffled = member[random.permutation(len(member))]
        train.extend(shuffled[:a])
        test.extend(shuffled[a : a + b])
    return random.permutation(train), random.permutation(test)


def _shares(counts: np.ndarray, n: int, random: Any) -> np.ndarray:
    """Divide `n` draws among classes in proportion to `counts`; the largest remainders round up, ties by lot."""
    exact = counts / counts.sum() * n
    share = np.floor(exact)
    remainder = exact - share
    missing = int(n - share.sum())
    for value in np.unique(remainder)[::-1]:
        if missing <= 0:
            break
        (tied,) = np.where(remainder == value)
        chosen = random.choice(tied, size=min(len(tied), missing), replace=False)
        share[chosen] += 1
        missing -= len(chosen)
    return share.astype(int)


def _rows(array: Any, index: Iterable[int]) -> Any:
    if hasattr(array, "iloc"):  # a pandas object: by position, not by label
        return array.iloc[index]
    if hasattr(array, "shape"):
        return array[index]
    return [array[i] for i in index]
