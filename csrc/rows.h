// Layer and RMS normalisation: each row of (rows, width) by its own mean and variance, or mean square.
// Included into the namespace of one set.

constexpr int64_t FEW_ROWS = 64;  // whose gradients of weight and bias are summed in the type computed in

template <class T>
struct Row {  // the mean as two numbers, since one may be coarse, and 1 / √(var + eps)
  T high, low, rate;
};

// Sums of n values, and of their products with b, in lanes: the same for every instruction set
template <class T>
inline void sums_of(const T* a, const T* b, int64_t n, double& sum, double& product) {
  constexpr int64_t W = 64;
  sum = product = 0;
  for (int64_t from = 0; from < n; from += W * DEEP) {
    T one[W] = {}, two[W] = {};
    int64_t some = least(W * DEEP, n - from), whole = some / W * W;
    const T *p = a + from, *q = b + from;
    for (int64_t i = 0; i < whole; i += W)
      for (int64_t j = 0; j < W; ++j) one[j] += p[i + j], two[j] += p[i + j] * q[i + j];
    for (int64_t j = 0; j < some - whole; ++j) one[j] += p[whole + j], two[j] += p[whole + j] * q[whole + j];
    for (int64_t j = 0; j < W; ++j) sum += double(one[j]), product += double(two[j]);
  }
}

inline bool in_range(double square) { return square > 1e-30 && square < 1e30; }

// The deviations from the mean go into d, which may not be x
template <class T>
inline Row<T> found(const Rows& r, const T* x, T* d) {
  double sum, square, n = double(r.width), mean = 0;
  Row<T> row = {T(0), T(0), T(0)};
  if (r.centered) {
    T first = x[0];
    for (int64_t i = 0; i < r.width; ++i) d[i] = x[i] - first;
    sums_of(d, d, r.width, sum, square);
    mean = double(first) + sum / n;
    row.high = T(mean);
    row.low = mean - mean == 0 ? T(mean - double(row.high)) : T(mean);
  }
  INDEPENDENT
  for (int64_t i = 0; i < r.width; ++i) d[i] = (x[i] - row.high) - row.low;
  sums_of(d, d, r.width, sum, square);
  if (!in_range(square)) {
    square = 0;
    for (int64_t i = 0; i < r.width; ++i) square += double(d[i]) * double(d[i]);
  }
  row.rate = T(1 / __builtin_sqrt(square / n + r.eps));
  return row;
}

template <class S>
inline void rows_forward(const Rows& r, Range rows, const S* x, S* y, typename Computed<S>::type* scratch) {
  using T = typename Computed<S>::type;
  int64_t n = r.width;
  T *room = scratch, *d = room + n, *out = d + n, *weight = out + n, *bias = weight + n;
  for (int64_t i = 0; i < n; ++i) weight[i] = T(r.weight ? r.weight[i] : 1), bias[i] = T(r.bias ? r.bias[i] : 0);
  for (int64_t k = rows.begin; k < rows.end; ++k) {
    Row<T> row = found(r, read(x + k * n, room, n), d);
    T* to = target(y + k * n, out);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) to[i] = d[i] * row.rate * weight[i] + bias[i];
    write(y + k * n, out, n);
  }
}

// With h = weight·g and z = d·rate: rate·(h − mean h − z·mean(h·z)), without mean h where nothing is centered
template <class S>
inline void rows_backward(const Rows& r, Range rows, const S* g, const S* x, S* gx, double* sums,
                          typename Computed<S>::type* scratch) {
  using T = typename Computed<S>::type;
  int64_t n = r.width;
  T *room = scratch, *d = room + n, *out = d + n, *weight = out + n, *up = weight + n, *h = up + n;
  T *own = h + n, *all = own + n;
  for (int64_t i = 0; i < n; ++i) weight[i] = T(r.weight ? r.weight[i] : 1), own[i] = all[i] = T(0);
  for (int64_t k = rows.begin; k < rows.end; ++k) {
    Row<T> row = found(r, read(x + k * n, room, n), d);
    const T* slopes = read(g + k * n, up, n);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) d[i] *= row.rate, h[i] = slopes[i] * weight[i];
    double sum, tilt;
    sums_of(h, d, n, sum, tilt);
    T mean = T(r.centered ? sum / double(n) : 0), along = T(tilt / double(n));
    T* to = target(gx + k * n, out);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) to[i] = row.rate * ((h[i] - mean) - d[i] * along);
    write(gx + k * n, out, n);
    if (!sums) continue;
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) own[i] += slopes[i] * d[i], all[i] += slopes[i];
    if ((k + 1 - rows.begin) % FEW_ROWS && k + 1 < rows.end) continue;
    for (int64_t i = 0; i < n; ++i) {
      sums[i] += double(own[i]), sums[n + i] += double(all[i]);
      own[i] = all[i] = T(0);
    }
  }
}
