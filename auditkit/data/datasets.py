"""From what the user names to sources, and the splits of one audit together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.data.batch import Source
from auditkit.data.columns import Columns, Group, Label, ProxyGroup
from auditkit.data.digests import combined_digest
from auditkit.data.grouping import level_label
from auditkit.data.media_source import MediaSource
from auditkit.data.openings import Media, Opening
from auditkit.data.sources import OUTSIDE, is_table, table, torch_source
from auditkit.data.split_column import Fold, folds
from auditkit.data.tables import TableSource
from auditkit.data.wording import listed
from auditkit.errors import ConfigurationError, DataError

EVALUATION = "evaluation"
TRAINING = "training"


@dataclass(frozen=True)
class Dataset:
    """The splits of one audit.

    Attributes:
        splits: name → source; `evaluation` is always there.
        columns: what the columns mean, in every split but `outside`, of which inputs are read.

    Raises:
        ConfigurationError: there is no `evaluation` split.
    """

    splits: Mapping[str, Source]
    columns: Columns

    def __post_init__(self) -> None:
        if EVALUATION not in self.splits:
            raise ConfigurationError(
                f"There is no evaluation split; there are {listed(self.splits)}.",
                mend="Name the data to audit on as evaluation.",
            )

    def __getitem__(self, split: str) -> Source:
        if split not in self.splits:
            raise ConfigurationError(
                f"There is no split {split!r}; there are {listed(self.splits)}.",
                mend="Declare it in the data section.",
            )
        return self.splits[split]

    def check(self) -> None:
        """Check every split, before any model time is spent.

        Raises:
            DataError: what the sources find, or sounds of one split have another rate.
        """
        for source in self.splits.values():
            source.check()
        self._refuse_rates()

    def _refuse_rates(self) -> None:
        """A model knows sounds at one rate; where none is declared, each split has its first's."""
        found = {
            name: source.rate
            for name, source in self.splits.items()
            if isinstance(source, MediaSource) and source.rate is not None
        }
        if len(set(found.values())) > 1:
            said = ", ".join(f"{rate} ({name})" for name, rate in found.items())
            raise DataError(
                f"The sounds of the splits differ in their samples a second: {said}.",
                mend="Resample the files to one rate, the one that the model was made for, and "
                "declare it as audio.rate.",
            )

    def digest(self) -> str:
        """One digest of all splits: `sha256:…`, or `manifest:…` if any of theirs is one."""
        return combined_digest({name: source.digest() for name, source in self.splits.items()})

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reviewer must know of the data beside the numbers: damaged units, and the like.

        As far as the splits have been read.
        """
        return tuple(
            note for source in self.splits.values() for note in getattr(source, "notes", ())
        )

    def describe(self) -> dict[str, Any]:
        """JSON-able: digest, and the description of each split."""
        return {
            "digest": self.digest(),
            "splits": {name: source.describe() for name, source in self.splits.items()},
        }


# Many parameters: this is the data section of `audit.yaml` as a function, one key each.
def dataset(
    evaluation: Any = None,
    training: Any = None,
    *,
    outside: Any = None,
    data: Any = None,
    split: Mapping[str, Any] | None = None,
    label: Label = None,
    features: Sequence[str] = (),
    groups: Mapping[str, Any] | Sequence[str | Group] = (),
    intersections: Sequence[Sequence[str]] = (),
    cluster: str | None = None,
    row_id: str | None = None,
    time: str | None = None,
    controls: Mapping[str, Any] | Sequence[str | Group] = (),
    proxy_groups: Mapping[str, Any] | Sequence[ProxyGroup] = (),
    weight: str | None = None,
    previous: str | None = None,
    query: str | None = None,
    top: int = 10,
    labelled: str | None = None,
    side_table: Any = None,
    sha256: str | Mapping[str, str] | None = None,
    csv: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] | None = None,
) -> Dataset:
    """The data of one audit.

    Args:
        evaluation: what to audit on: a table (as in `table`), torch data (as in `torch_source`),
            `images`, `audio`, `text` or `series`, or a source.
        training: what the model was trained on, if it is known.
        outside: inputs of another kind than it was made for, which it should notice; only the
            features are read, and a table must hold these.
        data: instead of these, one table that `split` takes apart.
        split: `{"column": name, "values": {"training": [...], "evaluation": [...]}}`.
        label, features, cluster, row_id, time, weight, previous, query, top, labelled:
            as in `Columns`.
        groups: names of columns, `Group`s, or name → column or {column, reference, cuts}.
        intersections: names of groups that are also sliced together.
        controls: as `groups`, without references.
        proxy_groups: `ProxyGroup`s, or name → {columns: {level: column}, reference}.
        side_table: for torch data and folders of files, a table joined by row id; of several
            splits, split → table.
        sha256: the digest that the files must have; of several splits, split → digest.
        csv: options of CSV files; of several splits, split → options.
        storage: options of the fsspec file system.

    Raises:
        ConfigurationError: the declaration contradicts itself.
        DataError: a file does not exist, or is empty.

    Example:
        >>> rows = {"x": [1.0, 2.0], "y": [0, 1], "fold": ["old", "new"]}
        >>> split = {"column": "fold", "values": {"training": "old", "evaluation": "new"}}
        >>> sorted(dataset(data=rows, split=split, label="y").splits)
        ['evaluation', 'training']
    """
    columns = Columns(
        label=label,
        features=tuple(features),
        groups=declared_groups(groups),
        intersections=tuple(tuple(names) for names in intersections),
        cluster=cluster,
        row_id=row_id,
        time=time,
        controls=declared_groups(controls),
        proxy_groups=declared_proxies(proxy_groups),
        weight=weight,
        previous=previous,
        query=query,
        top=top,
        labelled=labelled,
    )
    given = _given_splits(evaluation, training, data, split)
    columns = _meaning(columns, given[EVALUATION][0] if EVALUATION in given else None)
    if outside is not None:
        given[OUTSIDE] = (outside, None)
    pinned, sides, dialects = (_by_split(one, given) for one in (sha256, side_table, csv))
    splits: dict[str, Source] = {}
    for name, (one, fold) in given.items():
        meaning = columns if name != OUTSIDE else _inputs_alone(columns, splits[EVALUATION])
        options = {"csv": dialects[name], "storage": storage}
        splits[name] = _source(one, meaning, name, fold, pinned[name], sides[name], options)
    return Dataset(splits, columns)


def declared_groups(groups: Mapping[str, Any] | Sequence[str | Group]) -> tuple[Group, ...]:
    """Groups from what a configuration may say.

    Raises:
        ConfigurationError: a key is unknown, or the column is missing.

    Example:
        >>> declared_groups({"age": {"column": "age", "cuts": [25, 60]}, "sex": "gender"})[1]
        Group(name='sex', column='gender', reference=None, cuts=())
    """
    if isinstance(groups, str):
        groups = [groups]
    if isinstance(groups, Mapping):
        return tuple(_group(name, meaning) for name, meaning in groups.items())
    return tuple(group if isinstance(group, Group) else Group(group, group) for group in groups)


def declared_proxies(groups: Mapping[str, Any] | Sequence[ProxyGroup]) -> tuple[ProxyGroup, ...]:
    """Proxy groups from what a configuration may say.

    Raises:
        ConfigurationError: a key is unknown, or the columns are missing.

    Example:
        >>> declared_proxies({"race": {"columns": {"a": "p_a", "b": "p_b"}}})[0].levels
        ('a', 'b')
    """
    if isinstance(groups, Mapping):
        return tuple(_proxy(name, meaning) for name, meaning in groups.items())
    return tuple(one if isinstance(one, ProxyGroup) else _proxy(str(one), one) for one in groups)


def _proxy(name: str, meaning: Any) -> ProxyGroup:
    keys = set(meaning) if isinstance(meaning, Mapping) else set()
    if not keys <= {"columns", "reference"} or not isinstance(
        columns := meaning["columns"] if "columns" in keys else None, Mapping
    ):
        raise ConfigurationError(
            f"Proxy group {name!r} is {meaning!r}; expected columns, and perhaps reference.",
            mend="Write columns: {level: column of its probabilities, …}.",
        )
    reference = meaning.get("reference")
    return ProxyGroup(
        name,
        {level_label(level): column for level, column in columns.items()},
        None if reference is None else level_label(reference),
    )


def _group(name: str, meaning: Any) -> Group:
    if isinstance(meaning, str):
        return Group(name, meaning)
    unknown = set(meaning) - {"column", "reference", "cuts"}
    if unknown:
        raise ConfigurationError(
            f"Group {name!r} has the unknown key {min(unknown)!r}.",
            mend="A group has column, reference and cuts.",
        )
    reference = meaning.get("reference")
    return Group(
        name,
        meaning.get("column", name),
        reference=None if reference is None else level_label(reference),
        cuts=tuple(meaning.get("cuts") or ()),
    )


def _given_splits(
    evaluation: Any, training: Any, data: Any, split: Mapping[str, Any] | None
) -> dict[str, tuple[Any, Fold | None]]:
    if (data is None) != (split is None) or (data is not None and evaluation is not None):
        raise ConfigurationError(
            "The data are either given as evaluation (and training), or as data with split.",
            mend="Name one of both, and give data and split together.",
        )
    if split is not None:
        if training is not None:
            raise ConfigurationError(
                "The training data are given twice: as training, and by the split column.",
                mend="Leave one out.",
            )
        return {name: (data, fold) for name, fold in folds(split).items()}
    given = {EVALUATION: evaluation, TRAINING: training}
    return {name: (one, None) for name, one in given.items() if one is not None}


def _meaning(columns: Columns, evaluation: Any) -> Columns:
    """What columns mean in data that give some of them a meaning of their own."""
    if not isinstance(evaluation, Media):
        return columns
    if columns.features:
        raise ConfigurationError(
            f"The features {listed(columns.features)} are declared, and the inputs are media, "
            "which are no columns.",
            mend="Leave the features out.",
        )
    return evaluation.meaning(columns)


def _inputs_alone(columns: Columns, evaluation: Source) -> Columns:
    """What columns mean outside the model's kind: the features that the evaluation data have.

    Where these are not declared, what is left of another table may be more, or stand in another
    order.
    """
    if columns.features or not isinstance(evaluation, TableSource):
        return columns.inputs_alone
    return Columns(label=None, features=evaluation.features)


def _by_split(value: Any, splits: Iterable[str]) -> dict[str, Any]:
    """A setting for each split; a mapping whose keys are all names of splits means one each."""
    names = list(splits)
    if isinstance(value, Mapping) and set(value) <= set(names):
        return {name: value.get(name) for name in names}
    return dict.fromkeys(names, value)


def _source(
    data: Any,
    columns: Columns,
    name: str,
    fold: Fold | None,
    sha256: str | None,
    side_table: Any,
    options: Mapping[str, Any],
) -> Source:
    if isinstance(data, Source):
        return data
    if isinstance(data, Media):
        column = None if fold is None else fold.column
        opening = Opening(columns, sha256, side_table, split_column=column, **options)
        return data.source(opening, name=name, fold=fold)
    if is_table(data):
        if side_table is not None:
            raise ConfigurationError(
                f"The {name} data are a table, and a side table goes with torch data only.",
                mend="Join the tables before the audit.",
            )
        return table(data, columns, sha256=sha256, fold=fold, name=name, **options)
    if sha256 is not None:
        raise ConfigurationError(
            f"A sha256 is pinned for the {name} data, which are a {type(data).__name__}.",
            mend="Pin the files that it reads, in the code that builds it.",
        )
    return torch_source(data, columns, side_table=side_table, name=name, **options)
