"""The options of `normlab measure` that are its own."""

from pathlib import Path
from typing import Annotated

import typer

SourceArgument = Annotated[
    str,
    typer.Argument(
        help="A folder, tar or zip of images; a table or a folder of them; npy, npz, zarr, h5; a URL.",
        metavar="SOURCE",
    ),
]
ColumnsOption = Annotated[
    str | None, typer.Option(help="Columns of a table to measure: a,b.", metavar="NAMES")
]
WhereOption = Annotated[
    str | None,
    typer.Option(help="Rows that count: \"age >= 30 and city = 'Bonn'\"", metavar="CONDITION"),
]
ByOption = Annotated[
    str | None, typer.Option(help="For each value of this column.", metavar="NAME")
]
FeaturesOption = Annotated[
    str | None,
    typer.Option(help="Axes of an array that are kept, all others reduced: 1.", metavar="AXES"),
]
ResizeOption = Annotated[
    str | None,
    typer.Option(help="Size to which images are resized first: 224, or 256,256.", metavar="SIZE"),
]
InterpolationOption = Annotated[
    str | None, typer.Option(help="bilinear, bicubic, nearest, lanczos or box.", metavar="NAME")
]
ScaleOption = Annotated[
    str | None, typer.Option(help="Scale of the images: 0-1 or 0-255.", metavar="SCALE")
]
WeightingOption = Annotated[
    str | None, typer.Option(help="Images weigh by pixel, or each image one.", metavar="NAME")
]
ChannelsOption = Annotated[
    str | None, typer.Option(help="1 or 3, where grey and colour are mixed.", metavar="NUMBER")
]
QuantilesOption = Annotated[bool, typer.Option("--quantiles", help="Quantiles too.")]
CovarianceOption = Annotated[bool, typer.Option("--covariance", help="Covariances too.")]
SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out what cannot be read, and count it.")
]
OutOption = Annotated[
    Path | None, typer.Option(help="Where to write the statistics.", metavar="STATS.JSON")
]
HtmlOption = Annotated[
    Path | None, typer.Option(help="Where to write a report.", metavar="REPORT.HTML")
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on where an interrupted run with --out stopped.")
]
WorkersOption = Annotated[
    str | None, typer.Option(help="Processes instead of threads.", metavar="NUMBER")
]
ClusterOption = Annotated[
    str | None, typer.Option(help="A Dask scheduler: tcp://host:8786", metavar="ADDRESS")
]
