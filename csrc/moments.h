// Count, mean, central sums of powers, least, most and missing. Included into the namespace of one set.
// A missing value is NaN and counts for nothing else. Values come as rows of lanes; lane i belongs to
// group i % period, so that narrow tables and single channels fill the processor's registers too.

constexpr int64_t ROOM = 256;    // lanes of a row, but for a single channel's
constexpr int64_t WIDE = 64;     // lanes of a single channel
constexpr int64_t SHORT = 128;   // rows whose sums are as exact as they must be

struct Run {
  int64_t rows, step, lanes, rest, period;  // `rest` lanes follow the last row
  int64_t used() const { return rows ? lanes : rest; }
};

// For each lane what is summed, and for each group what was found
template <class T>
struct Lanes {
  T pivot[ROOM], scale[ROOM], row[ROOM];
  T count[ROOM], s1[ROOM], s2[ROOM], s3[ROOM], s4[ROOM], low[ROOM], high[ROOM];
};

struct Found {
  double count, s1, s2, s3, s4, low, high;
};

template <class T>
inline void start(Lanes<T>& a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    a.count[i] = a.s1[i] = a.s2[i] = a.s3[i] = a.s4[i] = T(0);
    a.low[i] = T(__builtin_inf()), a.high[i] = T(-__builtin_inf());
  }
}

// The first look: how many, their sum about the pivot, least and most
template <class T>
inline void look(const T* x, int64_t n, Lanes<T>& a) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    bool there = x[i] == x[i];
    T v = there ? x[i] : a.pivot[i];
    a.count[i] += there ? T(1) : T(0);
    a.s1[i] += v - a.pivot[i];
    a.low[i] = x[i] < a.low[i] ? x[i] : a.low[i];
    a.high[i] = x[i] > a.high[i] ? x[i] : a.high[i];
  }
}

// The second: powers about the center that the first has found, of values scaled so that none overflows
template <class T>
inline void raise(const T* x, int64_t n, Lanes<T>& a) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    T d = (x[i] - a.pivot[i]) * a.scale[i];
    d = x[i] == x[i] ? d : T(0);
    T q = d * d;
    a.s1[i] += d;
    a.s2[i] += q;
    a.s3[i] += d * q;
    a.s4[i] += q * q;
  }
}

template <class S, class T>
inline void over(const S* x, const Run& run, Lanes<T>& a, void (*work)(const T*, int64_t, Lanes<T>&)) {
  for (int64_t k = 0; k < run.rows; ++k) work(read(x + k * run.step, a.row, run.lanes), run.lanes, a);
  if (run.rest) work(read(x + run.rows * run.step, a.row, run.rest), run.rest, a);
}

template <class T>
inline Found of_one(const Lanes<T>& a, int64_t n) {  // of lanes that are all of one group
  Found f = {sum_of(a.count, n), sum_of(a.s1, n), sum_of(a.s2, n), sum_of(a.s3, n), sum_of(a.s4, n), 0, 0};
  T low = a.low[0], high = a.high[0];
  for (int64_t i = 1; i < n; ++i) low = a.low[i] < low ? a.low[i] : low, high = a.high[i] > high ? a.high[i] : high;
  f.low = low, f.high = high;
  return f;
}

template <class T>
inline void fold(const Lanes<T>& a, const Run& run, Found* to) {
  if (run.period == 1) {
    to[0] = of_one(a, run.used());
    return;
  }
  for (int64_t g = 0; g < run.period; ++g) to[g] = {0, 0, 0, 0, 0, __builtin_inf(), -__builtin_inf()};
  for (int64_t i = 0, g = 0; i < run.used(); ++i) {
    Found& f = to[g];
    f.count += a.count[i], f.s1 += a.s1[i], f.s2 += a.s2[i], f.s3 += a.s3[i], f.s4 += a.s4[i];
    f.low = a.low[i] < f.low ? a.low[i] : f.low, f.high = a.high[i] > f.high ? a.high[i] : f.high;
    g = g + 1 == run.period ? 0 : g + 1;
  }
}

// A finite number near the values of each group: where the last stretch was, or the first finite value
template <class S, class T>
inline void pivots(const S* x, const Run& run, Lanes<T>& a, const double* to) {
  int64_t lanes = run.used();
  const T* first = read(x, a.row, lanes);
  for (int64_t g = 0; g < run.period; ++g) {
    T pivot = T(to[g * COLUMNS + MEAN]);
    if (to[g * COLUMNS + COUNT] == 0 || pivot - pivot != 0) {
      pivot = T(0);
      for (int64_t i = lanes - run.period + g; i >= 0; i -= run.period)
        if (first[i] - first[i] == 0) pivot = first[i];
    }
    for (int64_t i = g; i < lanes; i += run.period) a.pivot[i] = pivot;
  }
}

inline double power_of_two_above(double a) {  // for a > 0
  int e;
  __builtin_frexp(a, &e);
  return __builtin_ldexp(1.0, e);
}

// Each group's center from its first look, and the power of two that brings its range to at most 2
template <class T>
inline void centers(const Run& run, const Found* found, Lanes<T>& a) {
  const double widest = sizeof(T) == 4 ? 0x1p126 : 0x1p1000;
  for (int64_t g = 0; g < run.period; ++g) {
    const Found& f = found[g];
    T center = T(a.pivot[g] + (f.count > 0 ? f.s1 / f.count : 0));
    center = center - center == 0 ? center : a.pivot[g];
    double range = f.high - f.low, scale = 1;
    if (range > 0 && range - range == 0) scale = 1 / power_of_two_above(range);
    scale = scale > widest ? widest : scale < 1 / widest ? 1 / widest : scale;
    for (int64_t i = g; i < run.used(); i += run.period) a.pivot[i] = center, a.scale[i] = T(scale);
  }
}

