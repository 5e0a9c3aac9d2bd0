// The products of a unit above a cut, in their order: the few among which theta lies.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CANDIDATES_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CANDIDATES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "block_sums.h"
#include "copy_above.h"
#include "crossing.h"
#include "wide_crossing.h"

namespace tfwsol {

// Keeps its memory from unit to unit.
template <typename T>
class Candidates {
 public:
  // most: products that there can be, whole blocks.
  explicit Candidates(size_t most)
      : values_(new T[most + kBlock]),
        places_(new int32_t[most + kBlock]),
        spare_(new T[most + kBlock]) {}

  T from() const { return from_; }

  // Forgets all; nothing is above this cut.
  void Clear(T cut) {
    count_ = 0;
    from_ = cut;
  }

  void Gather(const Blocks<T>& blocks, T cut) {
    count_ = CopyAllAbove(blocks, cut, values_.get(), places_.get());
    from_ = cut;
  }

  // See crossing.h.
  T Crossing(double deficit) {
    std::copy_n(values_.get(), count_, spare_.get());
    return tfwsol::Crossing(spare_.get(), count_, deficit);
  }

  // The one at which the descending running sum reaches a total; 0 when all of them do not.
  T CrossingAbove(T largest, double total) {
#ifdef TFWSOL_WIDE_VECTORS
    if constexpr (std::is_same_v<T, float>) {
      if (VectorBytes() >= 32) {
        return CrossingByCuts(values_.get(), count_, from_, largest, total, spare_.get());
      }
    }
#endif
    const double above = Sum();
    if (!(above >= total)) return 0;
    return CrossingBySteps(values_.get(), count_, largest, above - total, spare_.get());
  }

  // Forgets those that do not reach a cut. Without a jump, which would mostly be foreseen wrongly.
  void KeepFrom(T cut) {
#ifdef TFWSOL_WIDE_VECTORS
    if constexpr (std::is_same_v<T, float>) {
      if (VectorBytes() >= 32) {
        count_ = MoveFrom(values_.get(), places_.get(), count_, cut);
        return;
      }
    }
#endif
    size_t kept = 0;
    for (size_t k = 0; k < count_; ++k) {
      values_[kept] = values_[k];
      places_[kept] = places_[k];
      kept += values_[k] >= cut;
    }
    count_ = kept;
  }

  // Calls with their places and values, in ascending order.
  template <typename Each>
  void ForAll(Each each) const {
    for (size_t k = 0; k < count_; ++k) each(places_[k], values_[k]);
  }

 private:
  // In lanes, as the blocks are summed.
  double Sum() const {
    double lanes[BlockSums::kLanes] = {};
    size_t k = 0;
    for (; k + BlockSums::kLanes <= count_; k += BlockSums::kLanes) {
      for (int lane = 0; lane < BlockSums::kLanes; ++lane) lanes[lane] += values_[k + lane];
    }
    for (; k < count_; ++k) lanes[k % BlockSums::kLanes] += values_[k];
    return BlockSums::Total(lanes);
  }

  std::unique_ptr<T[]> values_;
  std::unique_ptr<int32_t[]> places_;
  std::unique_ptr<T[]> spare_;
  size_t count_ = 0;
  T from_ = 0;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CANDIDATES_H_
