"""The folder's public names are there, and load nothing before they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from auditkit.explain import trust


def test_every_name_is_there() -> None:
    assert list(trust.__all__) == sorted(trust.__all__, key=lambda name: (name.islower(), name))
    assert set(trust.__all__) == set(trust._HOMES)
    for name in trust.__all__:
        assert getattr(trust, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = trust.nothing


def test_no_torch_before_a_name_is_used() -> None:
    code = "import sys, auditkit.explain.trust; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
