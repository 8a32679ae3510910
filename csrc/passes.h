// Batch normalisation: the passes over a block that write, and that sum for backward. Included into the namespace of
// one set.

// to[…] = of(row, some, lane) for all of a block: `some` of its vectors, which begin at that lane
template <class T, class S, class Of>
WITHIN void over_lanes(const Block& at, S* to, Of of) {
  constexpr int64_t w = many<T>;
  at.each_rows(1, [&](int64_t row, int64_t, int64_t n) INLINED {
    int64_t i = 0;
    for (; i + w <= n; i += w) Whole<T>{i}.into(to + row, of(row, Whole<T>{i}, i));
    if (i < n) Ending<T>{n, n - i}.into(to + row, of(row, Ending<T>{n, n - i}, n - w));
  });
}

template <class S, class T>
inline void apply(const Block& at, const S* x, S* y, const Scaled<T>& p) {
  if (at.b.last)
    return over_lanes<T>(at, y, [&](int64_t row, auto some, int64_t i) INLINED {
      return (some.of(x + row) - loaded(p.high + i)) * loaded(p.rate + i) + loaded(p.low + i);
    });
  const Vector<T> high = everywhere(p.high[0]), rate = everywhere(p.rate[0]), low = everywhere(p.low[0]);
  at.each_row([&](int64_t from, int64_t n) INLINED {
    each_vector<T>(n, [&](auto, auto some) INLINED {
      some.into(y + from, (some.of(x + from) - high) * rate + low);
    });
    return true;
  });
}

// Σ g·(x − mean)·rate and Σ g of each channel of a block
template <class S, class T>
inline void block_sums(const Block& at, const S* g, const S* x, const Scaled<T>& p, double* to) {
  if (at.b.last) {
    double one[TILE], two[TILE];
    auto add = [&](int64_t row, auto some, int64_t i, Vector<T>& a, Vector<T>& c) INLINED {
      Vector<T> up = some.of(g + row), d = some.of(x + row) - loaded(p.high + i);
      d = d * loaded(p.rate + i) + loaded(p.low + i);
      a += some.fresh(up * d), c += some.fresh(up);
    };
    sums_of_lanes<T>(at, at.rows(), one, two, add);
    folded(one, at, to), folded(two, at, to + at.k.tile);
    return;
  }
  Vector<T> one[SUMS_BESIDE] = {}, two[SUMS_BESIDE] = {};
  const Vector<T> high = everywhere(p.high[0]), rate = everywhere(p.rate[0]), low = everywhere(p.low[0]);
  at.each_row([&](int64_t from, int64_t n) INLINED {
    each_vector<T>(n, [&](auto k, auto some) INLINED {
      Vector<T> up = some.of(g + from), d = (some.of(x + from) - high) * rate + low;
      one[k.value] += some.fresh(up * d), two[k.value] += some.fresh(up);
    });
    return true;
  });
  to[0] = total<T>(one), to[at.k.tile] = total<T>(two);
}

inline void merged_sums(const Batch& b, const Blocks& k, int64_t tile, const double* parts, double* sums) {
  double *one = sums + tile * k.tile, *two = one + b.channels;
  int64_t period = Block{b, k, tile, 0}.channels();
  for (int64_t g = 0; g < period; ++g) one[g] = two[g] = 0;
  for (int64_t part = 0; part < k.each(); ++part) {
    const double* own = parts + 2 * (tile * k.each() + part) * k.tile;
    INDEPENDENT
    for (int64_t g = 0; g < period; ++g) one[g] += own[g], two[g] += own[k.tile + g];
  }
}

template <class S, class T>
inline void apply_back(const Block& at, const S* g, const S* x, S* gx, const Scaled<T>& p) {
  auto slope_of = [](auto up, auto x, auto high, auto rate, auto low, auto slope, auto first, auto second) INLINED {
    return ((up - first) - ((x - high) * rate + low) * second) * slope;
  };
  if (at.b.last)
    return over_lanes<T>(at, gx, [&](int64_t row, auto some, int64_t i) INLINED {
      return slope_of(some.of(g + row), some.of(x + row), loaded(p.high + i), loaded(p.rate + i), loaded(p.low + i),
                      loaded(p.slope + i), loaded(p.first + i), loaded(p.second + i));
    });
  const Vector<T> high = everywhere(p.high[0]), rate = everywhere(p.rate[0]), low = everywhere(p.low[0]),
                  slope = everywhere(p.slope[0]), first = everywhere(p.first[0]), second = everywhere(p.second[0]);
  at.each_row([&](int64_t from, int64_t n) INLINED {
    each_vector<T>(n, [&](auto, auto some) INLINED {
      some.into(gx + from, slope_of(some.of(g + from), some.of(x + from), high, rate, low, slope, first, second));
    });
    return true;
  });
}
