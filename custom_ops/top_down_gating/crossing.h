// Selection by a running sum, without a sort. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CROSSING_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CROSSING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tfwsol {

// The element at which the ascending running sum of positive values first passes a deficit
// below their sum. Reorders the values; each round keeps the side of a pivot that holds it.
template <typename T>
T Crossing(std::vector<T>& values, double deficit) {
  size_t begin = 0, end = values.size();
  double below = 0;
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

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CROSSING_H_
