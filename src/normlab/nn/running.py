"""Running statistics as buffers: when they may be written, and when that is refused."""

from normlab.errors import TransformError
from normlab.functional.running import Running, write
from normlab.tracing import in_backward, in_transform


def store(name: str, buffers: Running, new: Running) -> None:
    """Write the new statistics, unless a checkpoint is only computing its forward pass again."""
    if new.mean is None or in_backward():
        return
    try:
        write(buffers, new)
    except RuntimeError as error:
        if not in_transform():
            raise
        raise TransformError(
            f"{name}: a transform of torch.func has captured the running statistics, which training "
            f"updates. Pass parameters and buffers to the transformed function and call "
            f"torch.func.functional_call with them, or use "
            f"normlab.functional.batch_norm_with_stats, or call eval() first."
        ) from error
