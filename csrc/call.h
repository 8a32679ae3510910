// A call of the division's operators: its tensors as the kernels take them.
#pragma once
#include "binding.h"

namespace normlab {

inline void check(const Tensor& x, const Tensor& a, int64_t most) {
  STD_TORCH_CHECK(a.is_cpu() && (a.scalar_type() == ScalarType::Float || a.scalar_type() == ScalarType::Double),
                  "normlab: parameters must be float32 or float64 on the CPU");
  STD_TORCH_CHECK(a.numel() == x.size(1) || (most == 1 && a.numel() == 1),
                  "normlab: a parameter must have one value for each of the ", x.size(1), " channels");
}

struct Options {
  bool total, centered;
  int64_t size;
  const Maybe& taps;
  int64_t neighbours;
  double gain, m, n, p;
};

// A call's description, and what its pointers point to
struct Call {
  Tensor x;
  Division d{};
  Numbers offset, weight, bias, taps, share;

  Call(const Tensor& given, const Tensor& off, const Maybe& w, const Maybe& b, const Options& o)
      : x(in_order(given, channels_last(given))) {
    STD_TORCH_CHECK(given.is_cpu() && given.dim() >= 2 && given.dim() <= 5,
                    "normlab: x must be (batch, channels, up to 3 axes of space) on the CPU");
    d.kind = kind_of(x), d.last = channels_last(x);
    d.samples = x.size(0), d.channels = x.size(1), d.rank = int(x.dim() - 2), d.places = 1;
    for (int k = 0; k < d.rank; ++k) d.extent[k] = x.size(k + 2), d.places *= d.extent[k];
    d.last = d.last || d.rank == 0;
    d.total = o.total, d.centered = o.centered, d.size = d.rank ? o.size : 0, d.neighbours = o.neighbours;
    d.gain = o.gain, d.m = o.m, d.n = o.n, d.p = o.p;
    STD_TORCH_CHECK(o.size >= 0 && o.neighbours >= 0, "normlab: a window has at least one element");
    bool whole = d.total && d.size && !d.neighbours && (d.last ? d.channels : d.places) >= FULL;
    STD_TORCH_CHECK(!d.centered || d.samples * d.channels == 0 || (whole && d.m == 1 && d.n == 2 && d.p == 0.5),
                    "normlab: only the mean of a window over all channels is subtracted, with the usual powers and "
                    "rows of 16 values or more");
    check(x, off, 1);
    offset = numbers(off), d.offset = offset.data(), d.offsets = int64_t(offset.size());
    if (w) check(x, *w, 0), weight = numbers(*w), d.weight = weight.data();
    if (b) check(x, *b, 0), bias = numbers(*b), d.bias = bias.data();
    if (d.size) windows(o.taps);
    if (d.last && !d.size) d.places *= d.samples, d.samples = 1;  // no place needs another
  }

  void windows(const Maybe& given) {
    if (given) {
      taps = numbers(*given);
      STD_TORCH_CHECK(int64_t(taps.size()) == d.size, "normlab: a window needs one weight for each element");
      taps.insert(taps.end(), taps.rbegin(), taps.rend());  // and mirrored, for the adjoint
      d.taps = taps.data();
    }
    share.assign(d.places, 1.0);
    int64_t inner = d.places;
    for (int k = 0; k < d.rank; ++k) {
      inner /= d.extent[k] ? d.extent[k] : 1;
      Numbers inside(d.extent[k]);
      for (int64_t i = 0; i < d.extent[k]; ++i)
        for (int64_t j = 0; j < d.size; ++j) {
          int64_t at = i - d.size / 2 + j;
          if (at >= 0 && at < d.extent[k]) inside[i] += given ? taps[j] : 1.0;
        }
      for (int64_t at = 0; at < d.places;)  // no remainders, which cost more than the rest
        for (double whole : inside)
          for (int64_t end = at + inner; at < end; ++at) share[at] /= whole;
    }
    d.share = share.data();
  }
};

}  // namespace normlab
