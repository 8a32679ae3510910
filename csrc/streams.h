// Windows over channels of contiguous images: a few places at a time, the channels one after another, so
// that all that is summed stays in the nearest cache. Included into the namespace of one instruction set.

inline bool streams(const Division& d) { return d.neighbours > 0 && !d.total && !in_space(d) && !d.last; }

// The sum of the last `size` rows, at the cost of three additions for any size and without a subtraction:
// what is left of the block before, summed from its end, and the block of now (van Herk; Gil & Werman).
template <class T>
struct Sliding {
  int64_t size, length, at = 0;  // rows so far, of which the window's last is at − 1
  T *now, *before, *running;
  Sliding(int64_t window, int64_t n, T* room)
      : size(window), length(n), now(room), before(now + window * n), running(before + window * n) {}
  static int64_t rows(int64_t window) { return 2 * window + 1; }

  // Takes a row in, or zeros, and gives offset + gain · sum.
  void next(const T* row, T offset, T gain, T* out) {
    int64_t k = at % size, n = length;
    T* own = now + k * n;
    const T* rest = before + (k + 1) * n;
    bool two = at >= size && k + 1 < size;
    if (k == 0)
      for (int64_t i = 0; i < n; ++i) running[i] = T(0);
    if (row && two) add<true, true>(row, rest, own, offset, gain, out);
    if (row && !two) add<true, false>(row, rest, own, offset, gain, out);
    if (!row && two) add<false, true>(row, rest, own, offset, gain, out);
    if (!row && !two) add<false, false>(row, rest, own, offset, gain, out);
    if (++at % size == 0) turn();
  }

 private:
  template <bool Row, bool Two>
  void add(const T* row, const T* rest, T* own, T offset, T gain, T* out) {
    T* sum = running;
    INDEPENDENT
    for (int64_t i = 0; i < length; ++i) {
      T value = Row ? row[i] : T(0), s = sum[i] + value;
      own[i] = value, sum[i] = s;
      out[i] = offset + gain * (Two ? s + rest[i] : s);
    }
  }

  void turn() {  // the block is full: its sums from the end
    for (int64_t k = size - 2; k >= 0; --k) {
      T *to = now + k * length, *from = to + length;
      INDEPENDENT
      for (int64_t i = 0; i < length; ++i) to[i] += from[i];
    }
    T* old = before;
    before = now, now = old;
  }
};

inline Reach forth(const Division& d) { return within({d.neighbours / 2, d.neighbours, nullptr}, d.channels); }
inline Reach back(const Division& d) {
  return within({(d.neighbours - 1) / 2, d.neighbours, nullptr}, d.channels);
}
inline int64_t later(const Reach& w) { return w.size - 1 - w.before; }  // rows until a window is complete

inline int64_t stream_rows(const Division& d, bool backward) {
  int64_t size = forth(d).size;
  return Sliding<float>::rows(size) * (backward ? 2 : 1) + (backward ? later(back(d)) + 1 : 0) + 8;
}

template <class T>
struct Params {  // of a channel
  T offset, weight, bias;
};

template <class T>
inline Params<T> of_channel(const Division& d, int64_t c) {
  return {T(d.offset[d.offsets == 1 ? 0 : c]), d.weight ? T(d.weight[c]) : T(1), d.bias ? T(d.bias[c]) : T(0)};
}

template <int N, class S, class T>
inline const T* energy_row(const Division& d, const Region& r, const S* x, int64_t k, T* room, T* e) {
  if (k >= r.rows) return nullptr;
  ahead<false>(r, x, k);
  const T* row = read(x + r.start + k * r.step, room, r.length);
  INDEPENDENT
  for (int64_t i = 0; i < r.length; ++i) e[i] = energy<N>(row[i], d.n);
  return e;
}

template <class F, class S, class T>
inline void forward_stream(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  int64_t n = r.length, delay = later(forth(d));
  T *in = scratch, *e = in + n, *s = e + n, *rate = s + n, *out = rate + n;
  Sliding<T> pool(forth(d).size, n, out + n);
  for (int64_t k = 0; k < r.rows + delay; ++k) {
    int64_t c = k - delay;
    Params<T> p = of_channel<T>(d, c > 0 ? c : 0);
    pool.next(energy_row<F::n>(d, r, x, k, in, e), p.offset, T(d.gain), s);
    if (c < 0) continue;
    int64_t at = r.start + c * r.step;
    ahead<true>(r, y, c);
    inverse_power(s, rate, n, d.p);
    const T* row = read(x + at, in, n);
    T* result = target(y + at, out);
    divided<F::m, 1, 0>(row, rate, &p.weight, &p.bias, d.m, n, result);
    write(y + at, result, n);
  }
}

template <class F, class S, class T>
inline void backward_stream(const Division& d, const Region& r, const S* g, const S* x, S* gx, const Sums& to,
                            T* scratch) {
  int64_t n = r.length, delay = later(forth(d)), second = later(back(d)), kept = second + 1;
  T *in = scratch, *e = in + n, *s = e + n, *own = s + n, *up = own + n, *grad = up + n, *u = grad + n;
  T* rates = u + n;
  Sliding<T> pool(forth(d).size, n, rates + kept * n);
  Sliding<T> spread(back(d).size, n, rates + kept * n + Sliding<T>::rows(forth(d).size) * n);
  for (int64_t k = 0; k < r.rows + delay + second; ++k) {
    int64_t c = k - delay, b = c - second;
    bool whole = c >= 0 && c < r.rows;
    if (c < r.rows) {
      Params<T> p = of_channel<T>(d, c > 0 ? c : 0);
      pool.next(energy_row<F::n>(d, r, x, k, in, e), p.offset, T(d.gain), s);
      if (c < 0) continue;
      ahead<false>(r, g, c);
      T* rate = rates + c % kept * n;
      inverse_power(s, rate, n, d.p);
      const T *gc = read(g + r.start + c * r.step, grad, n), *xc = read(x + r.start + c * r.step, in, n);
      through_y<F::m, 1, 0>(gc, xc, rate, &p.weight, d.m, n, own, up);
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) up[i] /= s[i];
      if (d.sums) summed(d, r, c, own, gc, up, to);
    }
    spread.next(whole ? up : nullptr, T(0), T(1), u);
    if (b < 0) continue;
    int64_t at = r.start + b * r.step;
    ahead<true>(r, gx, b);
    T weight = of_channel<T>(d, b).weight;
    const T *gb = read(g + at, grad, n), *xb = read(x + at, in, n);
    T* out = target(gx + at, own);
    through_x<F::n, F::m, 1, 0, 1>(d, gb, xb, rates + b % kept * n, &weight, u, n, out);
    write(gx + at, out, n);
  }
}
