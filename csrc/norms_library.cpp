// The operators of batch and RMS normalisation, through torch's stable ABI.
#include "binding.h"
#include "norms.h"

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace normlab {

#define DECLARED(set) extern const Norms norms_##set;
NORMLAB_SETS(DECLARED)

namespace {

#define LISTED(set) &norms_##set,
const Norms* const SETS[] = {NORMLAB_SETS(LISTED)};

const Norms& chosen() { return chosen_of(SETS); }

// f(values) of a in their own dtype
template <class F>
void by_dtype(ScalarType kind, void* at, F f) {
  switch (kind) {
    case ScalarType::Double: return f(static_cast<double*>(at));
    case ScalarType::BFloat16: return f(static_cast<torch::headeronly::BFloat16*>(at));
    case ScalarType::Half: return f(static_cast<torch::headeronly::Half*>(at));
    default: return f(static_cast<float*>(at));
  }
}

Numbers own(const Maybe& given, int64_t size) {
  if (!given) return {};
  STD_TORCH_CHECK(given->is_cpu() && given->numel() == size, "normlab: a parameter must have ", size,
                  " values, on the CPU");
  kind_of(*given);  // of a dtype that is read here
  Tensor a = in_order(*given, false);
  Numbers all(size);
  by_dtype(a.scalar_type(), const_cast<void*>(a.const_data_ptr()), [&](auto* from) {
    for (int64_t i = 0; i < size; ++i) all[i] = double(from[i]);
  });
  return all;
}

const double* pointer(const Numbers& a) { return a.empty() ? nullptr : a.data(); }

double* values(Tensor& a) { return static_cast<double*>(a.mutable_data_ptr()); }

struct BatchCall {
  Tensor x;
  Numbers weight, bias;
  Batch b{};

  BatchCall(const Tensor& given, const Maybe& w, const Maybe& o, double eps) : x(in_order(given, channels_last(given))) {
    STD_TORCH_CHECK(given.is_cpu() && given.dim() >= 2, "normlab: x must be (batch, channels, *) on the CPU");
    weight = own(w, x.size(1)), bias = own(o, x.size(1));
    int64_t places = 1;
    for (int64_t k = 2; k < x.dim(); ++k) places *= x.size(k);
    bool last = places == 1 || channels_last(x);
    b = {kind_of(x), last, last ? x.size(0) * places : x.size(0), x.size(1), last ? 1 : places, eps,
         pointer(weight), pointer(bias)};
  }

  // Waking another thread costs as much as normalising so few
  Parallel threads() const { return x.numel() < (1 << 15) ? alone : parallel; }
};

Tensor row(const Numbers& given, ScalarType kind) {
  const int64_t size = int64_t(given.size()), stride = 1;
  Tensor own = empty(&size, &stride, 1, kind);
  by_dtype(kind, own.mutable_data_ptr(), [&](auto* to) {
    for (double value : given) *to++ = static_cast<std::remove_pointer_t<decltype(to)>>(value);
  });
  return own;
}

// torch.lerp
double between(double from, double to, double share) {
  return share < 0.5 ? from + share * (to - from) : to - (to - from) * (1 - share);
}

// A running statistic, moved by that of a batch times `factor`
void move(const Maybe& running, const double* batch, int64_t channels, double factor, double momentum) {
  if (!running) return;
  by_dtype(running->scalar_type(), running->mutable_data_ptr(), [&](auto* to) {
    using T = std::remove_pointer_t<decltype(to)>;
    for (int64_t c = 0; c < channels; ++c) to[c] = static_cast<T>(between(double(to[c]), batch[c] * factor, momentum));
  });
}

// What torch's autograd keeps for backward: mean and rate of each channel are for its second derivative. The last has
// mean and biased variance, (2, channels), for ours.
using Normalized = std::tuple<Tensor, Tensor, Tensor, Tensor>;

Normalized batch(const Tensor& x, const Tensor& weight, const Maybe& bias, const Maybe& mean, const Maybe& var,
                 bool training, double momentum, double eps) {
  STD_TORCH_CHECK(training,
                  "normlab: on the CPU this operator normalises a batch by its own statistics; give training=True");
  BatchCall call(x, weight, bias, eps);
  int64_t channels = call.b.channels;
  for (const Maybe* running : {&mean, &var}) {
    if (!*running) continue;
    const Tensor& a = **running;
    STD_TORCH_CHECK(a.is_cpu() && a.numel() == channels && a.is_contiguous(),
                    "normlab: running statistics must be contiguous and have ", channels, " values, on the CPU");
    kind_of(a);  // of a dtype that is written here
  }
  Tensor y = empty_as(call.x), stats = zeros(2, channels);
  double* found = values(stats);
  if (y.numel()) {
    Numbers parts(chosen().batch_parts(call.b));
    chosen().batch(call.b, call.x.const_data_ptr(), y.mutable_data_ptr(), found, parts.data(), call.threads());
    double count = double(call.b.outer) * double(call.b.inner);
    move(mean, found, channels, 1.0, momentum);
    move(var, found + channels, channels, count / (count - 1), momentum);
  }
  Numbers center(found, found + channels), rate(channels);
  for (int64_t c = 0; c < channels; ++c) rate[c] = 1 / std::sqrt(found[channels + c] + eps);
  return {y, row(center, x.scalar_type()), row(rate, x.scalar_type()), stats};  // torch's dtype for them
}

// The gradients for x, weight and bias
std::tuple<Tensor, Tensor, Tensor> batch_backward(const Tensor& x, const Tensor& g, const Tensor& weight, const Maybe&,
                                                  const Maybe&, const Maybe&, const Maybe&, double eps,
                                                  const Tensor& stats) {
  BatchCall call(x, weight, std::nullopt, eps);
  check_slopes(g, x);
  int64_t channels = call.b.channels;
  Numbers found = own(stats, 2 * channels), of_weight(2 * channels);
  Tensor slopes = in_order(g, channels_last(call.x)), gx = empty_as(call.x);
  if (gx.numel()) {
    Numbers parts(chosen().batch_parts(call.b));
    chosen().batch_back(call.b, found.data(), slopes.const_data_ptr(), call.x.const_data_ptr(), gx.mutable_data_ptr(),
                        of_weight.data(), parts.data(), call.threads());
  }
  Numbers of_bias(of_weight.begin() + channels, of_weight.end());
  of_weight.resize(channels);
  return {gx, row(of_weight, weight.scalar_type()), row(of_bias, weight.scalar_type())};
}

struct RowsCall {
  Tensor x;
  Numbers weight;
  Rows r{};

  RowsCall(const Tensor& given, int64_t width, const Maybe& w, double eps)
      : x(torch::stable::contiguous(given)), weight(own(w, width)) {
    STD_TORCH_CHECK(given.is_cpu() && width > 0 && given.numel() % width == 0,
                    "normlab: x must be rows of ", width, " values on the CPU");
    r = {kind_of(x), x.numel() / width, width, eps, pointer(weight)};
  }
};

Tensor rms(const Tensor& x, int64_t width, const Maybe& weight, double eps) {
  RowsCall call(x, width, weight, eps);
  Tensor y = empty_as(call.x);
  if (y.numel()) chosen().rms(call.r, call.x.const_data_ptr(), y.mutable_data_ptr(), parallel);
  return y;
}

// (gradient for x, that for the weight, of no column if it is not wanted)
std::tuple<Tensor, Tensor> rms_backward(const Tensor& g, const Tensor& x, int64_t width, const Maybe& weight,
                                        double eps, bool learns) {
  RowsCall call(x, width, weight, eps);
  check_slopes(g, x);
  Tensor slopes = torch::stable::contiguous(g), gx = empty_as(call.x);
  Tensor all = torch::stable::new_zeros(x, {learns ? width : 0}, ScalarType::Double);
  if (gx.numel() == 0) return {gx, all};
  Numbers parts(learns ? row_parts(call.r) * width : 0);
  chosen().rms_back(call.r, slopes.const_data_ptr(), call.x.const_data_ptr(), gx.mutable_data_ptr(),
                    learns ? parts.data() : nullptr, parallel);
  double* to = values(all);
  for (size_t from = 0; from < parts.size(); from += width)
    for (int64_t i = 0; i < width; ++i) to[i] += parts[from + i];
  return {gx, all};
}

}  // namespace
}  // namespace normlab

STABLE_TORCH_LIBRARY_FRAGMENT(normlab, library) {
  library.def("rms(Tensor x, int width, Tensor? weight, float eps) -> Tensor");
  library.def("rms_backward(Tensor g, Tensor x, int width, Tensor? weight, float eps, bool learns) -> (Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(normlab, CPU, library) {
  library.impl("rms", TORCH_BOX(&normlab::rms));
  library.impl("rms_backward", TORCH_BOX(&normlab::rms_backward));
}

// No backward can be given to an operator through the stable ABI, other than in Python, which costs as much as a small
// array's arithmetic. torch has a backward in C++ for this one, and for the CPU has no kernel of its own.
STABLE_TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("cudnn_batch_norm", TORCH_BOX(&normlab::batch));
  library.impl("cudnn_batch_norm_backward", TORCH_BOX(&normlab::batch_backward));
}
