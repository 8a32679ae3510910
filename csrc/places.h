// Pools of all channels that lie next to each other, over space or not: a row is a place, which has one sum.
// Included into the namespace of one instruction set.

constexpr int64_t FEW_PLACES = 64;  // whose gradients of the parameters are summed in the type computed in

// of(which, some of a row, sums) for all of a row of n values: what it adds up
template <int Sums, class T, class Of>
WITHIN void row_sums(int64_t n, T* out, Of of) {
  Vector<T> sums[Sums][SUMS_BESIDE] = {};
  each_vector<T>(n, [&](auto which, auto some) INLINED {
    Vector<T> found[Sums];
    of(some, found);
    for (int k = 0; k < Sums; ++k) sums[k][which.value] += some.fresh(found[k]);
  });
  for (int k = 0; k < Sums; ++k) {
    Vector<T>* own = sums[k];
    out[k] = T(added_up<T>((own[0] + own[1]) + (own[2] + own[3])));
  }
}

template <class S, class T>
inline void place_center(const Region& r, const S* x, const Planes<T>& at) {
  const int64_t n = r.length;
  x += r.start;
  for (int64_t k = 0; k < r.places; ++k, x += n)
    row_sums<1>(n, at.other + k, [&](auto some, Vector<T>* found) INLINED { found[0] = some.of(x); });
}

template <bool Centered, class S, class T>
inline void place_energy(const Region& r, const S* x, const S* to, const Planes<T>& at) {
  using V = Vector<T>;
  const int64_t n = r.length;
  x += r.start, to += r.start;
  for (int64_t k = 0; k < r.places; ++k, x += n, to += n) {
    V less = everywhere(Centered ? at.center[k] : T(0));
    T sums[2];
    row_sums<1 + Centered>(n, sums, [&](auto some, V* found) INLINED {
      V v = Centered ? some.of(x) - less : some.of(x);
      soon<true>(some.in(to));
      found[0] = v * v;
      if (Centered) found[Centered] = v;
    });
    at.squares[k] = sums[0];
    if (Centered) at.rest[k] = sums[1];
  }
}

// s^(−p) of a place: of all channels where they share the offset, else of some
template <int M, bool One, class T>
struct Rates {
  Own<T> own;
  Vector<T> energy;
  Inverse<T> same;
  WITHIN Rates(const Own<T>& p, T e) : own(p), energy(everywhere(e)) {
    if (One) same = inverse_total<M, T>(everywhere(own.offset[0]) + energy);
  }
  template <class Some>
  WITHIN Inverse<T> of(const Some& some) const {
    return One ? same : inverse_total<M, T>(some.of(own.offset) + energy);
  }
};

template <class Work>
inline void by_offsets(const Division& d, const Work& work) {
  d.offsets == 1 ? work(std::true_type()) : work(std::false_type());
}

template <int M, bool Centered, class S, class T>
inline void divided_places(const Division& d, const Region& r, const S* x, S* y, int64_t next, const Planes<T>& at,
                           const Own<T>& p) {
  using V = Vector<T>;
  const int64_t n = r.length;
  const T gain = T(d.gain);
  by_offsets(d, [&](auto one) INLINED {
    const S* row = x + r.start;
    S* to = y + r.start;
    for (int64_t k = 0; k < r.places; ++k, row += n, to += n) {
      V less = everywhere(Centered ? at.center[k] : T(0));
      Rates<M, one.value, T> rates(p, gain * at.e[k]);
      each_vector<T>(n, [&](auto, auto some) INLINED {
        V v = Centered ? some.of(row) - less : some.of(row);
        soon<false>(some.in(row) + next);
        some.into(to, (M == 1 ? v : v * size_of<T>(v)) * (rates.of(some).rate * some.of(p.weight)) + some.of(p.bias));
      });
    }
  });
}

// Gradients of the parameters: of some places in T, then in double
template <class T>
struct Learned {
  T *weight, *bias, *offset;
  int64_t n;
  Learned(int64_t channels, T* room)
      : weight(room), bias(weight + rounded(channels)), offset(bias + rounded(channels)), n(channels) {
    for (int64_t i = 0; i < 3 * rounded(n); ++i) weight[i] = T(0);
  }
  void pass_on(double p, const Sums& to) {
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) to.weight[i] += weight[i], to.bias[i] += bias[i], to.offset[i] -= p * offset[i];
    for (int64_t i = 0; i < 3 * rounded(n); ++i) weight[i] = T(0);
  }
};

// As total_slopes
template <int M, bool Centered, bool One, bool Learns, class S, class T>
inline void place_slopes(const Division& d, const Region& r, const S* g, const S* x, const S* gx, const Planes<T>& at,
                         const Own<T>& p, const Sums& to) {
  using V = Vector<T>;
  const int64_t n = r.length;
  const T gain = T(d.gain);
  Learned<T> learned(n, at.learned);
  double offset = 0;
  g += r.start, x += r.start, gx += r.start;
  for (int64_t k = 0; k < r.places; ++k, g += n, x += n, gx += n) {
    V less = everywhere(Centered ? at.center[k] : T(0));
    Rates<M, One, T> rates(p, gain * at.e[k]);
    T sums[2];
    row_sums<1 + Centered>(n, sums, [&](auto some, V* found) INLINED {
      V slope = some.of(g), v = Centered ? some.of(x) - less : some.of(x), weight = some.of(p.weight);
      Inverse<T> by = rates.of(some);
      soon<true>(some.in(gx));
      V passed = slope * by.rate, through = passed * (M == 1 ? v : v * size_of<T>(v));
      found[0] = through * weight * by.once;
      if (Centered) found[Centered] = passed * weight;
      if (!Learns) return;
      some.into(learned.weight, some.of(learned.weight) + some.fresh(through));
      some.into(learned.bias, some.of(learned.bias) + some.fresh(slope));
      if (!One) some.into(learned.offset, some.of(learned.offset) + some.fresh(found[0]));
    });
    at.slopes[k] = sums[0], offset += sums[0];
    if (Centered) at.past[k] = sums[1];
    if (Learns && (k % FEW_PLACES == FEW_PLACES - 1 || k + 1 == r.places)) learned.pass_on(d.p, to);
  }
  if (Learns && One) to.offset[0] -= d.p * offset;
}

template <int M, bool Centered, class S, class T>
inline void place_gradient(const Division& d, const Region& r, const S* g, const S* x, S* gx, int64_t next,
                           const Planes<T>& at, const Own<T>& p) {
  using V = Vector<T>;
  const int64_t n = r.length;
  const T gain = T(d.gain), factor = T(-2 * d.p * d.gain);
  by_offsets(d, [&](auto one) INLINED {
    const S *row = x + r.start, *slopes = g + r.start;
    S* out = gx + r.start;
    for (int64_t k = 0; k < r.places; ++k, row += n, slopes += n, out += n) {
      V less = everywhere(Centered ? at.center[k] : T(0)), past = everywhere(Centered ? at.other[k] : T(0));
      V h = everywhere(factor * at.h[k]);
      Rates<M, one.value, T> rates(p, gain * at.e[k]);
      each_vector<T>(n, [&](auto, auto some) INLINED {
        V v = Centered ? some.of(row) - less : some.of(row);
        V slope = some.of(slopes) * (some.of(p.weight) * rates.of(some).rate);
        soon<false>(some.in(row) + next), soon<false>(some.in(slopes) + next);
        V all = (M == 1 ? slope : slope * (T(2) * size_of<T>(v))) + h * v;
        some.into(out, Centered ? all - past : all);
      });
    }
  });
}
