"""What is known of a part of the data, and of two parts together."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from normlab.measuring.sketch import Sketch
from normlab.moments import merged

MOST_SHARDS = 1000
MOST_BAD = 20  # names of what could not be read; all are counted
_MOST_NUMBERS = 1 << 22  # of all shards together, where there are many features


@dataclass(frozen=True, eq=False)
class Shard:
    """A file, or a part of one: its name, and of each feature what drift is told from."""

    name: str
    count: np.ndarray
    mean: np.ndarray
    m2: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    missing: np.ndarray


@dataclass(frozen=True, eq=False)
class Pictures:
    """What the usual wrong recipes take from each image, of each channel.

    images: how many; mean_of_means, m2_of_means: of the images' own means; mean_of_stds: of their own
    (unbiased) stds.
    """

    images: int
    mean_of_means: np.ndarray
    m2_of_means: np.ndarray
    mean_of_stds: np.ndarray


@dataclass(frozen=True, eq=False)
class Cross:
    """count, means and the sums of products of deviations of all pairs, over rows with all features."""

    count: int
    mean: np.ndarray
    comoment: np.ndarray


@dataclass(frozen=True, eq=False)
class Part:
    """Of each feature: counts (int64), sums of powers of deviations (float64), and what else was asked for.

    rest: what the float64 nearest to the mean lacks, since means far from 0 are merged by small differences.
    minimum and maximum are NaN where nothing was seen. levels: the largest whole number of a kind of image
    -> how often each level was seen, (features, levels), int64. noted: what was met -> how often; bad: the
    first of what could not be read.
    A part without values (count 0 everywhere) has no sketch, cross, levels or pictures, and takes none away.
    """

    rows: int
    count: np.ndarray
    missing: np.ndarray
    infinite: np.ndarray
    mean: np.ndarray
    rest: np.ndarray
    m2: np.ndarray
    m3: np.ndarray
    m4: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    sketch: Sketch | None = None
    cross: Cross | None = None
    levels: dict[int, np.ndarray] | None = None
    pictures: Pictures | None = None
    shards: tuple[Shard, ...] = ()
    noted: dict[str, int] = field(default_factory=dict)
    bad: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, powers: np.ndarray, minimum: np.ndarray, maximum: np.ndarray, **known: Any
    ) -> "Part":
        """From count, mean, rest, M2, M3 and M4 of each feature, stacked."""
        count = powers[0].astype(np.int64)
        zeros = np.zeros_like(count)
        known = {"missing": zeros, "infinite": zeros} | known
        return cls(
            count=count, mean=powers[1], rest=powers[2], m2=powers[3], m3=powers[4], m4=powers[5],
            minimum=minimum, maximum=maximum, **known,
        )  # fmt: skip

    @property
    def powers(self) -> np.ndarray:
        count = self.count.astype(np.float64)
        return np.stack([count, self.mean, self.rest, self.m2, self.m3, self.m4])

    def named(self, name: str) -> "Part":
        """This part as one shard with a name."""
        shard = Shard(
            name, self.count, self.mean, self.m2, self.minimum, self.maximum, self.missing
        )
        return replace(self, shards=(shard,))


def joined_powers(powers: np.ndarray) -> np.ndarray:
    """(parts, 6, features) -> (6, features), with the one formula of the project.

    It is given means as they lie about that of the largest part, in which they lose no digit.
    """
    count, mean, rest, *sums = powers.swapaxes(0, 1)
    about = np.take_along_axis(mean, count.argmax(0)[None], 0)[0]
    columns = (
        torch.from_numpy(np.ascontiguousarray(c)) for c in (count, mean - about + rest, *sums)
    )
    total, center, *sums = (column.numpy() for column in merged(*columns))
    return np.stack([total, *split_sum(about, center), *sums])


def split_sum(large: np.ndarray, small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """large + small as the nearest float64, and the rest (Knuth's two-sum)."""
    total = large + small
    back = total - large
    return total, (large - (total - back)) + (small - back)


def joined(left: Part, right: Part) -> Part:
    """Both together, the left one's shards first."""
    return Part.of(
        joined_powers(np.stack([left.powers, right.powers])),
        np.fmin(left.minimum, right.minimum),
        np.fmax(left.maximum, right.maximum),
        rows=left.rows + right.rows,
        missing=left.missing + right.missing,
        infinite=left.infinite + right.infinite,
        **{name: _both(left, right, name, join) for name, join in _ASKED.items()},
        shards=evened(left.shards + right.shards),
        bad=(left.bad + right.bad)[:MOST_BAD],
        noted={k: left.noted.get(k, 0) + right.noted.get(k, 0) for k in left.noted | right.noted},
    )


def _both(left: Part, right: Part, name: str, join: Any) -> Any:
    """What only one of two parts has is unknown of both, unless the other is without values."""
    one, other = getattr(left, name), getattr(right, name)
    if one is not None and other is not None:
        return join(one, other)
    known, lacking = (one, right) if other is None else (other, left)
    return None if lacking.count.any() else known


def _crossed(left: Cross, right: Cross) -> Cross:
    count = left.count + right.count
    if not left.count or not right.count:
        return left if left.count else right
    delta = right.mean - left.mean
    rest = np.outer(delta, delta) * (left.count * right.count / count)
    mean = left.mean + delta * (right.count / count)
    return Cross(count, mean, left.comoment + right.comoment + rest)


def _added(left: dict[int, np.ndarray], right: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    return {
        largest: left.get(largest, 0) + right.get(largest, 0)  # type: ignore[misc]
        for largest in sorted(left | right)
    }


def _of_pictures(left: Pictures, right: Pictures) -> Pictures:
    images = np.array([[left.images], [right.images]], np.float64)
    means = torch.from_numpy(np.stack([left.mean_of_means, right.mean_of_means]))
    m2 = torch.from_numpy(np.stack([left.m2_of_means, right.m2_of_means]))
    _, mean, m2 = merged(torch.from_numpy(images), means, m2)
    stds = np.stack([left.mean_of_stds, right.mean_of_stds])
    share = images / max(images.sum(), 1)
    total = left.images + right.images
    return Pictures(total, mean.numpy(), m2.numpy(), (stds * share).sum(0))


_ASKED = {"sketch": Sketch.joined, "cross": _crossed, "levels": _added, "pictures": _of_pictures}


def evened(shards: Sequence[Shard]) -> tuple[Shard, ...]:
    """Neighbours of one name as one; where that is still too many, neighbours in pairs."""
    alike: list[list[Shard]] = []
    for shard in shards:
        if alike and alike[-1][0].name == shard.name:
            alike[-1].append(shard)
        else:
            alike.append([shard])
    found = [_one(group, group[0].name) for group in alike]
    most = min(MOST_SHARDS, max(2, _MOST_NUMBERS // max(1, found[0].mean.size))) if found else 0
    while len(found) > most:
        pairs = [found[i : i + 2] for i in range(0, len(found), 2)]
        found = [_one(pair, _spanned(pair)) for pair in pairs]
    return tuple(found)


def _one(group: Sequence[Shard], name: str) -> Shard:
    if len(group) == 1:
        return group[0]
    columns = zip(*((s.count.astype(np.float64), s.mean, s.m2) for s in group), strict=True)
    count, mean, m2 = merged(*(torch.from_numpy(np.stack(column)) for column in columns))
    return Shard(
        name,
        count.numpy().astype(np.int64),
        mean.numpy(),
        m2.numpy(),
        np.fmin.reduce([s.minimum for s in group]),
        np.fmax.reduce([s.maximum for s in group]),
        np.sum([s.missing for s in group], axis=0),
    )


def _spanned(pair: Sequence[Shard]) -> str:
    first, last = pair[0].name.split(" … ")[0], pair[-1].name.split(" … ")[-1]
    return first if first == last else f"{first} … {last}"
