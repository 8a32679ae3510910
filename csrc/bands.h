// Pools of all channels: the planes that are pooled, and bands of places, so that what is read a second time is still
// in the second cache. Included into the namespace of one instruction set.

inline bool totals(const Division& d) {
  bool usual = d.n == 2 && ((d.m == 2 && rate_of(d.p) == Rate::one) || (d.m == 1 && rate_of(d.p) == Rate::half));
  return d.total && !d.neighbours && (d.last ? d.channels : d.places) >= FULL && usual;
}

inline bool by_vectors(const Division& d) { return near_by(d) || (totals(d) && !d.last); }

// Planes of the scratch. e and h are pooled; before that they are in `squares` and `slopes`. Of a pool whose mean is
// subtracted from x first: that mean, the sum of what is left, the sum of the gradients that pass by the scale, and
// what of them is pooled or not yet pooled. Of channels last also the parameters and their gradients.
template <class T>
struct Planes {
  T *e, *h, *squares, *slopes, *center, *rest, *past, *other, *params, *learned, *room;
  Planes(const Division& d, const Region& r, T* scratch) {
    int64_t plane = rounded(r.places), all = d.samples * d.places, own = own_elements(d);
    e = scratch, h = e + plane, center = h + plane, rest = center + plane, past = rest + plane;
    T* open = past + plane;
    other = open + plane;
    params = other + plane, learned = params + own, room = learned + own;
    if (d.pool) e = (T*)d.pool + (r.start - (d.last ? 0 : r.place)) / d.channels + (d.last ? 0 : r.place);
    if (d.pool && d.centered) center = e + all, rest = center + all;
    squares = in_space(d) ? open : e, slopes = in_space(d) ? open : h;
  }
  Planes from(int64_t place) const {
    Planes p = *this;
    p.e += place, p.h += place, p.squares += place, p.slopes += place;
    p.center += place, p.rest += place, p.past += place, p.other += place;
    return p;
  }
  static int64_t own_elements(const Division& d) { return d.last ? 3 * rounded(d.channels) : 0; }
  static int64_t elements(const Division& d, const Region& r) {
    return 8 * rounded(r.places) + 2 * own_elements(d) + rooms(d, r).pad;
  }
};

// Of a unit, places from one to another
inline Region places_of(const Division& d, const Region& r, int64_t from, int64_t to) {
  Region some = r;
  some.start += d.last ? from * d.channels : from, some.place += from, some.places = to - from;
  (d.last ? some.rows : some.length) = to - from;
  return some;
}

// The pool of some places, or its adjoint, of a plane that has what their windows reach
template <bool Adjoint, class T>
inline void pooled_places(const Division& d, const T* plane, int64_t from, int64_t to, T* out, T* room) {
  if (!in_space(d)) return;
  int64_t inner = d.places / d.extent[0], before = ((d.size - Adjoint) / 2) * inner;
  int64_t begin = most(0, from - before), end = least(d.places, to + (d.size - 1) * inner - before);
  Division part = d;
  part.extent[0] = (end - begin) / inner, part.places = end - begin, part.share = d.share + begin;
  Region r{};
  r.channels = 1, r.places = part.places;
  memcpy(room, plane + begin, sizeof(T) * part.places);
  T* pad = room + rounded(d.places);
  Adjoint ? spread(part, r, room, pad) : pool(part, r, room, pad);
  memcpy(out + from, room + (from - begin), sizeof(T) * (to - from));
}

// Band by band, work(from, to, how far on what comes next is). Before it `more` has had all places that its windows
// reach and, where there is a center, `between` too, and `more` those that the windows of `between` reach.
template <class More, class Between, class Use>
inline void by_bands(const Division& d, const Region& r, const More& more, const Between& between, const Use& work) {
  constexpr int64_t BAND = 1 << 15;
  int64_t inner = in_space(d) ? d.places / d.extent[0] : 1, all = r.places, after = d.size / 2 * inner;
  int64_t few = most(FULL, BAND / (d.last ? 2 : 1) / d.channels), width = pieces(most(few, after), inner) * inner;
  int64_t each = d.last ? d.channels : 1;
  auto end = [&](int64_t to) { return all - to < FULL ? all : to; };
  for (int64_t from = 0, read = 0, done = 0, to; from < all; from = to) {
    to = end(from + width);
    int64_t needed = end(to + after), reached = d.centered ? end(needed + after) : needed;
    if (reached > read) more(read, reached), read = reached;
    if (d.centered && needed > done) between(done, needed), done = needed;
    work(from, to, read < all ? (read - from) * each : r.next - r.start - from * each);
  }
}

// Memory that is soon read, or written
template <bool Written, class S>
WITHIN void soon(const S* at) {
  __builtin_prefetch(at, Written, 2);
}
