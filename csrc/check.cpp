// The kernels against plain loops in double, without torch: for a processor that is only emulated.
// make arm compiles it for ARM and runs it under qemu-user.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "mixers.h"
#include "norms.h"

namespace normlab {
extern const Kernels kernels_generic;
extern const Norms norms_generic;
extern const Mixers mixers_generic;
}

using namespace normlab;
using Numbers = std::vector<double>;

static double drawn(uint64_t& state) {  // in (−1, 1)
  state = state * 6364136223846793005u + 1442695040888963407u;
  return double(state >> 11) / 4503599627370496.0 - 1.0;
}

struct Case {
  const char* name;
  Division d;
};

static int64_t place(const Division& d, int64_t n, int64_t c, int64_t s) {
  return d.last ? (n * d.places + s) * d.channels + c : (n * d.channels + c) * d.places + s;
}

static bool inside(int64_t at, int64_t from, int64_t size, int64_t length) {
  return at >= from && at < from + size && at < length;
}

// The pool of one element, of x itself or of its energy, by the definition
static double pooled(const Division& d, const Numbers& x, bool plain, int64_t n, int64_t c, int64_t s) {
  double sum = 0;
  int64_t w = d.extent[1], row = s / w, column = s % w, counted = 0;
  for (int64_t v = 0; v < d.places; ++v)
    if (d.size ? inside(v / w, row - d.size / 2, d.size, d.extent[0]) &&
                     inside(v % w, column - d.size / 2, d.size, w)
               : v == s) {
      ++counted;
      for (int64_t k = 0; k < d.channels; ++k) {
        bool taken = d.total || (d.neighbours ? inside(k, c - d.neighbours / 2, d.neighbours, d.channels) : k == c);
        double value = x[place(d, n, k, v)];
        if (taken) sum += plain ? value : std::pow(std::fabs(value), d.n);
      }
    }
  return d.gain * sum / double(counted);
}

static Numbers divided(const Division& d, const Numbers& x) {
  Numbers y(x.size()), v(x);
  for (bool first : {true, false})
    for (int64_t n = 0; n < d.samples; ++n)
      for (int64_t c = 0; c < d.channels; ++c)
        for (int64_t s = 0; s < d.places; ++s) {
          int64_t at = place(d, n, c, s);
          if (first && d.centered) v[at] -= pooled(d, x, true, n, c, s);
          if (first) continue;
          double by = d.offset[0] + pooled(d, v, false, n, c, s);
          y[at] = std::copysign(std::pow(std::fabs(v[at]), d.m), v[at]) * std::pow(by, -d.p);
        }
  return y;
}

static double farthest(const Numbers& a, const Numbers& b) {
  double far = 0;
  for (size_t i = 0; i < a.size(); ++i) far = std::fmax(far, std::fabs(a[i] - b[i]));
  return far;
}

struct Scratch {  // no larger than asked for, so that sanitizers see what is written behind it
  char* at;
  explicit Scratch(int64_t bytes) : at(static_cast<char*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64))) {}
  ~Scratch() { std::free(at); }
  Scratch(const Scratch&) = delete;
};

template <class S>
static Numbers by_kernel(Division d, Kind kind, const Numbers& x, const Numbers* g) {
  d.kind = kind;
  std::vector<S> in(x.begin(), x.end()), out(x.size()), slopes(x.size());
  if (g) slopes.assign(g->begin(), g->end());
  Cut cut = kernels_generic.cut(d, g != nullptr), first = kernels_generic.cut(d, false);
  Scratch room(cut.scratch), before(first.scratch);
  Numbers sums(3 * d.channels);
  std::vector<S> planes(kernels_generic.kept(d) * d.samples * d.places);
  d.pool = planes.empty() ? nullptr : planes.data();
  if (g && d.pool)  // what backward then does not compute again
    kernels_generic.forward(d, first, {0, first.units}, in.data(), out.data(), before.at);
  if (g)
    kernels_generic.backward(d, cut, {0, cut.units}, slopes.data(), in.data(), out.data(), sums.data(), room.at);
  else
    kernels_generic.forward(d, cut, {0, cut.units}, in.data(), out.data(), room.at);
  return Numbers(out.begin(), out.end());
}

static bool near_enough(const char* name, const char* what, double far, double limit) {
  if (far <= limit) return true;
  std::printf("%s: %s differs by %g, more than %g\n", name, what, far, limit);
  return false;
}

