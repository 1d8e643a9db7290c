"""Whole-module pickles of plain layers: rebuilt to the bit, and hostile ones refused."""

from __future__ import annotations

import importlib.util
import os
import pickle
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from auditkit.errors import ModelError, UntrustedFileError
from auditkit.models import load_model
from auditkit.models.formats import Format
from auditkit.models.inert_pickle import LAYERS
from auditkit.models.legacy_pickle import read_plain_module
from auditkit.models.plain_layers import MAX_DEPTH
from tests.models import hostile
from tests.models.hostile import LINEAR, SEQUENTIAL, called, layer, name, table, text, whole

needs_dice = pytest.mark.skipif(
    importlib.util.find_spec("dice_ml") is None and not os.environ.get("CI"),
    reason="needs the model files of dice-ml 0.12, which CI installs",
)
ADULT = "package://dice_ml/utils/sample_trained_models/"


def read(data: bytes) -> nn.Module:
    file_format = Format.TORCH_ZIP if data[:2] == b"PK" else Format.TORCH_LEGACY
    return read_plain_module(data, file_format, "model.pth")


def plain_network() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(6, 5),
        nn.BatchNorm1d(5, eps=1e-3, momentum=0.2),
        nn.Sequential(nn.ReLU(inplace=True), nn.Dropout(0.25), nn.Linear(5, 5, bias=False)),
        nn.LeakyReLU(0.2),
        nn.ELU(0.7),
        nn.GELU(),
        nn.Tanh(),
        nn.Sigmoid(),
        nn.Identity(),
        nn.BatchNorm1d(5, affine=False, track_running_stats=False),
        nn.Linear(5, 3),
        nn.LogSoftmax(dim=1),
        nn.Softmax(dim=-1),
    )


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_network_is_rebuilt_to_the_bit(legacy, dtype) -> None:
    module = plain_network().to(dtype)
    module.train()(torch.randn(16, 2, 3, dtype=dtype))
    module[3].eval()
    module[1].bias.requires_grad_(False)
    state = torch.get_rng_state()
    rebuilt = read(hostile.saved(module, legacy=legacy))
    assert torch.equal(torch.get_rng_state(), state)
    assert str(rebuilt) == str(module)
    expected = module.state_dict()
    assert list(rebuilt.state_dict()) == list(expected)
    assert all(torch.equal(rebuilt.state_dict()[key], expected[key]) for key in expected)
    assert [part.training for part in rebuilt.modules()] == [
        part.training for part in module.modules()
    ]
    assert [p.requires_grad for p in rebuilt.parameters()] == [
        p.requires_grad for p in module.parameters()
    ]
    x = torch.randn(4, 2, 3, dtype=dtype)
    assert torch.equal(rebuilt.eval()(x), module.eval()(x))


@pytest.mark.parametrize("legacy", [False, True])
def test_shared_and_strided_tensors(legacy) -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
    module[2].weight = module[0].weight
    pool = torch.randn(40)
    module[0].bias = nn.Parameter(pool[3:35:8])
    rebuilt = read(hostile.saved(module, legacy=legacy))
    assert rebuilt[2].weight is rebuilt[0].weight
    assert torch.equal(rebuilt[0].bias, pool[3:35:8])


def test_every_layer_of_the_list_can_be_rebuilt() -> None:
    held = {(type(part).__module__, type(part).__name__) for part in plain_network().modules()}
    held |= {(nn.Softmax.__module__, "Softmax")}
    assert held == LAYERS


def test_a_single_layer_is_a_module_too() -> None:
    assert str(read(hostile.saved(nn.Linear(2, 1), legacy=True))) == str(nn.Linear(2, 1))


