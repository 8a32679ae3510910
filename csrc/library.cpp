// The operators of torch, through its stable ABI: one binary for torch 2.10 and later.
#include "binding.h"

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "call.h"
#include "levels.h"

namespace normlab {

#define DECLARED(set) extern const Kernels kernels_##set;
NORMLAB_SETS(DECLARED)

namespace {

bool runs(const std::string& set) {
#if defined(__x86_64__)
  if (set == "avx512")
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (set == "avx2")
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#endif
  return set == "generic";
}

#define LISTED(set) &kernels_##set,
const Kernels* const SETS[] = {NORMLAB_SETS(LISTED)};  // the best first
const Kernels* chosen = nullptr;

Tensor planes(const Division& d, bool some) {
  return rows(some ? chosen->kept(d) : 0, d.samples * d.places,
              d.kind == Kind::f64 ? ScalarType::Double : ScalarType::Float);
}

// (y, what backward does not have to compute again: nothing unless `keep`)
std::tuple<Tensor, Tensor> divide(const Tensor& x, const Tensor& offset, const Maybe& weight, const Maybe& bias,
                                  bool total, bool centered, int64_t size, const Maybe& taps, int64_t neighbours,
                                  double gain, double m, double n, double p, bool keep) {
  Call call(x, offset, weight, bias, {total, centered, size, taps, neighbours, gain, m, n, p});
  Tensor y = empty_as(call.x), pool = planes(call.d, keep && y.numel());
  if (y.numel() == 0) return {y, pool};
  call.d.pool = pool.numel() ? pool.mutable_data_ptr() : nullptr;
  Cut cut = chosen->cut(call.d, false);
  const void* from = call.x.const_data_ptr();
  void* to = y.mutable_data_ptr();
  torch::stable::parallel_for(0, cut.units, 1, [&](int64_t begin, int64_t end) {
    chosen->forward(call.d, cut, {begin, end}, from, to, room(cut.scratch));
  });
  return {y, pool};
}

// (gradient for x, (3, channels) for weight, bias and offset; of no channel if they are not wanted)
std::tuple<Tensor, Tensor> divide_backward(const Tensor& g, const Tensor& x, const Tensor& pool, const Tensor& offset,
                                           const Maybe& weight, bool total, bool centered, int64_t size,
                                           const Maybe& taps,
                                           int64_t neighbours, double gain, double m, double n, double p,
                                           bool sums) {
  Call call(x, offset, weight, std::nullopt, {total, centered, size, taps, neighbours, gain, m, n, p});
  check_slopes(g, x);
  Division& d = call.d;
  STD_TORCH_CHECK(pool.numel() == 0 || pool.sizes().equals(planes(d, true).sizes()),
                  "normlab: the pool must be what the forward pass kept");
  d.sums = sums, d.pool = pool.numel() ? pool.mutable_data_ptr() : nullptr;
  Tensor slopes = in_order(g, channels_last(call.x)), gx = empty_as(call.x);
  Tensor own = zeros(3, sums ? d.channels : 0);
  if (gx.numel() == 0) return {gx, own};
  Cut cut = chosen->cut(d, true);
  Numbers parts((sums ? cut.units : 1) * 3 * d.channels);
  const void *from = call.x.const_data_ptr(), *along = slopes.const_data_ptr();
  void* to = gx.mutable_data_ptr();
  torch::stable::parallel_for(0, cut.units, 1, [&](int64_t begin, int64_t end) {
    chosen->backward(d, cut, {begin, end}, along, from, to, parts.data(), room(cut.scratch));
  });
  double* all = static_cast<double*>(own.mutable_data_ptr());
  if (sums)
    for (int64_t unit = 0; unit < cut.units; ++unit)
      for (int64_t i = 0; i < 3 * d.channels; ++i) all[i] += parts[unit * 3 * d.channels + i];
  return {gx, own};
}

// Moments of the groups of a contiguous (outer, groups, inner), float64 (groups, 8)
Tensor moments(const Tensor& given) {
  STD_TORCH_CHECK(given.is_cpu() && given.dim() == 3, "normlab: x must be (outer, groups, inner) on the CPU");
  Tensor x = torch::stable::contiguous(given);
  Moments m{kind_of(x), x.size(0), x.size(1), x.size(2), 1, 0};
  int64_t each = m.groups * m.inner, block = 1 << 18;  // elements, as many as the second cache holds
  if (m.inner == 0) m.outer = 0;
  m.rows = each && block > each ? block / each : 1;
  m.blocks = m.outer ? (m.outer + m.rows - 1) / m.rows : 1;
  Tensor out = torch::stable::new_empty(x, {m.groups, int64_t(COLUMNS)}, ScalarType::Double);
  Numbers parts(m.blocks * m.groups * COLUMNS);
  const void* from = x.const_data_ptr();
  torch::stable::parallel_for(0, m.blocks, 1, [&](int64_t begin, int64_t end) {
    chosen->moments(m, {begin, end}, from, parts.data(), room(chosen->moments_scratch(m)));
  });
  for (int64_t k = 1; k < m.blocks; ++k)
    chosen->merged(parts.data() + k * m.groups * COLUMNS, parts.data(), m.groups);
  std::copy_n(parts.data(), m.groups * COLUMNS, static_cast<double*>(out.mutable_data_ptr()));  // also of none
  return out;
}

}  // namespace

const char* chosen_set() { return chosen->name; }

}  // namespace normlab

