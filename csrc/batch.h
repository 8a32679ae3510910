// Batch normalisation. A block is some lanes of some rows, which the nearest caches hold; lane i belongs to
// channel i % period. Sums of a block are in the type computed in, about a value near its mean, and blocks
// are merged in double, always in the same order. Included into the namespace of one set.

constexpr int64_t LANES = 256, OWN = 64;  // lanes of a row; of one channel's row
constexpr int64_t DEEP = 128;             // rows whose sums are as exact as they must be

// How an array is cut, by its shape alone
struct Blocks {
  int64_t tile, tiles;    // channels side by side in a block; how many such tiles
  int64_t outer, outers;  // of the first axis in a block; how many such parts
  int64_t inner, inners;  // of the last
  int64_t all() const { return tiles * outers * inners; }
  int64_t each() const { return outers * inners; }  // blocks of a channel
};

inline Blocks blocks_of(const Batch& b) {
  Blocks k;
  k.tile = b.last ? least(b.channels, LANES) : 1;
  k.tiles = pieces(b.channels, k.tile);
  k.inner = b.last ? 1 : least(b.inner, OWN * DEEP);
  k.inners = pieces(b.inner, k.inner);
  k.outer = b.last ? DEEP * most(1, LANES / most(1, b.channels)) : most(1, OWN * DEEP / most(1, b.inner));
  k.outers = pieces(b.outer, k.outer);
  return k;
}

// Calls f(where the lanes begin, how many) for each row of lanes of a block, until f is false; of one channel's
// row `most_lanes` at once
template <class F>
inline void each_row(const Batch& b, const Blocks& k, int64_t tile, int64_t part, int64_t most_lanes, F f) {
  int64_t first = part / k.inners * k.outer, rows = least(k.outer, b.outer - first);
  if (b.last) {
    int64_t channels = least(k.tile, b.channels - tile * k.tile);
    int64_t together = k.tiles == 1 ? most(1, LANES / channels) : 1;
    for (int64_t r = 0; r < rows; r += together)
      if (!f((first + r) * b.channels + tile * k.tile, least(together, rows - r) * channels)) return;
    return;
  }
  int64_t from = part % k.inners * k.inner, length = least(k.inner, b.inner - from);
  for (int64_t r = first; r < first + rows; ++r)
    for (int64_t i = 0; i < length; i += most_lanes)
      if (!f((r * b.channels + tile) * b.inner + from + i, least(most_lanes, length - i))) return;
}

inline int64_t period_of(const Batch& b, const Blocks& k, int64_t tile) {
  return b.last ? least(k.tile, b.channels - tile * k.tile) : 1;
}

// Sums over the lanes of each channel
template <class T>
inline void folded(const T* lanes, int64_t n, int64_t period, double* to) {
  for (int64_t g = 0; g < period; ++g) to[g] = 0;
  if (period == 1) {  // in pairs, which do not wait for each other
    double sums[LANES];
    for (int64_t i = 0; i < n; ++i) sums[i] = double(lanes[i]);
    for (int64_t left = n, half; left > 1; left = half) {
      half = (left + 1) / 2;
      for (int64_t i = 0; i < left - half; ++i) sums[i] += sums[half + i];
    }
    to[0] = n ? sums[0] : 0;
    return;
  }
  for (int64_t i = 0; i < n; i += period)
    for (int64_t g = 0; g < least(period, n - i); ++g) to[g] += double(lanes[i + g]);
}

template <class T>
inline void spread(const double* values, int64_t period, T* lanes, int64_t n) {
  for (int64_t i = 0; i < n; i += period)
    for (int64_t g = 0; g < least(period, n - i); ++g) lanes[i + g] = T(values[g]);
}

inline int64_t lanes_of(const Batch& b, const Blocks& k, int64_t tile) {
  if (!b.last) return OWN;
  int64_t channels = period_of(b, k, tile);
  return (k.tiles == 1 ? most(1, LANES / channels) : 1) * channels;
}

// The values of lanes that are all of one channel, or of as many as there are
template <bool One, class T>
struct Lanes {
  const T* row;
  T value;
  explicit Lanes(const T* values) : row(values), value(values[0]) {}
  T operator[](int64_t i) const { return One ? value : row[i]; }
};

// Sums of deviations from `about`, and of their squares, in W
template <bool One, class W, class S>
inline void deviations_of(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* x, const double* about,
                          double* s1, double* s2) {
  using T = typename Computed<S>::type;
  T room[LANES];
  W near[LANES], one[LANES], two[LANES];
  int64_t lanes = lanes_of(b, k, tile), period = period_of(b, k, tile);
  spread(about, period, near, One ? 1 : lanes);
  const Lanes<One, W> pivot(near);
  for (int64_t i = 0; i < lanes; ++i) one[i] = two[i] = W(0);
  each_row(b, k, tile, part, OWN, [&](int64_t at, int64_t n) {
    const T* row = read(x + at, room, n);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      W d = W(row[i]) - pivot[i];
      one[i] += d, two[i] += d * d;
    }
    return true;
  });
  folded(one, lanes, period, s1), folded(two, lanes, period, s2);
}

