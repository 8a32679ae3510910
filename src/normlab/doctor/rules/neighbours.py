"""What feeds a layer: shared by the rules of structure."""

from torch import nn
from torch.nn.modules.conv import _ConvNd

from normlab.doctor.case import Case, Layer


def feeding(case: Case, layer: Layer) -> nn.Module | None:
    """The convolution or linear layer that feeds this layer alone, its outputs being the layer's channels.

    A linear layer is one only where the input of the layer was seen to be (N, C): in (N, C, L) its outputs
    are places and not channels.
    """
    if layer.module is None or case.graph is None:
        return None
    source = case.graph.source(layer.module)
    if isinstance(source, nn.Linear):
        return source if layer.seen is not None and len(layer.seen.shape) == 2 else None
    return source if isinstance(source, _ConvNd) else None


def graph_missing(case: Case) -> str:
    """Why rules of structure cannot be applied, or ""."""
    if case.graph is None or not case.graph.known:
        why = "" if case.graph is None else f": {case.graph.why}"
        return f"the model could not be traced, so what feeds its layers is not known{why}"
    return ""
