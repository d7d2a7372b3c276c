"""MNIST and its relatives from files, and torchvision's transforms of tensors, arrays and Pillow's images."""

import builtins
import gzip
import hashlib
import http.server
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tinygrad_edu as torch
from tinygrad_edu.datasets import KMNIST, MNIST, FashionMNIST, VisionDataset, load_digits, mnist
from tinygrad_edu.datasets import transforms as T
from tinygrad_edu.datasets.idx import read_idx, write_idx
from tinygrad_edu.utils.data import DataLoader

NAMES = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
]  # fmt: skip
IMAGES = np.arange(5 * 28 * 28, dtype=np.uint32).reshape(5, 28, 28).astype(np.uint8)
LABELS = np.array([5, 0, 4, 1, 9], np.uint8)


def write(folder, end="", names=NAMES):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        write_idx(folder / f"{name}{end}", IMAGES if "images" in name else LABELS)


@pytest.fixture
def without_pillow(monkeypatch):
    monkeypatch.setattr(mnist, "_pillow", lambda: None)


# ---- the format -----------------------------------------------------------------------------------------------------


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]),
        arrays.array_shapes(max_dims=4, min_side=0, max_side=4),
        elements={"allow_nan": False},
    ),
    st.sampled_from(["", ".gz"]),
)
def test_idx_comes_back(tmp_path_factory, array, end):
    path = tmp_path_factory.mktemp("idx") / f"x{end}"
    write_idx(path, array)
    found = read_idx(path)
    assert found.dtype == array.dtype and np.array_equal(found, array) and found.flags.writeable


def test_idx_bytes_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "x", np.array([[1, 2]], np.int16))
    assert (tmp_path / "x").read_bytes() == b"\0\0\x0b\x02\0\0\0\x01\0\0\0\x02\0\x01\0\x02"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no IDX file: it begins with the bytes \\(none\\)"), (b"hello", "68 65 6c 6c"),
        (b"\0\0\x08\0", "is no IDX file"), (b"\0\0\x08\x02\0\0\0\x01", "ends within its sizes"),
        (b"\0\0\x08\x01\0\0\0\x03ab", "announces 3 elements of uint8, which are 3 bytes, but has 2"),
        (b"\0\0\x08\x01\0\0\0\x01ab", "but has 2"), (b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "but has 0"),
        (b"\x1f\x8bnonsense", "is damaged"), (gzip.compress(b"\0\0\x08\x01\0\0\0\x01a", mtime=0)[:-9], "is damaged"),
    ],
)  # fmt: skip
def test_damaged_idx_files_are_described(tmp_path, data, words):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read_idx(tmp_path / "x")


def test_idx_refuses_what_it_cannot_hold(tmp_path):
    for array in (np.zeros(2, np.int64), np.zeros((), np.uint8)):
        with pytest.raises(ValueError, match="IDX has no arrays of dtype"):
            write_idx(tmp_path / "x", array)


# ---- the data sets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST, KMNIST])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_files_are_found_where_torchvision_puts_them_and_in_the_folder_itself(tmp_path, kind, end):
    write(tmp_path / "a" / kind.__name__ / "raw", end)
    write(tmp_path / "b", end)
    for root in (tmp_path / "a", str(tmp_path / "b")):
        for train in (True, False):
            dataset = kind(root, train=train)
            assert len(dataset) == 5 and dataset.data.shape == (5, 28, 28) and dataset.data.dtype is torch.uint8
            assert dataset.targets.tolist() == LABELS.tolist() and dataset.targets.dtype is torch.int64
            assert len(dataset.classes) == 10 and dataset.class_to_idx[dataset.classes[3]] == 3
    assert isinstance(dataset, VisionDataset)


def test_samples_are_pillows_images_or_arrays(tmp_path, monkeypatch):
    image_module = pytest.importorskip("PIL.Image")
    write(tmp_path)
    dataset = MNIST(tmp_path)
    image, label = dataset[1]
    assert isinstance(image, image_module.Image) and image.mode == "L" and label == 0 and type(label) is int
    assert np.array_equal(np.asarray(image), IMAGES[1])
    monkeypatch.setattr(mnist, "_pillow", lambda: None)
    image, label = dataset[1]
    assert type(image) is np.ndarray and image.dtype == np.uint8 and np.array_equal(image, IMAGES[1])


