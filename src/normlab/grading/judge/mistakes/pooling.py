"""Mistakes in which numbers are pooled together."""

from normlab.grading.judge import kinds
from normlab.grading.judge.mistakes.record import Mistake, parts, setting

# what is done to the order of x around the groups, where nothing should be
SCRAMBLED = (
    (
        "moves the channels last before it reshapes to groups, so that each group has some places of all "
        "channels",
        ("channels last", "channels last"),
    ),
    *(
        (f"{done} before it reshapes to groups, and does not undo it", (word, ""))
        for word, done in (
            ("channels last", "moves the channels last"),
            ("channels first", "moves the channels before the batch"),
            ("channels in turn", "deals the channels out to the groups in turn"),
        )
    ),
    *(
        (f"{done} after the groups, which were not so before", ("", word))
        for word, done in (
            ("channels last", "moves the channels from last"),
            ("channels in turn", "deals the channels out in turn"),
        )
    ),
)
POOLING = (
    Mistake(
        "groups_interleaved",
        "deals the channels out to the groups in turn, where neighbours belong together",
        "For 4 channels in 2 groups: which channel is the partner of channel 0?",
        "reshape to (N, G, C // G, ...), in this order, and pool over all but the first two axes.",
        kinds.grouped,
        parts(order=("channels in turn", "channels in turn")),
    ),
    Mistake(
        "groups_interleaved",
        "deals the numbers of a sample out to the groups in turn, where neighbours among channels belong "
        "together",
        "For 4 channels in 2 groups: which channel is the partner of channel 0?",
        "reshape to (N, G, C // G, ...), in this order, and pool over all but the first two axes.",
        kinds.grouped,
        parts(order=("numbers in turn", "numbers in turn")),
        rare=True,
    ),
    *(
        Mistake(
            "groups_scrambled",
            sentence,
            "Number the elements of an x of shape (1, 4, 3), and follow them through each reshape.",
            "reshape x as it lies to (N, G, C // G, ...), normalise, and reshape to x.shape.",
            kinds.grouped,
            parts(order=order),
            rare=True,
        )
        for sentence, order in SCRAMBLED
    ),
    Mistake(
        "groups_for_channels",
        "takes num_groups for the number of channels in a group",
        "For 6 channels and num_groups=2: how many numbers are in a group?",
        "there are num_groups groups of C // num_groups channels.",
        kinds.grouped,
        setting("num_groups", lambda groups, values: values["channels"] // groups),
    ),
    Mistake(
        "channels_last",
        "takes the last axis for the channels, where they are axis 1",
        "Which axis of an input (N, C, L) do num_features count?",
        "keep axis 1, and pool over all others: (0, 2) for (N, C, L), (0, 2, 3) for (N, C, H, W).",
        kinds.running,
        parts(over="but last", along="last"),
    ),
    Mistake(
        "groups_over_batch",
        "pools each group over all samples of the batch, where each sample has its own",
        "Change one sample of the batch: should the output of the others change?",
        "reshape to (N, G, C // G, ...), and pool over all but the first two axes.",
        kinds.grouped,
        parts(over="group 0 2"),
        basic=True,
    ),
    Mistake(
        "groups_over_batch",
        "reshapes x to (num_groups, …) without the batch, so that a group holds parts of several samples",
        "Change one sample of the batch: should the output of the others change?",
        "reshape to (N, G, C // G, ...), and pool over all but the first two axes.",
        kinds.grouped,
        parts(over="group flat"),
        rare=True,
        basic=True,
    ),
    Mistake(
        "channels_not_moved",
        "reshapes x to (N · H · W, C) as it lies, so that channels and places are mixed",
        "Number the elements of an x of shape (1, 2, 3), and look where the reshape puts them.",
        "move the channels last before reshaping: x.movedim(1, -1).reshape(-1, C), and back at the end.",
        kinds.running,
        parts(flattened=True),
    ),
    Mistake(
        "keepdim_forgotten",
        "drops the pooled axes of its statistics, which are then lined up with the wrong axes of x",
        "Print the shapes of x and mean, and line them up from the right, as broadcasting does.",
        "keep the pooled axes: x.mean(axes, keepdim=True), and the same for the variance.",
        kinds.whole_axes,
        parts(keepdim=False),
    ),
)
