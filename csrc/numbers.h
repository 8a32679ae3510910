// The dtypes in memory, and rows of them in the type computed in. Included into the namespace of one set.

// Before a loop whose results are not among what it still has to read
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define BY_KIND(kind, call)              \
  switch (kind) {                        \
    case Kind::f32: return call(float);  \
    case Kind::f64: return call(double); \
    case Kind::bf16: return call(bfloat); \
    case Kind::f16: return call(half);   \
  }

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t pieces(int64_t all, int64_t width) { return width ? (all + width - 1) / width : 0; }

struct bfloat {
  uint16_t bits;
};
struct half {
  uint16_t bits;
};

template <class S>
struct Computed {
  using type = S;
};
template <>
struct Computed<bfloat> {
  using type = float;
};
template <>
struct Computed<half> {
  using type = float;
};

inline float as_float(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}
inline uint32_t as_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

inline float widened(bfloat v) { return as_float(uint32_t(v.bits) << 16); }

inline bfloat to_bfloat(float f) {
  uint32_t b = as_bits(f);
  uint32_t rounded = (b + 0x7fffu + ((b >> 16) & 1u)) >> 16;
  return {uint16_t((b & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded)};
}

// By a product: the exponent of a half moved to that of a float is 2^112 too small, subnormals too.
inline float widened(half v) {
  uint32_t sign = uint32_t(v.bits & 0x8000u) << 16, rest = uint32_t(v.bits & 0x7fffu) << 13;
  float f = as_float(rest) * as_float(0x77800000u);
  uint32_t b = rest >= 0x0f800000u ? (rest | 0x7f800000u) : as_bits(f);
  return as_float(sign | b);
}

inline half to_half(float f) {
  uint32_t b = as_bits(f), sign = (b >> 16) & 0x8000u, rest = b & 0x7fffffffu;
  // adding 1/2 leaves the last ten bits of a subnormal half at the end of the float, rounded
  uint32_t small = as_bits(as_float(rest) + 0.5f) - 0x3f000000u;
  uint32_t normal = (rest - 0x38000000u + 0xfffu + ((rest >> 13) & 1u)) >> 13;
  uint32_t out = rest < 0x38800000u ? small : normal;
  out = rest >= 0x477ff000u ? 0x7c00u : out;  // to infinity from 65520 on
  return {uint16_t(sign | (rest > 0x7f800000u ? 0x7e00u : out))};
}

// A row in the type computed in: the row itself, or its values in `room`.
template <class T>
inline const T* read(const T* row, T*, int64_t) {
  return row;
}
inline const float* read(const bfloat* row, float* room, int64_t n) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) room[i] = widened(row[i]);
  return room;
}
inline const float* read(const half* row, float* room, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(room + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(row + i))));
#endif
  for (; i < n; ++i) room[i] = widened(row[i]);
  return room;
}

// Where to compute a row of results, and its way into memory.
template <class T>
inline T* target(T* row, T*) {
  return row;
}
inline float* target(bfloat*, float* room) { return room; }
inline float* target(half*, float* room) { return room; }
template <class T>
inline void write(T*, const T*, int64_t) {}
inline void write(bfloat* row, const float* room, int64_t n) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) row[i] = to_bfloat(room[i]);
}
inline void write(half* row, const float* room, int64_t n) {
  int64_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i*)(row + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(room + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i < n; ++i) row[i] = to_half(room[i]);
}