@pytest.mark.parametrize("make", [lambda: T.ToTensor(), lambda: T.Compose([T.ToTensor(), T.Normalize((0.1307,), (0.3081,))])])
def test_the_short_way_gives_the_same_tensors(tmp_path, make):
    image_module = pytest.importorskip("PIL.Image")
    write(tmp_path)
    transform = make()
    fast = MNIST(tmp_path, transform=transform)[2][0]
    slow = transform(image_module.fromarray(IMAGES[2]))
    assert transform.takes_arrays and fast.shape == (1, 28, 28) and torch.equal(fast, slow)
    assert not T.Compose([T.CenterCrop(3), T.ToTensor()]).takes_arrays and not T.Compose([]).takes_arrays


def test_course_code_runs_without_pillow(tmp_path, without_pillow):
    write(tmp_path)
    transform = T.Compose([T.Resize(14), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize((0.5,), (0.5,))])
    dataset = MNIST(tmp_path, transform=transform, target_transform=lambda y: y * 2)
    (images, labels) = next(iter(DataLoader(dataset, batch_size=4)))
    assert images.shape == (4, 1, 14, 14) and labels.tolist() == [10, 0, 8, 2] and abs(images).max() <= 1


def test_the_printed_form_is_torchvisions(tmp_path):
    write(tmp_path)
    transform = T.Compose([T.ToTensor(), T.Normalize((0.5,), (0.5,))])
    assert repr(MNIST(str(tmp_path), train=False, transform=transform)) == (
        f"Dataset MNIST\n    Number of datapoints: 5\n    Root location: {tmp_path}\n    Split: Test\n    StandardTransform\n"
        "Transform: Compose(\n               ToTensor()\n               Normalize(mean=(0.5,), std=(0.5,))\n           )"
    )
    plain = f"Dataset FashionMNIST\n    Number of datapoints: 5\n    Root location: {tmp_path}\n    Split: Train"
    assert repr(FashionMNIST(str(tmp_path))) == plain
    both = VisionDataset(transforms=lambda image, label: (image, label))
    assert both.transforms is not None and both.root is None
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        VisionDataset(transforms=print, transform=print)


def test_what_is_wrong_with_a_folder_is_said(tmp_path):
    with pytest.raises(RuntimeError, match=r"Dataset not found. You can use download=True to download it"):
        MNIST(tmp_path)
    write(tmp_path)
    (tmp_path / NAMES[1]).write_bytes(b"\0\0\x08\x01\0\0\0\x01a")
    with pytest.raises(ValueError, match=r"has 5 images, but .* 1 labels"):
        MNIST(tmp_path)
    write_idx(tmp_path / NAMES[1], IMAGES)
    with pytest.raises(ValueError, match="x should have 1 dimension instead of 3"):
        MNIST(tmp_path)
    write_idx(tmp_path / NAMES[0], IMAGES.astype(np.int16))
    with pytest.raises(TypeError, match=r"x should be of dtype torch.uint8 instead of torch.int16"):
        MNIST(tmp_path)


# ---- downloads ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server of small files on this machine, and MNIST told of it."""
    folder = tmp_path / "served"
    write(folder, ".gz")
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    sums = [(f"{name}.gz", hashlib.md5((folder / f"{name}.gz").read_bytes()).hexdigest()) for name in NAMES]
    monkeypatch.setattr(MNIST, "mirrors", [address + "nowhere/", address])
    monkeypatch.setattr(MNIST, "resources", sums)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_downloads_come_from_the_first_mirror_that_has_them(tmp_path, mirror, capsys):
    root = tmp_path / "data"
    assert MNIST(root, download=True).targets.tolist() == LABELS.tolist()
    assert len(mirror) == 8 and sorted(each.name for each in (root / "MNIST" / "raw").iterdir()) == sorted(
        f"{name}.gz" for name in NAMES
    )
    if "tqdm" in sys.modules:
        assert "train-images-idx3-ubyte.gz: 100%" in capsys.readouterr().err
    assert len(MNIST(root, train=False, download=True)) == 5
    assert len(mirror) == 8  # nothing was fetched twice


def test_a_wrong_file_is_not_kept(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "resources", [(name, "0" * 32) for name, _ in MNIST.resources])
    with pytest.raises(RuntimeError) as caught:
        MNIST(tmp_path / "data", download=True)
    words = str(caught.value)
    assert words.startswith("Error downloading train-images-idx3-ubyte.gz:\nTried http://127.0.0.1")
    for part in ("HTTP Error 404", "File not found or corrupted", "Without a network, put the file at"):
        assert part in words
    assert not list((tmp_path / "data" / "MNIST" / "raw").iterdir())


