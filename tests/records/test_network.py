from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.errors import StoreError
from auditkit.records import network, open_store

MOUNTS = r"""proc /proc proc rw 0 0
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//box/share /mnt/two\040words cifs rw 0 0
me@box: /mnt/ssh fuse.sshfs rw 0 0
/dev/sdc1 /mnt/over ext4 rw 0 0
box:/x /mnt/over nfs rw 0 0
malformed
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mounts"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/store", None),
        ("/home/me/.auditkit", "nfs4"),
        ("/home", "nfs4"),
        ("/homestead", None),
        ("/home/local/.auditkit", None),
        ("/mnt/two words/store", "cifs"),
        ("/mnt/ssh/deep/down", "fuse.sshfs"),
        ("/mnt/over/store", "nfs"),
    ],
)
def test_kind(folder: str, kind: str | None, mounts: Path) -> None:
    assert network.network_kind(Path(folder), mounts) == kind


def test_the_error_names_folder_kind_and_mend(mounts: Path) -> None:
    with pytest.raises(StoreError) as caught:
        network.refuse_network(Path("/home/me/.auditkit"), mounts)
    assert "/home/me/.auditkit lies on a network file system (nfs4)" in caught.value.problem
    assert "local disk with --store" in caught.value.mend


def test_without_a_table_of_mounts_nothing_is_refused(tmp_path: Path) -> None:
    assert network.network_kind(tmp_path, tmp_path / "absent") is None


def test_a_store_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"box:/ {tmp_path.resolve()} nfs rw 0 0\n")
    monkeypatch.setattr(network.refuse_network, "__defaults__", (table,))
    with pytest.raises(StoreError, match="network file system"):
        open_store(tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_the_link_to_a_network_folder_is_seen_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (tmp_path / "near").symlink_to(far)
    table = tmp_path / "mounts"
    table.write_text(f"/dev/sda1 / ext4 rw 0 0\nbox:/ {far.resolve()} nfs rw 0 0\n")
    monkeypatch.setattr(network.refuse_network, "__defaults__", (table,))
    with pytest.raises(StoreError, match="network file system"):
        open_store(tmp_path / "near")