template <class W, class S>
inline void deviations(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* x, const double* about,
                       double* s1, double* s2) {
  b.last ? deviations_of<false, W>(b, k, tile, part, x, about, s1, s2)
         : deviations_of<true, W>(b, k, tile, part, x, about, s1, s2);
}

// For each channel of a block the mean of its first values
template <class S>
inline void near_mean(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* x, double* about) {
  using T = typename Computed<S>::type;
  T room[LANES], sum[LANES];
  int64_t lanes = lanes_of(b, k, tile), period = period_of(b, k, tile), seen = 0;
  for (int64_t i = 0; i < lanes; ++i) sum[i] = T(0);
  each_row(b, k, tile, part, OWN, [&](int64_t at, int64_t n) {
    const T* row = read(x + at, room, n);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) sum[i] += row[i];
    seen += n;
    return seen < 8 * lanes;
  });
  folded(sum, lanes, period, about);
  for (int64_t g = 0; g < period; ++g) about[g] /= double(seen) / double(period);
}

inline double values_in(const Batch& b, const Blocks& k, int64_t part) {
  int64_t from = part / k.inners * k.outer, at = part % k.inners * k.inner;
  return double(least(k.outer, b.outer - from)) * double(least(k.inner, b.inner - at));
}

// (mean, M2) of each channel of a block. Where the first look is not exact, or a square would leave the
// range of T, a second one in double.
template <class S>
inline void block_stats(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* x, double* to) {
  using T = typename Computed<S>::type;
  double about[LANES], s1[LANES], s2[LANES], again[LANES], t1[LANES], t2[LANES];
  int64_t period = period_of(b, k, tile);
  double count = values_in(b, k, part);
  near_mean(b, k, tile, part, x, about);
  for (int64_t g = 0; g < period; ++g) about[g] = double(T(about[g]));
  deviations<T>(b, k, tile, part, x, about, s1, s2);
  auto exact = [&](int64_t g) { return s2[g] > 1e-30 && s2[g] < 1e30 && s1[g] * s1[g] < 0.5 * count * s2[g]; };
  bool all = true;
  for (int64_t g = 0; g < period; ++g) {
    all = all && exact(g);
    again[g] = s1[g] - s1[g] == 0 ? about[g] + s1[g] / count : about[g];
  }
  if (!all) {
    deviations<double>(b, k, tile, part, x, again, t1, t2);
    for (int64_t g = 0; g < period; ++g)  // the other channels' sums stay as they would be
      if (!exact(g)) about[g] = again[g], s1[g] = t1[g], s2[g] = t2[g];
  }
  for (int64_t g = 0; g < period; ++g) {
    double e = s1[g] / count, m2 = s2[g] - count * e * e;
    to[g] = about[g] + e, to[k.tile + g] = m2 < 0 ? 0 : m2;
  }
}

// Mean and biased variance of each channel of a tile, from its blocks
inline void merged_stats(const Batch& b, const Blocks& k, int64_t tile, const double* parts, double* stats) {
  double count = 0, *mean = stats + tile * k.tile, *m2 = mean + b.channels;
  int64_t period = period_of(b, k, tile);
  for (int64_t g = 0; g < period; ++g) mean[g] = m2[g] = 0;
  for (int64_t part = 0; part < k.each(); ++part) {
    const double *own = parts + 2 * (tile * k.each() + part) * k.tile, *square = own + k.tile;
    double n = values_in(b, k, part), all = count + n, share = n / all, both = count * share;
    INDEPENDENT
    for (int64_t g = 0; g < period; ++g) {
      double d = own[g] - mean[g];
      mean[g] += d * share, m2[g] += square[g] + d * d * both;
    }
    count = all;
  }
  for (int64_t g = 0; g < period; ++g) m2[g] /= count;
}

// Of each lane what a pass needs of its channel
template <class T>
struct Scaled {
  T high[LANES], low[LANES], rate[LANES], slope[LANES], first[LANES], second[LANES];
};

