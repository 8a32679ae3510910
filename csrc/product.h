// Products of small matrices. Included into the namespace of one instruction set.

#if defined(__AVX512F__)
constexpr int64_t HIGH = 8, VECTORS = 3;
#elif defined(__AVX2__)
constexpr int64_t HIGH = 4, VECTORS = 3;
#else
constexpr int64_t HIGH = 4, VECTORS = 2;
#endif

inline int64_t up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// An operand's value i of `depth` k
template <class T>
struct Strided {
  const T* at;
  int64_t across, along;
};

// Columns are taken some vectors at once, at most VECTORS, and never one where two would do twice.
inline int64_t vectors_of(int64_t left) {
  return left > VECTORS && left < 2 * VECTORS ? (left + 1) / 2 : least(left, VECTORS);
}

// Panels of `high` neighbours, k after k; what is beyond the edge is 0
template <class T>
inline void packed_panel(const Strided<T>& from, int64_t some, int64_t depth, int64_t high, T* to) {
  if (some < high) memset(to, 0, sizeof(T) * depth * high);
  if (from.across == 1)
    for (int64_t k = 0; k < depth; ++k) memcpy(to + k * high, from.at + k * from.along, sizeof(T) * some);
  else
    for (int64_t i = 0; i < some; ++i)
      for (int64_t k = 0; k < depth; ++k) to[k * high + i] = from.at[i * from.across + k * from.along];
}

// The second operand of a product: columns
template <class T>
inline void packed_columns(const Strided<T>& from, int64_t count, int64_t depth, T* to) {
  for (int64_t j = 0, left = up(count, many<T>) / many<T>, v; left; left -= v, j += v * many<T>) {
    v = vectors_of(left);
    packed_panel({from.at + j * from.across, from.across, from.along}, least(v * many<T>, count - j), depth,
                 v * many<T>, to + j * depth);
  }
}

// The first one: rows. One that lies well in memory need not be packed.
template <class T>
inline void packed_rows(const Strided<T>& from, int64_t count, int64_t depth, T* to) {
  for (int64_t i = 0; i < count; i += HIGH)
    packed_panel({from.at + i * from.across, from.across, from.along}, least(HIGH, count - i), depth, HIGH,
                 to + i * depth);
}

template <int64_t V, class T>
inline void block(int64_t depth, const T* a, int64_t across, int64_t along, const T* b, T* c, int64_t step, bool more) {
  constexpr int64_t N = many<T>;
  Vector<T> sum[HIGH][V];
#pragma GCC unroll 8
  for (int64_t i = 0; i < HIGH; ++i)
#pragma GCC unroll 3
    for (int64_t j = 0; j < V; ++j) sum[i][j] = more ? *(const Vector<T>*)(c + i * step + j * N) : Vector<T>{};
  for (int64_t k = 0; k < depth; ++k, a += along, b += V * N) {
    Vector<T> row[V];
#pragma GCC unroll 3
    for (int64_t j = 0; j < V; ++j) row[j] = *(const Vector<T>*)(b + j * N);
#pragma GCC unroll 8
    for (int64_t i = 0; i < HIGH; ++i)
#pragma GCC unroll 3
      for (int64_t j = 0; j < V; ++j) sum[i][j] += a[i * across] * row[j];
  }
#pragma GCC unroll 8
  for (int64_t i = 0; i < HIGH; ++i)
#pragma GCC unroll 3
    for (int64_t j = 0; j < V; ++j) *(Vector<T>*)(c + i * step + j * N) = sum[i][j];
}

// (rows, columns) of a (rows, depth) and packed columns b, into c, whose rows are `step` apart. a and c have whole
// blocks of HIGH rows, c whole vectors; from one block of a's rows to the next are `jump` values. `more`: added to
// what is there.
template <class T>
inline void product(int64_t rows, int64_t columns, int64_t depth, const Strided<T>& a, int64_t jump, const T* b, T* c,
                    int64_t step, bool more) {
  for (int64_t j = 0, left = up(columns, many<T>) / many<T>, v; left; left -= v, j += v * many<T>) {
    v = vectors_of(left);
    for (int64_t i = 0; i < rows; i += HIGH) {
      const T *from = a.at + i / HIGH * jump, *panel = b + j * depth;
      T* to = c + i * step + j;
      if (v == 3)
        block<3>(depth, from, a.across, a.along, panel, to, step, more);
      else if (v == 2)
        block<2>(depth, from, a.across, a.along, panel, to, step, more);
      else
        block<1>(depth, from, a.across, a.along, panel, to, step, more);
    }
  }
}
