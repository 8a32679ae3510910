"""normlab measure: the statistics of a data set, from the command line."""

import typer

from normlab.data.options import (
    ArrayOption,
    DecimalOption,
    DelimiterOption,
    ExcludeOption,
    SkipRowsOption,
    ThousandsOption,
    reading,
)
from normlab.measuring.said import (
    ByOption,
    ChannelsOption,
    ClusterOption,
    ColumnsOption,
    CovarianceOption,
    FeaturesOption,
    HtmlOption,
    InterpolationOption,
    OutOption,
    QuantilesOption,
    ResizeOption,
    ResumeOption,
    ScaleOption,
    SkipBadOption,
    SourceArgument,
    WeightingOption,
    WhereOption,
    WorkersOption,
)
from normlab.safe import json_text, printable
from normlab.system.options import JsonFlag, whole


def measure_data(
    source: SourceArgument,
    columns: ColumnsOption = None,
    where: WhereOption = None,
    by: ByOption = None,
    features: FeaturesOption = None,
    resize: ResizeOption = None,
    interpolation: InterpolationOption = None,
    scale: ScaleOption = None,
    weighting: WeightingOption = None,
    channels: ChannelsOption = None,
    quantiles: QuantilesOption = False,
    covariance: CovarianceOption = False,
    skip_bad: SkipBadOption = False,
    out: OutOption = None,
    html: HtmlOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    thousands: ThousandsOption = None,
    skip_rows: SkipRowsOption = None,
    array: ArrayOption = None,
    exclude: ExcludeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Mean, std and more of a data set of any size, per channel, column or feature; right the first time.

    One pass in constant memory. Whole numbers of 8 and 16 bits are exact. Ctrl-C keeps what was finished.
    """
    written = reading(delimiter, decimal, thousands, skip_rows, array, exclude)
    from normlab.measuring.from_words import measured_as_said, options_of, recipe_of, text_of
    from normlab.measuring.measure import Place
    from normlab.measuring.saved import groups_to_json

    options = options_of(
        written, skip_bad, columns=columns, where=where, by=by, features=features, resize=resize,
        interpolation=interpolation, scale=scale, weighting=weighting, channels=channels,
    )  # fmt: skip
    place = Place(out, resume, workers=whole("workers", workers), cluster=cluster, say=_say)
    recipe = recipe_of(quantiles, covariance, skip_bad, html)
    found = measured_as_said(source, options, recipe, place, html)
    print(json_text(groups_to_json(found, by)) if as_json else text_of(found, out, html))


def _say(line: str) -> None:
    typer.echo(printable(line), err=True)


def register(app: typer.Typer) -> None:
    app.command(
        "measure", epilog="Example: normlab measure table.csv --columns a,b --out stats.json"
    )(measure_data)