@pytest.mark.parametrize("legacy", [False, True])
def test_the_rung_is_only_taken_where_asked_for(legacy, tmp_path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(hostile.saved(nn.Sequential(nn.Linear(2, 1)), legacy=legacy))
    with pytest.raises(UntrustedFileError) as caught:
        load_model(path)
    assert "plain torch layers only: legacy_pickle=True" in str(caught.value)
    loaded = load_model(path, legacy_pickle=True)
    assert loaded.path_taken == "whole-module pickle, rebuilt from plain layers"
    assert loaded.factory_digest is None


@needs_dice
def test_the_income_network() -> None:
    with pytest.raises(UntrustedFileError, match="a legacy whole-module pickle"):
        load_model(ADULT + "adult.pth")
    loaded = load_model(
        ADULT + "adult.pth",
        legacy_pickle=True,
        sha256="0c81f131370b04fc74a027d203725fb8b527d468e28aa4eb094628649ce560ec",
    )
    assert {key: tuple(value.shape) for key, value in loaded.module.state_dict().items()} == {
        "0.weight": (20, 29),
        "0.bias": (20,),
        "2.weight": (1, 20),
        "2.bias": (1,),
    }
    assert [type(part) for part in loaded.module] == [nn.Linear, nn.ReLU, nn.Linear, nn.Sigmoid]
    # The network on the first row of the census, as the research note gives it: P(>50K) = .093740.
    row = torch.zeros(1, 29)
    row[0, 0], row[0, 1] = (39 - 17) / 73, (40 - 1) / 98
    row[0, [2, 7, 17, 24, 26, 28]] = 1  # Government, Bachelors, Single, White-Collar, White, Male
    assert loaded.module.eval()(row).item() == pytest.approx(0.093740, abs=1e-5)


@needs_dice
def test_both_networks_equal_what_a_trusting_load_gives() -> None:
    """The oracle: torch's own loader, on files whose digests are known."""
    for file in ("adult.pth", "adult_2nodes.pth"):
        package = importlib.util.find_spec("dice_ml").submodule_search_locations[0]
        path = Path(package, "utils", "sample_trained_models", file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the source of the layers has changed since
            expected = torch.load(path, map_location="cpu", weights_only=False)
        rebuilt = load_model(path, legacy_pickle=True).module
        assert str(rebuilt) == str(expected)
        for key, value in expected.state_dict().items():
            assert torch.equal(rebuilt.state_dict()[key], value)


def weight_of(count: int, shape: bytes, strides: bytes, offset: bytes = b"K\x00") -> bytes:
    """A parameter that views a storage of so many float32."""
    storage = (
        b"("
        + text("storage")
        + name("torch", "FloatStorage")
        + text("s")
        + text("cpu")
        + b"M"
        + count.to_bytes(2, "little")
        + b"NtQ"
    )
    tensor = called(
        name("torch._utils", "_rebuild_tensor_v2"), storage, offset, shape, strides, b"\x89", b"}"
    )
    return called(name("torch._utils", "_rebuild_parameter"), tensor, b"\x88", b"}")


def linear(weight: bytes, **more: bytes) -> bytes:
    sizes = {"in_features": b"K\x02", "out_features": b"K\x01"}
    return layer("linear", "Linear", _parameters=table(weight=weight), **{**sizes, **more})


def sequential(**layers: bytes) -> bytes:
    return layer("container", "Sequential", _modules=table(**layers))


def record(owner: bytes) -> bytes:
    """What torch.save writes for a class: with its file and its source text."""
    return b"(" + text("module") + owner + text("a.py") + text("source") + b"tQ"


GOOD = weight_of(2, b"K\x01K\x02\x86", b"K\x02K\x01\x86")
STORAGE = {"s": b"\x00\x00\x80?\x00\x00\x00@"}


def test_the_pieces_make_a_module() -> None:
    """The hostile variants below differ from this file in one thing each."""
    rebuilt = read(hostile.legacy_file(whole(linear(GOOD)), STORAGE))
    assert rebuilt.weight.tolist() == [[1, 2]]
    assert rebuilt.bias is None


def test_source_text_beside_a_class_is_not_looked_at(tmp_path) -> None:
    source = f"import os; os.system('touch {tmp_path}/it-ran')"
    record = b"(" + text("module") + name(*LINEAR) + text("linear.py") + text(source) + b"tQ"
    state = table(_parameters=table(weight=GOOD), in_features=b"K\x02", out_features=b"K\x01")
    rebuilt = read(hostile.legacy_file(whole(record, b")\x81", state, b"b"), STORAGE))
    assert type(rebuilt) is nn.Linear
    assert not (tmp_path / "it-ran").exists()


REFUSED = {
    "os.system": called(name("os", "system"), text("true")),
    "posix.system, by INST": b"(" + text("true") + b"iposix\nsystem\n",
    "by another module's attribute": called(name("torch.nn.modules.linear", "os.system")),
    "a layer that is not listed": layer("conv", "Conv2d"),
    "a function of torch": called(name("torch", "load"), text("other.pt")),
    "a storage that is none": name("torch", "UntypedStorage"),
    "getattr": called(name("builtins", "getattr"), name(*LINEAR), text("forward")),
    "a class of a record": record(name("os", "system")),
    "a dotted name": name("torch.nn.modules", "linear.Linear"),
}


@pytest.mark.parametrize("case", [case for case in REFUSED if "INST" not in case])
def test_names_beyond_the_list_are_refused_and_said(case) -> None:
    with pytest.raises(UntrustedFileError) as caught:
        read(hostile.legacy_file(whole(REFUSED[case])))
    said = str(caught.value)
    assert "no plain torch layer" in said
    assert "nothing in it has run" in said
    assert "state_dict()" in said


def test_nothing_is_read_before_all_names_are_known() -> None:
    """The first instructions would build a layer; the last names a function."""
    late = called(name("os", "system"), text("true"))
    with pytest.raises(UntrustedFileError, match=r"names os\.system"):
        read(hostile.legacy_file(whole(b"(", linear(GOOD), late, b"t")))


DAMAGED = {
    "INST": REFUSED["posix.system, by INST"],
    "a registered extension": b"\x82\x01",
    "a name from the stack": text("os") + text("system") + b"\x93",
    "a persistent record as text": b"P1\n",
    "an unknown persistent record": b"(" + text("other") + b"tQ",
    "a persistent record of no tuple": text("storage") + b"Q",
    "a class record of a string": record(text("os")),
    "state set on a class": name(*LINEAR) + table(forward=b"N") + b"b",
    "slots set on a class": name(*LINEAR) + b"(N" + table(__setstate__=b"N") + b"tb",
    "slots set on a layer": name(*LINEAR) + b")\x81(N" + table(state=b"N") + b"tb",
    "state set on a storage type": name("torch", "FloatStorage") + table(dtype=b"N") + b"b",
    "slots set on a storage type": name("torch", "FloatStorage")
    + b"(N"
    + table(dtype=b"N")
    + b"tb",
    "state set on a table": called(name("collections", "OrderedDict")) + table(x=b"N") + b"b",
    "state set on a parameter": GOOD + table(tensor=b"N") + b"b",
    "state set twice": linear(GOOD) + table(x=b"N") + b"b",
    "state of a tuple": name(*LINEAR) + b")\x81(NNtb",
    "a layer with arguments": called(name(*LINEAR), b"K\x02", b"K\x01"),
    "a layer without state": name(*LINEAR) + b")\x81",
    "a number instead of a module": b"K\x01",
    "a class instead of a module": name(*LINEAR),
    "a table instead of a module": table(weight=GOOD),
    "a sum of a layer": linear(GOOD) + b"K\x01\x86R",
    "hooks on a parameter": called(
        name("torch._utils", "_rebuild_parameter"), b"N", b"\x88", table(x=b"N")
    ),
    "a far memory place": b"Nr\xff\xff\xff\xff",
    "no end": b"N",
    "a parameter that is a layer": linear(linear(GOOD)),
    "a parameter that is a string": linear(text("weight")),
    "a parameter of another shape": linear(weight_of(2, b"K\x02K\x01\x86", b"K\x01K\x01\x86")),
    "beyond the storage": linear(weight_of(2, b"K\x01K\x02\x86", b"K\x02K\x05\x86")),
    "before the storage": linear(
        weight_of(2, b"K\x01K\x02\x86", b"K\x02K\x01\x86", b"J\xff\xff\xff\xff")
    ),
    "an offset beyond the storage": linear(
        weight_of(2, b"K\x01K\x02\x86", b"K\x02K\x01\x86", b"K\x07")
    ),
    "larger than the storage": linear(
        weight_of(2, b"M\xff\xffM\xff\xff\x86", b"K\x00K\x00\x86"),
        in_features=b"M\xff\xff",
        out_features=b"M\xff\xff",
    ),
    "fewer strides than sizes": linear(weight_of(2, b"K\x01K\x02\x86", b"K\x01\x85")),
    "sizes that are strings": linear(weight_of(2, text("ab"), b"K\x01K\x01\x86")),
    "a storage of another size": linear(weight_of(3, b"K\x01K\x02\x86", b"K\x02K\x01\x86")),
    "features that are a string": linear(GOOD, in_features=text("2")),
    "features that are a flag": linear(GOOD, out_features=b"\x88"),
    "no features": layer("linear", "Linear", _parameters=table(weight=GOOD)),
    "a mode that is a number": linear(GOOD, training=b"K\x01"),
    "an unexpected parameter": linear(GOOD, _buffers=table(extra=GOOD)),
    "layers within a Linear": linear(GOOD, _modules=table(a=linear(GOOD))),
    "tensors within a Sequential": layer("container", "Sequential", _parameters=table(weight=GOOD)),
    "a table of numbers": layer("container", "Sequential", _modules=b"}K\x01Ns"),
    "a layer called forward": sequential(forward=linear(GOOD)),
    "a layer with a dot": sequential(**{"a.b": linear(GOOD)}),
    "no layer in a Sequential": sequential(a=b"N"),
    "a chance of two": layer("dropout", "Dropout", p=b"K\x02", inplace=b"\x89"),
    "a slope that is not finite": layer(
        "activation", "LeakyReLU", negative_slope=b"G\x7f\xf8" + 6 * b"\x00"
    ),
    "an unknown approximation": layer("activation", "GELU", approximate=text("x")),
    "itself inside itself": (
        name(*SEQUENTIAL) + b")\x81q\x01" + table(_modules=b"}" + text("a") + b"h\x01s") + b"b"
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_crafted_files_are_refused(case) -> None:
    before = dict(vars(nn.Linear))
    end = b"" if case == "no end" else b"."
    data = hostile.legacy_file(b"\x80\x02" + DAMAGED[case] + end, STORAGE)
    with pytest.raises(ModelError) as caught:
        read(data)
    assert "model.pth" in str(caught.value)
    assert caught.value.mend
    assert dict(vars(nn.Linear)) == before
    # What one file did to the stand-ins is gone: the next one is read as ever.
    assert read(hostile.legacy_file(whole(linear(GOOD)), STORAGE)).weight.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"forward": b"N"}, "the attribute 'forward', which a plain torch layer does not have"),
        ({"_forward_hooks": table(x=b"N")}, "with _forward_hooks"),
        ({"weight_norm": b"\x88"}, "the attribute 'weight_norm'"),
    ],
)
def test_layers_that_do_more_than_plain_ones_are_named(state, said) -> None:
    with pytest.raises(ModelError) as caught:
        read(hostile.legacy_file(whole(linear(GOOD, **state)), STORAGE))
    assert said in str(caught.value)
    assert "name a factory" in str(caught.value)


