// What the operators share: tensors of torch's stable ABI as the kernels take them.
#pragma once
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <vector>

#include "core.h"

namespace normlab {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;
using Maybe = std::optional<Tensor>;
using Numbers = std::vector<double>;

inline Kind kind_of(const Tensor& x) {
  switch (x.scalar_type()) {
    case ScalarType::Float: return Kind::f32;
    case ScalarType::Double: return Kind::f64;
    case ScalarType::BFloat16: return Kind::bf16;
    case ScalarType::Half: return Kind::f16;
    default: STD_TORCH_CHECK(false, "normlab: a tensor must be float32, float64, bfloat16 or float16");
  }
}

struct Room {  // of one thread, kept for its next call
  std::unique_ptr<char, decltype(&std::free)> at{nullptr, &std::free};
  size_t size = 0;
  char* of(size_t bytes) {
    if (bytes > size) {
      size = (bytes + 4095) / 4096 * 4096;
      at.reset(static_cast<char*>(std::aligned_alloc(64, size)));
      if (!at) size = 0, throw std::bad_alloc();
    }
    return at.get();
  }
};

inline char* room(size_t bytes) {
  thread_local Room own;
  return own.of(bytes);
}

// Memory in the order of channels_last, which a contiguous array is not called
inline bool channels_last(const Tensor& x) {
  if (x.dim() < 4 || x.is_contiguous()) return false;
  auto sizes = x.sizes(), strides = x.strides();
  int64_t next = 1;
  auto follows = [&](int64_t k) {
    bool fits = sizes[k] == 1 || strides[k] == next;
    next *= sizes[k];
    return fits;
  };
  if (!follows(1)) return false;
  for (int64_t k = x.dim() - 1; k > 1; --k)
    if (!follows(k)) return false;
  return follows(0);
}

inline Tensor in_order(const Tensor& x, bool last) {
  using torch::headeronly::MemoryFormat;
  if (last ? channels_last(x) : x.is_contiguous()) return x;  // without a call through torch's dispatcher
  if (!last) return torch::stable::contiguous(x);
  return torch::stable::contiguous(x, x.dim() == 4 ? MemoryFormat::ChannelsLast : MemoryFormat::ChannelsLast3d);
}

// Memory without values, not through torch's dispatcher, which costs as much as a small array's arithmetic
inline Tensor empty(const int64_t* sizes, const int64_t* strides, int64_t rank, ScalarType kind) {
  AtenTensorHandle made = nullptr;
  int32_t dtype = torch::stable::detail::to<int32_t>(torch::stable::detail::from(kind));
  STABLE_TORCH_ERROR_CODE_CHECK(
      aoti_torch_empty_strided(rank, sizes, strides, dtype, aoti_torch_device_type_cpu(), 0, &made));
  return Tensor(made);
}

inline Tensor empty_as(const Tensor& x) {  // x dense, in any order
  return empty(x.sizes().data(), x.strides().data(), x.dim(), x.scalar_type());
}

inline Tensor rows(int64_t many, int64_t width, ScalarType kind) {
  const int64_t sizes[] = {many, width}, strides[] = {width > 1 ? width : 1, 1};
  return empty(sizes, strides, 2, kind);
}

inline Tensor zeros(int64_t many, int64_t width) {  // float64
  Tensor a = rows(many, width, ScalarType::Double);
  std::fill_n(static_cast<double*>(a.mutable_data_ptr()), a.numel(), 0.0);
  return a;
}

inline void check_slopes(const Tensor& g, const Tensor& x) {
  STD_TORCH_CHECK(g.is_cpu() && g.scalar_type() == x.scalar_type() && g.sizes().equals(x.sizes()),
                  "normlab: the gradient must have the shape and dtype of x");
}

inline void parallel(int64_t units, void* what, Work work) {
  torch::stable::parallel_for(0, units, 1, [&](int64_t begin, int64_t end) { work(what, begin, end); });
}

inline void alone(int64_t units, void* what, Work work) { work(what, 0, units); }

const char* chosen_set();  // by its name

template <class Set, size_t N>
const Set& chosen_of(const Set* const (&sets)[N]) {
  for (const Set* set : sets)
    if (std::strcmp(set->name, chosen_set()) == 0) return *set;
  STD_TORCH_CHECK(false, "normlab: no instruction set is chosen");
}

inline Numbers numbers(const Tensor& given) {
  Tensor a = in_order(given, false);
  const void* at = a.const_data_ptr();
  auto values = [&](auto* from) { return Numbers(from, from + a.numel()); };
  return a.scalar_type() == ScalarType::Double ? values(static_cast<const double*>(at))
                                               : values(static_cast<const float*>(at));
}

}  // namespace normlab
