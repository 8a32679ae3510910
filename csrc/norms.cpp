// Batch and RMS normalisation, compiled once for each instruction set, as core.cpp is.
#include "norms.h"

#include <cstdlib>
#include <cstring>
#include <new>
#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace normlab {
namespace SET {

#include "numbers.h"
#include "threads.h"
#include "batch.h"
#include "rms.h"

constexpr int64_t MANY = 16;  // channels from which on each has one thread, and stays in that one's cache

// `first` for all blocks of each tile of channels, `end` for the tile, `last` for its blocks; both get what
// `ready` makes of the tile. By channels, or by blocks.
template <class T, class Ready, class First, class End, class Last>
inline void twice(const Batch& b, Parallel parallel, Ready ready, First first, End end, Last last) {
  Blocks k = blocks_of(b);
  int64_t each = k.each();
  if (!b.last && b.channels >= MANY) {
    in_parallel(parallel, k.tiles, [&](int64_t begin, int64_t stop) {
      Scaled<T> p;
      for (int64_t tile = begin; tile < stop; ++tile) {
        ready(tile, false, p);
        for (int64_t part = 0; part < each; ++part) first(tile, part, p);
        end(tile);
        ready(tile, true, p);
        for (int64_t part = 0; part < each; ++part) last(tile, part, p);
      }
    });
    return;
  }
  auto by_blocks = [&](bool second, auto work) {
    in_parallel(parallel, k.all(), [&](int64_t begin, int64_t stop) {
      Scaled<T> p;
      for (int64_t i = begin; i < stop; ++i) {
        if (i == begin || i % each == 0) ready(i / each, second, p);
        work(i / each, i % each, p);
      }
    });
  };
  by_blocks(false, first);
  for (int64_t tile = 0; tile < k.tiles; ++tile) end(tile);
  by_blocks(true, last);
}

template <class S>
void batch_of(const Batch& b, const S* x, S* y, double* stats, double* parts, Parallel parallel) {
  using T = typename Computed<S>::type;
  Blocks k = blocks_of(b);
  auto ready = [&](int64_t tile, bool second, Scaled<T>& p) {
    if (second) scaled(b, k, tile, stats, nullptr, p);
  };
  auto first = [&](int64_t tile, int64_t part, const Scaled<T>&) {
    block_stats(b, k, tile, part, x, parts + 2 * (tile * k.each() + part) * k.tile);
  };
  auto end = [&](int64_t tile) { merged_stats(b, k, tile, parts, stats); };
  twice<T>(b, parallel, ready, first, end,
           [&](int64_t tile, int64_t part, const Scaled<T>& p) { apply(b, k, tile, part, x, y, p); });
}

template <class S>
void batch_back_of(const Batch& b, const double* stats, const S* g, const S* x, S* gx, double* sums, double* parts,
                   Parallel parallel) {
  using T = typename Computed<S>::type;
  Blocks k = blocks_of(b);
  auto ready = [&](int64_t tile, bool second, Scaled<T>& p) {
    scaled(b, k, tile, stats, second ? sums : nullptr, p);
  };
  auto first = [&](int64_t tile, int64_t part, const Scaled<T>& p) {
    block_sums(b, k, tile, part, g, x, p, parts + 2 * (tile * k.each() + part) * k.tile);
  };
  auto end = [&](int64_t tile) { merged_sums(b, k, tile, parts, sums); };
  twice<T>(b, parallel, ready, first, end, [&](int64_t tile, int64_t part, const Scaled<T>& p) {
    if (gx) apply_back(b, k, tile, part, g, x, gx, p);
  });
}

template <class S>
void rms_of(const Rows& r, const S* x, S* y, Parallel parallel) {
  using T = typename Computed<S>::type;
  int64_t parts = row_parts(r), each = pieces(r.rows, parts);
  in_parallel(parallel, parts, [&](int64_t begin, int64_t end) {
    Space<T> room(3 * r.width);
    rms_forward(r, {least(begin * each, r.rows), least(end * each, r.rows)}, x, y, room.at);
  });
}

template <class S>
void rms_back_of(const Rows& r, const S* g, const S* x, S* gx, double* sums, Parallel parallel) {
  using T = typename Computed<S>::type;
  int64_t parts = row_parts(r), each = pieces(r.rows, parts);
  in_parallel(parallel, parts, [&](int64_t begin, int64_t end) {
    Space<T> room(5 * r.width);
    for (int64_t part = begin; part < end; ++part)
      rms_backward(r, {least(part * each, r.rows), least((part + 1) * each, r.rows)}, g, x, gx,
                   sums ? sums + r.width * part : nullptr, room.at);
  });
}

void batch(const Batch& b, const void* x, void* y, double* stats, double* parts, Parallel parallel) {
#define CALL(S) batch_of<S>(b, (const S*)x, (S*)y, stats, parts, parallel)
  BY_KIND(b.kind, CALL)
#undef CALL
}

void batch_back(const Batch& b, const double* stats, const void* g, const void* x, void* gx, double* sums,
                double* parts, Parallel parallel) {
#define CALL(S) batch_back_of<S>(b, stats, (const S*)g, (const S*)x, (S*)gx, sums, parts, parallel)
  BY_KIND(b.kind, CALL)
#undef CALL
}

int64_t batch_parts(const Batch& b) {
  Blocks k = blocks_of(b);
  return 2 * k.all() * k.tile;
}

void rms(const Rows& r, const void* x, void* y, Parallel parallel) {
#define CALL(S) rms_of<S>(r, (const S*)x, (S*)y, parallel)
  BY_KIND(r.kind, CALL)
#undef CALL
}

void rms_back(const Rows& r, const void* g, const void* x, void* gx, double* sums, Parallel parallel) {
#define CALL(S) rms_back_of<S>(r, (const S*)g, (const S*)x, (S*)gx, sums, parallel)
  BY_KIND(r.kind, CALL)
#undef CALL
}

}  // namespace SET

#define NAME_OF(set) #set
#define AS_TEXT(set) NAME_OF(set)
#define JOINED(a, b) a##b
#define TABLE(set) JOINED(norms_, set)

extern const Norms TABLE(SET);
const Norms TABLE(SET) = {AS_TEXT(SET), SET::batch, SET::batch_back, SET::batch_parts, SET::rms, SET::rms_back};

}  // namespace normlab
