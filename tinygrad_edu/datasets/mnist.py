"""MNIST and its relatives: small grey images of ten classes, as torchvision has them.

Sources: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (1998); H. Xiao, K. Rasul, R. Vollgraf,
"Fashion-MNIST" (https://arxiv.org/abs/1708.07747); T. Clanuwat et al., "Deep Learning for Classical Japanese Literature"
(https://arxiv.org/abs/1812.01718).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..creation import from_numpy
from ..tensor import Tensor
from .download import check_integrity, download
from .idx import read_idx
from .vision import VisionDataset

__all__ = ["KMNIST", "MNIST", "FashionMNIST"]


class MNIST(VisionDataset):
    """Handwritten digits: 60,000 images of 28 x 28 to train with, 10,000 to test.

    A sample is ``(image, label)``. The image is a Pillow image where Pillow is installed, as in torchvision; else it is the
    uint8 array, 28 x 28, which ``transforms.ToTensor`` and all others here take as well.

    Args:
        root: the folder with ``MNIST/raw/train-images-idx3-ubyte`` and the other three files, unpacked or as ``.gz``. A folder
            that has the files themselves does as well.
        train: the images to train with, or those to test.
        transform: applied to each image.
        target_transform: applied to each label.
        download: fetch the files that are missing, and check their md5 sums.

    Attributes:
        data: all images, uint8.
        targets: all labels, int64.
        classes: the names of the classes.

    Raises:
        RuntimeError: the files are not there, and cannot be fetched.
        ValueError: a file is damaged.
    """

    mirrors: ClassVar[list[str]] = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self,
        root: Any,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.data, self.targets = self._load()

    def _load(self) -> tuple[Tensor, Tensor]:
        part = "train" if self.train else "t10k"
        images_path, labels_path = self._path(f"{part}-images-idx3-ubyte"), self._path(f"{part}-labels-idx1-ubyte")
        images, labels = read_idx(images_path), read_idx(labels_path)
        for array, ndim, path in ((images, 3, images_path), (labels, 1, labels_path)):
            if array.dtype != np.uint8:
                raise TypeError(f"{path}: x should be of dtype torch.uint8 instead of torch.{array.dtype}")
            if array.ndim != ndim:
                raise ValueError(f"{path}: x should have {ndim} dimension{'s' if ndim > 1 else ''} instead of {array.ndim}")
        if len(images) != len(labels):
            raise ValueError(f"{images_path} has {len(images)} images, but {labels_path} {len(labels)} labels")
        return from_numpy(images), from_numpy(labels.astype(np.int64))

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        image, target = self.data[index]._array, int(self.targets[index])
        if not getattr(self.transform, "takes_arrays", False):  # what begins with ToTensor() is spared the way round
            image = _as_image(image)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """Where downloads go."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    def _path(self, name: str) -> str | None:
        """The file of that name, unpacked or not, in the folder of downloads or in ``root`` itself."""
        places = (os.path.join(folder, name + end) for folder in (self.raw_folder, self.root) for end in ("", ".gz"))
        return next((place for place in places if check_integrity(place)), None)

    def _check_exists(self) -> bool:
        return all(self._path(filename.removesuffix(".gz")) for filename, _ in self.resources)

    def download(self) -> None:
        """Fetch the files that are missing."""
        for filename, md5 in self.resources:
            if self._path(filename.removesuffix(".gz")) is None:
                download(filename, self.mirrors, self.raw_folder, md5)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """Articles of clothing, in the size and numbers of :class:`MNIST`."""

    mirrors: ClassVar[list[str]] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip


class KMNIST(MNIST):
    """Japanese syllables in cursive script, in the size and numbers of :class:`MNIST`."""

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


@functools.cache
def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        return None
    return Image


def _as_image(array: np.ndarray) -> Any:
    return array if _pillow() is None else _pillow().fromarray(array)
