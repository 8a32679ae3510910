// Batch normalisation: what is asked of one block of an array. Sums of a block are in the type computed in, about a
// value near its mean, and blocks are merged in double, always in the same order. Channels that lie apart in memory
// (planes) have blocks of their own; of channels next to each other, a block has as many as a tile. Included into
// the namespace of one set.

constexpr int64_t TILE = 512, LANES = 64;  // channels of a tile at most; lanes that shorter rows are joined to
constexpr int64_t DEEP = 128;              // rows whose sums are as exact as they must be
constexpr int64_t FIRST = 32;              // rows of lanes whose mean is near that of a block
constexpr int64_t LONG = 512, TASKS = 16;  // rows of lanes in a block at most; into so many a small array is cut
constexpr int64_t SUMMED_ROWS = 16, HELD_ROWS = 8;  // of many vectors, summed strip by strip; of few, written
constexpr int64_t NARROW = 256;            // bytes of rows that are written two by two
constexpr int STRIP = WIDTH == 64 ? 8 : 4;  // vectors of a row for whose sums there are registers
constexpr int HELD = WIDTH == 64 ? 4 : 2;   // and for the numbers by which they are normalised
constexpr int64_t NEAR = 3 << 20;          // bytes of an array that is still in the caches when it is read again

// How an array is cut, by its shape alone
struct Blocks {
  int64_t tile, tiles;    // channels side by side in a block; how many such tiles
  int64_t outer, outers;  // of the first axis in a block; how many such parts
  int64_t inner, inners;  // of the last
  int64_t together;       // rows of a tile that are one row of lanes
  int64_t all() const { return tiles * outers * inners; }
  int64_t each() const { return outers * inners; }  // blocks of a channel
};

template <class T>
inline Blocks blocks_of(const Batch& b) {
  constexpr int64_t own = SUMS_BESIDE * many<T> * DEEP;
  Blocks k;
  k.tile = b.last ? least(b.channels, TILE) : 1;
  k.tiles = pieces(b.channels, k.tile);
  k.together = b.last && k.tiles == 1 ? most(1, LANES / most(1, b.channels)) : 1;
  k.inner = b.last ? 1 : least(b.inner, own);
  k.inners = pieces(b.inner, k.inner);
  k.outer = b.last ? least(LONG * k.together, most(DEEP * k.together, pieces(b.outer, TASKS)))
                   : most(1, own / most(1, b.inner));
  k.outers = pieces(b.outer, k.outer);
  return k;
}

// A block: which channels of an array, and which part of it
struct Block {
  const Batch& b;
  const Blocks& k;
  int64_t tile, part;

  int64_t channels() const { return b.last ? least(k.tile, b.channels - tile * k.tile) : 1; }
  int64_t lanes() const { return channels() * k.together; }
  int64_t first() const { return part / k.inners * k.outer; }
  int64_t rows() const { return least(k.outer, b.outer - first()); }
  double values() const {
    return double(rows()) * double(least(k.inner, b.inner - part % k.inners * k.inner));
  }
  // where the first value of a channel is
  int64_t begin(int64_t g) const {
    return (first() * b.channels + tile * k.tile + g) * b.inner + part % k.inners * k.inner;
  }
  // f(where a row begins, how many values) of planes, until f is false
  template <class F>
  WITHIN void each_row(F f) const {
    int64_t from = part % k.inners * k.inner, n = least(k.inner, b.inner - from);
    for (int64_t r = first(); r < first() + rows(); ++r)
      if (!f((r * b.channels + tile) * b.inner + from, n)) return;
  }
  // f(where rows of lanes begin, how many rows, lanes in each), up to `most_rows` at once
  template <class F>
  WITHIN void each_rows(int64_t most_rows, F f) const {
    int64_t full = rows() / k.together, rest = rows() % k.together * channels();
    auto at = [&](int64_t row) INLINED { return (first() + row * k.together) * b.channels + tile * k.tile; };
    for (int64_t r = 0; r < full; r += most_rows) f(at(r), least(most_rows, full - r), lanes());
    if (rest) f(at(full), int64_t(1), rest);
  }
  template <class T>
  bool near() const { return b.outer * b.channels * int64_t(sizeof(T)) <= NEAR; }
  int64_t step() const { return k.together * b.channels; }  // from one row of lanes to the next
};

// Sums over the lanes of each channel
inline void folded(const double* lanes, const Block& at, double* to) {
  int64_t n = at.lanes(), period = at.channels();
  for (int64_t g = 0; g < period; ++g) to[g] = lanes[g];
  for (int64_t i = period; i < n; i += period)
    for (int64_t g = 0; g < period; ++g) to[g] += lanes[i + g];
}

template <class T>
inline void spread(const double* values, const Block& at, T* lanes) {
  int64_t n = at.lanes(), period = at.channels();
  for (int64_t g = 0; g < period; ++g) lanes[g] = T(values[g]);
  for (int64_t i = period; i < n; ++i) lanes[i] = lanes[i - period];
}

