// Sums over a sliding window of an array (outer, length, inner), along its middle axis.
// Included into the namespace of one instruction set.

struct Lines {
  int64_t outer, length, inner;
  int64_t elements() const { return outer * length * inner; }
};

struct Reach {
  int64_t before, size;
  const double* taps;  // null: a box
};

// The window without what lies outside every line
inline Reach within(Reach w, int64_t length) {
  int64_t after = w.size - 1 - w.before, most = length - 1;
  int64_t first = w.before > most ? w.before - most : 0, last = after > most ? after - most : 0;
  return {w.before - first, w.size - first - last, w.taps ? w.taps + first : nullptr};
}

// Elements that `window` needs beside its input and output
inline int64_t padded(const Lines& a, int64_t size) {
  int64_t most = 2 * a.length - 1;
  return a.outer * (a.length + (size < most ? size : most) - 1) * a.inner;
}

template <class T>
inline void with_zeros_around(const Lines& a, const Reach& w, const T* in, T* pad) {
  int64_t line = a.length * a.inner, before = w.before * a.inner, all = (w.size - 1) * a.inner;
  for (int64_t o = 0; o < a.outer; ++o, in += line) {
    for (int64_t i = 0; i < before; ++i) *pad++ = T(0);
    memcpy(pad, in, sizeof(T) * line);
    pad += line;
    for (int64_t i = before; i < all; ++i) *pad++ = T(0);
  }
}

template <bool First, class T>
inline void add_lines(const Lines& a, int64_t width, const T* from, T* out) {
  int64_t line = a.length * a.inner;
  for (int64_t o = 0; o < a.outer; ++o, from += width, out += line)
    INDEPENDENT
    for (int64_t i = 0; i < line; ++i) out[i] = First ? from[i] : out[i] + from[i];
}

// By the binary digits of the size, S_2k[i] = S_k[i] + S_k[i + k]: nothing is subtracted, so that a value
// counts in the windows that hold it and in no other, and twice the size costs one addition more.
template <class T>
inline void box(const Lines& a, const Reach& w, T* pad, T* out) {
  int64_t width = (a.length + w.size - 1) * a.inner, all = a.outer * width, start = 0;
  for (int64_t reach = 1;; reach *= 2) {
    if (w.size & reach) {
      const T* from = pad + start * a.inner;
      start == 0 ? add_lines<true>(a, width, from, out) : add_lines<false>(a, width, from, out);
      start += reach;
    }
    if (start == w.size) return;
    int64_t step = reach * a.inner, n = all - step;
INDEPENDENT
    for (int64_t i = 0; i < n; ++i) pad[i] += pad[i + step];
  }
}

template <class T>
inline void weighted(const Lines& a, const Reach& w, const T* pad, T* out) {
  constexpr int64_t block = 64;
  int64_t width = (a.length + w.size - 1) * a.inner, line = a.length * a.inner;
  for (int64_t o = 0; o < a.outer; ++o, pad += width, out += line) {
    int64_t i = 0;
    for (; i + block <= line; i += block) {
      T sum[block] = {};
      for (int64_t k = 0; k < w.size; ++k) {
        const T* from = pad + i + k * a.inner;
        T tap = T(w.taps[k]);
        INDEPENDENT
        for (int64_t j = 0; j < block; ++j) sum[j] += tap * from[j];
      }
      memcpy(out + i, sum, sizeof(sum));
    }
    for (int64_t j = i; j < line; ++j) out[j] = T(0);
    for (int64_t k = 0; k < w.size; ++k) {
      const T* from = pad + k * a.inner;
      T tap = T(w.taps[k]);
      INDEPENDENT
      for (int64_t j = i; j < line; ++j) out[j] += tap * from[j];
    }
  }
}

// From `in` to `out`, which may be the same; `pad` has room for `padded` elements.
template <class T>
inline void window(const Lines& a, Reach w, const T* in, T* out, T* pad) {
  w = within(w, a.length);
  with_zeros_around(a, w, in, pad);
  w.taps ? weighted(a, w, pad, out) : box(a, w, pad, out);
}
