// Batch normalisation: sums over rows of channels that lie next to each other. Included into the namespace of one set.

constexpr int SUMMED = WIDTH == 64 ? 8 : 4;  // vectors for whose sums there are registers
constexpr int HELD = WIDTH == 64 ? 4 : 2;    // and for the numbers by which they are normalised
constexpr int64_t HELD_ROWS = 8;             // for which they are kept there

// Sums over the lanes of each channel
inline void folded(const double* lanes, const Block& at, double* to) {
  int64_t n = at.lanes(), period = at.channels();
  for (int64_t g = 0; g < period; ++g) to[g] = lanes[g];
  for (int64_t i = period; i < n; i += period)
    for (int64_t g = 0; g < period; ++g) to[g] += lanes[i + g];
}

template <class T>
inline void spread(const double* values, const Block& at, T* lanes) {
  int64_t n = at.lanes(), period = at.channels();
  for (int64_t g = 0; g < period; ++g) lanes[g] = T(values[g]);
  for (int64_t i = period; i < n; ++i) lanes[i] = lanes[i - period];
}

// work(as a type how many) where a row of lanes is so many vectors, at most as many as are asked for; whether it is
template <int most_asked, class T, class Work>
WITHIN bool in_registers(int64_t lanes, Work work) {
  if (lanes == most_asked * many<T>) return work(Beside<most_asked>{}), true;
  if constexpr (most_asked > 1) return in_registers<most_asked - 1, T>(lanes, work);
  return false;
}

// work(as a type how many, their first lane, which) for the vectors of a row
template <int at_once, class T, class Work>
WITHIN void by_strips(int64_t n, Work work) {
  constexpr int64_t w = many<T>;
  int64_t i = 0;
  auto whole = [&](int k) INLINED { return Whole<T>{i + k * w}; };
  for (; i + at_once * w <= n; i += at_once * w) work(Beside<at_once>{}, i, whole);
  for (; at_once > 1 && i + w <= n; i += w) work(Beside<1>{}, i, whole);
  if (i < n) work(Beside<1>{}, n - w, [&](int) INLINED { return Ending<T>{n, n - i}; });
}

// What `of(row, some, lane, a, c)` adds of each row to the sums a and c of its lanes: `some` is a vector of the row,
// which begins at that lane.
template <int at_once, class T, class Of>
WITHIN void add_rows(int64_t from, int64_t step, int64_t rows, int64_t n, T* one, T* two, Of of) {
  constexpr int64_t w = many<T>;
  by_strips<at_once, T>(n, [&](auto count, int64_t lane, auto some) INLINED {
    Vector<T> a[count.value], c[count.value];
    for (int k = 0; k < count.value; ++k) a[k] = loaded(one + lane + k * w), c[k] = loaded(two + lane + k * w);
    for (int64_t row = from; row < from + rows * step; row += step)
      for (int k = 0; k < count.value; ++k) of(row, some(k), lane + k * w, a[k], c[k]);
    for (int k = 0; k < count.value; ++k) stored(one + lane + k * w, a[k]), stored(two + lane + k * w, c[k]);
  });
}

// The sums over rows of lanes. Memory is read in order: only rows that fit the registers stay there.
template <class T, class Of>
WITHIN void sums_of_lanes(const Block& at, int64_t most_rows, double* one, double* two, Of of) {
  T room[2 * (many<T> + TILE)], *a = room + many<T>, *c = a + many<T> + TILE;  // with room before, for a short row
  for (int64_t i = 0; i < at.lanes(); ++i) one[i] = two[i] = 0;
  auto add = [&](auto at_once, int64_t joined) INLINED {
    at.each_rows(least(DEEP, most_rows), [&](int64_t from, int64_t rows, int64_t n) INLINED {
      if ((most_rows -= rows) + rows <= 0) return;
      for (int64_t i = 0; i < n; ++i) a[i] = c[i] = T(0);
      for (int64_t r = 0; r < rows; r += joined)
        add_rows<at_once.value>(from + r * at.step(), at.step(), least(joined, rows - r), n, a, c, of);
      for (int64_t i = 0; i < n; ++i) one[i] += double(a[i]), two[i] += double(c[i]);
    });
  };
  if (!in_registers<SUMMED, T>(at.lanes(), [&](auto all) INLINED { add(all, DEEP); })) add(Beside<1>{}, 1);
}
