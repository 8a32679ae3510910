// Normalising by mean and variance, or by the mean square: what is asked of the kernels. No torch.
#pragma once
#include "core.h"

namespace normlab {

// y = weight · (x − mean) / √(var + eps) + bias of each channel of (outer, channels, inner)
struct Batch {
  Kind kind;
  bool last;                     // channels lie next to each other; inner is 1
  int64_t outer, channels, inner;
  double eps;
  const double *weight, *bias;   // of each channel; may be null
};

// y = weight · x / √(mean x² + eps) of each row of (rows, width)
struct Rows {
  Kind kind;
  int64_t rows, width;
  double eps;
  const double* weight;          // of each column; may be null
};

struct Norms {
  const char* name;
  // stats: (2, channels), mean and biased variance, found here
  void (*batch)(const Batch&, const void* x, void* y, double* stats, double* parts, Parallel);
  // sums: (2, channels), the gradients of weight and bias
  void (*batch_back)(const Batch&, const double* stats, const void* g, const void* x, void* gx, double* sums,
                     double* parts, Parallel);
  int64_t (*batch_parts)(const Batch&);  // numbers that both need room for
  void (*rms)(const Rows&, const void* x, void* y, Parallel);
  // sums: (row_parts, width), zeros to which gradients of the weight are added; null if they are not wanted
  void (*rms_back)(const Rows&, const void* g, const void* x, void* gx, double* sums, Parallel);
};

// Into how many parts the rows are cut: each is worth a thread, and sums of its own
inline int64_t row_parts(const Rows& r) {
  constexpr int64_t VALUES = 1 << 14, MOST = 64;
  int64_t worth = r.rows * r.width / VALUES, parts = worth < MOST ? worth : MOST;
  return parts < 1 ? 1 : parts < r.rows ? parts : r.rows;
}

}  // namespace normlab
