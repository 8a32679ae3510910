// Rows of values as vectors, in the type computed in: whole ones and what is left at the end. Included into the
// namespace of one set.

// One value
template <class T>
inline T value_of(T v) { return v; }
inline float value_of(bfloat v) { return widened(v); }
inline float value_of(half v) { return widened(v); }

constexpr int64_t AHEAD = 1024;  // bytes from what is asked for to what is used: the processor foresees no next page

// The vectors of a row, and what is left at its end: the row's last values again, or all of a shorter row at the end
// of a vector. `fresh` gives zeros for what was there before.
template <class T>
struct Whole {
  int64_t at;
  template <class S>
  Vector<T> of(const S* row) const {
    __builtin_prefetch((const char*)(row + at) + AHEAD);
    return loaded(row + at);
  }
  template <class S>
  const S* in(const S* row) const { return row + at; }
  Vector<T> fresh(Vector<T> v) const { return v; }
  template <class S>
  void into(S* row, Vector<T> v) const {
    __builtin_prefetch((const char*)(row + at) + AHEAD, 1);
    stored(row + at, v);
  }
};

template <class T>
struct Ending {
  int64_t all, left;
  template <class S>
  Vector<T> of(const S* row) const {
    constexpr int64_t w = many<T>;
    if (all >= w) return loaded(row + all - w);
    S some[w] = {};
    for (int64_t i = 0; i < all; ++i) some[w - all + i] = row[i];
    return loaded(some);
  }
  template <class S>
  const S* in(const S* row) const { return row + all - left; }
  Vector<T> fresh(Vector<T> v) const {
    return Lane<T>::only(Lane<T>::from(many<T> - left), v);
  }
  template <class S>
  void into(S* row, Vector<T> v) const {
    constexpr int64_t w = many<T>;
    if (all >= w) return stored(row + all - w, v);
    S some[w];
    stored(some, v);
    for (int64_t i = 0; i < all; ++i) row[i] = some[w - all + i];
  }
};

constexpr int SUMS_BESIDE = 4;  // sums that do not wait for each other
template <int k>
struct Beside {
  static constexpr int value = k;
};

// f(which of the sums, vector) for all of a row of n values
template <class T, class F>
WITHIN void each_vector(int64_t n, F f) {
  constexpr int64_t w = many<T>;
  int64_t i = 0;
  for (; i + SUMS_BESIDE * w <= n; i += SUMS_BESIDE * w) {
    f(Beside<0>{}, Whole<T>{i}), f(Beside<1>{}, Whole<T>{i + w});
    f(Beside<2>{}, Whole<T>{i + 2 * w}), f(Beside<3>{}, Whole<T>{i + 3 * w});
  }
  if (i + w <= n) f(Beside<0>{}, Whole<T>{i}), i += w;
  if (i + w <= n) f(Beside<1>{}, Whole<T>{i}), i += w;
  if (i + w <= n) f(Beside<2>{}, Whole<T>{i}), i += w;
  if (i < n) f(Beside<3>{}, Ending<T>{n, n - i});
}

template <class T>
inline double total(const Vector<T> (&sums)[SUMS_BESIDE]) {
  T lanes[SUMS_BESIDE * many<T>];
  memcpy(lanes, sums, sizeof(lanes));
  double wide[SUMS_BESIDE * many<T>];
  for (int64_t i = 0; i < SUMS_BESIDE * many<T>; ++i) wide[i] = double(lanes[i]);
  for (int64_t half = SUMS_BESIDE * many<T> / 2; half; half /= 2)
    for (int64_t i = 0; i < half; ++i) wide[i] += wide[half + i];
  return wide[0];
}
