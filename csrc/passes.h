// Batch normalisation: the passes over a block that write, and that sum for backward. Included into the namespace of
// one set.

// (x − mean)·rate + low of some lanes
template <class T>
struct Own {
  Vector<T> high, rate, low;
  Own() = default;
  Own(const Scaled<T>& p, int64_t i) : high(loaded(p.high + i)), rate(loaded(p.rate + i)), low(loaded(p.low + i)) {}
  explicit Own(const Scaled<T>& p) : high(everywhere(p.high[0])), rate(everywhere(p.rate[0])), low(everywhere(p.low[0])) {}
  Vector<T> of(Vector<T> x) const { return (x - high) * rate + low; }
};

// And the gradient for x
template <class T>
struct OwnSlope {
  Own<T> own;
  Vector<T> slope, first, second;
  OwnSlope() = default;
  OwnSlope(const Scaled<T>& p, int64_t i)
      : own(p, i), slope(loaded(p.slope + i)), first(loaded(p.first + i)), second(loaded(p.second + i)) {}
  explicit OwnSlope(const Scaled<T>& p)
      : own(p), slope(everywhere(p.slope[0])), first(everywhere(p.first[0])), second(everywhere(p.second[0])) {}
  Vector<T> of(Vector<T> g, Vector<T> x) const { return ((g - first) - own.of(x) * second) * slope; }
};

// to[…] = of(where a row begins, some of its vectors, what `Numbers` holds for them) for all of a block
template <class Numbers, class T, class S, class Of>
WITHIN void over_lanes(const Block& at, const Scaled<T>& p, S* to, Of of) {
  constexpr int64_t w = many<T>;
  auto write = [&](auto at_once, int64_t joined) INLINED {
    at.each_rows(joined, [&](int64_t from, int64_t rows, int64_t n) INLINED {
      by_strips<at_once.value, T>(n, [&](auto count, int64_t lane, auto some) INLINED {
        Numbers own[count.value];
        for (int k = 0; k < count.value; ++k) own[k] = Numbers(p, lane + k * w);
        for (int64_t row = from; row < from + rows * at.step(); row += at.step())
          for (int k = 0; k < count.value; ++k) some(k).into(to + row, of(row, some(k), own[k]));
      });
    });
  };
  if (!in_registers<HELD, T>(at.lanes(), [&](auto all) INLINED { write(all, HELD_ROWS); })) write(Beside<1>{}, 1);
}

// The same, of rows of lanes or of a plane
template <class Numbers, class T, class S, class Of>
WITHIN void over_all(const Block& at, const Scaled<T>& p, S* to, Of of) {
  if (at.b.last) return over_lanes<Numbers>(at, p, to, of);
  const Numbers own(p);
  at.each_row([&](int64_t from, int64_t n) INLINED {
    each_vector<T>(n, [&](auto, auto some) INLINED { some.into(to + from, of(from, some, own)); });
    return true;
  });
}

template <class S, class T>
inline void apply(const Block& at, const S* x, S* y, const Scaled<T>& p) {
  over_all<Own<T>>(at, p, y, [&](int64_t row, auto some, const Own<T>& own) INLINED { return own.of(some.of(x + row)); });
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
  over_all<OwnSlope<T>>(at, p, gx, [&](int64_t row, auto some, const OwnSlope<T>& own) INLINED {
    return own.of(some.of(g + row), some.of(x + row));
  });
}
