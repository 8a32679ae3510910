// The kernels, compiled once for each instruction set: SET is its name and the namespace of all they use.
#include "core.h"

#include <cstring>
#include <type_traits>
#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace normlab {
namespace SET {

void power_sums(const PowerSums&, const void*, const bool*, const double*, double*);  // in sums.cpp

#include "numbers.h"
#include "powers.h"
#include "vectors.h"
#include "rows.h"
#include "windows.h"
#include "division.h"
#include "forward.h"
#include "backward.h"
#include "streams.h"
#include "neighbours.h"
#include "beside.h"
#include "bands.h"
#include "totals.h"
#include "places.h"
#include "sharing.h"
#include "moments.h"

// Bytes of scratch that the first two caches hold
constexpr int64_t NEAREST = 24 << 10, NEAR = 128 << 10;
constexpr int64_t PLACES = 2048, LEAST_UNITS = 16, VALUES = 1 << 15;

int64_t bytes_of(const Division& d, const Cut& cut, bool backward) {
  int64_t most_of = 0, largest = by_vectors(d) ? cut.pieces - 1 : 0;  // the last piece has what is left, or the least
  if (near_by(d)) most_of = near_elements(d, cut.width, backward);
  else if (beside(d)) most_of = beside_elements(d, backward);
  else if (streams(d)) most_of = stream_rows(d, backward) * cut.width;
  else if (totals(d)) most_of = cut.units ? Planes<float>::elements(d, region(d, cut, largest)) : 0;
  else if (cut.units) most_of = rooms(d, region(d, cut, 0)).all(backward);
  return most_of * (d.kind == Kind::f64 ? 8 : 4);
}

// Over channels alone: some places; windows of space within channels: some channels; else whole samples
Cut cut(const Division& d, bool backward) {
  Cut c = {0, 1, d.places, 0};
  int64_t channels = most(d.channels, 1);
  if (by_plane(d)) c.width = d.last ? 64 : 1;
  if (near_by(d)) {
    c.width = least(PLACES, most(64, d.places * d.samples / LEAST_UNITS));
  } else if (streams(d)) {
    c.width = most(64, NEAREST / (4 * stream_rows(d, backward)) / 64 * 64);
  } else if (beside(d)) {
    c.width = most(1, VALUES / channels);
  } else if (totals(d) && !in_space(d)) {
    c.width = most(64, 2 * VALUES / channels);
  } else if (!in_space(d)) {
    c.width = most(d.last ? 8 : 64, NEAR / (channels * (backward ? 32 : 20)) / 64 * 64);
  }
  int64_t all = by_plane(d) ? d.channels : d.places;
  c.width = by_plane(d) ? c.width : least(all, c.width);
  c.pieces = by_vectors(d) ? all / most(c.width, 1) : pieces(all, c.width);  // of vectors the last takes the rest
  c.units = d.samples * c.pieces;
  c.scratch = bytes_of(d, c, backward);
  return c;
}

int64_t kept(const Division& d) { return totals(d) ? (d.centered ? 3 : 1) : 0; }

template <class S, class T>
void forward_one(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  if (near_by(d)) return by_window(d, [&](auto k) { forward_near<k.value>(d, r, x, y, scratch); });
  if (beside(d)) return by_window(d, [&](auto k) { forward_beside<k.value>(d, r, x, y, scratch); });
  if (totals(d))
    return by_total(d, [&](auto m, auto centered) {
      forward_shared<m.value, centered.value>(d, r, x, y, scratch);
    });
  by_form(d, [&](auto form) {
    streams(d) ? forward_stream<decltype(form)>(d, r, x, y, scratch)
               : forward_unit<decltype(form)>(d, r, x, y, scratch);
  });
}

template <class S, class T>
void backward_one(const Division& d, const Region& r, const S* g, const S* x, S* gx, const Sums& to, T* scratch) {
  if (near_by(d)) return by_window(d, [&](auto k) { backward_near<k.value>(d, r, g, x, gx, scratch); });
  if (beside(d)) return by_window(d, [&](auto k) { backward_beside<k.value>(d, r, g, x, gx, scratch); });
  if (totals(d))
    return by_total(d, [&](auto m, auto centered) {
      backward_shared<m.value, centered.value>(d, r, g, x, gx, to, scratch);
    });
  by_form(d, [&](auto form) {
    streams(d) ? backward_stream<decltype(form)>(d, r, g, x, gx, to, scratch)
               : backward_unit<decltype(form)>(d, r, g, x, gx, to, scratch);
  });
}

template <class S>
void forward_all(const Division& d, const Cut& cut, Range units, const void* x, void* y, char* scratch) {
  using T = typename Computed<S>::type;
  for (int64_t unit = units.begin; unit < units.end; ++unit)
    forward_one(d, region(d, cut, unit), (const S*)x, (S*)y, (T*)scratch);
}

template <class S>
void backward_all(const Division& d, const Cut& cut, Range units, const void* g, const void* x, void* gx,
                  double* sums, char* scratch) {
  using T = typename Computed<S>::type;
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    double* own = sums + 3 * d.channels * (d.sums ? unit : 0);
    Sums to = {own, own + d.channels, own + 2 * d.channels};
    backward_one(d, region(d, cut, unit), (const S*)g, (const S*)x, (S*)gx, to, (T*)scratch);
  }
}

template <class S>
void moments_all(const Moments& m, Range blocks, const void* x, double* out, char* scratch) {
  for (int64_t block = blocks.begin; block < blocks.end; ++block)
    moments_block(m, block, (const S*)x, out, scratch);
}

void forward(const Division& d, const Cut& cut, Range units, const void* x, void* y, char* scratch) {
#define CALL(S) forward_all<S>(d, cut, units, x, y, scratch)
  BY_KIND(d.kind, CALL)
#undef CALL
}

void backward(const Division& d, const Cut& cut, Range units, const void* g, const void* x, void* gx,
              double* sums, char* scratch) {
#define CALL(S) backward_all<S>(d, cut, units, g, x, gx, sums, scratch)
  BY_KIND(d.kind, CALL)
#undef CALL
}

void moments(const Moments& m, Range blocks, const void* x, double* out, char* scratch) {
#define CALL(S) moments_all<S>(m, blocks, x, out, scratch)
  BY_KIND(m.kind, CALL)
#undef CALL
}

int64_t moments_scratch(const Moments&) { return sizeof(Lanes<double>) + ROOM * sizeof(Found); }

void merged(const double* from, double* to, int64_t groups) {
  for (int64_t g = 0; g < groups; ++g) merge(from + g * COLUMNS, to + g * COLUMNS);
}

}  // namespace SET

#define NAME_OF(set) #set
#define AS_TEXT(set) NAME_OF(set)
#define JOINED(a, b) a##b
#define TABLE(set) JOINED(kernels_, set)

extern const Kernels TABLE(SET);
const Kernels TABLE(SET) = {AS_TEXT(SET), SET::cut,     SET::kept,            SET::forward,   SET::backward,
                            SET::moments, SET::merged, SET::moments_scratch, SET::power_sums};

}  // namespace normlab
