// Products of small matrices out of packed panels. Included into the namespace of one instruction set.

#if defined(__AVX512F__)
constexpr int64_t BYTES = 64, HIGH = 8, VECTORS = 3;
#elif defined(__AVX2__)
constexpr int64_t BYTES = 32, HIGH = 4, VECTORS = 3;
#else
constexpr int64_t BYTES = 16, HIGH = 4, VECTORS = 2;
#endif

template <class T>
struct Lanes_of {
  typedef T type __attribute__((vector_size(BYTES)));
};
template <class T>
constexpr int64_t BROAD = VECTORS * BYTES / int64_t(sizeof(T));  // columns of a block

inline int64_t up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// Panels of `high` neighbours along one axis of a matrix, k after k; what is beyond the edge is 0. The
// strides are those of that axis and of k.
template <class T>
inline void packed(const T* from, int64_t across, int64_t along, int64_t count, int64_t depth, int64_t high, T* to) {
  for (int64_t p = 0; p < count; p += high, to += depth * high) {
    int64_t some = least(high, count - p);
    const T* at = from + p * across;
    if (some < high) memset(to, 0, sizeof(T) * depth * high);
    if (across == 1)
      for (int64_t k = 0; k < depth; ++k) memcpy(to + k * high, at + k * along, sizeof(T) * some);
    else
      for (int64_t i = 0; i < some; ++i)
        for (int64_t k = 0; k < depth; ++k) to[k * high + i] = at[i * across + k * along];
  }
}

template <class T>
inline void block(int64_t depth, const T* a, const T* b, T* c, int64_t step, bool more) {
  using V = typename Lanes_of<T>::type;
  constexpr int64_t N = BYTES / int64_t(sizeof(T));
  V sum[HIGH][VECTORS];
#pragma GCC unroll 8
  for (int64_t i = 0; i < HIGH; ++i)
#pragma GCC unroll 3
    for (int64_t j = 0; j < VECTORS; ++j) sum[i][j] = more ? *(const V*)(c + i * step + j * N) : V{};
  for (int64_t k = 0; k < depth; ++k, a += HIGH, b += VECTORS * N) {
    V row[VECTORS];
#pragma GCC unroll 3
    for (int64_t j = 0; j < VECTORS; ++j) row[j] = *(const V*)(b + j * N);
#pragma GCC unroll 8
    for (int64_t i = 0; i < HIGH; ++i)
#pragma GCC unroll 3
      for (int64_t j = 0; j < VECTORS; ++j) sum[i][j] += a[i] * row[j];
  }
#pragma GCC unroll 8
  for (int64_t i = 0; i < HIGH; ++i)
#pragma GCC unroll 3
    for (int64_t j = 0; j < VECTORS; ++j) *(V*)(c + i * step + j * N) = sum[i][j];
}

// (rows, columns) of panels a (rows, depth) and b (depth, columns), into c, whose rows are `step` apart and
// which has room for whole blocks; `more`: added to what is there.
template <class T>
inline void product(int64_t rows, int64_t columns, int64_t depth, const T* a, const T* b, T* c, int64_t step,
                    bool more) {
  for (int64_t j = 0; j < columns; j += BROAD<T>)
    for (int64_t i = 0; i < rows; i += HIGH) block(depth, a + i * depth, b + j * depth, c + i * step + j, step, more);
}
