"""From how many elements on a C++ kernel runs. Otherwise torch's operators run.

Measured on one thread by `normlab bench --no-compile --processor-time --only NAME` with NAME batch, rms or
GDN. These numbers are for a whole call. To one of RMS norm in training Python adds about 40 µs.
"""

import torch

# elements from which on a kernel runs
LEAST = {
    "batch": 1 << 12,  # of contiguous arrays; in channels_last torch loses digits
    "batch, half types": 1 << 16,
    "rms": 1 << 11,
    "rms in blocks": 1 << 17,  # without kernels: torch's operators, one block after another
}
CHANNELS, LARGE = 128, 1 << 22  # of a table in batch norm that has more bytes: at most
PLACES = (
    16  # of a contiguous image, or channels that lie side by side: fewer do not fill the registers
)
WIDTH = 8  # of the rows of RMS norm: at least
# dtypes of batch norm that an instruction set leaves to torch: it widens and narrows them slowly
CONTIGUOUS = {"avx2": (torch.bfloat16,), "generic": (torch.bfloat16, torch.float16)}
CHANNELS_LAST = {"generic": (torch.float16,)}