// first: the bias, or Σg / n;  second: Σ g·(x − mean)·rate / n
template <class T>
inline void scaled(const Batch& b, const Blocks& k, int64_t tile, const double* stats, const double* sums,
                   Scaled<T>& to) {
  int64_t lanes = lanes_of(b, k, tile), period = period_of(b, k, tile);
  double values = double(b.outer) * double(b.inner);
  for (int64_t g = 0; g < period; ++g) {
    int64_t c = tile * k.tile + g;
    double mean = stats[c], rate = 1 / __builtin_sqrt(stats[b.channels + c] + b.eps);
    T high = T(mean);
    to.high[g] = high, to.low[g] = mean - mean == 0 ? T(mean - double(high)) : T(mean);
    to.rate[g] = T(rate), to.slope[g] = T(b.weight ? b.weight[c] * rate : rate);
    to.first[g] = T(sums ? sums[b.channels + c] / values : b.bias ? b.bias[c] : 0.0);
    to.second[g] = T(sums ? sums[c] / values : 0.0);
  }
  if (!b.last) return;  // the lanes are all as the first
  T* const rows[] = {to.high, to.low, to.rate, to.slope, to.first, to.second};
  for (T* row : rows)
    for (int64_t i = period; i < lanes; ++i) row[i] = row[i - period];
}

template <bool One, class S, class T>
inline void apply_to(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* x, S* y,
                     const Scaled<T>& p) {
  T room[LANES], out[LANES];
  const Lanes<One, T> high(p.high), low(p.low), slope(p.slope), bias(p.first);
  each_row(b, k, tile, part, LANES, [&](int64_t at, int64_t n) {
    const T* row = read(x + at, room, n);
    T* to = target(y + at, out);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) to[i] = ((row[i] - high[i]) - low[i]) * slope[i] + bias[i];
    write(y + at, out, n);
    return true;
  });
}

template <class S, class T>
inline void apply(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* x, S* y,
                  const Scaled<T>& p) {
  b.last ? apply_to<false>(b, k, tile, part, x, y, p) : apply_to<true>(b, k, tile, part, x, y, p);
}

// Σ g·(x − mean)·rate and Σ g of each channel of a block
template <bool One, class S, class T>
inline void block_sums_of(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* g, const S* x,
                          const Scaled<T>& p, double* to) {
  T room[LANES], slopes[LANES], one[LANES], two[LANES];
  double s1[LANES], s2[LANES];
  int64_t lanes = lanes_of(b, k, tile), period = period_of(b, k, tile);
  const Lanes<One, T> high(p.high), low(p.low), rate(p.rate);
  for (int64_t i = 0; i < lanes; ++i) one[i] = two[i] = T(0);
  each_row(b, k, tile, part, OWN, [&](int64_t at, int64_t n) {
    const T *row = read(x + at, room, n), *up = read(g + at, slopes, n);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      one[i] += up[i] * (((row[i] - high[i]) - low[i]) * rate[i]);
      two[i] += up[i];
    }
    return true;
  });
  folded(one, lanes, period, s1), folded(two, lanes, period, s2);
  for (int64_t c = 0; c < period; ++c) to[c] = s1[c], to[k.tile + c] = s2[c];
}

template <class S, class T>
inline void block_sums(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* g, const S* x,
                       const Scaled<T>& p, double* to) {
  b.last ? block_sums_of<false>(b, k, tile, part, g, x, p, to) : block_sums_of<true>(b, k, tile, part, g, x, p, to);
}

inline void merged_sums(const Batch& b, const Blocks& k, int64_t tile, const double* parts, double* sums) {
  double *one = sums + tile * k.tile, *two = one + b.channels;
  int64_t period = period_of(b, k, tile);
  for (int64_t g = 0; g < period; ++g) one[g] = two[g] = 0;
  for (int64_t part = 0; part < k.each(); ++part) {
    const double* own = parts + 2 * (tile * k.each() + part) * k.tile;
    INDEPENDENT
    for (int64_t g = 0; g < period; ++g) one[g] += own[g], two[g] += own[k.tile + g];
  }
}

template <bool One, class S, class T>
inline void apply_back_to(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* g, const S* x, S* gx,
                          const Scaled<T>& p) {
  T room[LANES], slopes[LANES], out[LANES];
  const Lanes<One, T> high(p.high), low(p.low), rate(p.rate), slope(p.slope), first(p.first), second(p.second);
  each_row(b, k, tile, part, LANES, [&](int64_t at, int64_t n) {
    const T *row = read(x + at, room, n), *up = read(g + at, slopes, n);
    T* to = target(gx + at, out);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) {
      T d = ((row[i] - high[i]) - low[i]) * rate[i];
      to[i] = ((up[i] - first[i]) - d * second[i]) * slope[i];
    }
    write(gx + at, out, n);
    return true;
  });
}

template <class S, class T>
inline void apply_back(const Batch& b, const Blocks& k, int64_t tile, int64_t part, const S* g, const S* x, S* gx,
                       const Scaled<T>& p) {
  b.last ? apply_back_to<false>(b, k, tile, part, g, x, gx, p) : apply_back_to<true>(b, k, tile, part, g, x, gx, p);
}