def test_deep_nests_are_refused() -> None:
    module: nn.Module = nn.Linear(1, 1)
    for _ in range(MAX_DEPTH + 1):
        module = nn.Sequential(module)
    with pytest.raises(ModelError, match=f"or {MAX_DEPTH} within each other"):
        read(hostile.saved(module, legacy=True))


def test_a_doubling_nest_is_refused_in_no_time() -> None:
    """Forty Sequentials, each of which holds the one before twice: 2⁴⁰ layers."""
    module: nn.Module = nn.Identity()
    for _ in range(40):
        module = nn.Sequential(module, module)
    with pytest.raises(ModelError, match="more than 10000 layers"):
        read(hostile.saved(module, legacy=True))


def test_two_sizes_of_one_storage_are_refused() -> None:
    other = weight_of(3, b"K\x01K\x02\x86", b"K\x02K\x01\x86")
    both = sequential(a=linear(GOOD), b=linear(other))
    with pytest.raises(ModelError, match="one storage with two sizes or types"):
        read(hostile.legacy_file(whole(both), STORAGE))


def legacy_parts(**changes: bytes) -> bytes:
    parts = {
        "magic": hostile.LEGACY_MAGIC,
        "protocol": pickle.dumps(1001, 2),
        "system": pickle.dumps(hostile.SYSTEM, 2),
        "module": whole(linear(GOOD)),
        "keys": pickle.dumps(["s"], 2),
        "storage": b"\x02" + 7 * b"\x00" + STORAGE["s"],
    }
    return b"".join({**parts, **changes}.values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"protocol": pickle.dumps(1002, 2)}, "protocol 1002; expected 1001"),
        ({"system": pickle.dumps({"little_endian": False}, 2)}, "little-endian"),
        ({"system": pickle.dumps([], 2)}, "little-endian"),
        ({"keys": pickle.dumps(["t"], 2)}, "its storages are not those"),
        ({"keys": pickle.dumps(3, 2)}, "its storages are not those"),
        ({"storage": b""}, "a storage holds 0 numbers; expected 2"),
        ({"storage": b"\x03" + 7 * b"\x00" + STORAGE["s"]}, "holds 3 numbers; expected 2"),
        ({"protocol": whole(called(name("os", "system"), text("true")))}, "names os.system"),
        ({"keys": whole(called(name("os", "system"), text("true")))}, "names os.system"),
    ],
)
def test_what_surrounds_the_module_is_checked(change, said) -> None:
    assert read(legacy_parts()).weight.tolist() == [[1, 2]]
    with pytest.raises(ModelError, match=said):
        read(legacy_parts(**change))


def test_archives_are_checked() -> None:
    good = hostile.entries_of(hostile.saved(nn.Linear(2, 1)))
    assert type(read(hostile.zip_file(good))) is nn.Linear
    big = {**good, "archive/byteorder": b"big"}
    with pytest.raises(ModelError, match="little-endian"):
        read(hostile.zip_file(big))
    lacking = {key: value for key, value in good.items() if key != "archive/data/0"}
    with pytest.raises(ModelError, match="There is no item named"):
        read(hostile.zip_file(lacking))
    with pytest.raises(ModelError, match="in several folders"):
        read(hostile.zip_file({**good, "other/data.pkl": b""}))
