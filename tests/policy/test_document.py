"""YAML that a stranger wrote: data only, bounded, no value silently another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import PolicyError
from auditkit.policy.document import MAX_BYTES, MAX_DEPTH, read_file, read_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("-0.05", -0.05),
        ("12", 12),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        # What YAML 1.1 would turn into something else is a text.
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("1_000", "1_000"),
        ("0o17", "0o17"),
        ("017", "017"),
        ("12:30", "12:30"),
        ("2026-11-22", "2026-11-22"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("'0.8'", "0.8"),
        ("<<", "<<"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = read_text(f"key: {text}", "it").data["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "it, line 3: the key 'a' stands here a second time"),
        ("a:\n  b: 1\n  b: 1\n", "it, line 3: the key 'b' stands here a second time"),
        ("a: &x [1]\nb: *x\n", "it, line 1: anchors and aliases are not read"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag:yaml.org,2002:python/object/apply"),
        ("a: !!binary aGk=\n", "it, line 1: the tag tag:yaml.org,2002:binary is not read"),
        ("a: !own 1\n", "the tag !own is not read"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        ("a: [1, 2\n", "it, line 2"),
        ("a: 1\n b: 2\n", "it, line 2"),
        ("? [1]\n: 2\n", "the key [1] is no text"),
        ("true: 2\n", "the key True is no text"),
        ("a: \x00\n", "it: special characters are not allowed"),
    ],
)
def test_what_is_not_read_is_named(text: str, says: str) -> None:
    with pytest.raises(PolicyError) as raised:
        read_text(text, "it")
    assert says in str(raised.value)


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    with pytest.raises(PolicyError, match="anchors and aliases"):
        read_text(bomb, "it")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_bounded(opening: str) -> None:
    with pytest.raises(PolicyError, match=f"deeper than {MAX_DEPTH}"):
        read_text(opening * 50_000, "it")


def test_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("a: " + "x" * MAX_BYTES)
    with pytest.raises(PolicyError, match=r"large\.yaml is larger than 1,048,576 bytes"):
        read_file(path, "policy")
    with pytest.raises(PolicyError, match="larger than"):
        read_text("a: " + "x" * MAX_BYTES, "it")


def test_a_file_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(PolicyError, match=r"is no text in UTF-8 \(byte 3\)\. Save it as UTF-8"):
        read_file(path, "policy")
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        read_file(tmp_path / "absent.yaml", "policy")
    with pytest.raises(PolicyError, match="cannot be read: Is a directory"):
        read_file(tmp_path, "policy")


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_file(path, "policy").data == {"a": 1}


def test_lines_are_those_of_the_keys() -> None:
    document = read_text("a: 1\nlist:\n  - x: 1\n    y:\n      2\n", "it")
    assert document.line(("list", 0, "y")) == 4
    assert document.line(("list", 0, "absent")) == 3
    assert document.line(("elsewhere",)) is None
    assert read_text("", "it").data is None


def test_numbers_of_thousands_of_digits_are_refused() -> None:
    with pytest.raises(PolicyError, match="it holds a value that cannot be read"):
        read_text("a: " + "9" * 5000, "it")


@given(st.text(max_size=200) | st.text("{}[]:,-&*!|>'\"%@`#? \n\tab1.e~<", max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    assert complaint(text) is None or complaint(text).startswith("it")  # type: ignore[union-attr]


def complaint(text: str) -> str | None:
    """What reading a text complains of; None if it is read."""
    try:
        read_text(text, "it")
    except PolicyError as error:
        return str(error) if error.mend else "no mend"
    return None
