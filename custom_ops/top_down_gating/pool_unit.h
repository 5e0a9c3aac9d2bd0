// The one stage of a pool's unit: the places of its window that get its gate.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_UNIT_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_UNIT_H_

#include <cmath>
#include <cstdint>

#include "geometry.h"
#include "prefetch.h"
#include "rules.h"

namespace tfwsol {

// What a window settled on.
struct PoolChoice {
  int64_t winner;  // a cell, or -1
  double least;    // of a value that gets a part
  double sum;      // of those values
};

// The pool's channels are its groups, and it is not dilated. Nothing is handed down where no
// place qualifies.
template <typename T>
class PoolUnit {
 public:
  TFWSOL_HD PoolUnit(const Geometry& geometry, Mode mode, int64_t offset)
      : geometry_(geometry), mode_(mode), offset_(offset) {}

  TFWSOL_HD PoolChoice Choose(const Unit& unit, const T* input) const {
    if (mode_ == Mode::kWinner) return {FirstLargest(unit, input), 0, 0};
    PoolChoice choice{-1, mode_ == Mode::kAll ? 0 : Threshold(unit, input), 0};
    ForWindow(unit, [&](int64_t cell) {
      const double value = input[cell];
      if (value > 0 && value >= choice.least) choice.sum += value;
    });
    return choice;
  }

  // The part of the gate for a cell of the window that holds a value; 0 for none.
  TFWSOL_HD T Part(const PoolChoice& choice, int64_t cell, T value) const {
    if (mode_ == Mode::kWinner) return cell == choice.winner ? T{1} : T{0};
    const double exact = value;
    return exact > 0 && exact >= choice.least ? static_cast<T>(exact / choice.sum) : T{0};
  }

  // Has memory bring a window, whose cells are far apart, before its turn.
  void PrefetchWindow(const Unit& unit, const T* input) const {
    ForWindow(unit, [&](int64_t cell) { Prefetch(input + cell); });
  }

  // Whether all values of its window are.
  bool IsFinite(const Unit& unit, const T* input) const {
    bool finite = true;
    ForWindow(unit, [&](int64_t cell) { finite &= std::isfinite(input[cell]); });
    return finite;
  }

  // Calls each(cell of the input, part of the gate).
  template <typename Each>
  void Run(const Unit& unit, const T* input, Each each) const {
    const PoolChoice choice = Choose(unit, input);
    if (choice.winner >= 0) each(choice.winner, T{1});
    if (mode_ == Mode::kWinner) return;
    ForWindow(unit, [&](int64_t cell) {
      const T part = Part(choice, cell, input[cell]);
      if (part != 0) each(cell, part);
    });
  }

 private:
  TFWSOL_HD int64_t FirstLargest(const Unit& unit, const T* input) const {
    int64_t winner = -1;
    ForWindow(unit, [&](int64_t cell) {
      if (winner < 0 || input[cell] > input[winner]) winner = cell;
    });
    return winner;
  }

  // The 68-95-99.7 rule over the whole window, with zeros outside the input.
  TFWSOL_HD double Threshold(const Unit& unit, const T* input) const {
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
  TFWSOL_HD void ForWindow(const Unit& unit, Each each) const {
    const Geometry& g = geometry_;
    const int64_t row = g.Row(unit, 0), column = g.Column(unit, 0);
    const int64_t first_row = row > 0 ? row : 0, first_column = column > 0 ? column : 0;
    const int64_t below = row + g.kernel_height, right = column + g.kernel_width;
    const int64_t last_row = below < g.height ? below : g.height;
    const int64_t last_column = right < g.width ? right : g.width;
    int64_t row_cell = g.Cell(unit.image, first_row, first_column) + unit.channel;
    for (int64_t y = first_row; y < last_row; ++y, row_cell += g.width * g.channels) {
      int64_t cell = row_cell;
      for (int64_t x = first_column; x < last_column; ++x, cell += g.channels) each(cell);
    }
  }

  const Geometry geometry_;
  const Mode mode_;
  const int64_t offset_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_UNIT_H_
