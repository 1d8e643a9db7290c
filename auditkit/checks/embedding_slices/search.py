"""Clusters of a layer's output that err more: searched for on one half, looked at on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.checks.cluster_errors import ClusterErrors
from auditkit.checks.embedding_slices.embeddings import EmbeddedRows
from auditkit.checks.estimation import MIN_CLUSTERS, Sample
from auditkit.evidence.needs import CORRECT, FOLD
from auditkit.statistics.discovery import Discovery, discover
from auditkit.statistics.kmeans import k_means, nearest_centre

MOST_CLUSTERS = 16
# Of fewer rows a search finds what chance has put there, or nothing.
ROWS_PER_CLUSTER = 50


@dataclass(frozen=True, eq=False)
class Search:
    """What a search has found.

    Attributes:
        rows: of the layer.
        places: the cluster of each row, shape (rows,); those that err most on the searched half
            come first.
        clusters: how many there are.
        held_out: errors of the half that was not searched.
        discovery: which clusters err more.
    """

    rows: EmbeddedRows
    places: np.ndarray
    clusters: int
    held_out: ClusterErrors
    discovery: Discovery

    @property
    def sample(self) -> Sample:
        """What the search rests on."""
        return self.rows.whole


def search_lack(rows: EmbeddedRows) -> str:
    """Why these rows are too few to be searched; "" if they are enough."""
    clusters = rows.whole.clusters
    if clusters is not None and clusters < 2 * MIN_CLUSTERS:
        return (
            f"There are {clusters} clusters of rows; a search on one half and a second look at the "
            f"other need {2 * MIN_CLUSTERS}."
        )
    searched = int((rows.log.codes(FOLD) == 0).sum())
    if searched < 2 * ROWS_PER_CLUSTER:
        return (
            f"The half that is searched has {searched} rows; a search needs {2 * ROWS_PER_CLUSTER}."
        )
    return ""


def search(rows: EmbeddedRows, value: str, seed: int) -> Search:
    """Cluster one half by what the layer computed, and compare each cluster with the rest.

    Args:
        rows: enough of them, see `search_lack`.
        value: the unit error; "" for wrong decisions.
        seed: of the clustering.
    """
    held_out = rows.log.codes(FOLD) == 1
    errors = _errors(rows, value)
    places = _places(rows.vectors, errors, held_out, seed)

    def half(chosen: np.ndarray) -> ClusterErrors:
        units = rows.units[chosen] if rows.clustered else None
        return ClusterErrors(errors[chosen], places[chosen], units, rows.sampled, rates=not value)

    first, second = half(~held_out), half(held_out)
    clusters = int(places.max()) + 1
    discovery = discover(
        [first.difference(cluster) for cluster in range(clusters)],
        [second.difference(cluster) for cluster in range(clusters)],
    )
    return Search(rows, places, clusters, second, discovery)


def _errors(rows: EmbeddedRows, value: str) -> np.ndarray:
    """The error of each row: 1 for a wrong decision, or the unit error."""
    if value:
        return rows.log.values(value)
    return np.asarray(rows.log.codes(CORRECT) == 0, dtype=np.float64)


def _places(vectors: np.ndarray, errors: np.ndarray, held_out: np.ndarray, seed: int) -> np.ndarray:
    """The cluster of each row; centres and their order come from the searched half alone."""
    searched = vectors[~held_out]
    spread = searched.std(axis=0)
    scaled = (vectors - searched.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    wanted = min(MOST_CLUSTERS, len(searched) // ROWS_PER_CLUSTER)
    centres = k_means(scaled[~held_out], wanted, seed)
    places = nearest_centre(scaled, centres)
    of_searched = places[~held_out]
    sizes = np.bincount(of_searched, minlength=len(centres))
    sums = np.bincount(of_searched, errors[~held_out], len(centres))
    ranks = np.argsort(np.argsort(-sums / np.maximum(sizes, 1), kind="stable"))
    return np.asarray(ranks[places])
