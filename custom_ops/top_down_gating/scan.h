// Looking through whole tensors, most of which is of no interest, as fast as memory gives them.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SCAN_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SCAN_H_

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "shares.h"
#include "vector_width.h"

namespace tfwsol {

constexpr int64_t kStretch = 16384;      // values that are one item of work
constexpr int64_t kRun = 64;             // values that are looked at together
constexpr int64_t kRuns = kStretch / kRun;

template <typename T>
using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

// The following two are in a form that compilers turn into vectors.

// Whether NaN or infinity is there: a full exponent.
template <typename T>
__attribute__((always_inline)) inline bool HasOddLoop(const T* values, int64_t count) {
  constexpr int kSignless = sizeof(T) * 8 - 1, kFraction = std::numeric_limits<T>::digits - 1;
  constexpr BitsOf<T> kExponent = (BitsOf<T>{1} << kSignless) - (BitsOf<T>{1} << kFraction);
  BitsOf<T> odd = 0;
  for (int64_t k = 0; k < count; ++k) {
    BitsOf<T> bits;
    std::memcpy(&bits, values + k, sizeof(bits));
    odd |= (bits & kExponent) == kExponent ? ~BitsOf<T>{0} : BitsOf<T>{0};
  }
  return odd != 0;
}

// Of each whole run, whether it has a bit that is not zero, as all values but zero have.
template <typename T>
__attribute__((always_inline)) inline void FindLiveLoop(const T* values, int64_t runs, bool* live) {
  for (int64_t run = 0; run < runs; ++run, values += kRun) {
    BitsOf<T> any = 0;
    for (int64_t k = 0; k < kRun; ++k) {
      BitsOf<T> bits;
      std::memcpy(&bits, values + k, sizeof(bits));
      any |= bits;
    }
    live[run] = any != 0;
  }
}

#ifdef TFWSOL_WIDE_VECTORS

template <typename T>
__attribute__((target("avx512f"))) bool HasOdd64(const T* values, int64_t count) {
  return HasOddLoop(values, count);
}

template <typename T>
__attribute__((target("avx2"))) bool HasOdd32(const T* values, int64_t count) {
  return HasOddLoop(values, count);
}

template <typename T>
__attribute__((target("avx512f"))) void FindLive64(const T* values, int64_t runs, bool* live) {
  FindLiveLoop(values, runs, live);
}

template <typename T>
__attribute__((target("avx2"))) void FindLive32(const T* values, int64_t runs, bool* live) {
  FindLiveLoop(values, runs, live);
}

#endif

template <typename T>
bool HasOdd(const T* values, int64_t count) {
#ifdef TFWSOL_WIDE_VECTORS
  if (VectorBytes() == 64) return HasOdd64(values, count);
  if (VectorBytes() == 32) return HasOdd32(values, count);
#endif
  return HasOddLoop(values, count);
}

template <typename T>
void FindLive(const T* values, int64_t runs, bool* live) {
#ifdef TFWSOL_WIDE_VECTORS
  if (VectorBytes() == 64) return FindLive64(values, runs, live);
  if (VectorBytes() == 32) return FindLive32(values, runs, live);
#endif
  FindLiveLoop(values, runs, live);
}

template <typename T>
bool AllFinite(const T* values, int64_t count, const ShareOut& share_out) {
  std::atomic<bool> finite{true};
  share_out((count + kStretch - 1) / kStretch, kStretch / 4, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kStretch, last = std::min(count, end * kStretch);
    if (HasOdd(values + first, last - first)) finite = false;
  });
  return finite;
}

// The places of all gates that are not zero, in order; false when one is not finite.
template <typename T>
bool FindGated(const T* gates, int64_t count, const ShareOut& share_out,
               std::vector<int64_t>* gated) {
  const int64_t stretches = (count + kStretch - 1) / kStretch;
  std::vector<std::vector<int64_t>> found(static_cast<size_t>(stretches));
  std::atomic<bool> finite{true};
  share_out(stretches, kStretch / 4, [&](int64_t begin, int64_t end) {
    bool live[kRuns];
    for (int64_t stretch = begin; stretch < end; ++stretch) {
      const int64_t first = stretch * kStretch, last = std::min(count, first + kStretch);
      FindLive(gates + first, (last - first) / kRun, live);
      for (int64_t run = 0; first + run * kRun < last; ++run) {
        const int64_t from = first + run * kRun, to = std::min(last, from + kRun);
        if (to - from == kRun && !live[run]) continue;
        for (int64_t k = from; k < to; ++k) {
          if (gates[k] == 0) continue;
          if (!std::isfinite(gates[k])) finite = false;
          found[stretch].push_back(k);
        }
      }
    }
  });
  for (const auto& part : found) gated->insert(gated->end(), part.begin(), part.end());
  return finite;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SCAN_H_
