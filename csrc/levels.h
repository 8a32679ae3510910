// How often each level of 8 bits was seen. No torch.
#pragma once
#include <cstdint>
#include <cstring>

namespace normlab {

constexpr int64_t LEVELS = 256, TABLES = 2, SUMS_OF_LEVELS = 3;

// Inlined, so that `step` is a constant where it is known. One pass for all channels, and neighbouring pixels
// count in tables of their own, since a counter that is written cannot be read again at once.
template <int CHANNELS>
[[gnu::always_inline]] inline void add_levels(const uint8_t* x, int64_t pixels, int64_t step, int64_t* out,
                                              int64_t* sums) {
  constexpr int64_t MOST = 1 << 30;  // pixels that a counter of 32 bits surely holds
  if (sums) std::memset(sums, 0, CHANNELS * SUMS_OF_LEVELS * sizeof(int64_t));
  for (int64_t from = 0; from < pixels; from += MOST) {
    int64_t some = pixels - from < MOST ? pixels - from : MOST, i = 0;
    uint32_t table[TABLES][CHANNELS][LEVELS];
    std::memset(table, 0, sizeof(table));
    for (; i + TABLES <= some; i += TABLES, x += TABLES * step)
      for (int64_t k = 0; k < TABLES; ++k)
        for (int c = 0; c < CHANNELS; ++c) ++table[k][c][x[k * step + c]];
    for (; i < some; ++i, x += step)
      for (int c = 0; c < CHANNELS; ++c) ++table[0][c][x[c]];
    for (int c = 0; c < CHANNELS; ++c)
      for (int64_t level = 0; level < LEVELS; ++level) {
        int64_t count = 0;
        for (int64_t k = 0; k < TABLES; ++k) count += table[k][c][level];
        out[c * LEVELS + level] += count;
        if (!sums) continue;
        int64_t* to = sums + c * SUMS_OF_LEVELS;
        to[0] += count, to[1] += count * level, to[2] += count * level * level;
      }
  }
}

// Pixels of `step` bytes, of which the first `channels` count. out: (channels, LEVELS), which is added to; sums,
// which may be null: (channels, SUMS_OF_LEVELS), of these pixels alone: their number, Σ level and Σ level².
inline void count_levels(const uint8_t* x, int64_t pixels, int64_t step, int64_t channels, int64_t* out,
                         int64_t* sums = nullptr) {
  if (channels == 3 && step == 4) return add_levels<3>(x, pixels, 4, out, sums);
  if (channels == 3) return add_levels<3>(x, pixels, step, out, sums);
  if (channels == 1 && step == 1) return add_levels<1>(x, pixels, 1, out, sums);
  for (int64_t c = 0; c < channels; ++c)
    add_levels<1>(x + c, pixels, step, out + c * LEVELS, sums ? sums + c * SUMS_OF_LEVELS : nullptr);
}

// What Arrow's C data interface says of an array (arrow.apache.org/docs/format/CDataInterface.html).
struct ArrowArray {
  int64_t length, nulls, offset, buffer_count, child_count;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* own;
};

// Pixels of one byte, or lists of as many bytes each. Whether there are `channels` of them to count.
inline bool count_levels(const ArrowArray& a, int64_t channels, int64_t* out, int64_t* sums) {
  const ArrowArray& bytes = a.child_count ? *a.children[0] : a;
  int64_t step = a.length ? bytes.length / a.length : 0;
  if (step < channels || a.offset || bytes.offset || !bytes.buffers[1]) return false;
  count_levels((const uint8_t*)bytes.buffers[1], a.length, step, channels, out, sums);
  return true;
}

}  // namespace normlab
