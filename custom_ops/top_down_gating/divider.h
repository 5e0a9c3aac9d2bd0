// Divisions by a number that stays the same. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DIVIDER_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DIVIDER_H_

#include <cstdint>

namespace tfwsol {

// One multiplication instead of a division, with the reciprocal rounded up (Granlund and
// Montgomery, "Division by invariant integers using multiplication", 1994): exact while both
// numbers have 32 bits.
class Divider {
 public:
  explicit Divider(int64_t divisor)
      : divisor_(static_cast<uint64_t>(divisor)),
        reciprocal_(divisor > 1 ? ~uint64_t{0} / divisor_ + 1 : 0) {}

  // Of a number that is not negative.
  int64_t Quotient(int64_t value) const {
    if (reciprocal_ == 0) return value;
    if (static_cast<uint64_t>(value) >> 32) return value / static_cast<int64_t>(divisor_);
    __extension__ using Wide = unsigned __int128;
    return static_cast<int64_t>((Wide{reciprocal_} * static_cast<uint64_t>(value)) >> 64);
  }

 private:
  uint64_t divisor_, reciprocal_;  // 0: by one
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DIVIDER_H_
