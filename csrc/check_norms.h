// Batch and RMS norm against their definitions. Included into check.cpp.

// y of one pool, its values `step` apart from `from`, and the slope along g, by the definition
static void normalised(const Numbers& x, const Numbers& g, const std::vector<int64_t>& pool, bool centered, double eps,
                       Numbers& y, Numbers& gx) {
  double n = double(pool.size()), mean = 0, square = 0, sum = 0, along = 0;
  for (int64_t i : pool) mean += centered ? x[i] / n : 0;
  for (int64_t i : pool) square += (x[i] - mean) * (x[i] - mean) / n;
  double rate = 1 / std::sqrt(square + eps);
  for (int64_t i : pool) y[i] = (x[i] - mean) * rate, sum += centered ? g[i] / n : 0, along += g[i] * y[i] / n;
  for (int64_t i : pool) gx[i] = rate * (g[i] - sum - y[i] * along);
}

struct Brain {  // bfloat16, of values that it holds
  uint16_t bits;
  Brain(double value = 0) {
    float f = float(value);
    uint32_t all;
    std::memcpy(&all, &f, 4), bits = uint16_t(all >> 16);
  }
  operator double() const {
    uint32_t all = uint32_t(bits) << 16;
    float f;
    std::memcpy(&f, &all, 4);
    return f;
  }
};

enum Shape { PLANES, LAST_AXIS, ROWS };
struct NormCase {
  Shape shape;
  int64_t outer, channels, inner;
};
constexpr NormCase NORMS[] = {  // of images, also of few channels and of few places; channels side by side; rows
    {PLANES, 9, 18, 21}, {PLANES, 900, 2, 3}, {PLANES, 3, 2, 9001}, {LAST_AXIS, 9, 18, 21},
    {LAST_AXIS, 40, 601, 2}, {LAST_AXIS, 7, 1, 700}, {LAST_AXIS, 3, 1, 1}, {ROWS, 9, 18, 21}};

template <class S>
static bool norm_holds(const NormCase& c, Kind kind, double limit) {
  const char* names[] = {"batch", "batch, last", "rms"};
  bool last = c.shape == LAST_AXIS, centered = c.shape != ROWS;
  Batch b{kind, last, last ? c.outer * c.inner : c.outer, c.channels, last ? 1 : c.inner, 1e-5, nullptr, nullptr};
  Rows r{kind, c.outer * c.channels, c.inner, 1e-5, nullptr};
  uint64_t state = 5;
  std::vector<S> in(c.outer * c.channels * c.inner), slopes(in), found(in), back(in);
  for (auto* a : {&in, &slopes})
    for (S& value : *a) value = S(3 + drawn(state));
  for (size_t i = 0; i < in.size(); i += 5) in[i] = S(20 + drawn(state));  // far from the first values' mean
  Numbers stats(2 * c.channels), sums(2 * c.channels), x(in.begin(), in.end()), g(slopes.begin(), slopes.end()), y(x), gx(x);
  if (centered) {
    Numbers parts(norms_generic.batch_parts(b));
    norms_generic.batch(b, in.data(), found.data(), stats.data(), parts.data(), one_thread);
    norms_generic.batch_back(b, stats.data(), slopes.data(), in.data(), back.data(), sums.data(), parts.data(), one_thread);
  } else {
    norms_generic.rms(r, in.data(), found.data(), one_thread);
    norms_generic.rms_back(r, slopes.data(), in.data(), back.data(), nullptr, one_thread);
  }
  std::vector<std::vector<int64_t>> pools(centered ? c.channels : c.outer * c.channels);
  for (int64_t i = 0; i < int64_t(x.size()); ++i)
    pools[c.shape == PLANES ? i / c.inner % c.channels : last ? i % c.channels : i / c.inner].push_back(i);
  for (const auto& pool : pools) normalised(x, g, pool, centered, 1e-5, y, gx);
  return near_enough(names[c.shape], "y", farthest(Numbers(found.begin(), found.end()), y), limit) &
         near_enough(names[c.shape], "the slope", farthest(Numbers(back.begin(), back.end()), gx), limit);
}
