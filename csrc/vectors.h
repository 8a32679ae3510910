// Vectors as wide as the instruction set has them, of values in the type computed in, and the way of each dtype
// into them and back. Included into the namespace of one set.

// So that sums stay in registers
#define INLINED __attribute__((always_inline))

#if defined(__AVX512F__)
constexpr int64_t VECTOR = 64;  // bytes
#elif defined(__AVX__)
constexpr int64_t VECTOR = 32;
#else
constexpr int64_t VECTOR = 16;
#endif

template <class T>
struct Vector {  // of the type computed in
  using value = typename Computed<T>::type;
  typedef value type __attribute__((vector_size(VECTOR)));
  typedef value loose __attribute__((vector_size(VECTOR), aligned(alignof(value))));  // anywhere in memory
};
template <class T>
using V = typename Vector<T>::type;
template <class T>
constexpr int64_t WIDTH = VECTOR / int64_t(sizeof(T));
using Words = V<uint32_t>;
typedef uint16_t HalfWords __attribute__((vector_size(VECTOR / 2)));
typedef uint16_t LooseWords __attribute__((vector_size(VECTOR / 2), aligned(2)));

template <class T>
inline V<T> all_of(T value) {
  return value - V<T>{};
}

template <class To, class From>
inline To bits_of(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &v, sizeof(to));
  return to;
}

template <class T>
inline V<T> load(const T* from) {
  return *reinterpret_cast<const typename Vector<T>::loose*>(from);
}
inline V<float> load(const bfloat* from) {
#if defined(__AVX512F__)
  Words v = bits_of<Words>(_mm512_maskz_cvtepu16_epi32(0xffff, _mm256_loadu_si256((const __m256i*)from)));
#else
  Words v = __builtin_convertvector(*reinterpret_cast<const LooseWords*>(from), Words);
#endif
  return bits_of<V<float>>(v << 16);
}
inline V<float> load(const half* from) {
#if defined(__AVX512F__)
  return bits_of<V<float>>(_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256((const __m256i*)from)));
#elif defined(__F16C__)
  return bits_of<V<float>>(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)from)));
#else
  V<float> v;
  for (int64_t i = 0; i < WIDTH<float>; ++i) v[i] = widened(from[i]);
  return v;
#endif
}

template <class T>
inline void store(T* to, V<T> v) {
  *reinterpret_cast<typename Vector<T>::loose*>(to) = v;
}
inline void store(bfloat* to, V<float> v) {
  Words b = bits_of<Words>(v), rounded = (b + 0x7fffu + ((b >> 16) & 1u)) >> 16;
  rounded = (b & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u - Words{} : rounded;
#if defined(__AVX512F__)
  _mm256_storeu_si256((__m256i*)to, _mm512_maskz_cvtepi32_epi16(0xffff, bits_of<__m512i>(rounded)));
#else
  *reinterpret_cast<LooseWords*>(to) = __builtin_convertvector(rounded, HalfWords);
#endif
}
inline void store(half* to, V<float> v) {
#if defined(__AVX512F__)
  _mm256_storeu_si256((__m256i*)to, _mm512_maskz_cvtps_ph(0xffff, bits_of<__m512>(v), _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
  _mm_storeu_si128((__m128i*)to, _mm256_cvtps_ph(bits_of<__m256>(v), _MM_FROUND_TO_NEAREST_INT));
#else
  for (int64_t i = 0; i < WIDTH<float>; ++i) to[i] = to_half(v[i]);
#endif
}

// One value
template <class T>
inline T value_of(T v) { return v; }
inline float value_of(bfloat v) { return widened(v); }
inline float value_of(half v) { return widened(v); }
template <class T>
inline void put(T* to, T v) { *to = v; }
inline void put(bfloat* to, float v) { *to = to_bfloat(v); }
inline void put(half* to, float v) { *to = to_half(v); }

// The vectors of a row, and what is left at its end: the row's last values again, or all of a shorter row at the end
// of a vector. `fresh` gives zeros for what was there before.
template <class T>
struct Whole {
  int64_t at;
  template <class S>
  V<T> of(const S* row) const { return load(row + at); }
  V<T> fresh(V<T> v) const { return v; }
  template <class S>
  void into(S* row, V<T> v) const { store(row + at, v); }
};

template <class T>
struct Ending {
  int64_t all, left;
  template <class S>
  V<T> of(const S* row) const {
    constexpr int64_t w = WIDTH<T>;
    if (all >= w) return load(row + all - w);
    S some[w] = {};
    for (int64_t i = 0; i < all; ++i) some[w - all + i] = row[i];
    return load(some);
  }
  V<T> fresh(V<T> v) const {
    constexpr int64_t w = WIDTH<T>;
    V<T> place;
    for (int64_t i = 0; i < w; ++i) place[i] = T(i);
    return place >= all_of(T(w - left)) ? v : V<T>{};
  }
  template <class S>
  void into(S* row, V<T> v) const {
    constexpr int64_t w = WIDTH<T>;
    if (all >= w) return store(row + all - w, v);
    S some[w];
    store(some, v);
    for (int64_t i = 0; i < all; ++i) row[i] = some[w - all + i];
  }
};

constexpr int SUMS_BESIDE = 4;  // sums that do not wait for each other
template <int k>
struct Beside {
  static constexpr int value = k;
};

// f(which of the sums, vector) for all of a row of n values
template <class T, class F>
INLINED inline void each_vector(int64_t n, F f) {
  constexpr int64_t w = WIDTH<T>;
  int64_t i = 0;
  for (; i + SUMS_BESIDE * w <= n; i += SUMS_BESIDE * w) {
    f(Beside<0>{}, Whole<T>{i}), f(Beside<1>{}, Whole<T>{i + w});
    f(Beside<2>{}, Whole<T>{i + 2 * w}), f(Beside<3>{}, Whole<T>{i + 3 * w});
  }
  if (i + w <= n) f(Beside<0>{}, Whole<T>{i}), i += w;
  if (i + w <= n) f(Beside<1>{}, Whole<T>{i}), i += w;
  if (i + w <= n) f(Beside<2>{}, Whole<T>{i}), i += w;
  if (i < n) f(Beside<3>{}, Ending<T>{n, n - i});
}

template <class T>
inline double total(const V<T> (&sums)[SUMS_BESIDE]) {
  T lanes[SUMS_BESIDE * WIDTH<T>];
  memcpy(lanes, sums, sizeof(lanes));
  double wide[SUMS_BESIDE * WIDTH<T>];
  for (int64_t i = 0; i < SUMS_BESIDE * WIDTH<T>; ++i) wide[i] = double(lanes[i]);
  for (int64_t half = SUMS_BESIDE * WIDTH<T> / 2; half; half /= 2)
    for (int64_t i = 0; i < half; ++i) wide[i] += wide[half + i];
  return wide[0];
}
