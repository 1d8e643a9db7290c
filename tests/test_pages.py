"""The pages that people read say what the code does: tables, examples, commands and links."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

import auditkit
from auditkit.checks import Check
from auditkit.evidence.subject import Kind

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("*/*/README.md"))]

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def first_column(heading: str) -> list[str]:
    """What stands in code style in the first column of the table with this first heading."""
    table = README.partition(f"| {heading} |")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    assert rows, f"the README has no table headed {heading!r}"
    return [cell.strip(" `") for row in rows for cell in row.split("|")[1].split(",")]


@every_page
def test_no_page_installs_the_other_project(page: Path) -> None:
    commands = re.findall(r"\binstall\b.*", page.read_text())
    assert not [line for line in commands if re.search(r"\bauditkit(?!-torch)\b", line)]


@every_page
def test_targets_exist_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^ {4})make ([a-z ]+)", page.read_text(), re.MULTILINE)
    assert {target for targets_named in named for target in targets_named.split()} <= targets


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text())
    local = [target for target in targets if "://" not in target]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_commands() -> None:
    from auditkit.cli import COMMANDS

    names = {name.split()[0] for name in first_column("command")}
    assert names == set(COMMANDS)


@every_page
def test_commands_have_the_options_they_are_shown_with(page: Path) -> None:
    from auditkit.cli import COMMANDS

    shown = re.findall(r"^ {4}auditkit ([a-z]+)(.*)", page.read_text(), re.MULTILINE)
    for name, rest in shown:
        command = importlib.import_module(COMMANDS[name][0]).command
        every = [command, *getattr(command, "commands", {}).values()]
        known = {opt for one in every for parameter in one.params for opt in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest.partition("#")[0])) <= known, f"{name}{rest}"


def test_exit_statuses_and_verdicts() -> None:
    from auditkit.policy.verdict import ExitCode, VerdictStatus

    assert first_column("exit status") == [str(int(code)) for code in ExitCode]
    assert first_column("verdict") == [status.value for status in VerdictStatus]


def test_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(first_column("extra")) == set(project["optional-dependencies"])


def test_shipped_policies_are_named() -> None:
    shipped = {policy.stem for policy in (ROOT / "policies").glob("*.yaml")}
    assert set(first_column("policy")) == shipped


def test_keys_of_groups_are_those_of_the_configuration() -> None:
    from auditkit.configuration import DataSection

    told = {"evaluation", "training", "outside", "table", "split", "label", "features", "notes"}
    elsewhere = {"row_id", "time"}  # `auditkit init` names them
    media = {"images", "audio", "text", "series", "damaged"}  # under a heading of their own
    assert set(first_column("key")) == set(DataSection.model_fields) - told - elsewhere - media
    told_of_media = README.partition("### Images, sound, text, series")[2].partition("\n### ")[0]
    assert all(re.search(rf"\b{key}:", told_of_media) for key in media)


def test_examples_of_keys_are_yaml_that_is_read() -> None:
    import yaml

    from auditkit.configuration import DataSection

    rows = README.partition("| key |")[2].partition("\n\n")[0].splitlines()[2:]
    section: dict[str, object] = {"evaluation": {"table": "people.csv"}}
    for keys, _, examples in (row.strip("| ").split(" | ") for row in rows):
        given = [yaml.safe_load(text) for text in re.findall(r"`([^`]+)`", examples)]
        section |= dict(zip(re.findall(r"`([^`]+)`", keys), given, strict=True))
    assert DataSection.model_validate(section).controls["seniority"].cuts == (2, 10)


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    import yaml

    from auditkit.configuration import read_configuration
    from auditkit.policy import shipped_policies

    path = tmp_path / "audit.yaml"
    whole, *parts = blocks("yaml")
    path.write_text(whole)
    assert read_configuration(path).policy == "baseline"
    # The others show keys to be added to its sections.
    for part in map(yaml.safe_load, parts):
        if "name" in part:  # of another kind of model, whole by itself
            path.write_text(yaml.safe_dump(part))
            assert read_configuration(path).policy in shipped_policies()
            continue
        added = yaml.safe_load(whole)
        for section, keys in part.items():
            whole_section = isinstance(keys, list)
            added[section] = keys if whole_section else {**added.get(section, {}), **keys}
        if "quantiles" in added["model"]:
            for key in ("outputs", "classes", "decision"):
                del added["model"][key]
        path.write_text(yaml.safe_dump(added))
        assert read_configuration(path).policy == "baseline"


def test_checks_of_confidence_are_those_that_there_are() -> None:
    from auditkit.checks.registry import load_checks

    checks = {check.name: check for check in load_checks()[0]}
    of_text = {name for name, check in checks.items() if Kind.GENERATOR in check.about}
    older = {"bias", "drift", "embedding_slices", "explanation", "overfitting", "performance"}
    elsewhere = older | {"representation", "shortcuts", "slices"}
    assert set(first_column("check")) == set(checks) - of_text - elsewhere
    assert set(first_column("check of answers")) == of_text
    _refuse_unbounded("check", checks)
    _refuse_unbounded("check of answers", checks)


def _refuse_unbounded(heading: str, checks: Mapping[str, Check]) -> None:
    named = first_column(heading)
    rows = README.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    for name, row in zip(named, rows, strict=True):
        bounded = re.findall(r"`([a-z0-9_]+)`", row.split(" | ")[-1])
        metrics = {metric.id.partition(".")[2]: metric for metric in checks[name].metrics}
        assert set(bounded) <= set(metrics), name
        assert all(metrics[one].gateable for one in bounded), name


def test_nuisances_are_those_that_there_are() -> None:
    import yaml

    from auditkit.checks.shortcuts.check import METRICS
    from auditkit.variants.nuisances import declared_nuisances
    from auditkit.variants.nuisances.kinds import KINDS

    told: dict[str, set[str]] = {}
    for row in README.partition("| kind |")[2].partition("\n\n")[0].splitlines()[2:]:
        for kind, settings in re.findall(r"`(\w+)` \(([^)]*)\)", row.split(" | ")[0]):
            told[kind] = set(re.findall(r"`(\w+)`", settings))
    assert told == {kind: set(one.settings) for kind, one in KINDS.items()}
    (example,) = [text for text in blocks("yaml") if text.startswith("nuisances:")]
    assert declared_nuisances(yaml.safe_load(example)["nuisances"])
    bounded = re.findall(r"metric: (shortcuts\.\w+)", README)
    assert bounded
    assert set(bounded) <= {metric.id for metric in METRICS}


def test_methods_and_wishes_are_those_that_there_are() -> None:
    import yaml

    from auditkit.explain import Wishes
    from auditkit.explain.methods import METHODS

    assert set(first_column("method")) == set(METHODS)
    gradient = {name for name, method in METHODS.items() if method.needs_gradient}
    rows = README.partition("| method |")[2].partition("\n\n")[0].splitlines()[2:]
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        named = set(re.findall(r"`(\w+)`", cells[0]))
        assert named <= gradient if cells[2] == "yes" else not named & gradient
    (example,) = [text for text in blocks("yaml") if text.startswith("explain:")]
    given = yaml.safe_load(example)["explain"]
    assert set(given) == set(Wishes().describe())
    assert Wishes.of(given) == Wishes(samples=given["samples"])


def test_the_example_of_explanations_runs() -> None:
    import torch

    model = auditkit.wrap(torch.nn.Linear(3, 1), task="binary", outputs="logits")
    names = {"model": model, "inputs": torch.rand(8, 3), "names": ("age", "hours", "pay")}
    (example,) = [text for text in blocks("python") if "auditkit.explain" in text]
    exec(compile(example, "<README>", "exec"), names)  # noqa: S102 - our own page
    assert names["found"].maps["integrated_gradients"].shown.all()


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd
    import torch

    monkeypatch.chdir(tmp_path)
    ages = [20.0 + number % 50 for number in range(200)]
    table = {"age": ages, "income": [age * 1.5 for age in ages], "gender": ["female", "male"] * 100}
    loans = pd.DataFrame({**table, "outcome": ["refused", "granted"] * 100})
    names = {"network": torch.nn.Linear(2, 1), "loans": loans}
    exec(compile(blocks("python")[0], "<README>", "exec"), names)  # noqa: S102 - our own page
    assert names["run"].verdict in {"pass", "fail", "inconclusive"}
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_the_changelog_has_this_version_or_unreleased() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in {"Unreleased", auditkit.__version__}
