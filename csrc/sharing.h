// Pools of all channels: a unit, band by band. Included into the namespace of one instruction set.

template <bool Centered, class S, class T>
inline void shared_energy(const Division& d, const Region& r, const S* x, const S* to, int64_t from, int64_t end,
                          const Planes<T>& at) {
  Region some = places_of(d, r, from, end);
  d.last ? place_energy<Centered>(some, x, to, at.from(from)) : total_energy<Centered>(some, x, to, at.from(from));
}

// Whether all values of a unit are one: then that is the mean, exactly
template <class S>
inline bool one_value(const Region& r, const S* x) {
  x += r.start;
  auto first = value_of(x[0]);
  for (int64_t k = 0; k < r.rows; ++k)
    for (int64_t i = 0; i < r.length; ++i)
      if (!(value_of(x[k * r.step + i]) == first)) return false;
  return true;
}

// The energies of a unit, and its means; work(from, to, next) once e of a band is there. `to` is soon written.
template <bool Centered, class S, class T, class Use>
inline void shared_scales(const Division& d, const Region& r, const S* x, const S* to, const Planes<T>& at,
                          const Use& work) {
  bool one = Centered && one_value(r, x);
  T first = value_of(x[r.start]), gain = T(d.gain);
  by_bands(
      d, r,
      [&](int64_t from, int64_t end) {
        if (!Centered) return shared_energy<Centered>(d, r, x, to, from, end, at);
        Region some = places_of(d, r, from, end);
        d.last ? place_center(some, x, at.from(from)) : total_center(some, x, at.from(from));
      },
      [&](int64_t from, int64_t end) {
        pooled_places<false>(d, at.other, from, end, at.center, at.room);
        for (int64_t i = from; i < end; ++i) at.center[i] = one ? first : gain * at.center[i];
        shared_energy<Centered>(d, r, x, to, from, end, at);
      },
      [&](int64_t from, int64_t end, int64_t next) {
        pooled_places<false>(d, at.squares, from, end, at.e, at.room);
        work(from, end, next);
      });
}

template <int M, bool Centered, class S, class T>
inline void forward_shared(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  Planes<T> at(d, r, scratch);
  Own<T> p = d.last ? own(d, r, at.params) : Own<T>{};
  shared_scales<Centered>(d, r, x, y, at, [&](int64_t from, int64_t to, int64_t next) {
    Region some = places_of(d, r, from, to);
    d.last ? divided_places<M, Centered>(d, some, x, y, next, at.from(from), p)
           : divided_total<M, Centered>(d, some, x, y, next, at.from(from));
  });
}

template <int M, bool Centered, class S, class T>
inline void shared_slopes(const Division& d, const Region& r, const S* g, const S* x, const S* gx, const Planes<T>& at,
                          const Own<T>& p, const Sums& to) {
  if (!d.last) return total_slopes<M, Centered>(d, r, g, x, gx, at, to);
  by_offsets(d, [&](auto one) {
    d.sums ? place_slopes<M, Centered, one.value, true>(d, r, g, x, gx, at, p, to)
           : place_slopes<M, Centered, one.value, false>(d, r, g, x, gx, at, p, to);
  });
}

template <int M, bool Centered, class S, class T>
inline void backward_shared(const Division& d, const Region& r, const S* g, const S* x, S* gx, const Sums& sums,
                            T* scratch) {
  Planes<T> at(d, r, scratch);
  Own<T> p = d.last ? own(d, r, at.params) : Own<T>{};
  if (!d.pool) shared_scales<Centered>(d, r, x, gx, at, [](int64_t, int64_t, int64_t) {});
  T gain = T(d.gain), factor = T(-2 * d.p * d.gain);
  by_bands(
      d, r,
      [&](int64_t from, int64_t to) {
        shared_slopes<M, Centered>(d, places_of(d, r, from, to), g, x, gx, at.from(from), p, sums);
      },
      [&](int64_t from, int64_t to) {  // what the channels together give to the mean
        pooled_places<true>(d, at.slopes, from, to, at.h, at.room);
        for (int64_t i = from; i < to; ++i) at.past[i] = gain * (at.past[i] + factor * at.h[i] * at.rest[i]);
      },
      [&](int64_t from, int64_t to, int64_t next) {
        const T* plane = Centered ? at.past : at.slopes;
        pooled_places<true>(d, plane, from, to, Centered ? at.other : at.h, at.room);
        Region some = places_of(d, r, from, to);
        d.last ? place_gradient<M, Centered>(d, some, g, x, gx, next, at.from(from), p)
               : total_gradient<M, Centered>(d, some, g, x, gx, next, at.from(from));
      });
}

template <class Work>
inline void by_total(const Division& d, const Work& work) {
  using std::integral_constant;
  if (d.centered) return work(integral_constant<int, 1>(), std::true_type());
  if (d.m == 1) return work(integral_constant<int, 1>(), std::false_type());
  work(integral_constant<int, 2>(), std::false_type());
}
