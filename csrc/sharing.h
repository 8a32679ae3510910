// Pools of all channels: a unit, band by band. Included into the namespace of one instruction set.

template <bool Centered, class S, class T>
inline void shared_energy(const Division& d, const Region& r, const S* x, const S* to, int64_t from, int64_t end,
                          const Planes<T>& at) {
  Region some = places_of(d, r, from, end);
  d.last ? place_energy<Centered>(d, some, x, to, at.from(from)) : total_energy<Centered>(d, some, x, to, at.from(from));
}

template <int M, bool Centered, class S, class T>
inline void forward_shared(const Division& d, const Region& r, const S* x, S* y, T* scratch) {
  Planes<T> at(d, r, scratch);
  Own<T> p = d.last ? own(d, r, at.params) : Own<T>{};
  by_bands(
      d, r, [&](int64_t from, int64_t to) { shared_energy<Centered>(d, r, x, y, from, to, at); },
      [&](int64_t from, int64_t to, int64_t next) {
        pooled_places<false>(d, at.squares, from, to, at.e, at.room);
        Region some = places_of(d, r, from, to);
        d.last ? divided_places<M, Centered>(d, some, x, y, next, at.from(from), p)
               : divided_total<M, Centered>(d, some, x, y, next, at.from(from));
      });
}

// h over the windows; of a center also what the channels together give to the mean
template <bool Centered, class T>
inline void spread_slopes(const Division& d, const Region& r, int64_t from, int64_t to, const Planes<T>& at) {
  pooled_places<true>(d, at.slopes, from, to, at.h, at.room);
  if (!Centered) return;
  T gain = T(d.gain), factor = T(-2 * d.p * d.gain);
  for (int64_t i = 0; i < r.places; ++i) at.past[i] = gain * (at.past[i] + factor * at.h[i] * at.rest[i]);
  spread(d, r, at.past, at.room);
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
  if (!d.pool) {
    shared_energy<Centered>(d, r, x, gx, 0, r.places, at);
    pooled_places<false>(d, at.squares, 0, r.places, at.e, at.room);
  }
  by_bands(
      d, r,
      [&](int64_t from, int64_t to) {
        shared_slopes<M, Centered>(d, places_of(d, r, from, to), g, x, gx, at.from(from), p, sums);
      },
      [&](int64_t from, int64_t to, int64_t next) {
        spread_slopes<Centered>(d, r, from, to, at);
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
