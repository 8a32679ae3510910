// What the kernels are asked to do, and the functions that each instruction set has for it. No torch.
#pragma once
#include <cstdint>

namespace normlab {

constexpr int64_t FULL = 16;  // places that fill a vector of any set

enum class Kind { f32, f64, bf16, f16 };

// y = weight · sgn(x)|x|^m · s^(−p) + bias,   s = offset + gain · pool(|x|^n), of one array
struct Division {
  Kind kind;
  bool last;                   // channels lie next to each other in memory
  int64_t samples, channels, places;
  int rank;                    // of space
  int64_t extent[3];
  bool total;                  // the channels are summed first
  bool centered;               // the pool of x is subtracted from x: with a total that is a mean, m = 1 and p = ½
  int64_t size;                // of the window along each axis of space; 0: none
  const double* taps;          // its weights; null: a box
  const double* share;         // for each place: 1 / how much of the window is inside the array
  int64_t neighbours;          // channels of the window over channels; 0: none
  double gain, m, n, p;
  int64_t offsets;             // how many: 1, or one for each channel
  const double *offset, *weight, *bias;  // weight and bias may be null
  bool sums;                   // backward: gradients of offset, weight and bias are wanted
  void* pool;                  // may be null: planes (kept, samples, places) that forward leaves to backward
};

// How the work is cut: never by the number of threads, so that results do not depend on it.
struct Cut {
  int64_t units;     // independent pieces of work
  int64_t pieces;    // in each sample
  int64_t width;     // places (or channels) in each
  int64_t scratch;   // bytes that a unit needs
};

struct Range {
  int64_t begin, end;
};

using Work = void (*)(void* what, int64_t begin, int64_t end);
using Parallel = void (*)(int64_t units, void* what, Work work);

// Count, mean and central sums of powers, in the order of their columns in a table (groups, 8)
enum Column { COUNT, MEAN, M2, M3, M4, LEAST, MOST, MISSING, COLUMNS };

// An array (outer, groups, inner); each block of `rows` outer rows gives its own moments.
struct Moments {
  Kind kind;
  int64_t outer, groups, inner;
  int64_t rows, blocks;
};

// Rows of lanes: of each lane the sums over its values that count, chunk by chunk of so many rows.
enum class Number { f32, f64, i32, i64 };
enum Sum { VALUES, INFINITE, S1, S2, S3, S4, LOW, HIGH, SUMS };

struct PowerSums {
  Number kind;
  int64_t rows, rest, lanes;  // `rest` values follow the last row
  int64_t chunk;
};

struct Kernels {
  const char* name;
  Cut (*cut)(const Division&, bool backward);
  int64_t (*kept)(const Division&);  // planes, in the type computed in
  void (*forward)(const Division&, const Cut&, Range units, const void* x, void* y, char* scratch);
  // sums: (units, 3, channels) for weight, bias and offset, only where d.sums
  void (*backward)(const Division&, const Cut&, Range units, const void* g, const void* x, void* gx,
                   double* sums, char* scratch);
  void (*moments)(const Moments&, Range blocks, const void* x, double* out, char* scratch);
  void (*merged)(const double* from, double* to, int64_t groups);  // of each group
  int64_t (*moments_scratch)(const Moments&);
  // valid may be null; out: (SUMS, lanes)
  void (*power_sums)(const PowerSums&, const void* x, const bool* valid, const double* shift, double* out);
};

}  // namespace normlab