// Some rows of lanes of a block
struct Lines {
  int64_t from, step, rows, n;
  bool far;  // they come from memory, those after them too: to be fetched in order
};

// work(as a type how many, their first lane, which) for the vectors of a row from lane i on, at most so many at once
template <int most_at_once, class T, class Work>
WITHIN void by_strips(int64_t n, Work work, int64_t i = 0) {
  constexpr int64_t w = many<T>;
  auto whole = [&](int k) INLINED { return Whole<T>{i + k * w}; };
  for (; i + most_at_once * w <= n; i += most_at_once * w) work(Beside<most_at_once>{}, i, whole);
  if constexpr (most_at_once > 1) return by_strips<most_at_once / 2, T>(n, work, i);
  if (i < n) work(Beside<1>{}, n - w, [&](int) INLINED { return Ending<T>{n, n - i}; });
}

// What `of(row, some, lane, a, c)` adds of each row to the sums a and c of its lanes: `some` is a vector of the row,
// which begins at that lane. `fetch` is told which place is needed after these rows.
template <class T, class Of, class Fetch>
WITHIN void add_lines(const Lines& all, T* one, T* two, Of of, Fetch fetch) {
  constexpr int64_t w = many<T>;
  by_strips<STRIP, T>(all.n, [&](auto count, int64_t lane, auto some) INLINED {
    Vector<T> a[count.value], c[count.value];
    for (int k = 0; k < count.value; ++k) a[k] = loaded(one + lane + k * w), c[k] = loaded(two + lane + k * w);
    int64_t next = all.from + all.rows * all.step + lane * all.rows;
    for (int64_t r = 0; r < all.rows; ++r)
      for (int k = 0; k < count.value; ++k, next += w) {
        if (all.far) fetch(next);
        of(all.from + r * all.step, some(k), lane + k * w, a[k], c[k]);
      }
    for (int k = 0; k < count.value; ++k) stored(one + lane + k * w, a[k]), stored(two + lane + k * w, c[k]);
  });
}

// The sums over rows of lanes
template <class T, class Of, class Fetch>
WITHIN void sums_of_lanes(const Block& at, int64_t most_rows, double* one, double* two, Of of, Fetch fetch) {
  T room[2 * (many<T> + TILE)], *a = room + many<T>, *c = a + many<T> + TILE;  // with room before, for a short row
  for (int64_t i = 0; i < at.lanes(); ++i) one[i] = two[i] = 0;
  bool in_order = at.lanes() <= STRIP * many<T>;
  int64_t joined = in_order ? DEEP : SUMMED_ROWS;
  at.each_rows(least(DEEP, most_rows), [&](int64_t from, int64_t rows, int64_t n) INLINED {
    if ((most_rows -= rows) + rows <= 0) return;
    for (int64_t i = 0; i < n; ++i) a[i] = c[i] = T(0);
    for (int64_t r = 0; r < rows; r += joined) {
      Lines some{from + r * at.step(), at.step(), least(joined, rows - r), n, !in_order && !at.near<T>()};
      add_lines(some, a, c, of, fetch);
    }
    for (int64_t i = 0; i < n; ++i) one[i] += double(a[i]), two[i] += double(c[i]);
  });
}

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
  sums_of_lanes<T>(at, at.rows(), one, two, add, [&](int64_t i) INLINED { __builtin_prefetch(x + i); });
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
  double sum[TILE], none[TILE];
  auto add = [&](int64_t row, auto some, int64_t, Vector<T>& a, Vector<T>&) INLINED {
    a += some.fresh(some.of(x + row));
  };
  sums_of_lanes<T>(at, FIRST, sum, none, add, [&](int64_t i) INLINED { __builtin_prefetch(x + i); });
  folded(sum, at, about);
  double seen = double(least(FIRST * at.k.together, at.rows()));
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
  for (int64_t g = 0; g < period; ++g)  // the sum of a few may leave the range of T where a value does not
    if (about[g] - about[g] != 0) about[g] = double(value_of(x[at.begin(g)]));
  deviations(at, x, about, s1, s2);
  auto exact = [&](int64_t g) {
    bool same = s1[g] == 0 && s2[g] == 0 && at.b.eps > 1e-30;  // all are `about`: deviations of 1e-22 do not count
    return same || (s2[g] > 1e-30 && s2[g] < 1e30 && s1[g] * s1[g] < 0.5 * count * s2[g]);
  };
  int64_t asked[TILE], many = 0;
  for (int64_t g = 0; g < period; ++g)
    if (!exact(g)) asked[many++] = g, about[g] += s1[g] - s1[g] == 0 ? s1[g] / count : 0;
  if (many) exact_deviations(at, x, asked, many, about, s1, s2);
  for (int64_t g = 0; g < period; ++g) {
    double e = s1[g] / count, m2 = s2[g] - count * e * e;
    to[g] = about[g] + e, to[at.k.tile + g] = m2 < 0 ? 0 : m2;
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
