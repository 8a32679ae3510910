"""normlab run cortex, and each of its phenomena: the options, each typed by hand."""

from typing import Annotated, Any

import typer

from normlab.lab.commands.laboratory import (
    OutOption,
    VerifyOption,
    run_app,
    run_experiment,
    stop_after_verifying,
)
from normlab.system.options import JsonFlag, number, whole


def _option(words: str, metavar: str = "NUMBER") -> Any:
    return typer.Option(help=words, metavar=metavar)


@run_app.command("cortex", epilog="Example: normlab run cortex.size-tuning --maintained 0")
def run_cortex(
    context: typer.Context,
    maximum: Annotated[str, _option("M: maximum response, spikes/s.")] = "40",
    semisaturation: Annotated[str, _option("α: semisaturation, in units of contrast.")] = "0.1",
    maintained: Annotated[
        str, _option("β: drive without a stimulus, in units of contrast.")
    ] = "0.02",
    exponent: Annotated[str, _option("nn: exponent of the drive.")] = "2",
    pool_exponent: Annotated[str, _option("nd: exponent of the pool.")] = "2",
    filter_orientation: Annotated[
        str, _option("hθ: orientation bandwidth of the filters, degrees.")
    ] = "40",
    filter_frequency: Annotated[
        str, _option("hf: frequency bandwidth of the filters, octaves.")
    ] = "1.5",
    pool_space: Annotated[str, _option("hR: width of the pool in space, cycles.")] = "2",
    pool_frequency: Annotated[str, _option("hF: width of the pool in frequency, octaves.")] = "2",
    pool_orientation: Annotated[
        str, _option("hΘ: width of the pool in orientation, degrees; 90: all equal.")
    ] = "60",
    pool_shift: Annotated[str, _option("δ: shift of the pool in frequency, octaves.")] = "0",
    orientations: Annotated[str, _option("Number of orientations in 180°.", "COUNT")] = "12",
    seed: Annotated[str, _option("Random seed for the noise.")] = "0",
    frames: Annotated[str, _option("Frames of white noise, in noise-map.", "COUNT")] = "50000",
    noises: Annotated[str, _option("Frames of binary noise, in noise.", "COUNT")] = "40",
    out: OutOption = None,
    verify: VerifyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Thirty phenomena of visual cortex from one divisive model, with claims, verdicts and figures.

    `normlab run` lists them; cortex.NAME runs one. The defaults are the standard set.
    """
    stop_after_verifying(verify, as_json)
    settings = {
        "maximum": number("maximum", maximum),
        "semisaturation": number("semisaturation", semisaturation),
        "maintained": number("maintained", maintained),
        "exponent": number("exponent", exponent),
        "pool_exponent": number("pool-exponent", pool_exponent),
        "filter_orientation": number("filter-orientation", filter_orientation),
        "filter_frequency": number("filter-frequency", filter_frequency),
        "pool_space": number("pool-space", pool_space),
        "pool_frequency": number("pool-frequency", pool_frequency),
        "pool_orientation": number("pool-orientation", pool_orientation),
        "pool_shift": number("pool-shift", pool_shift),
        "orientations": whole("orientations", orientations),
        "seed": whole("seed", seed),
        "frames": whole("frames", frames),
        "noises": whole("noises", noises),
    }
    run_experiment(str(context.info_name), settings, out, as_json)
