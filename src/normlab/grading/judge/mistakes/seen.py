"""Mistakes that are seen at once, without a model."""

from collections.abc import Mapping

from normlab.grading.judge.mistakes.record import Mistake

SEEN: Mapping[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake(
            "changes_input",
            "changes its input in place",
            "Print x before and after the call.",
            "do not use -=, /=, *= or methods that end in _ on x; write x = x - mean.",
        ),
        Mistake(
            "graph_kept",
            "keeps the gradient's graph in its running statistics, which then grows with every batch",
            "What is running_mean.requires_grad after a batch?",
            "update the running statistics with mean.detach() and var.detach(), or under no_grad().",
        ),
        Mistake(
            "wrong_shape",
            "gives an output of another shape than the input",
            "Print x.shape, mean.shape and y.shape.",
            "keep the pooled axes (keepdim=True), so that the statistics broadcast against x.",
        ),
        Mistake(
            "running_shape",
            "keeps running statistics of another shape than its channels need",
            "Print running_mean.shape before and after a batch in training.",
            "keep one number for each channel: pool over all axes but 1.",
        ),
        Mistake(
            "only_tables",
            "normalises tables (N, C) as it should, but not (N, C, L), which a name with 1d promises too",
            "For (N, C, L), of how many numbers should the mean of one channel be made?",
            "for (N, C, L) pool over the batch and the length: axes (0, 2), one number for each channel.",
        ),
        Mistake(
            "wrong_dtype",
            "gives an output of another dtype than the input",
            "Print x.dtype and y.dtype.",
            "end with y.to(x.dtype).",
        ),
        Mistake(
            "raises",
            "ends in an error",
            "Run it on the input that is shown, and read the last line of the error.",
            "the error names the line; the input that is shown must work.",
        ),
        Mistake(
            "other_start",
            "does not start with a weight of 1 and a bias of 0",
            "What does the layer do to an input that is normalised already, before any training?",
            "make weight with torch.ones and bias with torch.zeros.",
        ),
        Mistake(
            "endless",
            "does not come to an end within the time limit",
            "Which loop has a condition that never changes?",
            "let every loop end, or replace it with an operation on the whole tensor.",
        ),
        Mistake(
            "crash",
            "ends the whole process",
            "Does it call exit() or os._exit(), or recurse without end?",
            "return y instead of leaving the process.",
        ),
        Mistake(
            "memory",
            "asks for more memory than the limit",
            "How many numbers are in the largest tensor that is made?",
            "make no tensor much larger than the input.",
        ),
        Mistake(
            "returns_nothing",
            "returns nothing",
            "Which branch of the code has no return?",
            "end every branch with return y.",
        ),
        Mistake(
            "weight_shape",
            "keeps its weight or bias in another shape than its channels need",
            "How many channels has x, and how many numbers has weight?",
            "make weight and bias with one number for each channel (or of normalized_shape).",
        ),
        Mistake(
            "no_running_statistics",
            "keeps no running statistics, and so has none to normalise with in evaluation",
            "In evaluation, what should the output for a batch of one sample be?",
            "keep running_mean and running_var as buffers, update them in training, use them in evaluation.",
        ),
        Mistake(
            "not_in_state_dict",
            "keeps running statistics where state_dict does not see them, so that a saved model loses them",
            "Print layer.state_dict(): what is in it?",
            "register them: self.register_buffer('running_mean', torch.zeros(num_features)).",
        ),
        Mistake(
            "not_a_parameter",
            "keeps its weight or bias as a plain tensor, which no optimiser trains",
            "Print list(layer.parameters()): what is in it?",
            "wrap it: self.weight = nn.Parameter(torch.ones(...)).",
        ),
        Mistake(
            "statistics_are_parameters",
            "keeps its running statistics as parameters, which an optimiser would train",
            "Print list(layer.parameters()): what should not be in it?",
            "use register_buffer for what is computed, nn.Parameter for what is learned.",
        ),
        Mistake(
            "forbidden",
            "calls a function that is forbidden here",
            "Which line does the work, and who wrote what it calls?",
            "compute mean, variance and output yourself.",
        ),
        Mistake(
            "unknown",
            "differs, and in a way that none of the known mistakes explains",
            "Work the smallest input through by hand, line by line.",
            "compare it with `normlab show {row}`.",
        ),
    )
}
