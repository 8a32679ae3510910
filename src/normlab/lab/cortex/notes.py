"""Why the phenomena matter, and what the model does not show of them. Needs no torch."""

from collections.abc import Mapping

WHY: Mapping[str, str] = {  # by what is varied
    "size": "Where a cell's receptive field ends depends on what is shown, so that one number for its size "
    "misleads.",
    "contrast": "Contrast changes from moment to moment. What a cell says of orientation or frequency should "
    "not change with it.",
    "tuning": "Tuning is what a cell is said to stand for, and it depends on how it is measured.",
    "masks": "Natural images have many orientations at each place. Masks show what that does to a cell.",
    "surround": "What lies around a receptive field changes the response without causing one by itself.",
    "fields": "Maps by spots, noise and bars are how receptive fields are found. Division changes what each "
    "of them shows.",
    "square": "Other stimuli than gratings test whether the model describes the cell or only the gratings.",
    "beyond": "A model is tested best where it predicts what was not used to make it.",
    "frontend": "It is the step from a model of the brain to a layer of a network.",
}

LIMITS = (
    "That one divisive model gives this curve does not show that the cortex computes it this way. The model "
    "gives mean rates for steady stimuli. It leaves out time, noise, and differences between cells."
)
