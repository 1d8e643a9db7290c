"""What is shipped: the wheel and its folders, the constraints, the examples' packages."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import auditkit
from auditkit import collision, resources

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def pins() -> dict[str, list[Requirement]]:
    """The constraints by package; several of one package have markers."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if not line.startswith("#")]
    by_name: dict[str, list[Requirement]] = {}
    for requirement in requirements:
        by_name.setdefault(requirement.name.replace("_", "-"), []).append(requirement)
    return by_name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


class TestWheel:
    @pytest.mark.parametrize("folder", ["policies", "dashboards"])
    def test_carries_the_shipped_folders(self, wheel: Path, folder: str) -> None:
        names = set(zipfile.ZipFile(wheel).namelist())
        expected = {f"auditkit/{folder}/{name}" for name in files_below(ROOT / folder)}
        assert expected
        assert expected <= names

    def test_carries_every_file_of_the_package_and_no_other(self, wheel: Path) -> None:
        names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
        own = {f"auditkit/{name}" for name in files_below(ROOT / "auditkit")}
        shipped = ("auditkit/policies/", "auditkit/dashboards/")
        assert {name for name in names if not name.startswith(shipped)} == own
        assert not [name for name in names if "__pycache__" in name]

    def test_carries_the_licence(self, wheel: Path) -> None:
        names = zipfile.ZipFile(wheel).namelist()
        assert f"auditkit_torch-{auditkit.__version__}.dist-info/licenses/LICENSE" in names

    def test_finds_its_folders_when_unpacked(self, wheel: Path, tmp_path: Path) -> None:
        zipfile.ZipFile(wheel).extractall(tmp_path)
        program = (
            "from auditkit.resources import policies_folder, dashboards_folder\n"
            "print(policies_folder(), dashboards_folder(), sep='\\n')"
        )
        assert run_python(program, path=tmp_path).stdout.splitlines() == [
            str(tmp_path / "auditkit" / "policies"),
            str(tmp_path / "auditkit" / "dashboards"),
        ]


def run_python(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh process that finds packages in `path` first."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=path, env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


class TestResources:
    def test_checkout_keeps_the_folders_at_its_root(self) -> None:
        assert resources.policies_folder() == ROOT / "policies"
        assert resources.dashboards_folder() == ROOT / "dashboards"

    def test_a_folder_beside_an_installed_package_is_not_ours(self, tmp_path: Path) -> None:
        (tmp_path / "policies").mkdir()  # another distribution's, in site-packages
        with pytest.raises(resources.ResourceError) as caught:
            resources.shipped_folder("policies", package=tmp_path / "auditkit")
        assert str(caught.value) == (
            "auditkit ships a folder 'policies', and this installation lacks it (looked for "
            f"{tmp_path}/auditkit/policies). Install auditkit-torch again, from a wheel or from "
            "a complete checkout."
        )


class TestCollision:
    @pytest.mark.parametrize("name", ["auditkit-1.1.3.dist-info", "auditkit-1.1.3-py3.11.egg-info"])
    def test_is_named_with_the_mend(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / "auditkit_torch-0.1.0.dist-info").mkdir()
        with pytest.raises(ImportError) as caught:
            collision.refuse_collision(tmp_path)
        assert str(caught.value) == (
            f"Two distributions have installed a package named 'auditkit' into {tmp_path}: "
            f"auditkit-torch (this one) and auditkit (another project, {name}); their files "
            "overwrite one another. Run `pip uninstall auditkit`, then install auditkit-torch "
            "again with `--force-reinstall --no-deps`, or use a virtual environment for each."
        )

    def test_our_own_metadata_is_no_collision(self, tmp_path: Path) -> None:
        for name in ("auditkit_torch-0.1.0.dist-info", "auditkit", "auditkit-report", "auditkits"):
            (tmp_path / name).mkdir()
        collision.refuse_collision(tmp_path)

    @pytest.mark.parametrize("module", ["auditkit", "auditkit.cli"])
    def test_stops_the_import(self, wheel: Path, tmp_path: Path, module: str) -> None:
        zipfile.ZipFile(wheel).extractall(tmp_path)
        assert run_python(f"import {module}", path=tmp_path).returncode == 0
        (tmp_path / "auditkit-1.1.3.dist-info").mkdir()
        done = run_python(f"import {module}", path=tmp_path)
        assert done.returncode == 1
        assert "ImportError: Two distributions have installed" in done.stderr

    def test_stops_the_command_where_the_other_came_last(self, wheel: Path, tmp_path: Path) -> None:
        zipfile.ZipFile(wheel).extractall(tmp_path)
        (tmp_path / "auditkit" / "__init__.py").write_text("__version__ = '1.1.3'\n")
        (tmp_path / "auditkit" / "cli.py").write_text("def main(): print('the other project')\n")
        (tmp_path / "auditkit-1.1.3.dist-info").mkdir()
        done = run_python("from auditkit.cli import main; main()", path=tmp_path)
        assert "ImportError: Two distributions have installed" in done.stderr


class TestConstraints:
    def test_pin_exactly_and_from_no_particular_place(self) -> None:
        for line in (ROOT / "constraints.txt").read_text().splitlines():
            if line.startswith("#"):
                continue
            (specifier,) = Requirement(line).specifier
            assert specifier.operator == "=="
            assert "+" not in specifier.version, f"{line}: a local build of one machine"
            assert Requirement(line).url is None

    def test_leave_the_cuda_packages_to_torch(self, pins: dict[str, list[Requirement]]) -> None:
        assert not [name for name in pins if re.match(r"(nvidia|cuda|triton)\b", name)]

    def test_cover_and_satisfy_what_the_project_asks_for(
        self, project: dict, pins: dict[str, list[Requirement]]
    ) -> None:
        groups = [project["dependencies"], *project["optional-dependencies"].values()]
        for text in itertools.chain(*groups):
            requirement = Requirement(text)
            if requirement.name == project["name"]:
                continue
            assert requirement.name.lower() in pins, f"run `make lock`: {text} has no pin"
            for pin in pins[requirement.name.lower()]:
                (specifier,) = pin.specifier
                assert specifier.version in requirement.specifier, f"run `make lock`: {text}"

    def test_evidently_imports_beside_this_pandas(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", "import evidently"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


class TestExamplePackages:
    def test_are_pinned_with_hashes(self) -> None:
        lines = (ROOT / "examples" / "requirements-no-deps.txt").read_text().splitlines()
        pinned = [line for line in lines if not line.startswith("#")]
        # Each is said to be of a licence, and which file of it is read.
        told = [line.split()[1] for line in lines if line.startswith("#   ")]
        assert [line.partition("==")[0] for line in pinned] == told == sorted(told)
        for line in pinned:
            assert re.fullmatch(r"[a-z-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}", line)
