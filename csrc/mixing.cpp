// Division by a pool with weights between channels, compiled once for each instruction set, as core.cpp is.
#include "mixers.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace normlab {
namespace SET {

#include "numbers.h"
#include "threads.h"
#include "powers.h"
#include "vectors.h"
#include "windows.h"
#include "division.h"
#include "forward.h"
#include "backward.h"
#include "product.h"
#include "mixing.h"

template <class S>
void forward_of(const Division& d, const void* given, const S* x, S* y, void* s, Parallel parallel) {
  using T = typename Computed<S>::type;
  Cut cut = tiles<T>(d, TILE);
  Tile<T> t(d, cut);
  Space<T> matrix(matrix_size<T>(d));
  packed_matrix(d, (const T*)given, false, matrix.at);
  in_parallel(parallel, cut.units, [&](int64_t begin, int64_t end) {
    Space<T> scratch(3 * t.array() + 8 * rounded(most(t.step, d.channels)));
    memset(scratch.at, 0, sizeof(T) * t.array());  // also what is read beyond the edge
    by_form(d, [&](auto form) {
      for (int64_t unit = begin; unit < end; ++unit)
        forward_tile<decltype(form)>(d, region(d, cut, unit), t, matrix.at, x, y, (T*)s, scratch.at);
    });
  });
}

// The groups' slopes of the matrix. Below 0, where a weight counts as 0, one passes only if descent would raise it.
template <class T>
inline void added_slopes(const Division& d, const T* matrix, const T* parts, int64_t groups, int64_t own, int64_t wide,
                         T* to) {
  int64_t c = d.channels;
  Space<double> room(c);
  for (int64_t i = 0; i < c; ++i, matrix += c, to += c) {
    double* sum = room.at;
    for (int64_t j = 0; j < c; ++j) sum[j] = 0;
    for (int64_t group = 0; group < groups; ++group) {
      const T* row = parts + group * own + i * wide;
      INDEPENDENT
      for (int64_t j = 0; j < c; ++j) sum[j] += double(row[j]);
    }
    for (int64_t j = 0; j < c; ++j) {
      T slope = T(-d.p * sum[j]);
      to[j] = (matrix[j] < 0) & !(slope < 0) ? T(0) : slope;
    }
  }
}

// The tiles in groups, whose number does not depend on that of the threads; each sums the slopes of its own
template <class S>
void backward_of(const Division& d, const void* given, const S* g, const S* x, const void* s, S* gx, void* slopes,
                 double* sums, Parallel parallel) {
  using T = typename Computed<S>::type;
  Cut cut = tiles<T>(d, TILE_BACK);
  Tile<T> t(d, cut);
  int64_t c = d.channels, wide = up(c, many<T>), own = up(c, HIGH) * wide, bytes = own * int64_t(sizeof(T));
  int64_t fit = most(2, least(GROUPS, least(SLOPES / bytes, d.samples * d.places / WORTH)));
  int64_t groups = least(cut.units, slopes ? fit : 4 * GROUPS);
  int64_t each = pieces(cut.units, groups);
  Space<T> matrix(matrix_size<T>(d)), parts(slopes ? groups * own : 0);
  Space<double> totals(groups * 3 * c);
  packed_matrix(d, (const T*)given, true, matrix.at);
  if (slopes) memset(parts.at, 0, groups * bytes);
  memset(totals.at, 0, sizeof(double) * groups * 3 * c);
  in_parallel(parallel, groups, [&](int64_t begin, int64_t end) {
    int64_t places = rounded(cut.width), row = rounded(most(t.step, c));
    Space<T> scratch(5 * t.array() + wide * places + 8 * row);
    memset(scratch.at, 0, sizeof(T) * 2 * t.array());  // also what is read beyond the edge
    by_form(d, [&](auto form) {
      for (int64_t group = begin; group < end; ++group) {
        double* total = totals.at + group * 3 * c;
        Sums to = {total, total + c, total + 2 * c};
        for (int64_t unit = group * each; unit < least((group + 1) * each, cut.units); ++unit)
          backward_tile<decltype(form)>(d, region(d, cut, unit), t, matrix.at, g, x, (const T*)s, gx,
                                        slopes ? parts.at + group * own : nullptr, to, scratch.at);
      }
    });
  });
  for (int64_t group = 0; d.sums && group < groups; ++group)
    for (int64_t i = 0; i < 3 * c; ++i) sums[i] += totals.at[group * 3 * c + i];
  if (slopes) added_slopes(d, (const T*)given, parts.at, groups, own, wide, (T*)slopes);
}

void forward(const Division& d, const void* matrix, const void* x, void* y, void* s, Parallel parallel) {
#define CALL(S) forward_of<S>(d, matrix, (const S*)x, (S*)y, s, parallel)
  BY_KIND(d.kind, CALL)
#undef CALL
}

void backward(const Division& d, const void* matrix, const void* g, const void* x, const void* s, void* gx,
              void* slopes, double* sums, Parallel parallel) {
#define CALL(S) backward_of<S>(d, matrix, (const S*)g, (const S*)x, s, (S*)gx, slopes, sums, parallel)
  BY_KIND(d.kind, CALL)
#undef CALL
}

}  // namespace SET

#define NAME_OF(set) #set
#define AS_TEXT(set) NAME_OF(set)
#define JOINED(a, b) a##b
#define TABLE(set) JOINED(mixers_, set)

extern const Mixers TABLE(SET);
const Mixers TABLE(SET) = {AS_TEXT(SET), SET::forward, SET::backward};

}  // namespace normlab
