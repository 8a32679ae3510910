// Divisive normalisation of one unit of work: some rows of one sample that need no other.
// Included into the namespace of one instruction set.

// A unit: rows of `length` elements, `step` apart in memory. Contiguous: a row is a channel. Channels last:
// a row is a place.
struct Region {
  int64_t start, rows, length, step;
  int64_t channel, channels, places, place;
  int64_t next;  // the start of the unit after it, or its own
};

inline bool in_space(const Division& d) { return d.size > 0; }
inline bool shared(const Division& d) { return d.total && d.offsets == 1; }  // one rate for all channels
inline bool by_plane(const Division& d) { return in_space(d) && !d.total && !d.neighbours; }

inline Region region_alone(const Division& d, const Cut& cut, int64_t unit) {
  int64_t sample = unit / cut.pieces, piece = unit % cut.pieces, at = piece * cut.width;
  int64_t start = sample * d.channels * d.places;
  bool planes = by_plane(d);
  int64_t all = planes ? d.channels : d.places, part = piece + 1 < cut.pieces ? cut.width : all - at;
  Region r;
  r.channel = planes ? at : 0, r.place = planes ? 0 : at;
  r.channels = planes ? part : d.channels, r.places = planes ? d.places : part;
  r.rows = d.last ? r.places : r.channels;
  r.length = d.last ? r.channels : r.places;
  r.step = d.last ? d.channels : d.places;
  r.start = start + (d.last ? r.place * d.channels + r.channel : r.channel * d.places + r.place);
  r.next = r.start;
  return r;
}

inline Region region(const Division& d, const Cut& cut, int64_t unit) {
  Region r = region_alone(d, cut, unit);
  if (unit + 1 < cut.units) r.next = region_alone(d, cut, unit + 1).start;
  return r;
}

// The pool as an array: (channels, places), or (places, channels) of channels last; after a total one channel.
inline int64_t pooled_channels(const Division& d, const Region& r) { return d.total ? 1 : r.channels; }

inline Lines along(const Division& d, const Region& r, int axis) {
  Lines a = {1, d.extent[axis], 1};
  for (int k = 0; k < axis; ++k) a.outer *= d.extent[k];
  for (int k = axis + 1; k < d.rank; ++k) a.inner *= d.extent[k];
  (d.last ? a.inner : a.outer) *= pooled_channels(d, r);
  return a;
}

inline Lines across(const Division& d, const Region& r) {
  int64_t c = pooled_channels(d, r);
  return d.last ? Lines{r.places, c, 1} : Lines{1, c, r.places};
}

template <class T>
inline void shares(const Division& d, const Region& r, T* a) {
  int64_t c = pooled_channels(d, r);
  if (d.last)
    for (int64_t i = 0; i < r.places; ++i)
      INDEPENDENT
      for (int64_t j = 0; j < c; ++j) a[i * c + j] *= T(d.share[i]);
  else
    for (int64_t j = 0; j < c; ++j)
      INDEPENDENT
      for (int64_t i = 0; i < r.places; ++i) a[j * r.places + i] *= T(d.share[i]);
}

template <class T>
inline void pool(const Division& d, const Region& r, T* a, T* pad) {
  if (in_space(d)) {
    for (int k = 0; k < d.rank; ++k) window(along(d, r, k), {d.size / 2, d.size, d.taps}, a, a, pad);
    shares(d, r, a);
  }
  if (d.neighbours) window(across(d, r), {d.neighbours / 2, d.neighbours, nullptr}, a, a, pad);
}

// Its adjoint: the steps backwards, the windows mirrored (the taps of an even window are given mirrored too)
template <class T>
inline void spread(const Division& d, const Region& r, T* a, T* pad) {
  if (d.neighbours) window(across(d, r), {(d.neighbours - 1) / 2, d.neighbours, nullptr}, a, a, pad);
  if (in_space(d)) {
    shares(d, r, a);
    const double* mirrored = d.taps ? d.taps + d.size : nullptr;
    for (int k = 0; k < d.rank; ++k) window(along(d, r, k), {(d.size - 1) / 2, d.size, mirrored}, a, a, pad);
  }
}

constexpr int64_t LANES = 16;

template <class T>
inline T sum_of(const T* a, int64_t n) {  // in lanes: short sums, and the same for every instruction set
  T lane[LANES] = {};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int64_t j = 0; j < LANES; ++j) lane[j] += a[i + j];
  for (int64_t j = 0; i < n; ++i, ++j) lane[j] += a[i];
  for (int64_t half = LANES / 2; half; half /= 2)
    INDEPENDENT
    for (int64_t j = 0; j < half; ++j) lane[j] += lane[j + half];
  return lane[0];
}

