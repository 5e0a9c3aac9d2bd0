// Asking memory for what is read next. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PREFETCH_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PREFETCH_H_

#include <algorithm>
#include <cstdint>

namespace tfwsol {

// GCC takes a function that does nothing else for one that does nothing, and drops its calls;
// the empty statement keeps it.
inline void Prefetch(const void* place) {
  __builtin_prefetch(place);
  __asm__ volatile("");
}

// Values in one piece; of very many the first ones, since more would push each other out.
template <typename T>
void PrefetchLines(const T* values, int64_t count) {
  constexpr int64_t kLine = 64 / sizeof(T), kMost = 512 * kLine;
  for (int64_t k = 0; k < std::min(count, kMost); k += kLine) {
    Prefetch(values + k);
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PREFETCH_H_
