"""Beside each phenomenon: what to predict, the equation, the mechanism, and who measured it in cortex.

In all equations E is the drive of the cell (kn·E), P the pool (kd Σ w E^nd). Needs no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from normlab.lab.cortex.symbols import symbols


@dataclass(frozen=True)
class Lesson:
    """question and mechanism: asked first, and answered. data: the original experiments, "" for none."""

    question: str
    mechanism: str
    equation: str
    data: str = ""
    letters: Mapping[str, str] | None = None  # what stands for something else in this equation

    @property
    def symbols(self) -> str:
        return symbols(self.equation, self.letters)


_CAVANAUGH = "Cavanaugh, Bair & Movshon 2002 (J Neurophysiol 88:2530)"
_SURROUND = "Cavanaugh, Bair & Movshon 2002 (J Neurophysiol 88:2547)"
_ALBRECHT = "Albrecht & Hamilton 1982 (J Neurophysiol 48:217)"
_CARANDINI = "Carandini, Heeger & Movshon 1997 (J Neurosci 17:8621)"
_DEANGELIS = "DeAngelis, Freeman & Ohzawa 1994 (J Neurophysiol 71:347)"
_MASKS = "Bonds 1989 (Vis Neurosci 2:41); DeAngelis, Robson, Ohzawa & Freeman 1992 (J Neurophysiol 68:144)"
_OSAKI = "Osaki, Naito, Sadakane, Okamoto & Sato 2011 (Eur J Neurosci 33:923)"
_BY_SIZE = r"R(d) = M\,\frac{(\beta + c\,E(d))^{nn}}{\alpha^{nd} + c^{nd} P(d)}"
_OF_POOL = {"E": "E what the stimulus gives the filter of each cell in the pool", "P": "P the pool"}
_MASKED = r"R = M\,\frac{(\beta + cE)^{nn}}{\alpha^{nd} + P(c, m)}"

LESSONS: Mapping[str, Lesson] = {
    "size-tuning": Lesson(
        "A grating centred on the cell grows. Does the response grow with it for ever?",
        "No. The drive stops growing when the grating fills the filter; the pool, which reaches further, "
        "goes on growing and divides.",
        _BY_SIZE, f"{_DEANGELIS}; {_CAVANAUGH}.",
    ),
    "size-contrast": Lesson(
        "At low contrast, is the best grating smaller, larger, or the same?",
        "Larger. At low contrast α outweighs the pool, so that a larger pool costs little.",
        _BY_SIZE, f"Sceniak, Ringach, Hawken & Shapley 1999 (Nat Neurosci 2:733); {_CAVANAUGH}.",
    ),
    "size-orientation": Lesson(
        "The grating is turned until a large one gives half the response. Is the best size now smaller or "
        "larger?",
        "Smaller. A turned grating drives the filter through its middle alone, for at the filter's ends the "
        "stripes run out of step; the pool is as large as before.",
        _BY_SIZE,
    ),
    "size-frequency": Lesson(
        "The grating's stripes are too wide for the cell, or too narrow. Is the best size smaller or larger?",
        "Smaller in both cases: over a larger region such stripes run out of step with the filter's, and "
        "only the pool grows.",
        _BY_SIZE, f"{_OSAKI} for high frequencies.",
    ),
    "hole": Lesson(
        "A hole opens in the middle of a large grating. When is the response back at the spontaneous rate?",
        "When the hole is as large as the filter. Beyond that it is below: the ring still feeds the pool, "
        "which divides the maintained discharge.",
        r"R = M\,\frac{(\beta + cE(d))^{nn}}{\alpha^{nd} + c^{nd}P(d)}, \quad E \to 0 \text{ while } P > 0",
        f"{_CAVANAUGH}.",
    ),
    "hole-contrast": Lesson(
        "As the hole grows, the response falls. Does the shape of this curve depend on contrast?",
        "Hardly: where c^nd·P is far above α^nd, the contrast cancels.",
        r"R \approx M\,\frac{E(d)^{nn}}{P(d)} \quad (nn = nd,\; cE \gg \beta,\; c^{nd}P \gg \alpha^{nd})",
        f"{_CAVANAUGH}.",
    ),
    "contrast-response": Lesson(
        "Contrast doubles, and doubles again. Does the response?",
        "First it grows fourfold each time (nn = 2), then it saturates: drive and pool grow together.",
        r"R(c) = M\,\frac{(\beta + c)^{nn}}{\alpha^{nd} + c^{nd}}", f"{_ALBRECHT}.",
    ),
    "supersaturation": Lesson(
        "Can a response fall although contrast rises?",
        "Yes, if the pool grows faster than the drive: with a larger exponent (nd > nn), or with a "
        "maintained discharge β, whose share of the drive shrinks.",
        r"\beta > \frac{nn}{nd}(1 + \alpha^{nd}) - 1", "Peirce 2007 (J Vis 7(6):13).",
    ),
    "noise": Lesson(
        "Noise is added to a grating. Does it raise the response, or lower it?",
        "Both. Noise drives a little and feeds the pool much: it raises what is weak and lowers what is "
        "strong.",
        _MASKED, f"{_CARANDINI}.", {"m": "m the contrast of the noise"},
    ),
    "contrast-orientation": Lesson(
        "A turned grating drives the cell less. Does the cell need more contrast for half of what it can "
        "give?",
        "No. The pool hardly cares for the orientation, so c50 stays and the whole curve is scaled.",
        r"R = M\,\frac{(\beta + p\,c)^{nn}}{\alpha^{nd} + (q\,c)^{nd}}",
        f"{_ALBRECHT}; {_CARANDINI}.",
    ),
    "contrast-frequency": Lesson(
        "A grating of another spatial frequency drives the cell less. Does the cell need more contrast for "
        "half of its response?",
        "Hardly more, if the pool accepts that frequency as well as the cell's own: then the whole curve is "
        "only scaled.",
        r"R = M\,\frac{(\beta + p\,c)^{nn}}{\alpha^{nd} + (q\,c)^{nd}}", f"{_ALBRECHT}.",
    ),
    "contrast-diameter": Lesson(
        "Which grating makes the response fall again at high contrast: a small or a large one?",
        "A large one: only there is the pool strong enough.",
        _BY_SIZE,
    ),
    "orientation-tuning": Lesson(
        "Is the cell tuned as widely as its filter?",
        "More narrowly: the exponent sharpens what the filter passes, and the pool takes from it only a "
        "little.",
        r"R(\theta) \propto \frac{E(\theta)^{nn}}{\alpha^{nd} + P(\theta)}",
        "De Valois, Yund & Hepler 1982 (Vision Res 22:531).",
    ),
    "frequency-tuning": Lesson(
        "Is the cell tuned for spatial frequency as widely as its filter?",
        "No, more narrowly: the exponent sharpens what the filter passes, as it does for orientation.",
        r"R(f) \propto \frac{E(f)^{nn}}{\alpha^{nd} + P(f)}",
        "De Valois, Albrecht & Thorell 1982 (Vision Res 22:545).",
    ),
    "orientation-diameter": Lesson(
        "Does a larger patch change the width of the tuning?",
        "Yes, it becomes narrower: the larger a patch, the more exactly it defines an orientation.",
        r"E(\theta, d) = |\langle \text{grating}_\theta \cdot \text{disk}_d, \text{Gabor} \rangle|",
        "Chen, Dan & Li 2005 (J Physiol 564:233).",
    ),
    "frequency-diameter": Lesson(
        "Does a larger patch change the width of the tuning for spatial frequency?",
        "Yes, it becomes narrower: a patch with few stripes contains a wide range of frequencies.",
        r"E(f, d) = |\langle \text{grating}_f \cdot \text{disk}_d, \text{Gabor} \rangle|",
    ),
    "orientation-contrast": Lesson(
        "A neuron that fires above a fixed threshold is tuned more widely at high contrast. Is this one too?",
        "Hardly: a power instead of the threshold keeps the shape of the curve, and the pool scales all of "
        "it.",
        r"\frac{R(\theta, c)}{R(0, c)} \approx \left(\frac{E(\theta)}{E(0)}\right)^{nn}",
        "Sclar & Freeman 1982 (Exp Brain Res 46:457); Skottun, Bradley, Sclar, Ohzawa & Freeman 1987 "
        "(J Neurophysiol 57:773).",
    ),
    "frequency-contrast": Lesson(
        "How does the tuning for spatial frequency change at low contrast?",
        "In cells it narrows. With the standard set it widens, since β lifts the flanks; a narrower pool, "
        "which divides the flanks less at high contrast, makes it narrow.",
        r"R(f, c) = M\,\frac{(\beta + cE(f))^{nn}}{\alpha^{nd} + c^{nd}P(f)}",
        f"{_ALBRECHT}; Sceniak, Hawken & Shapley 2002 (J Neurophysiol 88:1363).",
    ),
    "square-tuning": Lesson(
        "A square grating of a third of the preferred frequency is shown. Does the cell respond?",
        "Yes: the third harmonic has a third of the amplitude and the preferred frequency. Division lifts "
        "it, if the pool is too narrow to see the fundamental.",
        r"\text{square}(x) = \frac{4}{\pi}\left(\sin x + \frac{1}{3}\sin 3x + \dots\right)",
        "Maffei, Morrone, Pirchio & Sandini 1979 (J Physiol 296:27).",
        {"x": "x the phase of the grating"},
    ),
    "square-contrast": Lesson(
        "Which grating needs less contrast for the same response, a sinusoidal or a square one?",
        "The square one, whose fundamental has 4/π of its contrast.",
        r"R_\square(c) \approx R\left(\frac{4}{\pi}c\right)",
    ),
    "mask-orientation": Lesson(
        "A mask that does not drive the cell is laid over the grating. What does the cell do?",
        "It responds less: the mask drives others in the pool, at every orientation.",
        _MASKED, f"{_MASKS}.",
    ),
    "mask-frequency": Lesson(
        "Which spatial frequency of an orthogonal mask suppresses most?",
        "About that which the pool prefers, which here is the cell's own.",
        _MASKED, f"{_MASKS}.",
    ),
    "mask-contrast": Lesson(
        "Does an orthogonal mask lower the contrast response, or move it?",
        "It moves it to the right, as more contrast of the grating is needed to outweigh the mask in the "
        "pool; up to contrast 1 that also looks lower.",
        r"R = M\,\frac{(\beta + c)^{nn}}{\alpha^{nd} + c^{nd} + q^{nd}m^{nd}}",
        f"{_CARANDINI}; Freeman, Durand, Kiper & Carandini 2002 (Neuron 35:759).",
        {"q": "q what the mask gives the pool, relative to the grating"},
    ),
    "surround-orientation": Lesson(
        "A ring around the patch is turned. When does it suppress most?",
        "When it is parallel, where the pool weighs most; and still when it is orthogonal, for the pool is "
        "broad.",
        r"P = \sum_i w(\theta_i)\, E_i^{nd}, \quad w(\theta) \propto e^{\kappa\cos 2\theta}",
        f"Blakemore & Tobin 1972 (Exp Brain Res 15:439); {_DEANGELIS}; {_SURROUND}.", _OF_POOL,
    ),
    "surround-frequency": Lesson(
        "Which spatial frequency of a ring around the patch suppresses most?",
        "About the cell's own; the range that suppresses is wider than that to which the cell responds.",
        r"P = \sum_i w(f_i)\, E_i^{nd}", f"{_DEANGELIS}.", _OF_POOL,
    ),
    "surround-contrast": Lesson(
        "What does a stronger surround do to the contrast response of the patch?",
        "It moves it to the right and down, as a mask does. To make it shallower as well takes other "
        "exponents.",
        r"R = M\,\frac{(\beta + cE)^{nn}}{\alpha^{nd} + P(c, s)}", f"{_CAVANAUGH}.",
    ),
    "surround-parallel": Lesson(
        "Which surround moves the contrast response further, a parallel or an orthogonal one?",
        "The parallel one, which the pool weighs more.",
        r"R = M\,\frac{(\beta + cE)^{nn}}{\alpha^{nd} + P(c, s)}",
        f"{_SURROUND}; Levitt & Lund 1997 (Nature 387:73).",
    ),
    "spot-map": Lesson(
        "Can one bright pixel lower the rate of a cell below that of a blank screen?",
        "Only if there is a rate to be lowered: with β = 0 a dark subregion gives nothing.",
        r"R = M\,\frac{\lfloor\beta + E\rfloor^{nn}}{\alpha^{nd} + P}, \quad E < 0",
        "Hubel & Wiesel 1962 (J Physiol 160:106); Jones & Palmer 1987 (J Neurophysiol 58:1187).",
    ),
    "noise-map": Lesson(
        "The cell is not linear. Does correlating its rates with white noise still find its filter?",
        "Yes: rectification and division keep the sign of what the filter sees, and over symmetric noise "
        "the rest averages out.",
        r"h(x) = \frac{\langle (R - \bar{R})\, I(x) \rangle}{\langle I^2 \rangle}",
        "Reid, Victor & Shapley 1997 (Vis Neurosci 14:1015).",
        {"h": "h the field that is found", "I": "I(x) the noise at place x; ⟨ ⟩ the mean over frames"},
    ),
    "bar-map": Lesson(
        "Tuning is derived from a map with bars, and measured with gratings. Which is wider?",
        "The derived one: the exponent sharpens the response to gratings, and makes the map narrower in "
        "space, so its Fourier transform is wider.",
        r"\hat{R}(f) = \left|\sum_x (R_{bright}(x) - R_{dark}(x))\, e^{2\pi i f x}\right|",
        "Andrews & Pollen 1979 (J Physiol 287:163); Tadmor & Tolhurst 1989 (Vis Neurosci 3:445).",
        {"R": "R the rate for a bar at place x, bright or dark, and R̂ the tuning that is derived from it"},
    ),
    "mask-frequency-shift": Lesson(
        "In some cells masks suppress most an octave below the cell's own frequency. What would have to "
        "differ?",
        "The pool: it must prefer lower frequencies than the cell, δ octaves lower.",
        r"w(f) \propto e^{-4 \ln 2\, (\log_2 f - \log_2 F^* + \delta)^2 / h_F^2}", f"{_MASKS}.",
    ),
    "shifted-pool": Lesson(
        "If the pool prefers lower frequencies than the filter, what does the cell prefer?",
        "Higher ones than its filter: below, it is divided most.",
        r"R(f) = M\,\frac{(\beta + cE(f))^{nn}}{\alpha^{nd} + c^{nd}P(f)}",
    ),
    "shared-cause": Lesson(
        "A cell supersaturates. Must its rate also fall below the blank's somewhere in a map with spots?",
        "If β makes it supersaturate, yes. If the exponent of the pool does, no. So a test "
        "can distinguish the two.",
        r"\beta > \frac{nn}{nd}(1 + \alpha^{nd}) - 1",
    ),
    "patch-frequency": Lesson(
        "The patch shrinks. Does the preferred spatial frequency rise, as in cells?",
        "Not in this model: fewer stripes widen the tuning and move its peak down.",
        r"R(f, d) = M\,\frac{(\beta + cE(f, d))^{nn}}{\alpha^{nd} + c^{nd}P(f, d)}", f"{_OSAKI}.",
    ),
}  # fmt: skip
