// Division by a pool with weights between channels: what is asked of the kernels. No torch.
#pragma once
#include "core.h"

namespace normlab {

// s = offset + max(matrix, 0) · |x|^n at each place; matrix (channels, channels). The Division has no window, no
// total and a gain of 1. Channels last: one sample of all places. s is in the type computed in and in the order of x.
struct Mixers {
  const char* name;
  // s may be null
  void (*forward)(const Division&, const void* matrix, const void* x, void* y, void* s, Parallel);
  // slopes: (channels, channels) in the type computed in, for the matrix, or null; sums: (3, channels), added to,
  // those for weight, bias and offset, only where d.sums
  void (*backward)(const Division&, const void* matrix, const void* g, const void* x, const void* s, void* gx,
                   void* slopes, double* sums, Parallel);
};

}  // namespace normlab
