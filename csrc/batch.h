// Batch normalisation: mean and variance of a block of an array. Sums of a block are in the type computed in, about a
// value near its mean, and blocks are merged in double, always in the same order. Included into the namespace of one
// set.

// Sums of deviations from `about`, and of their squares
template <class S>
inline void deviations(const Block& at, const S* x, const double* about, double* s1, double* s2) {
  using T = typename Computed<S>::type;
  if (!at.b.last) {
    Vector<T> one[SUMS_BESIDE] = {}, two[SUMS_BESIDE] = {};
    const Vector<T> near = everywhere(T(about[0]));
    at.each_row([&](int64_t from, int64_t n) INLINED {
      each_vector<T>(n, [&](auto k, auto some) INLINED {
        Vector<T> d = some.fresh(some.of(x + from) - near);
        one[k.value] += d, two[k.value] += d * d;
      });
      return true;
    });
    *s1 = total<T>(one), *s2 = total<T>(two);
    return;
  }
  T room[many<T> + TILE], *near = room + many<T>;  // with room before it for the end of a short row
  double one[TILE], two[TILE];
  spread(about, at, near);
  auto add = [&](int64_t row, auto some, int64_t lane, Vector<T>& a, Vector<T>& c) INLINED {
    Vector<T> d = some.fresh(some.of(x + row) - loaded(near + lane));
    a += d, c += d * d;
  };
  sums_of_lanes<T>(at, at.rows(), one, two, add);
  folded(one, at, s1), folded(two, at, s2);
}

// The same in double throughout, of those channels that are `asked` for
template <class S>
inline void exact_deviations(const Block& at, const S* x, const int64_t* asked, int64_t many, const double* about,
                             double* s1, double* s2) {
  int64_t period = at.channels();
  for (int64_t k = 0; k < many; ++k) s1[asked[k]] = s2[asked[k]] = 0;
  auto add = [&](int64_t from, int64_t n, int64_t g) {
    for (int64_t i = g; i < n; i += period) {
      double d = double(value_of(x[from + i])) - about[g];
      s1[g] += d, s2[g] += d * d;
    }
  };
  if (!at.b.last) return at.each_row([&](int64_t from, int64_t n) { return add(from, n, 0), true; });
  at.each_rows(1, [&](int64_t from, int64_t, int64_t n) {
    for (int64_t k = 0; k < many; ++k) add(from, n, asked[k]);
  });
}

// For each channel of a block the mean of its first values
template <class S>
inline void near_mean(const Block& at, const S* x, double* about) {
  using T = typename Computed<S>::type;
  if (!at.b.last) {
    int64_t seen = 0;
    Vector<T> sums[SUMS_BESIDE] = {};
    at.each_row([&](int64_t from, int64_t n) INLINED {
      n = least(n, 8 * SUMS_BESIDE * many<T> - seen);
      each_vector<T>(n, [&](auto k, auto some) INLINED { sums[k.value] += some.fresh(some.of(x + from)); });
      seen += n;
      return seen < 8 * SUMS_BESIDE * many<T>;
    });
    about[0] = double(T(total<T>(sums) / double(seen)));
    return;
  }
  int64_t rows = most(1, least(FIRST, at.rows() / at.k.together)), n = least(at.lanes(), at.rows() * at.channels());
  double sum[TILE] = {}, seen = double(rows * n / at.channels());
  for (const S* row = x + at.begin(0); rows-- > 0; row += at.step())
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) sum[i] += double(value_of(row[i]));
  folded(sum, at, about);
  for (int64_t g = 0; g < at.channels(); ++g) about[g] = double(T(about[g] / seen));
}

