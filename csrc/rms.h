// RMS normalisation of each row of (rows, width). A row is read from memory once, and again from the nearest
// cache. Included into the namespace of one set.

constexpr int64_t FEW_ROWS = 64;  // whose gradients of the weight are summed in the type computed in
constexpr int64_t ACROSS = 64;    // sums that are taken side by side, and then in pairs

// The sum of n values, in the same order for every instruction set
template <class T, class F>
inline double sum_over(int64_t n, F value) {
  double all = 0;
  for (int64_t from = 0; from < n; from += ACROSS * DEEP) {
    T side[ACROSS] = {};
    int64_t end = least(from + ACROSS * DEEP, n), i = from;
    for (; i + ACROSS <= end; i += ACROSS)
      for (int64_t j = 0; j < ACROSS; ++j) side[j] += value(i + j);
    for (int64_t j = 0; i + j < end; ++j) side[j] += value(i + j);
    for (int64_t half = ACROSS / 2; half; half /= 2)
      for (int64_t j = 0; j < half; ++j) side[j] += side[j + half];
    all += double(side[0]);
  }
  return all;
}

// 1 / √(mean x² + eps); in double where the squares would leave the range of T
template <class T>
inline T rate_of(const Rows& r, const T* x) {
  double square = sum_over<T>(r.width, [&](int64_t i) { return x[i] * x[i]; });
  if (!(square > 1e-30 && square < 1e30)) {
    square = 0;
    for (int64_t i = 0; i < r.width; ++i) square += double(x[i]) * double(x[i]);
  }
  return T(1 / __builtin_sqrt(square / double(r.width) + r.eps));
}

template <class S>
inline void rms_forward(const Rows& r, Range rows, const S* x, S* y, typename Computed<S>::type* scratch) {
  using T = typename Computed<S>::type;
  int64_t n = r.width;
  T *room = scratch, *out = room + n, *weight = out + n;
  for (int64_t i = 0; i < n; ++i) weight[i] = T(r.weight ? r.weight[i] : 1);
  for (int64_t k = rows.begin; k < rows.end; ++k) {
    const T* own = read(x + k * n, room, n);
    const T rate = rate_of(r, own);
    T* to = target(y + k * n, out);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) to[i] = own[i] * rate * weight[i];
    write(y + k * n, out, n);
  }
}

// With h = weight·g and z = x·rate: rate·(h − z·mean(h·z)), and Σ g·z for the weight
template <class S>
inline void rms_backward(const Rows& r, Range rows, const S* g, const S* x, S* gx, double* sums,
                         typename Computed<S>::type* scratch) {
  using T = typename Computed<S>::type;
  int64_t n = r.width;
  T *room = scratch, *out = room + n, *weight = out + n, *up = weight + n, *learned = up + n;
  for (int64_t i = 0; i < n; ++i) weight[i] = T(r.weight ? r.weight[i] : 1), learned[i] = T(0);
  for (int64_t k = rows.begin; k < rows.end; ++k) {
    const T *own = read(x + k * n, room, n), *slopes = read(g + k * n, up, n);
    const T rate = rate_of(r, own);
    double tilt = sum_over<T>(n, [&](int64_t i) { return slopes[i] * weight[i] * (own[i] * rate); });
    const T along = T(tilt / double(n));
    T* to = target(gx + k * n, out);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      T z = own[i] * rate;
      to[i] = rate * (slopes[i] * weight[i] - z * along), learned[i] += slopes[i] * z;
    }
    write(gx + k * n, out, n);
    if (!sums || ((k + 1 - rows.begin) % FEW_ROWS && k + 1 < rows.end)) continue;
    for (int64_t i = 0; i < n; ++i) sums[i] += double(learned[i]), learned[i] = T(0);
  }
}
