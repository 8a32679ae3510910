// Local response normalisation of channels that lie next to each other, with a window of a few of them: some rows
// at a time, each with zeros around it, in the nearest cache. Included into the namespace of one instruction set.

constexpr int64_t MARGIN = FULL, BESIDE = 2048;  // zeros between rows; values that are computed with together

inline bool beside(const Division& d) { return d.last && d.channels >= FULL && !in_space(d) && usual_window(d); }

// Of the scratch: a number of rows with zeros between them
template <class T>
struct Framed {
  int64_t step, rows;
  T* first;
  Framed(int64_t channels, T* room)
      : step(rounded(channels) + MARGIN), rows(most(1, BESIDE / step)), first(room + MARGIN) {}
  int64_t elements() const { return rows * step + 2 * MARGIN; }
  void clear() {
    for (int64_t i = -MARGIN; i < rows * step; ++i) first[i] = T(0);
  }
};

inline int64_t beside_elements(const Division& d, bool backward) {
  return Framed<float>(d.channels, nullptr).elements() * (backward ? 3 : 1);
}

// The sum of K values around each lane
template <int K, class T>
WITHIN Vector<T> sum_around(const T* at) {
  Vector<T> sum = loaded(at - K / 2);
  for (int k = 1; k < K; ++k) sum += loaded(at - K / 2 + k);
  return sum;
}

// work(which vector of x, its place in a frame) for all of some rows
template <class T, class Work>
WITHIN void each_beside(int64_t rows, int64_t channels, int64_t step, const Work& work) {
  for (int64_t k = 0, from = 0, to = 0; k < rows; ++k, from += channels, to += step) {
    int64_t i = 0;
    for (; i + many<T> <= channels; i += many<T>) work(from + i, to + i);
    if (i < channels) work(from + channels - many<T>, to + channels - many<T>);
  }
}

template <int K, class S, class T>
inline void forward_beside(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  using V = Vector<T>;
  Framed<T> frame(r.length, scratch);
  frame.clear();
  const int64_t channels = r.length, rows = r.rows, step = frame.step;
  T* squares = frame.first;
  V offset = everywhere(T(d.offset[0])), gain = everywhere(T(d.gain));
  x += r.start, y += r.start;
  for (int64_t k = 0; k < rows; k += frame.rows, x += frame.rows * channels, y += frame.rows * channels) {
    int64_t some = least(frame.rows, rows - k);
    each_beside<T>(some, channels, step, [=](int64_t i, int64_t at) INLINED {
      V v = loaded(x + i);
      stored(squares + at, v * v);
    });
    each_beside<T>(some, channels, step, [=](int64_t i, int64_t at) INLINED {
      V s = offset + gain * sum_around<K>(squares + at);
      stored(y + i, loaded(x + i) * inverse<Rate::three_quarters, T>(s).rate);
    });
  }
}

// As backward_near: gx = g·s^(−p) − 2·p·gain·x·(sum of q = g·x·s^(−p − 1) over the window)
template <int K, class S, class T>
inline void backward_beside(const Division& d, const Region& r, const S* g, const S* x, S* gx, T* scratch) {
  using V = Vector<T>;
  Framed<T> frame(r.length, scratch), slopes(r.length, scratch + frame.elements());
  frame.clear(), slopes.clear();
  const int64_t channels = r.length, rows = r.rows, step = frame.step;
  T *squares = frame.first, *q = slopes.first, *passed = scratch + 2 * frame.elements();
  V offset = everywhere(T(d.offset[0])), gain = everywhere(T(d.gain)), factor = everywhere(T(-2 * d.p * d.gain));
  x += r.start, g += r.start, gx += r.start;
  for (int64_t k = 0; k < rows; k += frame.rows) {
    int64_t some = least(frame.rows, rows - k);
    each_beside<T>(some, channels, step, [=](int64_t i, int64_t at) INLINED {
      V v = loaded(x + i);
      stored(squares + at, v * v);
    });
    each_beside<T>(some, channels, step, [=](int64_t i, int64_t at) INLINED {
      Inverse<T> by = inverse<Rate::three_quarters, T>(offset + gain * sum_around<K>(squares + at));
      V through = loaded(g + i) * by.rate;
      stored(passed + at, through), stored(q + at, through * loaded(x + i) * by.once);
    });
    each_beside<T>(some, channels, step, [=](int64_t i, int64_t at) INLINED {
      stored(gx + i, loaded(passed + at) + factor * loaded(x + i) * sum_around<K>(q + at));
    });
    x += some * channels, g += some * channels, gx += some * channels;
  }
}