static bool holds(const Case& c) {
  const Division& d = c.d;
  uint64_t state = 7;
  Numbers x(d.samples * d.channels * d.places), g(x.size()), nudge(x.size());
  for (auto* a : {&x, &g, &nudge})
    for (double& value : *a) value = drawn(state);
  Numbers y = divided(d, x), up = x, down = x;
  bool good = near_enough(c.name, "y in double", farthest(by_kernel<double>(d, Kind::f64, x, nullptr), y), 1e-13);
  good &= near_enough(c.name, "y in float", farthest(by_kernel<float>(d, Kind::f32, x, nullptr), y), 2e-6);
  double step = 1e-6, by_differences = 0, by_slope = 0;
  for (size_t i = 0; i < x.size(); ++i) up[i] += step * nudge[i], down[i] -= step * nudge[i];
  up = divided(d, up), down = divided(d, down);
  Numbers slope = by_kernel<double>(d, Kind::f64, x, &g);
  for (size_t i = 0; i < x.size(); ++i) {
    by_differences += g[i] * (up[i] - down[i]) / (2 * step);
    by_slope += slope[i] * nudge[i];
  }
  return good & near_enough(c.name, "the slope", std::fabs(by_slope - by_differences), 1e-6);
}

static bool moments_hold() {
  Moments m{Kind::f32, 5000, 3, 1, 1000, 5};
  std::vector<float> x(m.outer * m.groups);
  uint64_t state = 3;
  for (float& value : x) value = float(1e4 + drawn(state));
  std::vector<char> scratch(kernels_generic.moments_scratch(m) + 64);
  Numbers out(m.blocks * m.groups * COLUMNS);
  kernels_generic.moments(m, {0, m.blocks}, x.data(), out.data(), scratch.data());
  for (int64_t k = 1; k < m.blocks; ++k)
    kernels_generic.merged(out.data() + k * m.groups * COLUMNS, out.data(), m.groups);
  double mean = 0, m2 = 0;
  for (int64_t i = 0; i < m.outer; ++i) mean += x[i * m.groups] / double(m.outer);
  for (int64_t i = 0; i < m.outer; ++i) m2 += (x[i * m.groups] - mean) * (x[i * m.groups] - mean);
  return near_enough("moments", "the mean", std::fabs(out[MEAN] - mean), 1e-6) &
         near_enough("moments", "M2", std::fabs(out[M2] / m2 - 1), 1e-6);
}

static void one_thread(int64_t units, void* what, Work work) { work(what, 0, units); }

#include "check_norms.h"

// y of weights between channels, by the definition
static Numbers mixed(const Division& d, const Numbers& w, const Numbers& x) {
  Numbers y(x.size());
  for (int64_t n = 0; n < d.samples; ++n)
    for (int64_t s = 0; s < d.places; ++s)
      for (int64_t c = 0; c < d.channels; ++c) {
        double sum = d.offset[0];
        for (int64_t k = 0; k < d.channels; ++k)
          sum += w[c * d.channels + k] * std::pow(std::fabs(x[place(d, n, k, s)]), d.n);
        y[place(d, n, c, s)] = x[place(d, n, c, s)] * std::pow(sum, -d.p);
      }
  return y;
}

static bool mixing_holds(const Division& like, bool last, double power) {
  Division d = like;
  d.kind = Kind::f64, d.last = last, d.channels = 19, d.places = 45, d.n = power, d.p = 1 / power;
  d.gain = 1, d.sums = false;
  if (last) d.places *= d.samples, d.samples = 1;
  uint64_t state = 11;
  Numbers x(d.samples * d.channels * d.places), g(x), y(x), gx(x), s(x), w(d.channels * d.channels), gw(w), up, down;
  for (auto* a : {&x, &g, &w})
    for (double& value : *a) value = drawn(state);
  for (double& value : w) value = std::fabs(value);
  Numbers nudge = g, w_nudge = w;
  mixers_generic.forward(d, w.data(), x.data(), y.data(), s.data(), one_thread);
  bool good = near_enough("mixing", "y", farthest(y, mixed(d, w, x)), 1e-13);
  for (double& value : gw) value = 0;
  mixers_generic.backward(d, w.data(), g.data(), x.data(), s.data(), gx.data(), gw.data(), nullptr, one_thread);
  double step = 1e-6, by_differences = 0, by_slope = 0;
  Numbers x_up = x, x_down = x, w_up = w, w_down = w;
  for (size_t i = 0; i < x.size(); ++i) x_up[i] += step * nudge[i], x_down[i] -= step * nudge[i];
  for (size_t i = 0; i < w.size(); ++i) w_up[i] += step * w_nudge[i], w_down[i] -= step * w_nudge[i];
  up = mixed(d, w_up, x_up), down = mixed(d, w_down, x_down);
  for (size_t i = 0; i < x.size(); ++i)
    by_differences += g[i] * (up[i] - down[i]) / (2 * step), by_slope += gx[i] * nudge[i];
  for (size_t i = 0; i < w.size(); ++i) by_slope += gw[i] * w_nudge[i];
  return good & near_enough("mixing", "the slopes", std::fabs(by_slope / by_differences - 1), 1e-7);
}

