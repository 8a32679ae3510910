// The backward pass of one unit: the scale is computed again, so that x alone is kept.
// Included into the namespace of one instruction set.

// Gradients of a unit for weight, bias and offset, summed in double
struct Sums {
  double *weight, *bias, *offset;
};

// What the row gives: g·drive·rate (for the weight), and weight times that (on to the scale)
template <int M, int Rates, int Params, class T>
inline void through_y(const T* g, const T* x, const T* rate, const T* weight, double m, int64_t n, T* own,
                      T* up) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    own[i] = g[i] * drive<M>(x[i], m) * rate[i * Rates];
    up[i] = own[i] * weight[i * Params];
  }
}

template <int N, int M, int Rates, int Params, int Spread, class T>
inline void through_x(const Division& d, const T* g, const T* x, const T* rate, const T* weight, const T* u,
                      int64_t n, T* gx) {
  T factor = T(-d.p * d.gain * d.n);
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i)
    gx[i] = g[i] * weight[i * Params] * rate[i * Rates] * drive_slope<M>(x[i], d.m) +
            factor * u[i * Spread] * energy_slope<N>(x[i], d.n);
}

template <class T>
inline void summed(const Division& d, const Region& r, int64_t k, const T* own, const T* g, const T* h,
                   const Sums& to) {
  double p = -d.p;
  if (!d.last) {
    to.weight[r.channel + k] += sum_of(own, r.length);
    to.bias[r.channel + k] += sum_of(g, r.length);
    if (h) to.offset[r.channel + k] += p * sum_of(h, r.length);
    return;
  }
  INDEPENDENT
  for (int64_t i = 0; i < r.length; ++i) {
    to.weight[r.channel + i] += own[i];
    to.bias[r.channel + i] += g[i];
    if (h) to.offset[r.channel + i] += p * h[i];
  }
}

// The rooms of a unit: arrays of the pool's size, then rows
template <class T>
struct Desk {
  T *e, *pad, *rates, *h, *in, *grad, *own, *up, *s, *rate, *params;
  Desk(const Rooms& room, T* start) {
    e = start, pad = e + room.pool, rates = pad + room.pad, h = rates + room.rate, in = h + room.pool;
    grad = in + room.row, own = grad + room.row, up = own + room.row, s = up + room.row;
    rate = s + room.row, params = rate + room.row;
  }
};

// A unit's parts, as both passes read them
template <class S, class T>
struct Task {
  const Division& d;
  const Region& r;
  const S *g, *x;
  Own<T> p;
  Desk<T> at;
  bool one;  // rate for all channels: in at.e, and its s in at.rates

  // The rates of row k: computed, or as the first pass left them
  const T* rates_of(int64_t k, bool first) const {
    if (one) return d.last ? at.e + k : at.e;
    T* rate = d.total ? at.rate : at.rates + k * r.length;
    if (first || d.total) scales(d, r, p, at.e, k, at.s), inverse_power(at.s, rate, r.length, d.p);
    return rate;
  }
};

template <class F, class S, class T>
inline void first_pass(const Task<S, T>& t, const Sums& to) {
  const Division& d = t.d;
  int64_t n = t.r.length;
  if (d.total)
    for (int64_t i = 0; i < t.r.places; ++i) t.at.h[i] = T(0);
  for (int64_t k = 0; k < t.r.rows; ++k) {
    int64_t place = t.r.start + k * t.r.step;
    const T *g = read(t.g + place, t.at.grad, n), *x = read(t.x + place, t.at.in, n);
    ahead<false>(t.r, t.g, k);
    const T* rate = t.rates_of(k, true);
    T *own = t.at.own, *up = d.total ? t.at.up : t.at.h + k * n;
    if (!d.last)
      through_y<F::m, 1, 0>(g, x, rate, t.p.weight + k, d.m, n, own, up);
    else if (t.one)
      through_y<F::m, 0, 1>(g, x, rate, t.p.weight, d.m, n, own, up);
    else
      through_y<F::m, 1, 1>(g, x, rate, t.p.weight, d.m, n, own, up);
    if (!t.one)
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) up[i] /= t.at.s[i];
    if (d.total && d.last) t.at.h[k] = sum_of(up, n);
    if (d.total && !d.last)
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) t.at.h[i] += up[i];
    if (d.sums) summed(d, t.r, k, own, g, t.one ? nullptr : up, to);
  }
  if (!t.one) return;
  INDEPENDENT
  for (int64_t i = 0; i < t.r.places; ++i) t.at.h[i] /= t.at.rates[i];
  if (d.sums) to.offset[0] -= d.p * sum_of(t.at.h, t.r.places);
}

template <class F, class S, class T>
inline void second_pass(const Task<S, T>& t, S* gx) {
  const Division& d = t.d;
  int64_t n = t.r.length;
  for (int64_t k = 0; k < t.r.rows; ++k) {
    int64_t place = t.r.start + k * t.r.step;
    const T *g = read(t.g + place, t.at.grad, n), *x = read(t.x + place, t.at.in, n);
    ahead<true>(t.r, gx, k);
    const T* rate = t.rates_of(k, false);
    T* out = target(gx + place, t.at.own);
    if (!d.last)
      through_x<F::n, F::m, 1, 0, 1>(d, g, x, rate, t.p.weight + k, d.total ? t.at.h : t.at.h + k * n, n, out);
    else if (t.one)
      through_x<F::n, F::m, 0, 1, 0>(d, g, x, rate, t.p.weight, t.at.h + k, n, out);
    else if (d.total)
      through_x<F::n, F::m, 1, 1, 0>(d, g, x, rate, t.p.weight, t.at.h + k, n, out);
    else
      through_x<F::n, F::m, 1, 1, 1>(d, g, x, rate, t.p.weight, t.at.h + k * n, n, out);
    write(gx + place, out, n);
  }
}

template <class F, class S, class T>
inline void backward_unit(const Division& d, const Region& r, const S* g, const S* x, S* gx, const Sums& to,
                          T* scratch) {
  Desk<T> at(rooms(d, r), scratch);
  Task<S, T> t = {d, r, g, x, own(d, r, at.params), at, shared(d)};
  pooled<F::n>(d, r, x, at.e, at.pad, at.in, at.own);
  if (t.one) shared_rates(d, r, t.p, at.e, at.rates);
  first_pass<F>(t, to);
  spread(d, r, at.h, at.pad);
  second_pass<F>(t, gx);
}
