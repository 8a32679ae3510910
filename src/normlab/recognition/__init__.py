"""What a module is: which row it computes, with which settings, and what comes before and after.

`check`, `convert` and whatever else has to know it ask here.
"""

from normlab.recognition.found import Recognised, Step
from normlab.recognition.recognise import recognise, why_not

__all__ = ["Recognised", "Step", "recognise", "why_not"]
