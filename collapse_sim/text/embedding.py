"""A map of documents in two dimensions, for the eye.

Needs scikit-learn, as in `pip install 'collapse-sim[real]'`.
"""

from importlib import import_module
from types import ModuleType

import numpy as np
from jaxtyping import Float64
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import norm

from collapse_sim.text.ngrams import shape_of

KINDS = ("pca", "tsne")

COMPONENTS = 50
"""Principal components that t-SNE is given."""


def unit_rows(counts: csr_array) -> csr_array:
    """Rows divided by their Euclidean lengths, float64; rows of zeros stay."""
    lengths = norm(counts, axis=1)
    return csr_array(diags_array(1 / np.where(lengths == 0, 1, lengths)) @ counts)


def planar_map(
    counts: csr_array, kind: str = "pca", *, seed: int = 0, perplexity: float = 30.0
) -> Float64[np.ndarray, "documents 2"]:
    """A place in the plane for each document, from its n-gram counts at unit length.

    `pca`: the first two principal components, along which the documents vary most. `tsne`: t-SNE
    of the first 50; near documents stay near, other distances mean little, and `perplexity` is
    about the number of neighbours kept near. The same seed gives the same map, for t-SNE up to
    what rounding in parallel sums may become. Raises ValueError for another kind, fewer than 4
    documents or features, documents all alike, a perplexity outside (0, documents), and where
    scikit-learn is missing.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind}: accepted are {', '.join(KINDS)}")
    shape = shape_of(counts)
    if min(shape) < 4:
        raise ValueError(f"counts of shape {shape}: accepted are at least 4 documents and features")
    if kind == "tsne" and not 0 < perplexity < shape[0]:
        raise ValueError(f"perplexity={perplexity}: accepted is (0, {shape[0]}), of documents")
    rows = unit_rows(counts)
    variance = rows.power(2).sum() / shape[0] - np.sum(rows.mean(axis=0) ** 2)
    if variance < 1e-12:  # rounding leaves about 1e-16
        raise ValueError(f"counts of {shape[0]} equal documents: accepted are some that differ")
    components = 2 if kind == "pca" else min(COMPONENTS, min(shape) - 1)
    pca = _sklearn("decomposition").PCA(components, svd_solver="arpack", random_state=seed)
    places = pca.fit_transform(rows)
    if kind == "tsne":
        tsne = _sklearn("manifold").TSNE(perplexity=perplexity, init="pca", random_state=seed)
        places = tsne.fit_transform(places)
    return np.asarray(places, np.float64)


def _sklearn(module: str) -> ModuleType:
    try:
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise ValueError(
            "a map: needs scikit-learn, as in pip install 'collapse-sim[real]'"
        ) from None
