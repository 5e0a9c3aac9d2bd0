// Gates summed up by the cell they arrive at, without a place for every cell there is. No
// framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CELL_SUMS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CELL_SUMS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tfwsol {

template <typename T>
struct CellGate {
  int64_t cell;
  T gate;
};

// What arrives at one cell is added in the order of its coming, as into a tensor.
template <typename T>
class CellSums {
 public:
  // cells: how many there are.
  explicit CellSums(int64_t cells) {
    while (digits_ * kDigit < 63 && cells >> (digits_ * kDigit)) ++digits_;
  }

  void Add(int64_t cell, T gate) {
    gates_.push_back({cell, gate});
    if (gates_.size() >= limit_) Merge();
  }

  // One for each cell that something arrived at, in the order of the cells.
  const std::vector<CellGate<T>>& Sums() {
    Merge();
    return gates_;
  }

 private:
  static constexpr int kDigit = 11;
  static constexpr size_t kMany = size_t{1} << 20, kFew = 256;

  void Merge() {
    Sort();
    size_t sums = 0;
    for (size_t k = 0; k < gates_.size(); ++k) {
      if (sums > 0 && gates_[sums - 1].cell == gates_[k].cell) {
        gates_[sums - 1].gate += gates_[k].gate;
      } else {
        gates_[sums++] = gates_[k];
      }
    }
    gates_.resize(sums);
    limit_ = std::max(kMany, 2 * sums);
  }

  // Digit by digit from the lowest on, each time leaving equal ones in their order.
  void Sort() {
    const auto less = [](const CellGate<T>& a, const CellGate<T>& b) { return a.cell < b.cell; };
    if (gates_.size() < kFew) return std::stable_sort(gates_.begin(), gates_.end(), less);
    spare_.resize(gates_.size());
    for (int shift = 0; shift < digits_ * kDigit; shift += kDigit) {
      const auto digit = [shift](const CellGate<T>& gate) {
        return static_cast<size_t>(gate.cell >> shift & ((1 << kDigit) - 1));
      };
      std::array<size_t, size_t{1} << kDigit> next{};
      for (const CellGate<T>& gate : gates_) ++next[digit(gate)];
      size_t first = 0;
      for (size_t& count : next) {
        first += count;
        count = first - count;
      }
      for (const CellGate<T>& gate : gates_) spare_[next[digit(gate)]++] = gate;
      gates_.swap(spare_);
    }
  }

  int digits_ = 0;
  size_t limit_ = kMany;
  std::vector<CellGate<T>> gates_, spare_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CELL_SUMS_H_