def test_no_network_is_an_error_that_helps(tmp_path, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(RuntimeError, match=r"Without a network, put the file at .*train-images-idx3-ubyte.gz"):
        MNIST(tmp_path, download=True)


def test_digits_are_scikit_learns(monkeypatch):
    pytest.importorskip("sklearn")
    assert load_digits().data.shape == (1797, 64) and load_digits(n_class=2, return_X_y=True)[1].max() == 1
    true_import = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return true_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"load_digits\(\) needs scikit-learn: run `pip install tinygrad-edu\[data\]`"):
        load_digits()


# ---- transforms -----------------------------------------------------------------------------------------------------

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOUR = np.stack([GREY, GREY + 5, 255 - GREY], 2)


def kinds(array):
    """One image of each kind."""
    image_module = pytest.importorskip("PIL.Image")
    wide = array[:, :, None] if array.ndim == 2 else array
    return array, torch.from_numpy(np.ascontiguousarray(wide.transpose(2, 0, 1))), image_module.fromarray(array)


def as_array(image):
    if isinstance(image, torch.Tensor):
        moved = image.permute(1, 2, 0).numpy()
        return moved[:, :, 0] if moved.shape[2] == 1 else moved
    return np.asarray(image)


def test_to_tensor():
    for image in (GREY, kinds(GREY)[2]):
        x = T.ToTensor()(image)
        assert x.shape == (1, 2, 3) and x.dtype is torch.float32 and x[0, 1, 2].item() == np.float32(200) / np.float32(255)
        assert T.PILToTensor()(image).dtype is torch.uint8
    assert T.ToTensor()(COLOUR).shape == (3, 2, 3) and T.ToTensor()(COLOUR.astype(np.float64)).dtype is torch.float64
    picture = GREY.copy()
    T.PILToTensor()(picture).zero_()
    assert np.array_equal(picture, GREY)
    with pytest.raises(TypeError, match="pic should be PIL Image or ndarray"):
        T.ToTensor()(torch.ones(1, 2, 3))
    with pytest.raises(ValueError, match=r"pic should be 2/3 dimensional. Got 1 dimensions"):
        T.ToTensor()(np.zeros(3))


def test_to_pil_image():
    image_module = pytest.importorskip("PIL.Image")
    for array in (GREY, COLOUR):
        image = T.ToPILImage()(T.ToTensor()(array))
        assert isinstance(image, image_module.Image) and np.array_equal(np.asarray(image), array)
    assert T.ToPILImage("L")(COLOUR).mode == "L" and repr(T.ToPILImage("L")) == "ToPILImage(mode=L)"


def test_normalize():
    x = torch.ones(2, 3, 3)
    y = T.Normalize((0.5, 1), (0.5, 2))(x)
    assert y[0, 0, 0] == 1 and y[1, 0, 0] == 0 and x[0, 0, 0] == 1
    assert T.Normalize([1.0], [1.0], inplace=True)(x) is x and x.sum() == 0
    for image, error, words in (
        (GREY, TypeError, "img should be Tensor Image"), (torch.ones(2, 3), ValueError, "Expected tensor to be a tensor image"),
        (torch.ones(1, 2, 3, dtype=torch.uint8), TypeError, "Input tensor should be a float tensor. Got torch.uint8."),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            T.Normalize((0.5,), (0.5,))(image)
    with pytest.raises(ValueError, match="std evaluated to zero"):
        T.Normalize((0.5,), (0.0,))(x)


GEOMETRY = [
    T.CenterCrop(2), T.CenterCrop((1, 5)), T.Pad(1), T.Pad((1, 2)), T.Pad((0, 1, 2, 3), 9), T.Pad(1, padding_mode="reflect"),
    T.Pad(1, padding_mode="symmetric"), T.Pad((2, 1), padding_mode="edge"), T.RandomHorizontalFlip(1.0),
    T.RandomVerticalFlip(1.0), T.RandomCrop(2), T.RandomCrop(3, padding=2), T.RandomCrop(5, pad_if_needed=True),
    T.Resize((4, 6), 0), T.Resize(2, T.InterpolationMode.NEAREST_EXACT), T.RandomApply([T.CenterCrop(1)], 0.5), T.Grayscale(),
]  # fmt: skip


@pytest.mark.parametrize("transform", GEOMETRY, ids=lambda t: repr(t).replace("\n", ""))
@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_every_kind_of_image_is_treated_alike(transform, array):
    results = []
    for image in kinds(array):
        torch.manual_seed(0)
        result = transform(image)
        assert type(result) is type(image) or not isinstance(image, (np.ndarray, torch.Tensor))
        results.append(as_array(result).astype(int))
    assert np.array_equal(results[0], results[2])
    assert np.abs(results[0] - results[1]).max() <= (1 if isinstance(transform, T.Grayscale) else 0)


def test_resize_weighs_as_pillow_and_pytorch():
    real = pytest.importorskip("torch")
    image_module = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (17, 31, 3), dtype=np.uint8)
    floats = rng.standard_normal((3, 17, 31))
    for size in ((8, 20), (32, 12), (34, 62)):
        for mode, number in (("bilinear", 2), ("bicubic", 3)):
            ours = T.Resize(size, number)(array).astype(int)
            theirs = np.asarray(image_module.fromarray(array).resize(size[::-1], number)).astype(int)
            assert np.abs(ours - theirs).max() <= 1  # Pillow's weights are whole numbers
            for antialias in (True, False):
                x = T.Resize(size, number, antialias=antialias)(torch.from_numpy(floats))
                y = real.nn.functional.interpolate(
                    real.from_numpy(floats)[None], size, mode=mode, antialias=antialias, align_corners=False
                )
                np.testing.assert_allclose(x.numpy(), y[0].numpy(), rtol=1e-5, atol=1e-5)


