// Selection by a running sum, without a sort. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CROSSING_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CROSSING_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tfwsol {

// The element at which the ascending running sum of positive values first passes a deficit
// below their sum. Reorders the values; each round keeps the side of a pivot that holds it.
// `below`: the sum of smaller values that are not among them.
template <typename T>
T Crossing(T* values, size_t count, double deficit, double below = 0) {
  size_t begin = 0, end = count;
  uint32_t random = 12345;
  const auto draw = [&] {
    random = random * 1664525u + 1013904223u;
    return values[begin + (uint64_t{random} * (end - begin) >> 32)];
  };
  for (;;) {
    const T a = draw(), b = draw(), c = draw();
    const T pivot = std::max(std::min(a, b), std::min(std::max(a, b), c));
    double smaller = 0, equal = 0;
    size_t less = begin, next = begin, more = end;  // [less, next) is equal to the pivot
    while (next < more) {
      const T value = values[next];
      if (value < pivot) {
        smaller += static_cast<double>(value);
        std::swap(values[less++], values[next++]);
      } else if (value > pivot) {
        std::swap(values[next], values[--more]);
      } else {
        equal += static_cast<double>(value);
        ++next;
      }
    }
    const double passed = below + smaller + equal;
    if (below + smaller > deficit) {
      end = less;
    } else if (passed > deficit || more == end) {
      return pivot;  // the latter: rounding left nothing above the deficit
    } else {
      below = passed;
      begin = more;
    }
  }
}

// The same where the largest value is known: one round by equal steps leaves few of many.
// Leaves the values as they are; `spare` has room for as many.
template <typename T>
T CrossingBySteps(const T* values, size_t count, T largest, double deficit, T* spare) {
  constexpr int kSteps = 32;
  const T scale = kSteps / largest;
  if (count < 16 || !std::isfinite(scale)) {
    std::copy_n(values, count, spare);
    return Crossing(spare, count, deficit);
  }
  double sums[kSteps + 2] = {};  // rounding may lift the largest value by a step
  for (size_t k = 0; k < count; ++k) sums[static_cast<int>(values[k] * scale)] += values[k];
  const int last = static_cast<int>(largest * scale);
  int step = 0;
  double below = 0;
  while (step < last && !(below + sums[step] > deficit)) below += sums[step++];
  size_t kept = 0;
  for (size_t k = 0; k < count; ++k) {
    spare[kept] = values[k];
    kept += static_cast<int>(values[k] * scale) == step;
  }
  return Crossing(spare, kept, deficit, below);
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CROSSING_H_
