// Pools of all channels of contiguous images: each pass over the channels goes from memory to memory in registers.
// Included into the namespace of one instruction set.

// x, or what is left of it
template <bool Centered, class S, class T>
WITHIN Vector<T> value(const S* x, const T* center, int64_t i) {
  return Centered ? loaded(x + i) - loaded(center + i) : loaded(x + i);
}

// work(the first of some channels, how many) so that a plane is not read and written for each of them
template <class Work>
WITHIN void by_channels(const Region& r, const Work& work) {
  constexpr int64_t EIGHT = 8;
  int64_t c = 0;
  for (; c + EIGHT <= r.rows; c += EIGHT) work(c, EIGHT);
  if (c < r.rows) work(c, r.rows - c);
}

// Σ x over the channels
template <class S, class T>
inline void total_center(const Region& r, const S* x, const Planes<T>& at) {
  using V = Vector<T>;
  x += r.start;
  by_channels(r, [&](int64_t c, int64_t some) {
    once_by_vector<T>(r.length, [&](int64_t i, auto fresh) {
      V sum = {};
      for (int64_t j = 0; j < some; ++j) sum += loaded(x + (c + j) * r.step + i);
      stored(at.other + i, c ? loaded(at.other + i) + Lane<T>::only(fresh, sum) : sum);
    });
  });
}

// Σ v² over the channels, and Σ v. `to` is soon written.
template <bool Centered, class S, class T>
inline void total_energy(const Region& r, const S* x, const S* to, const Planes<T>& at) {
  using V = Vector<T>;
  by_channels(r, [&](int64_t c, int64_t some) {
    once_by_vector<T>(r.length, [&](int64_t i, auto fresh) {
      V sum = {}, rest = {};
      for (int64_t j = 0; j < some; ++j) {
        int64_t place = r.start + (c + j) * r.step;
        V v = value<Centered>(x + place, at.center, i);
        soon<true>(to + place + i);
        sum += v * v, rest += v;
      }
      auto add = [&](T* to, V v) { stored(to + i, c ? loaded(to + i) + Lane<T>::only(fresh, v) : v); };
      add(at.squares, sum);
      if (Centered) add(at.rest, rest);
    });
  });
}

template <class T>
struct Channel {  // its parameters, in all lanes
  Vector<T> offset, weight, bias;
  Channel(const Division& d, int64_t c) {
    offset = everywhere(T(d.offset[d.offsets == 1 ? 0 : c]));
    weight = everywhere(d.weight ? T(d.weight[c]) : T(1)), bias = everywhere(d.bias ? T(d.bias[c]) : T(0));
  }
};

template <int M, class T>
WITHIN Inverse<T> inverse_total(Vector<T> s) {
  return inverse<M == 1 ? Rate::half : Rate::one, T>(s);
}

template <int M, bool Centered, class S, class T>
inline void divided_total(const Division& d, const Region& r, const S* x, S* y, int64_t next, const Planes<T>& at) {
  using V = Vector<T>;
  V gain = everywhere(T(d.gain));
  for (int64_t c = 0; c < r.rows; ++c) {
    Channel<T> own(d, c);
    int64_t place = r.start + c * r.step;
    by_vector<T>(r.length, [&](int64_t i, int64_t) {
      V v = value<Centered>(x + place, at.center, i);
      V rate = inverse_total<M, T>(own.offset + gain * loaded(at.e + i)).rate;
      soon<false>(x + place + i + next);
      stored(y + place + i, (M == 1 ? v : v * size_of<T>(v)) * (rate * own.weight) + own.bias);
    });
  }
}

// h = Σ g·drive·weight·s^(−p − 1) over the channels, and the sums for their parameters. gx is soon written.
template <int M, bool Centered, class S, class T>
inline void total_slopes(const Division& d, const Region& r, const S* g, const S* x, const S* gx, const Planes<T>& at,
                         const Sums& to) {
  using V = Vector<T>;
  constexpr int64_t SHORT = 64 * many<T>;  // places whose sum is taken in T
  V gain = everywhere(T(d.gain));
  int64_t parts = most(1, r.length / SHORT);
  for (int64_t i = 0; i < r.length; ++i) at.slopes[i] = T(0), at.past[i] = T(0);
  for (int64_t c = 0; c < r.rows; ++c) {
    Channel<T> own(d, c);
    double sums[3] = {};
    for (int64_t k = 0; k < parts; ++k) {
      int64_t begin = k * SHORT, end = k + 1 < parts ? begin + SHORT : r.length, place = r.start + c * r.step;
      V weights = {}, biases = {}, offsets = {};
      once_by_vector<T>(end - begin, [&](int64_t from, auto fresh) {
        int64_t i = begin + from;
        V slope = Lane<T>::only(fresh, loaded(g + place + i)), v = value<Centered>(x + place, at.center, i);
        Inverse<T> by = inverse_total<M, T>(own.offset + gain * loaded(at.e + i));
        V drive = M == 1 ? v : v * size_of<T>(v), passed = slope * by.rate;
        V through = passed * drive, up = through * own.weight * by.once;
        soon<true>(gx + place + i);
        stored(at.slopes + i, loaded(at.slopes + i) + up);
        if (Centered) stored(at.past + i, loaded(at.past + i) + passed * own.weight);
        weights += through, biases += slope, offsets += up;
      });
      sums[0] += added_up<T>(weights), sums[1] += added_up<T>(biases), sums[2] += added_up<T>(offsets);
    }
    if (!d.sums) continue;
    to.weight[c] += sums[0], to.bias[c] += sums[1], to.offset[d.offsets == 1 ? 0 : c] -= d.p * sums[2];
  }
}

template <int M, bool Centered, class S, class T>
inline void total_gradient(const Division& d, const Region& r, const S* g, const S* x, S* gx, int64_t next,
                           const Planes<T>& at) {
  using V = Vector<T>;
  V gain = everywhere(T(d.gain)), factor = everywhere(T(-2 * d.p * d.gain));
  for (int64_t c = 0; c < r.rows; ++c) {
    Channel<T> own(d, c);
    int64_t place = r.start + c * r.step;
    by_vector<T>(r.length, [&](int64_t i, int64_t) {
      V v = value<Centered>(x + place, at.center, i);
      V rate = inverse_total<M, T>(own.offset + gain * loaded(at.e + i)).rate;
      V slope = loaded(g + place + i) * (own.weight * rate);
      soon<false>(x + place + i + next), soon<false>(g + place + i + next);
      V out = (M == 1 ? slope : slope * (T(2) * size_of<T>(v))) + factor * loaded(at.h + i) * v;
      stored(gx + place + i, Centered ? out - loaded(at.other + i) : out);
    });
  }
}
