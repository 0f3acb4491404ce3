"""Pictures that an autoencoder is trained on: digits of scikit-learn, or a user's .npz file."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DIGITS = "digits"
IMAGES = ("images", "x_train", "x", "X", "data")
LABELS = ("labels", "y_train", "y", "target")
"""Names of arrays in a file, the first that is there; a file of one array may call it anything."""

FEWEST = 20
"""Pictures of which some can be held out."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures as rows of pixels, and their classes 0, 1, ..., where they have any."""

    source: str
    pixels: np.ndarray
    shape: tuple[int, ...]
    labels: np.ndarray | None = None

    @property
    def classes(self) -> int:
        return 0 if self.labels is None else int(self.labels.max()) + 1

    @property
    def note(self) -> str:
        """Summary of the pictures read, in one line."""
        size = " x ".join(map(str, self.shape))
        classes = f"{self.classes} classes" if self.classes else "no classes"
        return f"--images {self.source}: {len(self.pixels):,} pictures of {size} pixels, {classes}"

    @property
    def identity(self) -> dict[str, Any]:
        """Entry of config.json."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pixels).tobytes())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels).tobytes())
        return {"images": self.source, "digest": digest.hexdigest(), "shape": list(self.shape)}


def read_pictures(source: str) -> Pictures:
    """The pictures of `digits` or of a .npz file.

    A file has `images`, (pictures, height, width), perhaps with colours, and may have `labels`, one
    for each. Raises ValueError, in one line, that names the file and what is accepted.
    """
    if source == DIGITS:
        pixels, labels = _digits()
    else:
        pixels, labels = _arrays(Path(source))
    where = f"--images {source}"
    if pixels.ndim not in (2, 3, 4) or pixels.dtype.kind not in "fiub":
        raise ValueError(
            f"{where}: images are {pixels.dtype} of shape {pixels.shape}, accepted are numbers of "
            "shape (pictures, height, width), or with colours last"
        )
    if len(pixels) < FEWEST:
        raise ValueError(f"{where}: {len(pixels)} pictures, accepted are {FEWEST} or more")
    rows = pixels.reshape(len(pixels), -1).astype(np.float32)
    if not np.isfinite(rows).all():
        wrong = int(np.argmin(np.isfinite(rows).all(axis=1)))
        raise ValueError(f"{where}: picture {wrong} holds a pixel that is no finite number")
    if (rows == rows[0]).all():
        raise ValueError(f"{where}: all pictures are equal, accepted are different ones")
    if labels is not None:
        labels = _numbered(where, labels, len(rows))
    return Pictures(source, rows, pixels.shape[1:], labels)


def _numbered(where: str, labels: np.ndarray, count: int) -> np.ndarray | None:
    """Labels as 0, 1, ... in the order of their values; None where all are the same."""
    if labels.shape != (count,) or labels.dtype.kind not in "iubUS":
        raise ValueError(
            f"{where}: labels are {labels.dtype} of shape {labels.shape}, accepted are whole "
            f"numbers or names of shape ({count},)"
        )
    values, numbers = np.unique(labels, return_inverse=True)
    if len(values) > count // 2:
        raise ValueError(
            f"{where}: {len(values)} classes of {count} pictures, accepted is half as many or less"
        )
    return numbers.astype(np.int32) if len(values) > 1 else None


def _arrays(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    where = f"--images {path}"
    if path.suffix.lower() != ".npz":
        raise ValueError(f"{where}: accepted are {DIGITS} and .npz files")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            names = file.files
            images = names[:1] if len(names) == 1 else [name for name in IMAGES if name in names]
            labels = [name for name in LABELS if name in names]
            if not images:
                raise ValueError(
                    f"{where}: holds {', '.join(names) or 'nothing'}, accepted is an array images"
                )
            return file[images[0]], file[labels[0]] if labels and len(names) > 1 else None
    except FileNotFoundError:
        raise ValueError(f"{where}: no such file") from None
    except ValueError as error:
        if str(error).startswith(where):
            raise
        raise ValueError(f"{where}: cannot be read ({str(error).splitlines()[0]})") from None
    except Exception as error:  # whatever a reader raises, the file is not what it should be
        raise ValueError(f"{where}: cannot be read ({type(error).__name__})") from None


def _digits() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ValueError(
            f"--images {DIGITS}: needs scikit-learn, as in pip install 'collapse-sim[real]'"
        ) from None
    bunch: Any = load_digits()
    return np.asarray(bunch.images), np.asarray(bunch.target)
