"""The package as it is installed: a wheel, an editable install, and an uninstalled checkout.

Each environment is a fresh virtual environment without pip, into which the outer pip installs the package alone. Its
dependencies come, without a network, from the outer environment: a ``.pth`` file puts that site-packages folder behind
the environment's own. Whatever ``.pth`` files lie there (another editable install's) are not read.
"""

import email
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from running import ROOT

OUTER = sysconfig.get_path("purelib")
IMPORTS = """
import tinygrad_edu as torch
import tinygrad_edu.nn as nn
import tinygrad_edu.nn.functional as F
import tinygrad_edu.optim as optim
from tinygrad_edu.utils.data import DataLoader
from tinygrad_edu.datasets import load_iris, load_wine
"""
USE = """
import sys
assert torch.nn is nn and nn.functional is F and torch.optim is optim and sys.modules["tinygrad_edu.nn"] is nn
layer = nn.Linear(2, 1)
optimizer = optim.SGD(layer.parameters(), lr=0.1)
for x, y in DataLoader([(torch.ones(2), torch.zeros(1))]):
    F.mse_loss(layer(x), y).backward()
    optimizer.step()
assert isinstance(layer.weight, torch.Tensor)
assert load_iris().data.shape == (150, 4) and load_wine().data.shape == (178, 13)
from importlib.util import find_spec
print(torch.__file__, nn.__file__, find_spec("nn"), find_spec("optim"))
"""


def run(*command, cwd=None, **environment):
    """Run a command without this environment's Python path; what it prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the checkout, for builds leave files behind."""
    folder = tmp_path_factory.mktemp("source") / "checkout"
    unwanted = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "out", "shared", "tests")
    return Path(shutil.copytree(ROOT, folder, ignore=unwanted))


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source)
    (path,) = folder.iterdir()
    return path


def environment_with(folder, *what):
    """A fresh environment's Python, with the package installed as ``what`` says."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(site, "outer.pth").write_text(OUTER + "\n")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", *what)
    return python


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return environment_with(tmp_path_factory.mktemp("installed") / "venv", wheel)


def files(package, folder):
    """The Python files of a package, stubs too, as their names inside it."""
    return {f"{package}/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.py*") if path.suffix != ".pyc"}


# ---- the wheel


def test_wheel_is_pure_and_complete(wheel):
    assert re.fullmatch(r"tinygrad_edu-[\d.]+-py3-none-any\.whl", wheel.name)
    names = set(zipfile.ZipFile(wheel).namelist())
    code = files("tinygrad_edu", ROOT / "tinygrad_edu")
    for folder in ("nn", "optim", "examples"):
        code |= files(f"tinygrad_edu/{folder}", ROOT / folder)
    data = {"tinygrad_edu/py.typed", "tinygrad_edu/datasets/iris.csv", "tinygrad_edu/datasets/wine.csv"}
    data |= {f"tinygrad_edu/visualize/pages/assets/page.{kind}" for kind in ("css", "html", "js")}
    assert {name for name in names if ".dist-info/" not in name} == code | data


def test_metadata_names_licence_python_and_dependencies(wheel):
    archive = zipfile.ZipFile(wheel)
    (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(archive.read(path))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    required = metadata.get_all("Requires-Dist")
    assert [each for each in required if "extra ==" not in each] == ["numpy>=2", "graphviz>=0.20"]
    assert 'torch==2.13.0; extra == "oracle"' in required
    assert set(metadata.get_all("Provides-Extra")) == {"viz", "data", "test", "oracle", "dev"}
    assert path.replace("METADATA", "licenses/LICENSE") in archive.namelist()


def test_version_is_that_of_the_metadata():
    import tinygrad_edu

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert re.fullmatch(r"(2\.13\.0\+tinygrad\.edu\.)?" + re.escape(project["version"]), tinygrad_edu.__version__)


# ---- installed, from another folder


def test_installed_wheel_works_from_another_folder(installed, tmp_path):
    package, nn, *plain = run(installed, "-c", IMPORTS + USE, cwd=tmp_path).split()
    assert Path(package).parent == Path(nn).parent.parent
    assert installed.parent.parent in Path(package).parents
    assert plain == ["None", "None"]


def test_every_module_of_the_wheel_imports(installed, wheel, tmp_path):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py") and "__main__" not in name]
    names = [name for name in names if "/examples/" not in name]  # programs, not modules
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names]
    run(installed, "-W", "error", "-c", "import " + ", ".join(modules), cwd=tmp_path)


def test_demo_runs_from_the_wheel(installed, tmp_path):
    printed = run(installed, "-m", "tinygrad_edu", "demo", "--epochs", "1", cwd=tmp_path)
    assert printed.startswith("epoch :001, \tloss :1.0827, \taccuracy :0.4464\ntorch.return_types.max(\n")
    assert {path.name for path in (tmp_path / "out").iterdir()} - {"iris.png"} == {"iris_step.svg", "iris_step.html"}


def test_lessons_run_from_the_wheel(installed, tmp_path):
    listed = run(installed, "-m", "tinygrad_edu", "lessons", cwd=tmp_path)
    assert listed.startswith("01  ") and "--quick" in listed
    printed = run(installed, "-m", "tinygrad_edu", "lessons", "7", "--quick", cwd=tmp_path)
    assert printed.startswith("epoch:1 loss:1.5763")


def test_editable_install_follows_the_checkout(source, tmp_path):
    python = environment_with(tmp_path / "venv", "--no-build-isolation", "-e", source)
    package, nn, *plain = run(python, "-c", IMPORTS + USE, cwd=tmp_path).split()
    assert Path(package) == source / "tinygrad_edu" / "__init__.py"
    assert Path(nn) == source / "nn" / "__init__.py"
    assert plain == ["None", "None"]
    run(python, "-m", "tinygrad_edu", "demo", "--epochs", "1", cwd=tmp_path)


def test_uninstalled_checkout_works(source, tmp_path):
    package, nn, *_ = run(sys.executable, "-c", IMPORTS + USE, cwd=source).split()
    assert Path(package) == source / "tinygrad_edu" / "__init__.py"
    assert Path(nn) == source / "nn" / "__init__.py"
    run(sys.executable, "-m", "tinygrad_edu", "demo", "--epochs", "1", "--out", tmp_path, cwd=source)


def test_plain_nn_fails_instead_of_making_second_classes(source):
    command = [sys.executable, "-c", "import nn"]
    failed = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "ImportError: attempted relative import beyond top-level package" in failed.stderr


# ---- what an import does

WATCH = """
import sys, threading, numpy

def watch(event, arguments):
    if event.split(".")[0] in ("subprocess", "socket", "urllib") or event in ("os.system", "os.fork", "os.exec"):
        raise AssertionError((event, arguments))

sys.addaudithook(watch)
"""
HEAVY = "graphviz pygraphviz matplotlib sklearn pandas tqdm torch scipy subprocess socket asyncio multiprocessing"


def test_import_starts_nothing_and_loads_nothing_heavy(installed, tmp_path):
    before = "before = set(sys.modules)"
    after = f"print(threading.active_count(), sorted(set({HEAVY.split()}) & (set(sys.modules) - before)))"
    assert run(installed, "-c", f"{WATCH}\n{before}\n{IMPORTS}\n{after}", cwd=tmp_path) == "1 []\n"
