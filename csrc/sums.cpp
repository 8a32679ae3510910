// Sums of powers of x − shift in float64, lane by lane: what the statistics of a data set are made of.
//
// Compiled for each instruction set with -ffp-contract=off: lanes are added row after row and never across, so
// that all sets, and plain numpy, give the same bits. A value that is not finite, or not valid, counts for nothing.
// Chunk after chunk is added to what `out` holds, so that a block may come in several calls.
#include "core.h"

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace normlab {
namespace SET {

namespace {

constexpr int64_t TILE = 256;  // lanes whose sums stay in the first cache
constexpr int TOGETHER = 8;    // rows in one pass

// The ends of float32 are compared as such, twice as many at a time.
template <class S>
struct End {
  using type = double;
};
template <>
struct End<float> {
  using type = float;
};

template <class S>
struct Lane {
  double count[TILE], infinite[TILE], s1[TILE], s2[TILE], s3[TILE], s4[TILE];
  typename End<S>::type low[TILE], high[TILE];
};

// Rows one after the other; several in one pass only save trips to memory.
template <int ROWS, class S>
inline void add_finite(const S* x, int64_t step, int64_t n, const double* shift, Lane<S>& a) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    double s1 = a.s1[i], s2 = a.s2[i], s3 = a.s3[i], s4 = a.s4[i];
    double center = shift[i];
    typename End<S>::type low = a.low[i], high = a.high[i];
    for (int r = 0; r < ROWS; ++r) {
      typename End<S>::type v = x[r * step + i];
      double d = double(v) - center, q = d * d;
      s1 += d;
      s2 += q;
      s3 += d * q;
      s4 += q * q;
      low = v < low ? v : low;
      high = v > high ? v : high;
    }
    a.s1[i] = s1, a.s2[i] = s2, a.s3[i] = s3, a.s4[i] = s4, a.low[i] = low, a.high[i] = high;
  }
}

template <bool MASKED, class S>
inline void add_those_that_count(const S* x, const bool* valid, int64_t n, const double* shift,
                                 Lane<S>& a) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    typename End<S>::type v = x[i];
    bool finite = v - v == 0, given = true;
    if (MASKED) given = valid[i];
    bool there = finite & given;
    double d = there ? double(v) - shift[i] : 0.0, q = d * d;
    a.count[i] += there ? 1.0 : 0.0;
    a.infinite[i] += (given & !finite & (v == v)) ? 1.0 : 0.0;
    a.s1[i] += d;
    a.s2[i] += q;
    a.s3[i] += d * q;
    a.s4[i] += q * q;
    a.low[i] = (there & (v < a.low[i])) ? v : a.low[i];
    a.high[i] = (there & (v > a.high[i])) ? v : a.high[i];
  }
}

template <class S>
inline void start(Lane<S>& a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    a.count[i] = a.infinite[i] = a.s1[i] = a.s2[i] = a.s3[i] = a.s4[i] = 0;
    a.low[i] = __builtin_inf(), a.high[i] = -__builtin_inf();
  }
}

inline const bool* from(const bool* valid, int64_t at) { return valid ? valid + at : valid; }

inline bool all_finite(const double* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i] - x[i];
  return sum == 0;
}

template <bool MASKED, class S>
inline void chunk(const S* x, const bool* valid, int64_t rows, int64_t step, int64_t n, const double* shift,
                  Lane<S>& a) {
  start(a, n);
  if (!MASKED) {  // most chunks: the same bits, without a look at each value
    int64_t k = 0;
    for (; k + TOGETHER <= rows; k += TOGETHER) add_finite<TOGETHER>(x + k * step, step, n, shift, a);
    for (; k < rows; ++k) add_finite<1>(x + k * step, step, n, shift, a);
    if (all_finite(a.s1, n)) {
      for (int64_t i = 0; i < n; ++i) a.count[i] = double(rows);
      return;
    }
    start(a, n);
  }
  for (int64_t k = 0; k < rows; ++k)
    add_those_that_count<MASKED>(x + k * step, from(valid, k * step), n, shift, a);
}

template <class S>
inline void into(const Lane<S>& a, int64_t n, int64_t lanes, double* out) {
  const double* sums[] = {a.count, a.infinite, a.s1, a.s2, a.s3, a.s4};
  for (int c = 0; c < 6; ++c)
    for (int64_t i = 0; i < n; ++i) out[c * lanes + i] += sums[c][i];
  double *low = out + LOW * lanes, *high = out + HIGH * lanes;
  for (int64_t i = 0; i < n; ++i) {
    low[i] = a.low[i] < low[i] ? a.low[i] : low[i];
    high[i] = a.high[i] > high[i] ? a.high[i] : high[i];
  }
}

template <bool MASKED, class S>
void some(const PowerSums& p, const S* x, const bool* valid, int64_t rows, int64_t lanes, const double* shift,
          double* out) {
  Lane<S> a;
  for (int64_t at = 0; at < lanes; at += TILE) {
    int64_t n = lanes - at < TILE ? lanes - at : TILE;
    chunk<MASKED>(x + at, from(valid, at), rows, p.lanes, n, shift + at, a);
    into(a, n, p.lanes, out + at);
  }
}

template <bool MASKED, class S>
void all(const PowerSums& p, const S* x, const bool* valid, const double* shift, double* out) {
  for (int64_t k = 0; k < p.rows; k += p.chunk) {
    int64_t rows = p.rows - k < p.chunk ? p.rows - k : p.chunk;
    some<MASKED>(p, x + k * p.lanes, from(valid, k * p.lanes), rows, p.lanes, shift, out);
  }
  int64_t after = p.rows * p.lanes;
  if (p.rest) some<MASKED>(p, x + after, from(valid, after), 1, p.rest, shift, out);
}

template <class S>
void of_kind(const PowerSums& p, const void* x, const bool* valid, const double* shift, double* out) {
  valid ? all<true>(p, (const S*)x, valid, shift, out) : all<false>(p, (const S*)x, valid, shift, out);
}

}  // namespace

void power_sums(const PowerSums& p, const void* x, const bool* valid, const double* shift, double* out) {
  switch (p.kind) {
    case Number::f32: return of_kind<float>(p, x, valid, shift, out);
    case Number::f64: return of_kind<double>(p, x, valid, shift, out);
    case Number::i32: return of_kind<int32_t>(p, x, valid, shift, out);
    case Number::i64: return of_kind<int64_t>(p, x, valid, shift, out);
  }
}

}  // namespace SET
}  // namespace normlab