def test_resize_keeps_proportions():
    for shape, options, expected in (
        ((20, 10), {"size": 5}, (10, 5)), ((10, 20), {"size": [5]}, (5, 10)), ((10, 30), {"size": 5, "max_size": 12}, (4, 12)),
        ((10, 10), {"size": (3, 4)}, (3, 4)),
    ):  # fmt: skip
        assert T.Resize(**options)(torch.ones(1, *shape)).shape[1:] == expected
    image = torch.ones(1, 4, 4)
    assert T.Resize(4)(image) is image
    for make, error in (
        (lambda: T.Resize(2.5), TypeError), (lambda: T.Resize((1, 2, 3)), ValueError),
        (lambda: T.Resize(2, "bilinear"), TypeError),
        (lambda: T.Resize(5, max_size=5)(image), ValueError), (lambda: T.Resize((5, 5), max_size=9)(image), ValueError),
        (lambda: T.CenterCrop((1, 2, 3)), ValueError), (lambda: T.Pad("1"), TypeError), (lambda: T.Pad((1, 2, 3)), ValueError),
        (lambda: T.Pad(1, padding_mode="none"), ValueError), (lambda: T.Lambda(1), TypeError),
        (lambda: T.Pad(1, "x"), TypeError),
        (lambda: T.RandomCrop(9)(image), ValueError), (lambda: T.Grayscale(2)(image), ValueError),
    ):  # fmt: skip
        with pytest.raises(error):
            make()


def test_draws_are_pytorchs():
    torch.manual_seed(3)
    first = T.RandomCrop.get_params(torch.ones(1, 20, 20), (4, 5))
    torch.manual_seed(3)
    assert first == (torch.randint(0, 17, (1,)).item(), torch.randint(0, 16, (1,)).item(), 4, 5)
    torch.manual_seed(0)
    x = torch.arange(2.0).view(1, 1, 2)
    flipped = [T.RandomHorizontalFlip(0.3)(x)[0, 0, 0].item() == 1 for _ in range(20)]
    torch.manual_seed(0)
    assert flipped == [torch.rand(1).item() < 0.3 for _ in range(20)]


def test_transforms_print_as_torchvisions():
    composed = T.Compose([T.Resize((32, 32)), T.RandomCrop(28, padding=4), T.Lambda(abs), T.RandomApply([T.CenterCrop(3)])])
    assert repr(composed) == (
        "Compose(\n    Resize(size=(32, 32), interpolation=bilinear, max_size=None, antialias=True)\n"
        "    RandomCrop(size=(28, 28), padding=4)\n    Lambda()\n    RandomApply(\n    p=0.5\n    CenterCrop(size=(3, 3))\n)\n)"
    )


def test_import_path_of_courses():
    script = "from tinygrad_edu import datasets\nfrom tinygrad_edu.datasets import transforms, FashionMNIST"
    names = {}
    exec(script, names)
    assert names["datasets"].MNIST is MNIST and names["transforms"] is T and isinstance(T.Normalize(0, 1), torch.nn.Module)
    with pytest.raises(AttributeError, match="has no attribute 'CIFAR11'"):
        names["datasets"].CIFAR11  # noqa: B018