// (mean, M2) of each channel of a block. Where the first look is not exact, or a square would leave the
// range of T, a second one in double.
template <class S>
inline void block_stats(const Block& at, const S* x, double* to) {
  double about[TILE], s1[TILE], s2[TILE];
  int64_t period = at.channels();
  double count = at.values();
  near_mean(at, x, about);
  bool finite = true;
  for (int64_t g = 0; g < period; ++g) finite &= about[g] - about[g] == 0;
  for (int64_t g = 0; !finite && g < period; ++g)  // the sum of a few may leave the range of T where a value does not
    if (about[g] - about[g] != 0) about[g] = double(value_of(x[at.begin(g)]));
  deviations(at, x, about, s1, s2);
  const bool alike = at.b.eps > 1e-30;  // where all are `about`: deviations of 1e-22 do not count
  auto exact = [&](int64_t g) INLINED {
    bool same = alike & (s1[g] == 0) & (s2[g] == 0);
    return same | ((s2[g] > 1e-30) & (s2[g] < 1e30) & (s1[g] * s1[g] < 0.5 * count * s2[g]));
  };
  bool all = true;
  for (int64_t g = 0; g < period; ++g) all &= exact(g);
  if (!all) {
    int64_t asked[TILE], many = 0;
    for (int64_t g = 0; g < period; ++g)
      if (!exact(g)) asked[many++] = g, about[g] += s1[g] - s1[g] == 0 ? s1[g] / count : 0;
    exact_deviations(at, x, asked, many, about, s1, s2);
  }
  double *mean = to, *square = to + at.k.tile;
  INDEPENDENT
  for (int64_t g = 0; g < period; ++g) {
    double e = s1[g] / count, m2 = s2[g] - count * e * e;
    mean[g] = about[g] + e, square[g] = m2 < 0 ? 0 : m2;
  }
}

// Mean and biased variance of each channel of a tile, from its blocks
inline void merged_stats(const Batch& b, const Blocks& k, int64_t tile, const double* parts, double* stats) {
  double count = 0, *mean = stats + tile * k.tile, *m2 = mean + b.channels;
  int64_t period = Block{b, k, tile, 0}.channels();
  for (int64_t g = 0; g < period; ++g) mean[g] = m2[g] = 0;
  for (int64_t part = 0; part < k.each(); ++part) {
    const double *own = parts + 2 * (tile * k.each() + part) * k.tile, *square = own + k.tile;
    double n = Block{b, k, tile, part}.values(), all = count + n, share = n / all, both = count * share;
    INDEPENDENT
    for (int64_t g = 0; g < period; ++g) {
      double d = own[g] - mean[g];
      mean[g] += d * share, m2[g] += square[g] + d * d * both;
    }
    count = all;
  }
  for (int64_t g = 0; g < period; ++g) m2[g] /= count;
}

// Of each lane what a pass needs of its channel: d = (x − high)·rate + low is (x − mean)·rate
template <class T>
struct Scaled {
  T room[many<T>], high[TILE], rate[TILE], low[TILE], slope[TILE], first[TILE], second[TILE];
};

// Forward rate is slope, and low has the bias in it. first: Σg / n;  second: Σ g·d / n
template <class T>
inline void scaled(const Block& at, const double* stats, const double* sums, bool forward, Scaled<T>& to) {
  const Batch& b = at.b;
  int64_t lanes = at.lanes(), period = at.channels();
  double values = double(b.outer) * double(b.inner);
  INDEPENDENT
  for (int64_t g = 0; g < period; ++g) {
    int64_t c = at.tile * at.k.tile + g;
    double mean = stats[c], rate = 1 / __builtin_sqrt(stats[b.channels + c] + b.eps);
    double slope = b.weight ? b.weight[c] * rate : rate, own = forward ? slope : rate;
    T high = T(mean);
    double low = mean == double(high) ? 0.0 : (mean - double(high)) * own;
    to.high[g] = high, to.rate[g] = T(own), to.slope[g] = T(slope);
    to.low[g] = T((forward && b.bias ? b.bias[c] : 0.0) - low);
    to.first[g] = T(sums ? sums[b.channels + c] / values : 0.0);
    to.second[g] = T(sums ? sums[c] / values : 0.0);
  }
  T* const rows[] = {to.high, to.rate, to.low, to.slope, to.first, to.second};
  for (T* row : rows)
    for (int64_t i = period; i < lanes; ++i) row[i] = row[i - period];
}
