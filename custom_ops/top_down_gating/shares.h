// What gated units hand down, collected by many threads and added up in one order.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SHARES_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SHARES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace tfwsol {

// Calls work(begin, end) for parts of 0..total on many threads; cost is in cycles per item.
using ShareOut = std::function<void(int64_t total, int64_t cost,
                                    const std::function<void(int64_t, int64_t)>& work)>;

// A part of one unit's gate.
template <typename T>
struct Share {
  int64_t cell;    // of the gates below
  T gate;
  int64_t weight;  // of the kernel in the caller's layout; -1: not asked for
  T part;          // of the unit's gate
};

// Runs all units and takes their shares in the order of the units, so that the sums are the
// same for every number of threads. `most` bounds the shares of one unit and thereby memory.
//   make_worker() -> worker(index of a unit in `gated`, std::vector<Share<T>>* shares)
//   take(const Share<T>&)
template <typename T, typename MakeWorker, typename Take>
void RunUnits(int64_t units, int64_t most, int64_t cost, const ShareOut& share_out,
              MakeWorker make_worker, Take take) {
  constexpr int64_t kMostShares = int64_t{1} << 22;
  const int64_t bundle_size = std::clamp<int64_t>(20000 / cost, 1, 64);
  const int64_t per_round =
      bundle_size *
      std::max<int64_t>(4, kMostShares / std::max<int64_t>(1, most) / bundle_size);
  std::vector<std::vector<Share<T>>> shares;
  for (int64_t first = 0; first < units; first += per_round) {
    const int64_t last = std::min(units, first + per_round);
    const int64_t bundles = (last - first + bundle_size - 1) / bundle_size;
    shares.resize(static_cast<size_t>(bundles));
    share_out(bundles, bundle_size * cost, [&](int64_t begin, int64_t end) {
      auto worker = make_worker();
      for (int64_t bundle = begin; bundle < end; ++bundle) {
        shares[bundle].clear();
        const int64_t from = first + bundle * bundle_size;
        for (int64_t k = from; k < std::min(last, from + bundle_size); ++k) {
          worker(k, &shares[bundle]);
        }
      }
    });
    for (const auto& bundle : shares) {
      for (const Share<T>& share : bundle) take(share);
    }
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SHARES_H_
