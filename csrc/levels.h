// How often each level of 8 bits was seen. No torch.
#pragma once
#include <cstdint>
#include <cstring>

namespace normlab {

constexpr int64_t LEVELS = 256, TABLES = 4;

// Inlined, so that `step` and `channels` are constants where they are known: half the time.
[[gnu::always_inline]] inline void add_levels(const uint8_t* x, int64_t pixels, int64_t step, int64_t channels,
                                              int64_t* out) {
  constexpr int64_t MOST = 1 << 30;  // pixels that a counter of 32 bits surely holds
  for (int64_t c = 0; c < channels; ++c) {
    int64_t* to = out + c * LEVELS;
    for (int64_t from = 0; from < pixels; from += MOST) {
      int64_t some = pixels - from < MOST ? pixels - from : MOST, i = 0;
      const uint8_t* at = x + from * step + c;
      uint32_t table[TABLES][LEVELS];
      std::memset(table, 0, sizeof(table));
      for (; i + TABLES <= some; i += TABLES, at += TABLES * step)
        for (int64_t k = 0; k < TABLES; ++k) ++table[k][at[k * step]];
      for (; i < some; ++i, at += step) ++table[0][*at];
      for (int64_t level = 0; level < LEVELS; ++level)
        for (int64_t k = 0; k < TABLES; ++k) to[level] += table[k][level];
    }
  }
}

// Pixels of `step` bytes, of which the first `channels` count: (channels, LEVELS). Neighbouring pixels count
// in tables of their own, since a counter that is written cannot be read again at once.
inline void count_levels(const uint8_t* x, int64_t pixels, int64_t step, int64_t channels, int64_t* out) {
  if (step == 4 && channels == 3) return add_levels(x, pixels, 4, 3, out);
  if (step == 3 && channels == 3) return add_levels(x, pixels, 3, 3, out);
  if (step == 1 && channels == 1) return add_levels(x, pixels, 1, 1, out);
  add_levels(x, pixels, step, channels, out);
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
inline bool count_levels(const ArrowArray& a, int64_t channels, int64_t* out) {
  const ArrowArray& bytes = a.child_count ? *a.children[0] : a;
  int64_t step = a.length ? bytes.length / a.length : 0;
  if (step < channels || a.offset || bytes.offset || !bytes.buffers[1]) return false;
  count_levels((const uint8_t*)bytes.buffers[1], a.length, step, channels, out);
  return true;
}

}  // namespace normlab
