// Vectors as wide as the processor's registers, of any dtype in memory, whole or the first n of them.
// Included into the namespace of one instruction set.

#if defined(__AVX512F__)
constexpr int64_t WIDTH = 64;
#elif defined(__AVX2__)
constexpr int64_t WIDTH = 32;
#else
constexpr int64_t WIDTH = 16;
#endif

template <class T>
struct Registers {
  typedef T type __attribute__((vector_size(WIDTH)));
};
template <class T>
using Vector = typename Registers<T>::type;
template <class T>
constexpr int64_t many = WIDTH / sizeof(T);
using Bits = Vector<uint32_t>;
typedef uint16_t Halves __attribute__((vector_size(WIDTH / 2)));

template <class V, class P>
WITHIN V bytes(const P* at) {
  V v;
  memcpy(&v, at, sizeof(V));
  return v;
}
template <class T>
WITHIN Vector<T> everywhere(T value) {
  return value - Vector<T>{};
}

WITHIN Vector<float> loaded(const float* at) { return bytes<Vector<float>>(at); }
WITHIN Vector<double> loaded(const double* at) { return bytes<Vector<double>>(at); }
// By name, since compilers widen and narrow halves of a vector one after the other
WITHIN Bits wide(const uint16_t* at) {
#if defined(__AVX512F__)
  return (Bits)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)at));
#elif defined(__AVX2__)
  return (Bits)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)at));
#else
  return __builtin_convertvector(bytes<Halves>(at), Bits);
#endif
}
WITHIN Halves narrow(Bits b) {  // none above 16 bits
#if defined(__AVX512F__)
  return (Halves)_mm512_cvtepi32_epi16((__m512i)b);
#elif defined(__AVX2__)
  return (Halves)_mm_packus_epi32(_mm256_castsi256_si128((__m256i)b), _mm256_extracti128_si256((__m256i)b, 1));
#else
  return __builtin_convertvector(b, Halves);
#endif
}

WITHIN Vector<float> loaded(const bfloat* at) { return (Vector<float>)(wide(&at->bits) << 16); }
WITHIN Vector<float> loaded(const half* at) {
#if defined(__AVX512F__)
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)at));
#elif defined(__F16C__)
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)at));
#else
  Vector<float> v;
  for (int64_t j = 0; j < many<float>; ++j) v[j] = widened(at[j]);
  return v;
#endif
}

