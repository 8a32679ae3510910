// Batch normalisation: how an array is cut into blocks. Channels that lie apart in memory (planes) have blocks of their
// own; of channels next to each other, a block has as many as a tile. Included into the namespace of one set.

constexpr int64_t TILE = 512, LANES = 64;  // channels of a tile at most; lanes that shorter rows are joined to
constexpr int64_t DEEP = 128;              // rows whose sums are as exact as they must be
constexpr int64_t FIRST = 32;              // rows of lanes whose mean is near that of a block
constexpr int64_t LONG = 512, TASKS = 16;  // rows of lanes in a block at most; into so many a small array is cut

// How an array is cut, by its shape alone
struct Blocks {
  int64_t tile, tiles;    // channels side by side in a block; how many such tiles
  int64_t outer, outers;  // of the first axis in a block; how many such parts
  int64_t inner, inners;  // of the last
  int64_t together;       // rows of a tile that are one row of lanes
  int64_t all() const { return tiles * outers * inners; }
  int64_t each() const { return outers * inners; }  // blocks of a channel
};

template <class T>
inline Blocks blocks_of(const Batch& b) {
  constexpr int64_t own = SUMS_BESIDE * many<T> * DEEP;
  Blocks k;
  k.tile = b.last ? least(b.channels, TILE) : 1;
  k.tiles = pieces(b.channels, k.tile);
  k.together = b.last && k.tiles == 1 ? most(1, LANES / most(1, b.channels)) : 1;
  k.inner = b.last ? 1 : least(b.inner, own);
  k.inners = pieces(b.inner, k.inner);
  k.outer = b.last ? least(LONG * k.together, most(DEEP * k.together, pieces(b.outer, TASKS)))
                   : most(1, own / most(1, b.inner));
  k.outers = pieces(b.outer, k.outer);
  return k;
}

// A block: which channels of an array, and which part of it
struct Block {
  const Batch& b;
  const Blocks& k;
  int64_t tile, part;

  int64_t channels() const { return b.last ? least(k.tile, b.channels - tile * k.tile) : 1; }
  int64_t lanes() const { return channels() * k.together; }
  int64_t first() const { return part / k.inners * k.outer; }
  int64_t rows() const { return least(k.outer, b.outer - first()); }
  double values() const {
    return double(rows()) * double(least(k.inner, b.inner - part % k.inners * k.inner));
  }
  // where the first value of a channel is
  int64_t begin(int64_t g) const {
    return (first() * b.channels + tile * k.tile + g) * b.inner + part % k.inners * k.inner;
  }
  // f(where a row begins, how many values) of planes, until f is false
  template <class F>
  WITHIN void each_row(F f) const {
    int64_t from = part % k.inners * k.inner, n = least(k.inner, b.inner - from);
    for (int64_t r = first(); r < first() + rows(); ++r)
      if (!f((r * b.channels + tile) * b.inner + from, n)) return;
  }
  // f(where rows of lanes begin, how many rows, lanes in each), up to `most_rows` at once
  template <class F>
  WITHIN void each_rows(int64_t most_rows, F f) const {
    int64_t full = rows() / k.together, rest = rows() % k.together * channels();
    auto at = [&](int64_t row) INLINED { return (first() + row * k.together) * b.channels + tile * k.tile; };
    for (int64_t r = 0; r < full; r += most_rows) f(at(r), least(most_rows, full - r), lanes());
    if (rest) f(at(full), int64_t(1), rest);
  }
  int64_t step() const { return k.together * b.channels; }  // from one row of lanes to the next
};
