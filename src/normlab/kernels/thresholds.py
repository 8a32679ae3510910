"""Where torch's operators run because a kernel is no faster there: the one table.

Measured on one thread by `normlab bench --no-compile --processor-time --only NAME` with NAME batch, rms or
GDN. The kernels' operators are faster from smaller arrays on; what counts here is a whole call, and in
training Python adds some 40 µs to it.
"""

import torch

# elements from which on a kernel runs
LEAST = {
    "batch": 1 << 16,
    "batch, without gradients": 1 << 13,
    "rms": 1 << 11,
    "rms in blocks": 1 << 17,  # torch's operators in blocks, where there are no kernels
}
CHANNELS = 128  # of a table in batch norm: at most
PLACES = 16  # of a contiguous image: with fewer they do not fill the processor's registers
WIDTH = 8  # of the rows of RMS norm: at least
# dtypes of batch norm that are left to torch
CONTIGUOUS = (torch.bfloat16, torch.float16)
CHANNELS_LAST = (torch.float16,)
