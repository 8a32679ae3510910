// The forward pass of one unit. Included into the namespace of one instruction set.

// A row with its rates and parameters, each along the row (1) or one for all of it (0)
template <int M, int Rates, int Params, class T>
inline void divided(const T* x, const T* rate, const T* weight, const T* bias, double m, int64_t n, T* y) {
  INDEPENDENT
  for (int64_t i = 0; i < n; ++i)
    y[i] = drive<M>(x[i], m) * (rate[i * Rates] * weight[i * Params]) + bias[i * Params];
}

template <class F, class S, class T>
inline void forward_unit(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  Rooms room = rooms(d, r);
  T *e = scratch, *pad = e + room.pool, *rates = pad + room.pad, *in = rates + room.rate;
  T *out = in + room.row, *s = out + room.row, *rate = s + room.row, *params = rate + room.row;
  Own<T> p = own(d, r, params);
  pooled<F::n>(d, r, x, e, pad, in, out);
  bool one = shared(d);
  if (one) shared_rates(d, r, p, e, rates);
  for (int64_t k = 0; k < r.rows; ++k) {
    int64_t at = r.start + k * r.step, n = r.length;
    ahead<true>(r, y, k);
    const T* row = read(x + at, in, n);
    T* result = target(y + at, out);
    if (!one) scales(d, r, p, e, k, s), inverse_power(s, rate, n, d.p);
    const T* by = one ? e : rate;
    if (!d.last)
      divided<F::m, 1, 0>(row, by, p.weight + k, p.bias + k, d.m, n, result);
    else if (one)
      divided<F::m, 0, 1>(row, by + k, p.weight, p.bias, d.m, n, result);
    else
      divided<F::m, 1, 1>(row, by, p.weight, p.bias, d.m, n, result);
    write(y + at, result, n);
  }
}
