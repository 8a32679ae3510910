"""What is timed: layers, shapes, layouts and dtypes, and the figures that some of them are to reach."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from normlab.bench.kinds import KINDS, Kind

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
DTYPES = {name: getattr(torch, name) for name in ("float32", "float64", "bfloat16", "float16")}
PASSES = ("forward", "with backward")
Pair = tuple[float | None, float | None]  # forward, with backward
NONE: Pair = (None, None)
SLOWER = 1 / 1.05  # the least speed, as a multiple of torch's, that no row may fall below


@dataclass(frozen=True)
class Aim:
    """Figures to reach: how many times as fast as torch's own or the composed form, as torch.compile, and
    the most copies of x (with backward copies and triads) that it may take."""

    eager: Pair = NONE
    compiled: Pair = NONE
    floor: Pair = NONE


@dataclass(frozen=True)
class Case:
    """One layer on one array. With an aim it is a row of the table, which torch.compile is tried on."""

    name: str
    shape: tuple[int, ...]
    layout: str = "contiguous"
    dtype: str = "float32"
    aim: Aim | None = None

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    @property
    def title(self) -> str:
        more = [] if self.layout == "contiguous" else [self.layout]
        more += [] if self.dtype == "float32" else [self.dtype]
        return ", ".join([self.name, *more])

    @property
    def full(self) -> str:
        return f"{self.name}, {self.dtype}, {self.layout}"

    @property
    def size(self) -> str:
        return " × ".join(map(str, self.shape))

    @property
    def channels(self) -> int:
        return self.shape[-1] if self.kind.of_rows else self.shape[1]

    def layer(self) -> torch.nn.Module:
        return self.kind.layer(self.channels)

    def drawn(self, seed: int = 0, device: str = "cpu") -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(self.shape, generator=generator).to(device, DTYPES[self.dtype])
        return x.contiguous(memory_format=LAYOUTS[self.layout]) if x.dim() == 4 else x


IMAGES = ((32, 64, 56, 56), (32, 256, 14, 14), (8, 64, 112, 112))
LOCAL = ((32, 96, 27, 27), (32, 64, 55, 55))
TOKENS = (8192, 768)
FAST = Aim(eager=(2.5, 1.7), compiled=(1.2, 1.1), floor=(1.8, 2.0))
SMALL = Aim(eager=(2.5, 1.5), compiled=(1.2, 1.1), floor=(1.8, 2.6))
LAST = Aim(eager=(1.05, 1.05), compiled=(1.1, 1.1), floor=(2.0, 2.1))
WINDOWS = Aim(eager=(3.0, 5.0), compiled=(5.0, 4.0), floor=(1.8, 2.1))

TABLE = (
    *(Case("local response", s, aim=Aim((25.0, 20.0), (4.0, 6.0), (2.0, 2.5))) for s in LOCAL),
    Case("local response", LOCAL[1], dtype="bfloat16", aim=Aim(NONE, (4.0, 4.0), (3.0, 3.0))),
    *(
        Case(f"divisive, {name}", IMAGES[0], aim=WINDOWS)
        for name in ("Gaussian 7", "Gaussian 15", "box 7")
    ),
    *(Case("batch", s, aim=SMALL if s[-1] == 14 else FAST) for s in IMAGES),
    *(Case("batch", s, "channels_last", aim=LAST) for s in IMAGES),
    Case("rms", TOKENS, aim=Aim((None, 3.0), (None, 1.2), (None, 2.3))),
    Case("GDN", (2, 192, 64, 64), aim=Aim((1.3, 1.3), (1.1, 1.1), NONE)),
    Case("batch, table", (8, 2), aim=Aim(eager=(1 / 1.1, 1 / 1.1))),
)

QUICK = (
    Case("batch", (8, 64, 56, 56)),
    Case("batch", (8, 64, 56, 56), "channels_last"),
    Case("batch, table", (8, 2)),
    Case("layer", (2048, 768)),
    Case("rms", (2048, 768)),
    Case("group", (8, 64, 28, 28)),
    Case("instance", (8, 64, 28, 28)),
    Case("local response", (8, 96, 27, 27)),
    Case("local response", (8, 96, 27, 27), dtype="bfloat16"),
    Case("divisive", (8, 64, 28, 28)),
    Case("divisive, box 7", (8, 64, 28, 28)),
    Case("GDN", (2, 64, 32, 32)),
)


def _rest() -> Iterator[Case]:
    """Every layer in more shapes, layouts and dtypes; of float64 and float16 one shape is enough."""
    for layout in LAYOUTS:
        for name in ("batch, evaluation", "group", "instance", "divisive", "local response"):
            yield Case(name, IMAGES[0], layout)
        for name in ("divisive, box 7", "divisive, box 31", "local contrast"):
            yield Case(name, (8, *IMAGES[0][1:]), layout)
        for shape in ((8, 64, 32, 32), (1, 128, 128, 128), (2, 192, 16, 16)):
            yield Case("GDN", shape, layout)
        yield Case("GDN1", (8, 64, 32, 32), layout)
        yield Case("batch", (8, 16, 16, 16), layout)
        for name in ("batch", "group", "local response", "GDN"):
            for dtype in ("float64", "bfloat16", "float16"):
                yield Case(name, (8, 64, 56, 56), layout, dtype)
    for name in ("layer", "rms"):
        yield from (Case(name, shape) for shape in (TOKENS, (256, 768), (64, 128)))
        yield from (Case(name, TOKENS, dtype=d) for d in ("bfloat16", "float16"))
    yield from (Case("batch, table", shape) for shape in ((4096, 512), (65536, 64), (512, 64)))


GRID = (*TABLE, *(case for case in _rest() if case not in TABLE))
