// The operators of batch and RMS normalisation, through torch's stable ABI.
#include "binding.h"
#include "norms.h"

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>

#include <algorithm>

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
};

// (y, mean and biased variance of each channel)
std::tuple<Tensor, Tensor> batch(const Tensor& x, const Maybe& weight, const Maybe& bias, double eps) {
  BatchCall call(x, weight, bias, eps);
  Tensor y = empty_as(call.x);
  Tensor stats = zeros(2, call.b.channels);
  if (y.numel() == 0) return {y, stats};
  Numbers parts(chosen().batch_parts(call.b));
  chosen().batch(call.b, call.x.const_data_ptr(), y.mutable_data_ptr(), values(stats), parts.data(), parallel);
  return {y, stats};
}

// In the dtype of the weight, where there is one
Tensor as_weight(const Tensor& sums, const Maybe& weight) {
  if (!weight || weight->scalar_type() == ScalarType::Double) return sums;
  Tensor own = rows(sums.size(0), sums.size(1), weight->scalar_type());
  const double* from = static_cast<const double*>(sums.const_data_ptr());
  by_dtype(weight->scalar_type(), own.mutable_data_ptr(), [&](auto* to) {
    for (int64_t i = 0; i < sums.numel(); ++i) to[i] = static_cast<float>(from[i]);
  });
  return own;
}

// (gradient for x, those for weight and bias)
std::tuple<Tensor, Tensor> batch_backward(const Tensor& g, const Tensor& x, const Maybe& weight, const Tensor& stats,
                                          double eps) {
  BatchCall call(x, weight, std::nullopt, eps);
  check_slopes(g, x);
  Numbers found = own(stats, 2 * call.b.channels);
  Tensor slopes = in_order(g, channels_last(call.x)), gx = empty_as(call.x);
  Tensor sums = zeros(2, call.b.channels);
  if (gx.numel() == 0) return {gx, as_weight(sums, weight)};
  Numbers parts(chosen().batch_parts(call.b));
  chosen().batch_back(call.b, found.data(), slopes.const_data_ptr(), call.x.const_data_ptr(), gx.mutable_data_ptr(),
                      values(sums), parts.data(), parallel);
  return {gx, as_weight(sums, weight)};
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
  library.def("batch(Tensor x, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor)");
  library.def("batch_backward(Tensor g, Tensor x, Tensor? weight, Tensor stats, float eps) -> (Tensor, Tensor)");
  library.def("rms(Tensor x, int width, Tensor? weight, float eps) -> Tensor");
  library.def("rms_backward(Tensor g, Tensor x, int width, Tensor? weight, float eps, bool learns) -> (Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(normlab, CPU, library) {
  library.impl("batch", TORCH_BOX(&normlab::batch));
  library.impl("batch_backward", TORCH_BOX(&normlab::batch_backward));
  library.impl("rms", TORCH_BOX(&normlab::rms));
  library.impl("rms_backward", TORCH_BOX(&normlab::rms_backward));
}
