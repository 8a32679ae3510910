// Batch and RMS normalisation, compiled once for each instruction set, as core.cpp is.
#include "norms.h"

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
#include "rows.h"
#include "blocks.h"
#include "lanes.h"
#include "batch.h"
#include "passes.h"
#include "rms.h"

constexpr int64_t MANY = 16;  // channels from which on each has one thread, and stays in that one's cache

// `first` for all blocks of each tile of channels, `end` for the tile, `last` for its blocks, those read last first,
// since they are in the caches; both get what `ready` makes of the tile. By channels, or by blocks.
template <class T, class Ready, class First, class End, class Last>
inline void twice(const Batch& b, Parallel parallel, Ready ready, First first, End end, Last last) {
  Blocks k = blocks_of<T>(b);
  int64_t each = k.each();
  if (!b.last && b.channels >= MANY) {
    in_parallel(parallel, k.tiles, [&](int64_t begin, int64_t stop) {
      Scaled<T> p;
      for (int64_t tile = begin; tile < stop; ++tile) {
        ready(Block{b, k, tile, 0}, false, p);
        for (int64_t part = 0; part < each; ++part) first(Block{b, k, tile, part}, p);
        end(tile);
        ready(Block{b, k, tile, 0}, true, p);
        for (int64_t part = each; part-- > 0;) last(Block{b, k, tile, part}, p);
      }
    });
    return;
  }
  auto by_blocks = [&](bool second, auto work) {
    in_parallel(parallel, k.all(), [&](int64_t begin, int64_t stop) {
      Scaled<T> p;
      for (int64_t i = 0, before = -1; i < stop - begin; ++i) {
        int64_t at = second ? stop - 1 - i : begin + i, tile = at / each;
        Block block{b, k, tile, at % each};
        if (tile != before) ready(block, second, p);
        work(block, p), before = tile;
      }
    });
  };
  by_blocks(false, first);
  for (int64_t tile = 0; tile < k.tiles; ++tile) end(tile);
  by_blocks(true, last);
}

inline double* part_of(const Block& at, double* parts) {
  return parts + 2 * (at.tile * at.k.each() + at.part) * at.k.tile;
}

template <class S>
void batch_of(const Batch& b, const S* x, S* y, double* stats, double* parts, Parallel parallel) {
  using T = typename Computed<S>::type;
  Blocks k = blocks_of<T>(b);
  auto ready = [&](const Block& at, bool second, Scaled<T>& p) {
    if (second) scaled(at, stats, nullptr, true, p);
  };
  auto first = [&](const Block& at, const Scaled<T>&) { block_stats(at, x, part_of(at, parts)); };
  auto end = [&](int64_t tile) { merged_stats(b, k, tile, parts, stats); };
  twice<T>(b, parallel, ready, first, end, [&](const Block& at, const Scaled<T>& p) { apply(at, x, y, p); });
}

template <class S>
void batch_back_of(const Batch& b, const double* stats, const S* g, const S* x, S* gx, double* sums, double* parts,
                   Parallel parallel) {
  using T = typename Computed<S>::type;
  Blocks k = blocks_of<T>(b);
  auto ready = [&](const Block& at, bool second, Scaled<T>& p) {
    scaled(at, stats, second ? sums : nullptr, false, p);
  };
  auto first = [&](const Block& at, const Scaled<T>& p) { block_sums(at, g, x, p, part_of(at, parts)); };
  auto end = [&](int64_t tile) { merged_sums(b, k, tile, parts, sums); };
  twice<T>(b, parallel, ready, first, end, [&](const Block& at, const Scaled<T>& p) {
    if (gx) apply_back(at, g, x, gx, p);
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
  Blocks k = b.kind == Kind::f64 ? blocks_of<double>(b) : blocks_of<float>(b);
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
