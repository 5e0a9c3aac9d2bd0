// The one stage of a pool's unit: the places of its window that get its gate.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_UNIT_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_UNIT_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "geometry.h"
#include "rules.h"

namespace tfwsol {

// The pool's channels are its groups, and it is not dilated. Nothing is handed down where no
// place qualifies.
template <typename T>
class PoolUnit {
 public:
  PoolUnit(const Geometry& geometry, Mode mode, int64_t offset)
      : geometry_(geometry), mode_(mode), offset_(offset) {}

  // Calls each(cell of the input, part of the gate).
  template <typename Each>
  void Run(const Unit& unit, const T* input, Each each) const {
    if (mode_ == Mode::kWinner) {
      TakeFirstLargest(unit, input, each);
    } else {
      const double least = mode_ == Mode::kAll ? 0 : Threshold(unit, input);
      const auto kept = [=](T value) { return value > 0 && static_cast<double>(value) >= least; };
      double sum = 0;
      ForWindow(unit, [&](int64_t cell) {
        if (kept(input[cell])) sum += static_cast<double>(input[cell]);
      });
      ForWindow(unit, [&](int64_t cell) {
        if (kept(input[cell])) each(cell, static_cast<T>(static_cast<double>(input[cell]) / sum));
      });
    }
  }

 private:
  template <typename Each>
  void TakeFirstLargest(const Unit& unit, const T* input, Each each) const {
    int64_t winner = -1;
    ForWindow(unit, [&](int64_t cell) {
      if (winner < 0 || input[cell] > input[winner]) winner = cell;
    });
    if (winner >= 0) each(winner, T{1});
  }

  // The 68-95-99.7 rule over the whole window, with zeros outside the input.
  double Threshold(const Unit& unit, const T* input) const {
    const double count = static_cast<double>(geometry_.Positions());
    double sum = 0, squares = 0, largest = 0, inside = 0;
    ForWindow(unit, [&](int64_t cell) {
      const double value = input[cell];
      sum += value;
      largest = value > largest ? value : largest;
      ++inside;
    });
    const double mean = sum / count;
    ForWindow(unit, [&](int64_t cell) {
      const double away = static_cast<double>(input[cell]) - mean;
      squares += away * away;
    });
    squares += (count - inside) * mean * mean;
    return PolicyChoice(largest, mean, std::sqrt(squares / count), offset_);
  }

  // The cells of the window inside the input, row by row.
  template <typename Each>
  void ForWindow(const Unit& unit, Each each) const {
    const Geometry& g = geometry_;
    const int64_t row = g.Row(unit, 0), column = g.Column(unit, 0);
    const int64_t last_row = std::min(g.height, row + g.kernel_height);
    const int64_t last_column = std::min(g.width, column + g.kernel_width);
    for (int64_t y = std::max<int64_t>(0, row); y < last_row; ++y) {
      for (int64_t x = std::max<int64_t>(0, column); x < last_column; ++x) {
        each(g.Cell(unit.image, y, x) + unit.channel);
      }
    }
  }

  const Geometry geometry_;
  const Mode mode_;
  const int64_t offset_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_UNIT_H_
