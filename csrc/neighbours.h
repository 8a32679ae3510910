// Local response normalisation of contiguous images with a window of a few channels: four channels at a time,
// from memory to memory in registers. Included into the namespace of one instruction set.

constexpr int TOGETHER = 4;

inline bool usual_window(const Division& d) {
  bool few = d.neighbours == 3 || d.neighbours == 5 || d.neighbours == 7;
  bool usual = rate_of(d.p) == Rate::three_quarters && d.n == 2 && d.m == 1 && d.offsets == 1;
  return few && usual && !d.total && !d.weight && !d.bias && !d.sums;
}

inline bool near_by(const Division& d) { return streams(d) && d.places >= FULL && usual_window(d); }

// Of the scratch: zeros, and for backward slopes and gradients · rates of the channels before
inline int64_t near_elements(const Division& d, int64_t width, bool backward) {
  int64_t rows = 1 + (backward ? d.neighbours - 1 + d.neighbours / 2 : 0);
  return rows * (2 * width + WIDTH);
}

// The sums of K out of K + 3 that follow each other
template <int K, class V>
WITHIN void sums_of(const V* q, V* s) {
  if constexpr (K < TOGETHER) {
    for (int j = 0; j < TOGETHER; ++j) {
      s[j] = q[j];
      for (int k = 1; k < K; ++k) s[j] += q[j + k];
    }
  } else {
    V all = q[3];  // are in each of them
    for (int k = 4; k < K; ++k) all += q[k];
    V left = q[1] + q[2], right = q[K] + q[K + 1];
    s[0] = (q[0] + left) + all;
    s[1] = left + (all + q[K]);
    s[2] = (q[2] + all) + right;
    s[3] = all + (right + q[K + 2]);
  }
}

template <int K, class S, class T>
inline void forward_near(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  using V = Vector<T>;
  constexpr int ROWS = K + TOGETHER - 1;
  S* none = (S*)scratch;
  memset(none, 0, sizeof(S) * r.length);
  V offset = everywhere(T(d.offset[0])), gain = everywhere(T(d.gain));
  for (int64_t c = 0; c < r.rows; c += TOGETHER) {
    const S* from[ROWS];
    for (int j = 0; j < ROWS; ++j) {
      int64_t k = c - K / 2 + j;
      from[j] = k >= 0 && k < r.rows ? x + r.start + k * r.step : none;
    }
    S* to = y + r.start + c * r.step;
    int64_t made = least(TOGETHER, r.rows - c);
    by_vector<T>(r.length, [&](int64_t i, int64_t) {
      V v[ROWS], q[ROWS], s[TOGETHER];
      for (int j = 0; j < ROWS; ++j) v[j] = loaded(from[j] + i), q[j] = v[j] * v[j];
      sums_of<K>(q, s);
      for (int j = 0; j < TOGETHER; ++j)
        if (j < made) stored(to + j * r.step + i, v[K / 2 + j] * inverse<Rate::three_quarters, T>(offset + gain * s[j]).rate);
    });
  }
}

// q = g·x·s^(−p − 1) of four channels, and with those of the channels before, what is complete:
// gx = g·s^(−p) − 2·p·gain·x·(sum of q over the mirrored window), K / 2 channels behind
template <int K, class S, class T>
inline void backward_near(const Division& d, const Region& r, const S* g, const S* x, S* gx, T* scratch) {
  using V = Vector<T>;
  constexpr int ROWS = K + TOGETHER - 1, BEHIND = K / 2;
  int64_t length = (r.length + many<T> - 1) / many<T> * many<T>;
  S* none = (S*)scratch;
  T *kept = scratch + length, *ready = kept + (K - 1) * length;
  memset(none, 0, sizeof(S) * r.length);
  for (int64_t i = 0; i < (K - 1 + BEHIND) * length; ++i) kept[i] = T(0);
  V offset = everywhere(T(d.offset[0])), gain = everywhere(T(d.gain));
  V factor = everywhere(T(-2 * d.p * d.gain)), zero = {};
  for (int64_t c = 0; c < r.rows + BEHIND; c += TOGETHER) {
    const S *from[ROWS], *along[TOGETHER];
    for (int j = 0; j < ROWS; ++j) {
      int64_t k = c - K / 2 + j;
      from[j] = k >= 0 && k < r.rows ? x + r.start + k * r.step : none;
    }
    for (int j = 0; j < TOGETHER; ++j) along[j] = c + j < r.rows ? g + r.start + (c + j) * r.step : none;
    int64_t b = c - BEHIND, first = b < 0 ? -b : 0, last = least(TOGETHER, r.rows - b), here = r.rows - c;
    S* to = gx + r.start + b * r.step;
    by_vector<T>(r.length, [&](int64_t i, int64_t slot) {
      V v[ROWS], q[ROWS], s[TOGETHER], t[BEHIND + TOGETHER], u[TOGETHER];
      for (int j = 0; j < ROWS; ++j) v[j] = loaded(from[j] + i), q[j] = v[j] * v[j];
      sums_of<K>(q, s);
      for (int j = 0; j < K - 1; ++j) q[j] = loaded(kept + j * length + slot);
      for (int j = 0; j < BEHIND; ++j) t[j] = loaded(ready + j * length + slot);
      for (int j = 0; j < TOGETHER; ++j) {
        Inverse<T> by = inverse<Rate::three_quarters, T>(offset + gain * s[j]);
        V through = loaded(along[j] + i) * by.rate;
        t[BEHIND + j] = through, q[K - 1 + j] = j < here ? through * v[K / 2 + j] * by.once : zero;
      }
      sums_of<K>(q, u);
      for (int j = 0; j < TOGETHER; ++j)
        if (j >= first && j < last) stored(to + j * r.step + i, t[j] + factor * v[j] * u[j]);
      for (int j = 0; j < K - 1; ++j) stored(kept + j * length + slot, q[TOGETHER + j]);
      for (int j = 0; j < BEHIND; ++j) stored(ready + j * length + slot, t[TOGETHER + j]);
    });
  }
}

template <class Work>
inline void by_window(const Division& d, const Work& work) {
  if (d.neighbours == 3) return work(std::integral_constant<int, 3>());
  if (d.neighbours == 5) return work(std::integral_constant<int, 5>());
  work(std::integral_constant<int, 7>());
}
