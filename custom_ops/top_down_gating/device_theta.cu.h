// Stage 1 of a unit by one block: theta, the same element that crossing.h and a sort find.
//
// Sums are in doubles and of one fixed order, which depends on the number of threads alone.
// What depends on the order at all is the last bit of: the sums of the positive and of the
// negative products, the sums above the cuts and those of the radix rounds. A short list is
// sorted and summed one by one. Sums of floats within 2^16 of each other are exact either way.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_THETA_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_THETA_CU_H_

#include <cmath>
#include <cstdint>

#include "block_reduction.cu.h"
#include "device.h"
#include "device_products.cu.h"

namespace tfwsol {

constexpr int kMostUnitThreads = 256;

class DeviceTheta {
 public:
  // Takes the sums of the products that it fills.
  __device__ DeviceTheta(const DeviceProducts& products, const BlockMemory& memory)
      : products_(products), memory_(memory) {
    double values[] = {0, 0, 0, -HUGE_VAL};  // positive and negative sum, largest, −least
    products_.Fill([&](float product) {
      const double value = product;
      values[0] += value > 0 ? value : 0;
      values[1] += value > 0 ? 0 : value;
      if (value > values[2]) values[2] = value;
      if (value > 0 && -value > values[3]) values[3] = -value;
    });
    Reduce(memory_, values, [](int which, double a, double b) {
      return which < 2 ? a + b : a > b ? a : b;
    });
    positive_ = values[0], negative_ = values[1];
    largest_ = static_cast<float>(values[2]), least_ = static_cast<float>(-values[3]);
  }

  __device__ double total() const { return positive_ + negative_; }
  __device__ bool finite() const { return IsFinite(positive_) && IsFinite(negative_); }

  // The product that lifts the ascending running sum above zero, given that their total does.
  __device__ float Find() const {
    if (negative_ == 0) return least_;
    if (-negative_ > 1e-6 * positive_) {
      float cuts[kCuts], cut = largest_ / 2;
      double above[kCuts] = {};
      for (int k = 0; k < kCuts; ++k, cut /= 2) cuts[k] = cut;
      products_.ForEach([&](float product) {
        if (!(product > cuts[kCuts - 1])) return;
        for (int k = 0; k < kCuts; ++k) above[k] += product > cuts[k] ? product : 0.0;
      });
      Reduce(memory_, above, Add());
      for (int k = 0; k < kCuts; ++k) {
        if (above[k] >= total()) return Crossing(Next(cuts[k]), above[k] - total());
      }
    }
    return Crossing(__float_as_uint(least_), -negative_);
  }

 private:
  static constexpr int kCuts = 5;  // halvings of the largest product, down to a 32nd

  // Positive floats are ordered as their bits are.
  struct Range {
    uint32_t low, high;
    __device__ bool Holds(float product) const {
      return product > 0 && low <= __float_as_uint(product) && __float_as_uint(product) <= high;
    }
  };

  __device__ static uint32_t Next(float cut) { return __float_as_uint(cut) + 1; }

  __device__ int64_t ListLength() const { return 4 * Threads(); }

  // Among the products from `low` on: where their ascending sum passes the deficit. Narrows
  // their range by rounds of a radix selection until they make a short list.
  __device__ float Crossing(uint32_t low, double deficit) const {
    Range range{low, __float_as_uint(largest_)};
    double below = 0;
    for (;;) {
      const int64_t count = List(range);
      if (count <= ListLength()) return ListCrossing(count, below, deficit);
      if (range.low == range.high) return __uint_as_float(range.low);
      below = Narrow(&range, below, deficit);
    }
  }

  // Writes the products of a range down, in any order, as far as there is room.
  __device__ int64_t List(const Range& range) const {
    float* list = reinterpret_cast<float*>(memory_.columns);
    __syncthreads();
    if (Thread() == 0) *memory_.cursor = 0;
    __syncthreads();
    products_.ForEach([&](float product) {
      if (!range.Holds(product)) return;
      const uint32_t at = atomicAdd(memory_.cursor, uint32_t{1});
      if (at < ListLength()) list[at] = product;
    });
    __syncthreads();
    return *memory_.cursor;
  }

  // By a sort: the place of each is the number of those that come before it.
  __device__ float ListCrossing(int64_t count, double below, double deficit) const {
    const float* list = reinterpret_cast<const float*>(memory_.columns);
    float* sorted = reinterpret_cast<float*>(memory_.columns) + ListLength();
    for (int64_t k = Thread(); k < count; k += Threads()) {
      int64_t rank = 0;
      for (int64_t other = 0; other < count; ++other) {
        rank += list[other] < list[k] || (list[other] == list[k] && other < k);
      }
      sorted[rank] = list[k];
    }
    __syncthreads();
    if (Thread() == 0) {
      int64_t k = 0;
      for (double sum = below + sorted[0]; !(sum > deficit) && k + 1 < count;) sum += sorted[++k];
      *memory_.answer = sorted[k];
    }
    __syncthreads();
    return *memory_.answer;
  }

  // Keeps the eighth of the range in which the sum passes the deficit, or the last that holds
  // any when rounding leaves none; gives the sum below it.
  __device__ double Narrow(Range* range, double below, double deficit) const {
    int shift = 0;
    while ((range->high - range->low) >> shift >= kColumns) ++shift;
    SumEighths(*range, shift);
    int chosen = 0;
    double before = below, running = below;
    for (int k = 0; k < kColumns; ++k) {
      if (Folded(k, memory_.folded_counts, Add()) == 0) continue;
      chosen = k, before = running;
      running += Folded(k, memory_.folded, Add());
      if (running > deficit) break;
    }
    const uint32_t low = range->low + (static_cast<uint32_t>(chosen) << shift);
    const uint32_t size = uint32_t{1} << shift, most = range->high - low;
    *range = {low, low + (size - 1 < most ? size - 1 : most)};
    return before;
  }

  __device__ void SumEighths(const Range& range, int shift) const {
    const int64_t threads = Threads(), thread = Thread();
    for (int k = 0; k < kColumns; ++k) {
      memory_.columns[k * threads + thread] = 0;
      memory_.counts[k * threads + thread] = 0;
    }
    products_.ForEach([&](float product) {
      if (!range.Holds(product)) return;
      const int64_t at = ((__float_as_uint(product) - range.low) >> shift) * threads + thread;
      memory_.columns[at] += static_cast<double>(product);
      ++memory_.counts[at];
    });
    Fold(kColumns, memory_.columns, memory_.folded, Add());
    Fold(kColumns, memory_.counts, memory_.folded_counts, Add());
    __syncthreads();
  }

  const DeviceProducts& products_;
  const BlockMemory& memory_;
  double positive_, negative_;
  float largest_, least_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_THETA_CU_H_
