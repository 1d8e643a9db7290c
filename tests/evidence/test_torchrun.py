"""Two processes see what one sees: the same counts, the same sample, the same errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditkit.errors import ConfigurationError, DataError
from auditkit.evidence import Options, make_plan, torchrun
from auditkit.evidence.identities import identities
from auditkit.evidence.kept_outcomes import from_bytes as kept_from_bytes
from auditkit.evidence.merging import from_bytes
from auditkit.evidence.needs import CountNeed, SplitNeed, group
from auditkit.evidence.subject import Subject
from auditkit.measurement import Slice
from auditkit.records import open_store
from tests.evidence import torchrun_job as job
from tests.evidence.passes import subject_of

pytestmark = pytest.mark.distributed
ROOT = Path(__file__).parents[2]


def launch(*arguments: str, timeout: int = 240) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    job.write_tables(folder)
    done = launch("tests/evidence/torchrun_job.py", str(folder))
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def seen(folder: Path, name: str, rank: int) -> dict[str, Any]:
    return json.loads((folder / f"{name}.{rank}.json").read_text())


def plan_of(name: str, model: Any, columns: Any):
    needs = job.of_features(job.NEEDS) if name == "table" else job.NEEDS
    subject: Subject = subject_of(model, columns)
    return make_plan([SplitNeed("evaluation", n) for n in needs], subject).splits["evaluation"]


def test_two_processes_hear_what_one_hears(together: Path) -> None:
    columns = job.of_table(together, job.people(), "table").columns
    needs = [SplitNeed("evaluation", need) for need in job.ASKED]
    plan = make_plan(needs, subject_of(job.model(), columns)).splits["evaluation"]
    evidence = [job.alone(together, "prompts")["evidence"]]
    evidence += [seen(together, "prompts", rank)["evidence"] for rank in (0, 1)]
    one, *both = [from_bytes(bytes.fromhex(found), plan) for found in evidence]
    assert one.generations is not None
    assert len(one.generations) == job.ROWS
    assert len(one.generations.rows[0].samples) == 2
    for found in both:
        assert found.generations is not None
        assert found.generations.to_bytes() == one.generations.to_bytes()
        assert found.counts == one.counts


@pytest.mark.parametrize("name", ["table", "items", "after"])
def test_two_processes_count_what_one_counts(together: Path, name: str) -> None:
    data = job.of_table(together, job.people(), "table")
    plan = plan_of(name, job.model(), data.columns)
    one = job.alone(together, name)
    expected = from_bytes(bytes.fromhex(one["evidence"]), plan)
    for rank in (0, 1):
        found = seen(together, name, rank)
        assert (found["primary"], found["workers"]) == (rank == 0, 2)
        evidence = from_bytes(bytes.fromhex(found["evidence"]), plan)
        assert evidence.rows == job.ROWS
        assert evidence.counts == expected.counts
        assert evidence.levels == expected.levels
        assert len(evidence.levels["town"]) == 7
        for need, moments in expected.sums.items():
            np.testing.assert_allclose(evidence.sums[need].sum, moments.sum, rtol=1e-12)
        assert evidence.clusters_in(Slice()) == expected.clusters_in(Slice())
        assert evidence.sample.row_ids.tolist() == expected.sample.row_ids.tolist()
        for need, log in expected.row_logs.items():
            assert evidence.row_logs[need].rows_seen == job.ROWS
            kept = [found.table.drop_columns(["value:log_loss"]) for found in
                    (evidence.row_logs[need], log)]  # fmt: skip
            assert kept[0].equals(kept[1])
        for need, prints in expected.fingerprints.items():
            assert (len(prints), prints.seen) == (120, job.ROWS)
            assert evidence.fingerprints[need].to_bytes() == prints.to_bytes()
        np.testing.assert_allclose(found["attributions"], one["attributions"], rtol=1e-6)


def test_ids_doubled_across_processes_are_found(together: Path) -> None:
    said = job.alone(together, "doubled")
    assert said["error"] == "DataError"
    assert "holds 1 value more than once: 0 in rows 0, 199" in said["said"]
    for rank in (0, 1):
        found = seen(together, "doubled", rank)
        assert (found["error"], found["said"]) == (said["error"], said["said"])


def test_an_error_in_one_process_stops_both(together: Path) -> None:
    # Row 190 lies in the last of five fragments, which rank 0 reads; rank 1 hears of it.
    for rank in (0, 1):
        found = seen(together, "unknown", rank)
        assert found["error"] == "DataError"
        assert "1 target of the model in this batch is 7" in found["said"]
        assert "(row: 190)" in found["said"]


def test_a_defect_in_one_process_is_named_in_the_others(together: Path) -> None:
    fragments = [seen(together, "broken", rank) for rank in (0, 1)]
    errors = {found["error"] for found in fragments}
    assert errors == {"ValueError", "AuditkitError"}
    (heard,) = [found["said"] for found in fragments if found["error"] == "AuditkitError"]
    assert heard.startswith("Process ")
    assert heard.endswith("broke off (ValueError: item 195 cannot be read).")


def test_one_process_decides_for_all(together: Path) -> None:
    for rank in (0, 1):
        assert seen(together, "shared", rank) == ["what rank 0 says", ""]


def test_a_process_that_is_gone_is_missed(together: Path) -> None:
    found = seen(together, "lost", 0)
    assert found["error"] == "AuditkitError"
    assert found["said"].startswith("Another process of this audit has ended before its time (")


def test_the_command_line_judges_once(tmp_path: Path) -> None:
    job.write_tables(tmp_path)
    (tmp_path / "audit.yaml").write_text(
        "name: two processes\n"
        "model:\n"
        "  predictions: {score: pay}\n"
        "  task: binary\n"
        "  outputs: probabilities\n"
        "  decision: {threshold: 0.5, favourable: '1'}\n"
        "data:\n"
        "  evaluation: {table: table.parquet}\n"
        "  label: y\n"
        "  row_id: id\n"
        "  features: [age, pay]\n"
        "  groups: {town: {reference: town 0}}\n"
        "policy: baseline\n"
    )
    store, report = tmp_path / "store", tmp_path / "report.json"
    done = launch(
        "-m", "auditkit", "audit", str(tmp_path / "audit.yaml"), "--store", str(store),
        "--report", str(report), "--exit-zero", "--keep-outcomes",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("two processes") == 1
    measurements = json.loads(report.read_text())["measurements"]
    units = [m for m in measurements if m["metric"] == "performance.units"]
    assert [m["value"] for m in units] == [job.ROWS]
    ((path, content),) = open_store(store).outcomes("latest").items()
    kept = kept_from_bytes(content, path)
    ids = identities(job.people()["id"].to_numpy(), open_store(store).salt(), "row")
    assert kept.rows.keys.tolist() == sorted(ids.tolist())


def test_one_process_is_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    assert not torchrun.started_by_torchrun()
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert not torchrun.started_by_torchrun()
    monkeypatch.setenv("RANK", "0")
    assert torchrun.started_by_torchrun()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not torchrun.started_by_torchrun()


def test_a_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = object.__new__(torchrun.TorchrunEngine)
    engine.workers = 2
    need = SplitNeed("evaluation", CountNeed(None, (group("town"),)))
    model = job.model()
    subject = subject_of(model)
    with pytest.raises(ConfigurationError, match=r"limit=10 was given together with 2 processes"):
        engine.run(make_plan([need], subject), subject, model, None, Options(limit=10))


def test_errors_keep_their_kind() -> None:
    error = torchrun._error_from_bytes(
        torchrun._error_to_bytes(DataError("It is so.", mend="Mend it."))
    )
    assert isinstance(error, DataError)
    assert (error.problem, error.mend) == ("It is so.", "Mend it.")
