// Powers of numbers and of rows. Included into the namespace of one instruction set.

#define INLINED __attribute__((always_inline))  // a call in a loop would keep it from being vectorised
#define WITHIN inline INLINED

inline float root(float a) { return __builtin_sqrtf(a); }
inline double root(double a) { return __builtin_sqrt(a); }
inline float size_of(float a) { return __builtin_fabsf(a); }
inline double size_of(double a) { return __builtin_fabs(a); }
inline float with_sign(float a, float sign) { return __builtin_copysignf(a, sign); }
inline double with_sign(double a, double sign) { return __builtin_copysign(a, sign); }

inline double as_double(uint64_t bits) {
  double d;
  memcpy(&d, &bits, 8);
  return d;
}
inline uint64_t as_bits(double d) {
  uint64_t bits;
  memcpy(&bits, &d, 8);
  return bits;
}

// log2 of a normal a > 0: e + log2 m, m within a factor √½ of 1, by the series of the inverse tanh
WITHIN double log2_of(double a) {
  uint64_t bits = as_bits(a);
  double e = as_double((bits >> 52) | 0x4330000000000000u) - (4503599627370496.0 + 1023.0);
  double m = as_double((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
  bool large = m > 1.4142135623730951;
  m = large ? 0.5 * m : m;
  e = large ? e + 1.0 : e;
  double t = (m - 1.0) / (m + 1.0), u = t * t;
  double series = 1.0 / 13;
  series = series * u + 1.0 / 11;
  series = series * u + 1.0 / 9;
  series = series * u + 1.0 / 7;
  series = series * u + 1.0 / 5;
  series = series * u + 1.0 / 3;
  series = series * u + 1.0;
  return e + 2.8853900817779268 * t * series;
}

// 2^a for |a| ≤ 300: the whole part goes into the exponent, the rest is Taylor's series
WITHIN double exp2_of(double a) {
  const double magic = 6755399441055744.0;  // 1.5 · 2^52: what is added is rounded to a whole number
  double shifted = a + magic, f = (a - (shifted - magic)) * 0.6931471805599453;
  double series = 1.0 / 40320;
  series = series * f + 1.0 / 5040;
  series = series * f + 1.0 / 720;
  series = series * f + 1.0 / 120;
  series = series * f + 1.0 / 24;
  series = series * f + 1.0 / 6;
  series = series * f + 0.5;
  series = series * f + 1.0;
  series = series * f + 1.0;
  return as_double(as_bits(series) + (as_bits(shifted) << 52));
}

// a^p for a ≥ 0. In double, so that no digit of a float is lost; vectorised by the compiler.
WITHIN float power(float a, double p) {
  double d = a, at = p * log2_of(d);
  at = at > 300.0 ? 300.0 : at < -300.0 ? -300.0 : at;
  float y = float(exp2_of(at));
  const float none = 0.0f, endless = __builtin_inff();
  y = a == 0.0f ? (p > 0 ? none : endless) : y;
  y = a == endless ? (p > 0 ? endless : none) : y;
  return a >= 0.0f ? y : __builtin_nanf("");
}
inline double power(double a, double p) { return __builtin_pow(a, p); }

// Which powers have a form of their own: 1 and 2, all others are 0.
inline int plain(double power) { return power == 1.0 ? 1 : power == 2.0 ? 2 : 0; }

template <int N, class T>
WITHIN T energy(T x, double n) {  // |x|^n
  if (N == 2) return x * x;
  if (N == 1) return size_of(x);
  return power(size_of(x), n);
}

template <int N, class T>
WITHIN T energy_slope(T x, double n) {  // sgn(x)|x|^(n − 1), 0 at exactly 0
  if (N == 2) return x;
  T sign = x > 0 ? T(1) : x < 0 ? T(-1) : x;  // NaN stays
  if (N == 1) return sign;
  return x == 0 ? T(0) : sign * power(size_of(x), n - 1);
}

template <int M, class T>
WITHIN T drive(T x, double m) {  // sgn(x)|x|^m
  if (M == 1) return x;
  if (M == 2) return x * size_of(x);
  return with_sign(power(size_of(x), m), x);
}

template <int M, class T>
WITHIN T drive_slope(T x, double m) {  // m|x|^(m − 1), at exactly 0 finite
  if (M == 1) return T(1);
  if (M == 2) return T(2) * size_of(x);
  return x == 0 ? T(0) : T(m) * power(size_of(x), m - 1);
}

// A row of s^(−p)
enum class Rate { one, half, three_quarters, any };

inline Rate rate_of(double p) {
  return p == 1.0 ? Rate::one : p == 0.5 ? Rate::half : p == 0.75 ? Rate::three_quarters : Rate::any;
}

#if defined(__AVX512F__)
// Newton's step on the processor's 14 digits; what has no root, and 0 and infinity, stay as these give them
inline __m512 inverse_root(__m512 s) {
  __m512 r = _mm512_rsqrt14_ps(s);
  __m512 slip = _mm512_fnmadd_ps(_mm512_mul_ps(s, r), r, _mm512_set1_ps(1.0f));
  __m512 better = _mm512_fmadd_ps(_mm512_mul_ps(r, _mm512_set1_ps(0.5f)), slip, r);
  __mmask16 ends = _mm512_fpclass_ps_mask(r, 0x1e);  // ±0 and ±infinity
  return _mm512_mask_mov_ps(better, ends, r);
}

template <Rate R>
inline void roots(const float* s, float* r, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    __mmask16 some = n - i >= 16 ? __mmask16(0xffff) : __mmask16((1u << (n - i)) - 1u);
    __m512 half = inverse_root(_mm512_mask_loadu_ps(_mm512_set1_ps(1.0f), some, s + i));
    if (R == Rate::three_quarters) {
      __mmask16 inner = _mm512_fpclass_ps_mask(half, 0x1e) ^ 0xffff;  // 0 and infinity are their own
      half = _mm512_mask_mul_ps(half, inner, _mm512_mul_ps(half, half), inverse_root(half));
    }
    _mm512_mask_storeu_ps(r + i, some, half);
  }
}
#endif

template <Rate R, class T>
inline void roots(const T* s, T* r, int64_t n) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    T a = root(s[i]);
    r[i] = T(1) / (R == Rate::half ? a : a * root(a));
  }
}

template <class T>
inline void inverse_power(const T* s, T* r, int64_t n, double p) {
  switch (rate_of(p)) {
    case Rate::one:
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) r[i] = T(1) / s[i];
      break;
    case Rate::half: roots<Rate::half>(s, r, n); break;
    case Rate::three_quarters: roots<Rate::three_quarters>(s, r, n); break;
    default:
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) r[i] = power(s[i], -p);
  }
}
