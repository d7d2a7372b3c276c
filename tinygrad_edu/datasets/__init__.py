"""Two small, classic classification data sets, and a splitter, as scikit-learn has them.

`load_iris`, `load_wine` and `train_test_split` return the same numbers as `sklearn.datasets` and
`sklearn.model_selection`, from CSV files inside the package: no network, no scikit-learn.
"""

import csv
from importlib import resources
from typing import Any

import numpy as np

from .split import train_test_split

__all__ = ["Bunch", "load_iris", "load_wine", "train_test_split"]

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