WITHIN void stored(float* at, Vector<float> v) { memcpy(at, &v, sizeof(v)); }
WITHIN void stored(double* at, Vector<double> v) { memcpy(at, &v, sizeof(v)); }
WITHIN Bits rounded(Vector<float> v) {  // to the first 16 bits
#if defined(__AVX512F__)
  // half a unit is added, a little less where the last bit is 0; a NaN stays one
  __m512i b = (__m512i)v;
  __mmask16 number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
  __mmask16 odd = _mm512_mask_test_epi32_mask(number, b, _mm512_set1_epi32(0x10000));
  b = _mm512_mask_add_epi32(b, number, b, _mm512_set1_epi32(0x7fff));
  b = _mm512_mask_or_epi32(b, _knot_mask16(number), b, _mm512_set1_epi32(0x400000));
  return (Bits)_mm512_mask_add_epi32(b, odd, b, _mm512_set1_epi32(1)) >> 16;
#else
  Bits b = (Bits)v, near = (b + 0x7fffu + ((b >> 16) & 1u)) >> 16;
  return v != v ? Bits{} + 0x7fc0u : near;
#endif
}
WITHIN void stored(bfloat* at, Vector<float> v) {
  Halves h = narrow(rounded(v));
  memcpy(at, &h, sizeof(h));
}
WITHIN void stored(half* at, Vector<float> v) {
#if defined(__AVX512F__)
  _mm256_storeu_si256((__m256i*)at, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
  _mm_storeu_si128((__m128i*)at, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#else
  for (int64_t j = 0; j < many<float>; ++j) at[j] = to_half(v[j]);
#endif
}

// f(i, slot) for vectors that cover a row of at least one: the last may overlap the one before it, and so
// computes some places a second time; its slot is one after the other's.
template <class T, class Work>
WITHIN void by_vector(int64_t length, const Work& work) {
  for (int64_t i = 0; i < length; i += many<T>) work(least(i, length - many<T>), i);
}

template <class T>
struct Lane {
  using Whole = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  using Mask = Vector<Whole>;
  static WITHIN Mask from(int64_t first) {
    Mask lanes;
    for (int64_t j = 0; j < many<T>; ++j) lanes[j] = Whole(j);
    return lanes >= everywhere(Whole(first));
  }
  static WITHIN Vector<T> only(Mask these, Vector<T> v) { return (Vector<T>)((Mask)v & these); }
};

// f(i, the lanes that no other vector has), where each place counts once
template <class T, class Work>
WITHIN void once_by_vector(int64_t length, const Work& work) {
  int64_t i = 0;
  for (; i + many<T> <= length; i += many<T>) work(i, Lane<T>::from(0));
  if (i < length) work(length - many<T>, Lane<T>::from(i - length + many<T>));
}

template <class T>
WITHIN Vector<T> size_of(Vector<T> v) {
  constexpr auto all = typename Lane<T>::Whole(sizeof(T) == 4 ? INT32_MAX : INT64_MAX);  // but the sign
  return Lane<T>::only(everywhere(all), v);
}

template <class T>
WITHIN double added_up(Vector<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return _mm512_reduce_add_ps(v);
#endif
  T lane[many<T>];
  memcpy(lane, &v, sizeof(v));
  for (int64_t half = many<T> / 2; half; half /= 2)
    INDEPENDENT
    for (int64_t j = 0; j < half; ++j) lane[j] += lane[j + half];
  return lane[0];
}

WITHIN Vector<float> root(Vector<float> s) {
#if defined(__AVX512F__)
  return _mm512_sqrt_ps(s);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(s);
#else
  for (int64_t j = 0; j < many<float>; ++j) s[j] = root(s[j]);
  return s;
#endif
}
WITHIN Vector<double> root(Vector<double> s) {
#if defined(__AVX512F__)
  return _mm512_sqrt_pd(s);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(s);
#else
  for (int64_t j = 0; j < many<double>; ++j) s[j] = root(s[j]);
  return s;
#endif
}

// s^(−p), of a p that R names, and 1 / s
template <class T>
struct Inverse {
  Vector<T> rate, once;
};

template <Rate R, class T>
WITHIN Inverse<T> inverse(Vector<T> s) {
#if defined(__AVX512F__)
  // From the processor's 14 digits r of s^(−½): with s·r² = 1 − e, s^(−p) = r^2p · (1 + p·e + …), e² below a digit
  if constexpr (sizeof(T) == 4 && (R == Rate::half || R == Rate::three_quarters)) {
    __m512 r = _mm512_rsqrt14_ps(s), one = _mm512_set1_ps(1.0f), square = _mm512_mul_ps(r, r);
    __m512 e = _mm512_fnmadd_ps(_mm512_mul_ps(s, r), r, one);
    __mmask16 ends = _mm512_fpclass_ps_mask(r, 0x1e);  // ±0 and ±infinity: of infinity and 0
    __m512 once = _mm512_mask_mov_ps(_mm512_fmadd_ps(square, e, square), ends, square), slip, rate = r;
    if (R == Rate::half) {
      slip = _mm512_mul_ps(e, _mm512_set1_ps(0.5f));
    } else {
      __m512 q = _mm512_rsqrt14_ps(r), b = _mm512_mul_ps(r, q);  // b = √r but for a slip of its own
      slip = _mm512_mul_ps(_mm512_fnmadd_ps(b, q, one), _mm512_set1_ps(0.5f));
      slip = _mm512_fmadd_ps(e, _mm512_set1_ps(0.75f), slip), rate = _mm512_mul_ps(r, b);
    }
    return {_mm512_mask_mov_ps(_mm512_fmadd_ps(rate, slip, rate), ends, r), once};
  }
  if constexpr (sizeof(T) == 8 && (R == Rate::half || R == Rate::three_quarters)) {
    __m512d r = _mm512_rsqrt14_pd(s), one = _mm512_set1_pd(1.0), y = r, e;
    if (R == Rate::half) {
      e = _mm512_fnmadd_pd(_mm512_mul_pd(s, r), r, one);
    } else {
      y = _mm512_mul_pd(r, _mm512_mul_pd(r, _mm512_rsqrt14_pd(r)));
      __m512d root = _mm512_mul_pd(_mm512_mul_pd(s, y), y);  // of 1 / s, and e of s³·y⁴
      e = _mm512_fnmadd_pd(_mm512_mul_pd(root, s), root, one);
    }
    constexpr double SERIES[2][4] = {{1 / 4., 5 / 32., 15 / 128., 195 / 2048.}, {1 / 2., 3 / 8., 5 / 16., 35 / 128.}};
    const double* terms = SERIES[R == Rate::half];  // of (1 − e)^(−¼) or (1 − e)^(−½)
    __m512d slip = _mm512_set1_pd(terms[3]);
    for (int k = 2; k >= 0; --k) slip = _mm512_fmadd_pd(slip, e, _mm512_set1_pd(terms[k]));
    __mmask8 ends = _mm512_fpclass_pd_mask(r, 0x1e);
    y = _mm512_mask_mov_pd(_mm512_fmadd_pd(_mm512_mul_pd(y, e), slip, y), ends, r);
    __m512d root = R == Rate::half ? y : _mm512_mask_mov_pd(_mm512_mul_pd(_mm512_mul_pd(s, y), y), ends, r);
    __m512d once = _mm512_mul_pd(root, root);
    ends = _mm512_fpclass_pd_mask(once, 0x1e);
    return {y, _mm512_mask_mov_pd(_mm512_fmadd_pd(once, _mm512_fnmadd_pd(s, once, one), once), ends, once)};
  }
  if constexpr (sizeof(T) == 4 && R == Rate::one) {
    __m512 r = _mm512_rcp14_ps(s), slip = _mm512_fnmadd_ps(s, r, _mm512_set1_ps(1.0f));
    __m512 once = _mm512_mask_mov_ps(_mm512_fmadd_ps(r, slip, r), _mm512_fpclass_ps_mask(r, 0x1e), r);
    return {once, once};
  }
#endif
  if (R == Rate::one) return {T(1) / s, T(1) / s};
  Vector<T> r = T(1) / root(s);
  return {R == Rate::half ? r : r * root(r), r * r};
}