// Rooms of a unit in its scratch, in elements
struct Rooms {
  int64_t pool, pad, row, rate;
  int64_t all(bool backward) const { return pool + pad + rate + 9 * row + (backward ? pool : 0); }
};

inline int64_t rounded(int64_t n) { return (n + 15) / 16 * 16; }

inline Rooms rooms(const Division& d, const Region& r) {
  Rooms room = {0, 0, 0, 0};
  int64_t c = pooled_channels(d, r);
  room.pool = rounded(c * r.places);
  if (in_space(d))
    for (int k = 0; k < d.rank; ++k) room.pad = most(room.pad, padded(along(d, r, k), d.size));
  if (d.neighbours) room.pad = most(room.pad, padded(across(d, r), d.neighbours));
  room.pad = rounded(room.pad) + 64;
  room.row = rounded(most(r.length, d.channels));
  room.rate = room.pool;
  return room;
}

// The powers n and m that have loops of their own: 0 stands for any
template <int N, int M>
struct Form {
  static constexpr int n = N, m = M;
};

template <class Work>
inline void by_form(const Division& d, const Work& work) {
  int n = plain(d.n), m = plain(d.m);
  if (n == 2 && m == 1) return work(Form<2, 1>());
  if (n == 2 && m == 2) return work(Form<2, 2>());
  if (n == 1 && m == 1) return work(Form<1, 1>());
  work(Form<0, 0>());
}

// Rows far apart in memory are asked for some rows ahead: the processor foresees lines within a page alone.
constexpr int64_t ROWS_AHEAD = 4;

template <bool Written, class S>
inline void ahead(const Region& r, const S* array, int64_t k) {
  if (k + ROWS_AHEAD >= r.rows || r.step == r.length) return;
  const char* row = (const char*)(array + r.start + (k + ROWS_AHEAD) * r.step);
  for (int64_t i = 0; i < r.length * int64_t(sizeof(S)); i += 64) __builtin_prefetch(row + i, Written);
}

template <int N, class S, class T>
inline void pooled(const Division& d, const Region& r, const S* x, T* e, T* pad, T* room, T* other) {
  bool rows = d.total && !d.last;  // are added up
  if (rows)
    for (int64_t i = 0; i < r.length; ++i) e[i] = T(0);
  for (int64_t k = 0; k < r.rows; ++k) {
    ahead<false>(r, x, k);
    const T* row = read(x + r.start + k * r.step, room, r.length);
    T* out = d.total ? other : e + k * r.length;
    if (rows)
      INDEPENDENT
      for (int64_t i = 0; i < r.length; ++i) e[i] += energy<N>(row[i], d.n);
    else
      INDEPENDENT
      for (int64_t i = 0; i < r.length; ++i) out[i] = energy<N>(row[i], d.n);
    if (d.total && d.last) e[k] = sum_of(out, r.length);
  }
  pool(d, r, e, pad);
}

// Parameters of the channels of a unit, in T: one for each row, or along each row of channels last
template <class T>
struct Own {
  const T *offset, *weight, *bias;
};

template <class T>
inline Own<T> own(const Division& d, const Region& r, T* room) {
  T *o = room, *w = room + rounded(d.channels), *b = w + rounded(d.channels);
  for (int64_t c = 0; c < r.channels; ++c) {
    o[c] = T(d.offset[d.offsets == 1 ? 0 : r.channel + c]);
    w[c] = d.weight ? T(d.weight[r.channel + c]) : T(1);
    b[c] = d.bias ? T(d.bias[r.channel + c]) : T(0);
  }
  return {o, w, b};
}

// s of row k, in `s`
template <class T>
inline void scales(const Division& d, const Region& r, const Own<T>& p, const T* e, int64_t k, T* s) {
  T gain = T(d.gain);
  const T* row = d.total ? (d.last ? e + k : e) : e + k * r.length;
  if (!d.last)
    INDEPENDENT
    for (int64_t i = 0; i < r.length; ++i) s[i] = p.offset[k] + gain * row[i];
  else if (d.total)
    INDEPENDENT
    for (int64_t i = 0; i < r.length; ++i) s[i] = p.offset[i] + gain * row[0];
  else
    INDEPENDENT
    for (int64_t i = 0; i < r.length; ++i) s[i] = p.offset[i] + gain * row[i];
}

// s of every place, where the channels share it, and its rate in its stead
template <class T>
inline void shared_rates(const Division& d, const Region& r, const Own<T>& p, T* e, T* s) {
  T gain = T(d.gain), offset = p.offset[0];
  INDEPENDENT
  for (int64_t i = 0; i < r.places; ++i) s[i] = offset + gain * e[i];
  inverse_power(s, e, r.places, d.p);
}