#define SEEN __attribute__((visibility("default")))

// The sets that were compiled, the best first, each with whether this processor has it: "avx512+ generic+"
extern "C" SEEN const char* normlab_sets() {
  static std::string listed;
  listed.clear();
  for (const auto* set : normlab::SETS)
    listed += std::string(set->name) + (normlab::runs(set->name) ? "+ " : "- ");
  return listed.c_str();
}

// 1 if the kernels of that set now run
extern "C" SEEN int normlab_choose(const char* name) {
  for (const auto* set : normlab::SETS)
    if (std::strcmp(set->name, name) == 0 && normlab::runs(name)) {
      normlab::chosen = set;
      return 1;
    }
  return 0;
}

namespace {
using torch::headeronly::BFloat16;
using torch::headeronly::Half;

inline double number(double v) { return v; }
inline double number(float v) { return v; }
inline double number(BFloat16 v) { return float(v); }
inline double number(Half v) { return float(v); }

template <class T>
bool shows(const T* mean, const T* rate, int64_t n, double steep, double far) {
  int found = 0;
  for (int64_t i = 0; i < n; ++i) {
    double m = number(mean[i]), r = number(rate[i]);
    m = m < 0 ? -m : m;
    found |= (m * r > far) | ((m != 0) & (r * r * steep > 1));
  }
  return found;
}

template <class T>
bool varies(const T* x, int64_t size, int64_t width, double eps) {
  constexpr int64_t SOME = 64, ROWS = 256, WIDEST = 1000000;  // FAR² of kernels/steady.py
  if (width <= 0 || width > WIDEST || size > ROWS * width || size % width) return false;
  int64_t some = width < SOME ? width : SOME;
  for (const T* end = x + size; x < end; x += width) {
    double low = number(x[0]), high = low;
    int64_t i = 0;
    for (; i < some; ++i) {
      double v = number(x[i]);
      low = v < low ? v : low, high = v > high ? v : high;
      double range = high - low;
      if (low <= 0 && high >= 0 && range * range >= eps * double(width)) break;
    }
    if (i == some) return false;
  }
  return true;
}
}  // namespace

// The tests `shows` and `varies` of kernels/steady.py, for each dtype by itself, since each argument costs a tenth of the
// call. shows: whether the rounding of a mean shows; steep: eps / flat. varies: whether the first values of each row, of
// not too many, have both signs and a wide range.
#define TESTS(name, T)                                                                                          \
  extern "C" SEEN bool normlab_shows_##name(const T* mean, const T* rate, int64_t n, double steep, double far) { \
    return shows(mean, rate, n, steep, far);                                                                    \
  }                                                                                                             \
  extern "C" SEEN bool normlab_varies_##name(const T* x, int64_t size, int64_t width, double eps) {             \
    return varies(x, size, width, eps);                                                                         \
  }
TESTS(float32, float)
TESTS(float64, double)
TESTS(bfloat16, BFloat16)
TESTS(float16, Half)

// For data that are no tensors, on the thread that calls. kind: a Number; valid may be null; out: (SUMS, lanes), added to.
extern "C" SEEN void normlab_power_sums(int kind, const void* x, int64_t values, const bool* valid,
                                        const double* shift, int64_t lanes, int64_t chunk, double* out) {
  normlab::PowerSums p{normlab::Number(kind), values / lanes, values % lanes, lanes, chunk};
  normlab::chosen->power_sums(p, x, valid, shift, out);
}

// out: (channels, LEVELS), which is added to
extern "C" SEEN void normlab_count_levels(const uint8_t* x, int64_t pixels, int64_t step, int64_t channels,
                                          int64_t* out) {
  normlab::count_levels(x, pixels, step, channels, out);
}

extern "C" SEEN bool normlab_count_levels_of_arrow(const void* array, int64_t channels, int64_t* out,
                                                   int64_t* sums) {
  return normlab::count_levels(*(const normlab::ArrowArray*)array, channels, out, sums);
}

// The hash of the sources
extern "C" SEEN const char* normlab_sources() { return NORMLAB_HASH; }

#define WINDOW                                                                                        \
  "bool total, bool centered, int size, Tensor? taps, int neighbours, float gain, float m, float n, " \
  "float p"

STABLE_TORCH_LIBRARY(normlab, library) {
  library.def("divide(Tensor x, Tensor offset, Tensor? weight, Tensor? bias, " WINDOW
              ", bool keep) -> (Tensor, Tensor)");
  library.def("divide_backward(Tensor g, Tensor x, Tensor pool, Tensor offset, Tensor? weight, " WINDOW
              ", bool sums) -> (Tensor, Tensor)");
  library.def("moments(Tensor x) -> Tensor");
}

STABLE_TORCH_LIBRARY_IMPL(normlab, CPU, library) {
  library.impl("divide", TORCH_BOX(&normlab::divide));
  library.impl("divide_backward", TORCH_BOX(&normlab::divide_backward));
  library.impl("moments", TORCH_BOX(&normlab::moments));
}
