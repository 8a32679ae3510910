// The operators of division by a pool with weights between channels, through torch's stable ABI.
#include "call.h"
#include "mixers.h"

namespace normlab {

#define DECLARED(set) extern const Mixers mixers_##set;
NORMLAB_SETS(DECLARED)

namespace {

#define LISTED(set) &mixers_##set,
const Mixers* const SETS[] = {NORMLAB_SETS(LISTED)};

const Mixers& chosen() { return chosen_of(SETS); }

ScalarType computed(const Tensor& x) {
  return x.scalar_type() == ScalarType::Double ? ScalarType::Double : ScalarType::Float;
}

// Whether no value has the largest exponent, which NaN and infinities have
template <class Bits>
bool finite(const void* at, int64_t n, Bits exponent) {
  const Bits* value = static_cast<const Bits*>(at);
  int found = 0;
  for (int64_t i = 0; i < n; ++i) found |= (value[i] & exponent) == exponent;
  return !found;
}

bool finite(const Tensor& a) {
  const void* at = a.const_data_ptr();
  return a.scalar_type() == ScalarType::Double ? finite<uint64_t>(at, a.numel(), 0x7ffull << 52)
                                               : finite<uint32_t>(at, a.numel(), 0x7f800000u);
}

struct MixCall : Call {
  Tensor matrix;

  MixCall(const Tensor& given, const Tensor& weights, const Tensor& off, const Maybe& w, const Maybe& b, double m,
          double n, double p)
      : Call(given, off, w, b, {false, false, 0, std::nullopt, 0, 1.0, m, n, p}), matrix(torch::stable::contiguous(weights)) {
    STD_TORCH_CHECK(weights.is_cpu() && weights.scalar_type() == computed(given) && weights.dim() == 2 &&
                        weights.size(0) == given.size(1) && weights.size(1) == given.size(1),
                    "normlab: the matrix must be (channels, channels), in the dtype computed in, on the CPU");
    d.last = d.last || d.places == 1;
    if (d.last) d.places *= d.samples, d.samples = 1;
  }
};

// (y, s in the order of y's memory; s of no value where it is not to be kept). strict: no offset is infinite.
std::tuple<Tensor, Tensor> mix(const Tensor& x, const Tensor& matrix, const Tensor& offset, const Maybe& weight,
                               const Maybe& bias, double m, double n, double p, bool keep, bool strict) {
  MixCall call(x, matrix, offset, weight, bias, m, n, p);
  STD_TORCH_CHECK(finite(call.matrix) && (!strict || finite(offset)), "normlab: the weights must be finite");
  Tensor y = empty_as(call.x);
  const int64_t size = keep ? y.numel() : 0, step = 1;
  Tensor s = empty(&size, &step, 1, computed(x));
  if (y.numel() == 0) return {y, s};
  chosen().forward(call.d, call.matrix.const_data_ptr(), call.x.const_data_ptr(), y.mutable_data_ptr(),
                   keep ? s.mutable_data_ptr() : nullptr, parallel);
  return {y, s};
}

// (gradient for x; for the matrix; (3, channels) for weight, bias and offset), the last two of no value where
// they are not wanted
std::tuple<Tensor, Tensor, Tensor> mix_backward(const Tensor& g, const Tensor& x, const Tensor& s,
                                                const Tensor& matrix, const Maybe& weight, double m, double n,
                                                double p, bool slopes, bool sums) {
  MixCall call(x, matrix, zeros(1, 1), weight, std::nullopt, m, n, p);
  check_slopes(g, x);
  STD_TORCH_CHECK(s.is_cpu() && s.numel() == x.numel() && s.scalar_type() == computed(x) && s.is_contiguous(),
                  "normlab: s must be what the forward pass kept");
  Division& d = call.d;
  d.sums = sums;
  int64_t c = x.size(1);
  Tensor along = in_order(g, channels_last(call.x)), gx = empty_as(call.x);
  Tensor for_matrix = rows(slopes ? c : 0, slopes ? c : 0, computed(x)), own = zeros(3, sums ? c : 0);
  if (gx.numel() == 0) {
    if (slopes) torch::stable::zero_(for_matrix);
    return {gx, for_matrix, own};
  }
  chosen().backward(d, call.matrix.const_data_ptr(), along.const_data_ptr(), call.x.const_data_ptr(),
                    s.const_data_ptr(), gx.mutable_data_ptr(),
                    slopes ? for_matrix.mutable_data_ptr() : nullptr,
                    static_cast<double*>(own.mutable_data_ptr()), parallel);
  return {gx, for_matrix, own};
}

}  // namespace
}  // namespace normlab

STABLE_TORCH_LIBRARY_FRAGMENT(normlab, library) {
  library.def("mix(Tensor x, Tensor matrix, Tensor offset, Tensor? weight, Tensor? bias, float m, float n, float p, "
              "bool keep, bool strict) -> (Tensor, Tensor)");
  library.def("mix_backward(Tensor g, Tensor x, Tensor s, Tensor matrix, Tensor? weight, float m, float n, float p, "
              "bool slopes, bool sums) -> (Tensor, Tensor, Tensor)");
}

STABLE_TORCH_LIBRARY_IMPL(normlab, CPU, library) {
  library.impl("mix", TORCH_BOX(&normlab::mix));
  library.impl("mix_backward", TORCH_BOX(&normlab::mix_backward));
}
