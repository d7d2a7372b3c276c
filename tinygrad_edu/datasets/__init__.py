"""Classic classification data sets: scikit-learn's small tables, torchvision's MNIST, and what goes with them.

`load_iris`, `load_wine` and `train_test_split` return the same numbers as `sklearn.datasets` and
`sklearn.model_selection`, from CSV files inside the package: no network, no scikit-learn. `load_digits` asks scikit-learn.
`MNIST`, `FashionMNIST` and `KMNIST`, and the submodule `transforms`, are torchvision's.
"""

import csv
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from .split import train_test_split

if TYPE_CHECKING:
    from . import transforms as transforms
    from .mnist import KMNIST as KMNIST
    from .mnist import MNIST as MNIST
    from .mnist import FashionMNIST as FashionMNIST
    from .vision import VisionDataset as VisionDataset

__all__ = [
    "KMNIST", "MNIST", "Bunch", "FashionMNIST", "VisionDataset", "load_digits", "load_iris", "load_wine", "train_test_split",
    "transforms",
]  # fmt: skip

_HOMES = {"MNIST": "mnist", "FashionMNIST": "mnist", "KMNIST": "mnist", "VisionDataset": "vision", "transforms": "transforms"}
"""What is imported when it is first used, with its module."""

_IRIS = """\
Iris plants: sepals and petals of 150 flowers of three species, 50 of each

Features: length and width of the sepal and of the petal, in centimetres.
Classes: setosa, versicolor, virginica. Setosa is linearly separable from the other two, which overlap.
No missing values.

Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936),
179-188; the values are those of scikit-learn and R, which follow the paper (the UCI copy has two wrong rows).
"""

_WINE = """\
Wine recognition: chemical analysis of 178 Italian wines from three cultivators (59, 71 and 48 wines)

Features: 13 measured quantities, among them alcohol, malic acid, flavanoids, colour intensity and proline. Their
scales differ by three orders of magnitude: standardise them before training.
Classes: class_0, class_1, class_2, one for each cultivator. No missing values.

Source: M. Forina et al., PARVUS (1988); S. Aeberhard and M. Forina, "Wine", UCI Machine Learning Repository,
https://doi.org/10.24432/C5PC7J (CC BY 4.0).
"""


class Bunch(dict[str, Any]):
    """A dictionary whose keys are also attributes: `b.data` is `b["data"]`."""

    def __init__(self, **values: Any) -> None:
        super().__init__(values)

    def __getattr__(self, key: str) -> Any:
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value

    def __dir__(self) -> list[str]:
        return list(self)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_HOMES[name]}", __name__)
    return module if name == _HOMES[name] else getattr(module, name)


def load_iris(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Return Fisher's iris data: 150 flowers, 4 features, 3 classes of 50.

    Args:
        return_X_y: return the pair `(data, target)` instead of a `Bunch`.
        as_frame: return pandas objects instead of arrays.

    Returns:
        A `Bunch` of `data` (float64, 150 x 4), `target` (int64, 150), `frame` (None unless `as_frame`),
        `target_names`, `DESCR` and `feature_names`.

    Raises:
        ImportError: `as_frame=True` and pandas is not installed.
    """
    return _load("iris", _IRIS, return_X_y, as_frame)


def load_wine(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Return the wine recognition data: 178 wines, 13 features, 3 classes of 59, 71 and 48.

    Arguments, result and errors are those of `load_iris`; `data` is 178 x 13.
    """
    return _load("wine", _WINE, return_X_y, as_frame)


def load_digits(*, n_class: int = 10, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Return scikit-learn's handwritten digits: 1,797 images of 8 x 8, as rows of 64 numbers from 0 to 16.

    Args:
        n_class: how many of the ten classes.
        return_X_y, as_frame: as for `load_iris`.

    Returns:
        scikit-learn's `Bunch`, with `images` (1797 x 8 x 8) besides.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn import datasets
    except ImportError:
        raise ImportError("load_digits() needs scikit-learn: run `pip install tinygrad-edu[data]`") from None
    return datasets.load_digits(n_class=n_class, return_X_y=return_X_y, as_frame=as_frame)


def _load(name: str, description: str, return_X_y: bool, as_frame: bool) -> Any:
    with (resources.files(__name__) / f"{name}.csv").open(encoding="utf-8") as file:
        (*feature_names, _), *rows = csv.reader(file)
    data: Any = np.array([row[:-1] for row in rows], dtype=np.float64)
    classes = [row[-1] for row in rows]
    target_names = list(dict.fromkeys(classes))  # the files list the classes in order
    target: Any = np.array([target_names.index(c) for c in classes], dtype=np.int64)

    frame = None
    if as_frame:
        frame = _frame(name, data, target, feature_names)
        data, target = frame[feature_names], frame["target"]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        target_names=np.array(target_names),
        DESCR=description,
        feature_names=feature_names,
    )


def _frame(name: str, data: np.ndarray, target: np.ndarray, feature_names: list[str]) -> Any:
    try:
        import pandas  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            f"load_{name}(as_frame=True) needs pandas: run `pip install pandas`, or use the arrays"
        ) from None
    return pandas.DataFrame(data, columns=feature_names).assign(target=target)
