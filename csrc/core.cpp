// The kernels, compiled once for each instruction set: SET is its name and the namespace of all they use.
#include "core.h"

#include <cstring>
#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace normlab {
namespace SET {

void power_sums(const PowerSums&, const void*, const bool*, const double*, double*);  // in sums.cpp

#include "numbers.h"
#include "powers.h"
#include "windows.h"
#include "division.h"
#include "forward.h"
#include "backward.h"
#include "streams.h"
#include "moments.h"

constexpr int64_t NEAREST = 24 << 10, NEAR = 128 << 10;  // bytes of scratch that the first two caches hold

int64_t bytes_of(const Division& d, const Cut& cut, bool backward) {
  int64_t most_of = 0;
  if (streams(d)) most_of = stream_rows(d, backward) * cut.width;
  else if (cut.units) most_of = rooms(d, region(d, cut, 0)).all(backward);
  return most_of * (d.kind == Kind::f64 ? 8 : 4);
}

// Over channels alone: some places; windows of space within channels: some channels; else whole samples
Cut cut(const Division& d, bool backward) {
  Cut c = {0, 1, d.places, 0};
  if (by_plane(d)) c.width = d.last ? 64 : 1;
  if (streams(d)) {
    c.width = least(d.places, most(64, NEAREST / (4 * stream_rows(d, backward)) / 64 * 64));
  } else if (!in_space(d)) {
    int64_t each = d.channels * (backward ? 32 : 20);
    c.width = least(d.places, most(d.last ? 8 : 64, NEAR / most(each, 1) / 64 * 64));
  }
  c.pieces = pieces(by_plane(d) ? d.channels : d.places, c.width);
  c.units = d.samples * c.pieces;
  c.scratch = bytes_of(d, c, backward);
  return c;
}

template <class S>
void forward_all(const Division& d, const Cut& cut, Range units, const void* x, void* y, char* scratch) {
  using T = typename Computed<S>::type;
  by_form(d, [&](auto form) {
    for (int64_t unit = units.begin; unit < units.end; ++unit) {
      Region r = region(d, cut, unit);
      streams(d) ? forward_stream<decltype(form)>(d, r, (const S*)x, (S*)y, (T*)scratch)
                 : forward_unit<decltype(form)>(d, r, (const S*)x, (S*)y, (T*)scratch);
    }
  });
}

template <class S>
void backward_all(const Division& d, const Cut& cut, Range units, const void* g, const void* x, void* gx,
                  double* sums, char* scratch) {
  using T = typename Computed<S>::type;
  by_form(d, [&](auto form) {
    for (int64_t unit = units.begin; unit < units.end; ++unit) {
      Region r = region(d, cut, unit);
      double* own = sums + 3 * d.channels * (d.sums ? unit : 0);
      Sums to = {own, own + d.channels, own + 2 * d.channels};
      streams(d) ? backward_stream<decltype(form)>(d, r, (const S*)g, (const S*)x, (S*)gx, to, (T*)scratch)
                 : backward_unit<decltype(form)>(d, r, (const S*)g, (const S*)x, (S*)gx, to, (T*)scratch);
    }
  });
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
const Kernels TABLE(SET) = {AS_TEXT(SET), SET::cut,     SET::forward,         SET::backward,
                            SET::moments, SET::merged, SET::moments_scratch, SET::power_sums};

}  // namespace normlab
