// Work on torch's threads, and the memory of one of them. Included into the namespace of one instruction set.

// f for each range of units from 0 on
template <class F>
inline void in_parallel(Parallel parallel, int64_t units, F f) {
  parallel(units, &f, [](void* what, int64_t begin, int64_t end) { (*static_cast<F*>(what))(begin, end); });
}

template <class T>
struct Space {  // of one thread, aligned for vectors
  T* at;
  explicit Space(int64_t n) : at(static_cast<T*>(std::aligned_alloc(64, pieces(sizeof(T) * (n + 1), 64) * 64))) {
    if (!at) throw std::bad_alloc();
  }
  ~Space() { std::free(at); }
  Space(const Space&) = delete;
};
