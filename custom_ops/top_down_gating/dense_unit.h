// Stages 2 and 3 of a dense layer's unit: selection by the statistics of its products.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DENSE_UNIT_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DENSE_UNIT_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "geometry.h"
#include "products.h"
#include "rules.h"

namespace tfwsol {

// Works on the units of one layer, one after another, in memory that it keeps.
template <typename T>
class DenseUnit {
 public:
  DenseUnit(const Geometry& geometry, Mode mode, int64_t offset, bool literal)
      : geometry_(geometry), mode_(mode), offset_(offset), literal_(literal), products_(geometry) {}

  // As ConvUnit::Run.
  template <typename Each>
  T Run(const Unit& unit, const T* input, const T* weights, bool* finite, Each each) {
    products_.Fill(unit, input, weights);
    *finite = products_.finite();
    if (!*finite || products_.total() <= kDensePruning.least) return static_cast<T>(kDroppedTheta);
    const T theta = products_.Theta();
    const double least = Select(Cut(theta, kDensePruning.slack));
    double kept = 0;
    for (const int64_t place : places_) {
      const double product = products_[place];
      if (product >= least) kept += product;
    }
    const int64_t row = geometry_.Cell(unit.image, 0, 0);
    for (const int64_t place : places_) {
      const T product = products_[place];
      if (static_cast<double>(product) < least) continue;
      const T part = mode_ == Mode::kWinner ? T{1} : product / static_cast<T>(kept);
      each(place, row + place, part);
    }
    return theta;
  }

 private:
  // Collects the selected products that are not zero; gives the least that is kept.
  double Select(T cut) {
    places_.clear();
    double sum = 0, largest = 0;
    products_.ForSelected(cut, literal_, [&](int64_t place, T) {
      const double product = products_[place];
      if (product == 0) return;
      places_.push_back(place);
      sum += product;
      largest = std::max(largest, product);
    });
    if (mode_ == Mode::kWinner) return largest;
    if (mode_ == Mode::kAll) return -HUGE_VAL;
    // Mean and deviation are over all that reach the cut, zeros and below included.
    const double count = cut > 0 ? static_cast<double>(places_.size())
                                 : static_cast<double>(products_.CountFrom(cut));
    const double mean = sum / count;
    double squares = 0;
    for (const int64_t place : places_) {
      const double away = static_cast<double>(products_[place]) - mean;
      squares += away * away;
    }
    return PolicyChoice(largest, mean, std::sqrt(squares / count), offset_);
  }

  const Geometry geometry_;
  const Mode mode_;
  const int64_t offset_;
  const bool literal_;
  Products<T> products_;
  std::vector<int64_t> places_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DENSE_UNIT_H_