static bool sums_hold() {
  const int64_t lanes = 24, values = lanes * 500 + 7;
  std::vector<float> x(values);
  uint64_t state = 5;
  for (float& value : x) value = float(drawn(state));
  Numbers shift(lanes, 0.25), out(SUMS * lanes);
  PowerSums p{Number::f32, values / lanes, values % lanes, lanes, 64};
  kernels_generic.power_sums(p, x.data(), nullptr, shift.data(), out.data());
  double count = 0, fourth = 0, right = 0;
  for (int64_t i = 0; i < lanes; ++i) count += out[VALUES * lanes + i], fourth += out[S4 * lanes + i];
  for (double value : x) right += (value - 0.25) * (value - 0.25) * (value - 0.25) * (value - 0.25);
  return near_enough("sums", "the count", std::fabs(count - double(values)), 0.5) &
         near_enough("sums", "the fourth powers", std::fabs(fourth / right - 1), 1e-12);
}

struct Pool {
  const char* name;
  int64_t neighbours;
  bool total;
  int64_t size;
  bool centered = false;
};
const Pool POOLS[] = {{"2 channels", 2, false, 0}, {"3 channels", 3, false, 0}, {"4 channels", 4, false, 0},
                      {"5 channels", 5, false, 0}, {"7 channels", 7, false, 0}, {"40 channels", 40, false, 0},
                      {"total", 0, true, 0},       {"box", 0, false, 3},        {"total in a box", 0, true, 3},
                      {"box and channels", 4, false, 3},
                      {"less its mean", 0, true, 3, true}};

int main() {
  static const double one = 1.0;
  static const double ones[1] = {one};
  Division plain{};
  plain.samples = 2, plain.channels = 19, plain.rank = 2, plain.places = 30;
  plain.extent[0] = 5, plain.extent[1] = 6;
  plain.gain = 0.5, plain.m = 1, plain.n = 2, plain.p = 0.75, plain.offset = ones, plain.offsets = 1;
  Numbers share(plain.places);
  int64_t failed = 0, all = 0;
  for (bool last : {false, true})
    for (double p : {0.75, 0.5, 1.0, 0.6})
      for (const Pool& pool : POOLS) {
        if (pool.centered && p != 0.5) continue;
        Case c{pool.name, plain};
        c.d.last = last, c.d.p = p, c.d.m = pool.total && p == 1 ? 2 : 1;
        c.d.neighbours = pool.neighbours, c.d.total = pool.total, c.d.size = pool.size;
        c.d.centered = pool.centered;
        for (int64_t s = 0; s < c.d.places; ++s) {
          int64_t row = s / 6, column = s % 6;
          share[s] = 1.0 / ((2 + (row > 0 && row < 4)) * (2 + (column > 0 && column < 5)));
        }
        c.d.share = share.data();
        failed += !holds(c), ++all;
      }
  for (double p : {0.5, 1.0}) {  // cut into pieces, the last of which is shorter
    Case c{"total of a table", plain};
    c.d.last = true, c.d.total = true, c.d.p = p, c.d.m = p == 1 ? 2 : 1;
    c.d.samples = 1, c.d.channels = 65, c.d.rank = 0, c.d.places = 1100;
    failed += !holds(c), ++all;
  }
  failed += !moments_hold(), ++all;
  for (const NormCase& c : NORMS) {
    failed += !norm_holds<double>(c, Kind::f64, 1e-12), ++all;
    failed += !norm_holds<float>(c, Kind::f32, 2e-5), ++all;
    failed += !norm_holds<Brain>(c, Kind::bf16, 0.05), ++all;
  }
  failed += !sums_hold(), ++all;
  for (bool last : {false, true})
    for (double power : {1.0, 2.0}) failed += !mixing_holds(plain, last, power), ++all;
  std::printf("%ld of %ld kernels agree with plain loops\n", long(all - failed), long(all));
  return failed != 0;
}
