// Which windows can reach over cells of the input.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WINDOW_SPAN_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WINDOW_SPAN_CU_H_

#include <cstdint>

#include "host_device.h"

namespace tfwsol {

struct Span {
  int64_t first, last;  // none when last < first
};

// Along one axis, for cells from `low` to `high`; of a dilated window some may reach past them.
TFWSOL_HD inline Span WindowsOver(int64_t low, int64_t high, int64_t padding, int64_t kernel,
                                  int64_t dilation, int64_t stride, int64_t windows) {
  const int64_t begin = low + padding - (kernel - 1) * dilation, end = high + padding;
  const int64_t first = begin <= 0 ? 0 : (begin + stride - 1) / stride, last = end / stride;
  return {first, last < windows ? last : windows - 1};
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WINDOW_SPAN_CU_H_