inline bool finite(double a) { return a - a == 0; }

// Two groups' moments as one (Pébay 2008). With an infinite mean nothing central is known.
inline void merge(const double* from, double* to) {
  double n = from[COUNT], a = to[COUNT], all = a + n;
  to[MISSING] += from[MISSING];
  to[LEAST] = from[LEAST] < to[LEAST] ? from[LEAST] : to[LEAST];
  to[MOST] = from[MOST] > to[MOST] ? from[MOST] : to[MOST];
  if (n == 0) return;
  if (a == 0) {
    for (int c = COUNT; c <= M4; ++c) to[c] = from[c];
    return;
  }
  to[COUNT] = all;
  if (!finite(from[MEAN]) || !finite(to[MEAN])) {
    to[MEAN] += from[MEAN];
    to[M2] = to[M3] = to[M4] = __builtin_nan("");
    return;
  }
  double d = from[MEAN] - to[MEAN], e = d / all, e2 = e * e, share = d * e * a * n;
  to[M4] += from[M4] + share * e2 * (a * a - a * n + n * n) + 6 * e2 * (a * a * from[M2] + n * n * to[M2]) +
            4 * e * (a * from[M3] - n * to[M3]);
  to[M3] += from[M3] + share * e * (a - n) + 3 * e * (a * from[M2] - n * to[M2]);
  to[M2] += from[M2] + share;
  to[MEAN] += e * n;
}

// The moments of a stretch, from its powers about a center
inline void moments_of(const Found& f, double center, double scale, double values, double* to) {
  double n = f.count, e = n > 0 ? f.s1 / n : 0, e2 = e * e, back = 1 / scale;
  double m2 = f.s2 - n * e2, m3 = f.s3 - 3 * e * f.s2 + 2 * n * e * e2;
  double m4 = f.s4 - 4 * e * f.s3 + 6 * e2 * f.s2 - 3 * n * e2 * e2;
  to[COUNT] = n, to[MEAN] = center + e * back, to[MISSING] = values - n;
  to[LEAST] = f.low, to[MOST] = f.high;
  to[M2] = (m2 < 0 ? 0 : m2) * back * back, to[M3] = m3 * back * back * back;
  to[M4] = (m4 < 0 ? 0 : m4) * back * back * back * back;
  if (!finite(to[MEAN])) to[M2] = to[M3] = to[M4] = __builtin_nan("");
}

template <class S, class T>
inline void stretch(const S* x, const Run& run, Lanes<T>& a, Found* found, double* to) {
  start(a, run.used());
  pivots(x, run, a, to);
  over<S, T>(x, run, a, look);
  fold(a, run, found);
  centers(run, found, a);
  for (int64_t i = 0; i < run.used(); ++i) a.s1[i] = T(0);
  over<S, T>(x, run, a, raise);
  fold(a, run, found);
  double values = double(run.rows * run.lanes + run.rest) / double(run.period), own[COLUMNS];
  for (int64_t g = 0; g < run.period; ++g) {
    moments_of(found[g], a.pivot[g], a.scale[g], values, own);
    merge(own, to + g * COLUMNS);
  }
}

// `values` rows of `period` values each, `step` apart
template <class S, class T>
inline void stream(const S* x, int64_t values, int64_t period, int64_t step, int64_t width, Lanes<T>& a,
                   Found* found, double* to) {
  int64_t together = step == period ? most(1, width / period) : 1, rows = values / together;
  int64_t rest = (values - rows * together) * period;
  for (int64_t k = 0; k < rows || (rows == 0 && k == 0 && rest); k += SHORT) {
    int64_t some = least(SHORT, rows - k);
    bool last = k + some >= rows;
    Run run = {some, step * together, period * together, last ? rest : 0, period};
    stretch(x + k * run.step, run, a, found, to);
  }
}

inline void no_moments(double* to, int64_t groups) {
  for (int64_t g = 0; g < groups; ++g, to += COLUMNS) {
    for (int c = 0; c < COLUMNS; ++c) to[c] = 0;
    to[LEAST] = __builtin_inf(), to[MOST] = -__builtin_inf();
  }
}

template <class S>
inline void moments_block(const Moments& m, int64_t block, const S* x, double* out, char* scratch) {
  using T = typename Computed<S>::type;
  Lanes<T>& a = *reinterpret_cast<Lanes<T>*>(scratch);
  Found* found = reinterpret_cast<Found*>(scratch + sizeof(Lanes<double>));
  int64_t from = block * m.rows, rows = least(m.rows, m.outer - from);
  double* to = out + block * m.groups * COLUMNS;
  no_moments(to, m.groups);
  if (m.inner == 1) {
    for (int64_t g = 0; g < m.groups; g += ROOM) {
      int64_t some = least(ROOM, m.groups - g);
      int64_t width = m.groups == 1 ? WIDE : ROOM;
      stream(x + from * m.groups + g, rows, some, m.groups, width, a, found, to + g * COLUMNS);
    }
    return;
  }
  for (int64_t k = from; k < from + rows; ++k)
    for (int64_t g = 0; g < m.groups; ++g)
      stream(x + (k * m.groups + g) * m.inner, m.inner, int64_t(1), int64_t(1), WIDE, a, found, to + g * COLUMNS);
}
