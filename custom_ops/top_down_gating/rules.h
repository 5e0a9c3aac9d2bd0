// STNet's rules for one unit: what is dropped, selected, preferred and kept.
//
// Biparva and Tsotsos, "STNet: Selective Tuning of Convolutional Networks for Object
// Localization", ICCV 2017 workshops; the constants are those of the published code.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_RULES_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_RULES_H_

#include <cstdint>

#include "host_device.h"

namespace tfwsol {

enum class Mode { kWinner, kAll, k699 };

// A unit whose products sum to no more than `least` is dropped and has this for a theta.
constexpr double kDroppedTheta = -1000;

struct Pruning {
  double least;
  double slack;
};

constexpr Pruning kConvPruning{3e-4, 2e-4};
constexpr Pruning kDensePruning{1e-5, 1e-4};

// The product from which on a unit's products are selected.
template <typename T>
TFWSOL_HD T Cut(T theta, double slack) {
  return theta - static_cast<T>(slack);
}

// The published rule compares with the cut alone, which takes in products of zero and below
// where theta is not above the slack.
template <typename T>
TFWSOL_HD bool Selected(T product, T cut, bool literal) {
  return product >= cut && (literal || product > 0);
}

// What a connected group of products of one channel is worth. Without a fused
// multiplication, so that every processor meets the same ties.
template <typename T>
TFWSOL_HD T Score(T alpha, T energy, int64_t area) {
  const T strength = alpha * energy, size = (1 - alpha) * static_cast<T>(area);
  return strength + size;
}

// The 68-95-99.7 rule: thresholds a · mean + b · deviation, tried from the first on.
constexpr int kPolicies = 6;

TFWSOL_HD inline double PolicyThreshold(int row, double mean, double deviation) {
  const double share = row < 4 ? 1.0 : row == 4 ? 0.5 : 0.2;
  const double deviations = row < 3 ? 3.0 - row : 0.0;
  return share * mean + deviations * deviation;
}

// The threshold `offset` rows after the first one that the largest value reaches.
TFWSOL_HD inline double PolicyChoice(double largest, double mean, double deviation,
                                     int64_t offset) {
  int64_t row = 0;
  while (row < kPolicies - 1 && largest < PolicyThreshold(static_cast<int>(row), mean, deviation)) {
    ++row;
  }
  row = offset < kPolicies - 1 - row ? row + offset : kPolicies - 1;
  return PolicyThreshold(static_cast<int>(row), mean, deviation);
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_RULES_H_
