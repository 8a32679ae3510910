// Weights between channels: a tile of places at a time is read, multiplied by the matrix and divided, so that
// nothing but x, y and s passes through memory. Included into the namespace of one instruction set.

constexpr int64_t TILE = 96 << 10, TILE_BACK = 64 << 10;  // bytes of one array of a tile
constexpr int64_t GROUPS = 16;                            // of tiles, whose slopes of the matrix are summed together
constexpr int64_t WORTH = 1024;                           // places of a group that outweigh adding up its slopes
constexpr int64_t SLOPES = 32 << 20;                      // bytes that all these may take

template <class T>
struct Tile {  // lines of `length` values: contiguous a channel's places, channels last a place's channels
  int64_t lines, length, step;

  Tile(const Division& d, const Cut& c) {
    lines = d.last ? c.width : d.channels, length = d.last ? d.channels : c.width;
    step = up(length, many<T>);
  }
  int64_t array() const { return up(lines, HIGH) * step; }
};

template <class T>
inline Cut tiles(const Division& d, int64_t bytes) {
  Cut c = {0, 1, 0, 0};
  int64_t unit = d.last ? HIGH : many<T>, most_of = most(1, bytes / (int64_t(sizeof(T)) * d.channels * unit));
  c.pieces = pieces(d.places, most_of * unit);
  c.width = least(up(pieces(d.places, most(1, c.pieces)), unit), most(1, d.places));
  c.pieces = pieces(d.places, c.width);
  c.units = d.samples * c.pieces;
  return c;
}

// The matrix, of which what is below 0 counts as 0, as the operand of rows or of columns that a product needs;
// transposed for backward
template <class T>
inline int64_t matrix_size(const Division& d) {
  return up(d.channels, d.last ? many<T> : HIGH) * d.channels;
}

template <class T>
inline void packed_matrix(const Division& d, const T* matrix, bool turned, T* to) {
  int64_t c = d.channels, all = matrix_size<T>(d);
  Strided<T> from = {matrix, turned ? 1 : c, turned ? c : 1};
  d.last ? packed_columns(from, c, c, to) : packed_rows(from, c, c, to);
  INDEPENDENT
  for (int64_t i = 0; i < all; ++i) to[i] = to[i] < 0 ? T(0) : to[i];
}

// to = matrix · from, of a tile
template <class T>
inline void mixed(const Division& d, const Region& r, const Tile<T>& t, const T* matrix, T* from, T* panels, T* to) {
  if (d.last) {
    int64_t whole = up(r.rows, HIGH);
    for (int64_t k = r.rows; k < whole; ++k) memset(from + k * t.step, 0, sizeof(T) * r.length);
    product(r.rows, r.length, r.length, {from, t.step, 1}, HIGH * t.step, matrix, to, t.step, false);
  } else {
    packed_columns<T>({from, 1, t.step}, r.length, r.rows, panels);
    product(r.rows, r.length, r.rows, {matrix, 1, HIGH}, HIGH * r.rows, panels, to, t.step, false);
  }
}

// all += h · eᵀ over the places of a tile
template <class T>
inline void outer(const Division& d, const Region& r, const Tile<T>& t, T* h, const T* e, T* two, T* all) {
  int64_t c = d.channels, across = d.last ? 1 : t.step, along = d.last ? t.step : 1;
  packed_columns<T>({e, across, along}, c, r.places, two);
  product(c, c, r.places, {h, across, along}, HIGH * across, two, all, up(c, many<T>), true);
}

template <int N, class T>
inline void energies(const T* x, double n, int64_t length, T* e) {
  INDEPENDENT
  for (int64_t i = 0; i < length; ++i) e[i] = energy<N>(x[i], n);
}

template <class F, class S, class T>
inline void forward_tile(const Division& d, const Region& r, const Tile<T>& t, const T* matrix, const S* x, S* y, T* s,
                         T* scratch) {
  int64_t row = rounded(most(t.step, d.channels)), n = r.length;
  T *e = scratch, *sum = e + t.array(), *panels = sum + t.array(), *in = panels + t.array(), *out = in + row;
  T *scale = out + row, *rate = scale + row;
  Own<T> p = own(d, r, rate + row);
  for (int64_t k = 0; k < r.rows; ++k) {
    ahead<false>(r, x, k);
    energies<F::n>(read(x + r.start + k * r.step, in, n), d.n, n, e + k * t.step);
  }
  mixed(d, r, t, matrix, e, panels, sum);
  for (int64_t k = 0; k < r.rows; ++k) {
    int64_t at = r.start + k * r.step;
    ahead<true>(r, y, k);
    const T *pooled = sum + k * t.step, *line = read(x + at, in, n);
    T *result = target(y + at, out), *kept = s ? s + at : scale;
    const T* offset = d.last ? p.offset : p.offset + k;
    if (d.last)
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) kept[i] = pooled[i] + offset[i];
    else
      INDEPENDENT
      for (int64_t i = 0; i < n; ++i) kept[i] = pooled[i] + offset[0];
    inverse_power(kept, rate, n, d.p);
    d.last ? divided<F::m, 1, 1>(line, rate, p.weight, p.bias, d.m, n, result)
           : divided<F::m, 1, 0>(line, rate, p.weight + k, p.bias + k, d.m, n, result);
    write(y + at, result, n);
  }
}

template <class F, class S, class T>
inline void backward_tile(const Division& d, const Region& r, const Tile<T>& t, const T* matrix, const S* g, const S* x,
                          const T* s, S* gx, T* slopes, const Sums& to, T* scratch) {
  int64_t row = rounded(most(t.step, d.channels)), n = r.length, place = rounded(most(r.places, 1));
  T *e = scratch, *h = e + t.array(), *u = h + t.array(), *rates = u + t.array(), *panels = rates + t.array();
  T *two = panels + t.array(), *in = two + up(d.channels, many<T>) * place, *grad = in + row, *out = grad + row;
  Own<T> p = own(d, r, out + row);
  for (int64_t k = 0; k < r.rows; ++k) {
    int64_t at = r.start + k * r.step;
    ahead<false>(r, x, k), ahead<false>(r, g, k), ahead<false>(r, s, k);
    const T *line = read(x + at, in, n), *slope = read(g + at, grad, n), *scale = s + at;
    T *rate = rates + k * t.step, *up = h + k * t.step;
    energies<F::n>(line, d.n, n, e + k * t.step);
    inverse_power(scale, rate, n, d.p);
    d.last ? through_y<F::m, 1, 1>(slope, line, rate, p.weight, d.m, n, out, up)
           : through_y<F::m, 1, 0>(slope, line, rate, p.weight + k, d.m, n, out, up);
    INDEPENDENT
    for (int64_t i = 0; i < n; ++i) up[i] /= scale[i];
    if (d.sums) summed(d, r, k, out, slope, up, to);
  }
  mixed(d, r, t, matrix, h, panels, u);
  if (slopes) outer(d, r, t, h, e, two, slopes);
  for (int64_t k = 0; k < r.rows; ++k) {
    int64_t at = r.start + k * r.step;
    ahead<true>(r, gx, k);
    const T *line = read(x + at, in, n), *slope = read(g + at, grad, n);
    T* result = target(gx + at, out);
    const T *rate = rates + k * t.step, *back = u + k * t.step;
    d.last ? through_x<F::n, F::m, 1, 1, 1>(d, slope, line, rate, p.weight, back, n, result)
           : through_x<F::n, F::m, 1, 0, 1>(d, slope, line, rate, p.weight + k, back, n, result);
    write(gx + at, result, n);
  }
}
