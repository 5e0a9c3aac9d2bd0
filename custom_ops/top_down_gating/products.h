// The products of one unit's weights with its inputs, and stage 1: theta, without a sort.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PRODUCTS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PRODUCTS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "block_sums.h"
#include "candidates.h"
#include "geometry.h"
#include "rules.h"

namespace tfwsol {

// Keeps its memory from unit to unit. Place (i · width + j) · group channels + c of the
// products belongs to row i, column j and channel c of the window.
template <typename T>
class Products {
 public:
  explicit Products(const Geometry& geometry)
      : geometry_(geometry),
        count_(geometry.Products()),
        products_(static_cast<size_t>((count_ + kBlock - 1) / kBlock * kBlock)),
        block_max_(products_.size() / kBlock),
        candidates_(products_.size()) {}

  T operator[](int64_t place) const { return products_[place]; }
  double total() const { return total_; }
  bool finite() const { return std::isfinite(total_) && std::isfinite(negative_); }

  // input: of the whole batch; weights: those of the unit, in the order of the products.
  void Fill(const Unit& unit, const T* input, const T* weights) {
    BlockSums sums{};
    const int64_t row_products = geometry_.kernel_width * geometry_.GroupChannels();
    const bool whole_rows = row_products % kBlock == 0;
    int64_t measured = 0;
    if (!whole_rows && count_ <= kFewProducts && FillAtOnce(unit, input, weights)) {
      AddBlocks(products_.data(), blocks(), block_max_.data(), &sums);
      return Take(sums);
    }
    for (int64_t i = 0; i < geometry_.kernel_height; ++i, weights += row_products) {
      T* out = &products_[i * row_products];
      const T* inputs = whole_rows ? OnePiece(unit, i, input) : nullptr;
      if (inputs != nullptr) {
        MultiplyBlocks(inputs, weights, out, row_products / kBlock, &block_max_[measured], &sums);
        measured += row_products / kBlock;
        continue;
      }
      FillRow(unit, i, input, weights, out);
      // While the rows are still in the fastest memory, but not after every short one.
      const bool last = i + 1 == geometry_.kernel_height;
      const int64_t whole = last ? blocks() : (i + 1) * row_products / kBlock;
      if (!last && !whole_rows && whole - measured < kFewBlocks) continue;
      AddBlocks(products_.data() + measured * kBlock, whole - measured,
                block_max_.data() + measured, &sums);
      measured = whole;
    }
    Take(sums);
  }

  // The product that lifts the ascending running sum of all products above zero; there is
  // one since their total is positive.
  T Theta() {
    const double deficit = -negative_;
    candidates_.Clear(std::numeric_limits<T>::max());
    if (deficit == 0) return SmallestPositive();
    // The largest products nearly always reach the total alone. Doubles hold these sums of
    // floats exactly enough unless the deficit is next to nothing.
    if (std::is_same<T, float>::value && deficit > 1e-6 * (total_ + deficit)) {
      for (T cut = largest_ / 3; cut > largest_ / 40; cut /= 2) {
        Gather(cut);
        const T theta = candidates_.CrossingAbove(largest_, total());
        if (theta > 0) return theta;
      }
    }
    Gather(0);
    return candidates_.Crossing(deficit);
  }

  // Calls with place and product of the selected ones, in ascending order; after Theta().
  template <typename Each>
  void ForSelected(T cut, bool literal, Each each) {
    if (cut > candidates_.from()) {
      candidates_.KeepFrom(cut);
      candidates_.ForAll(each);
      return;
    }
    for (size_t block = 0; block < block_max_.size(); ++block) {
      if (block_max_[block] < cut || (!literal && block_max_[block] <= 0)) continue;
      const int64_t begin = static_cast<int64_t>(block) * kBlock;
      const int64_t end = std::min(begin + kBlock, count_);
      for (int64_t place = begin; place < end; ++place) {
        if (Selected(products_[place], cut, literal)) each(place, products_[place]);
      }
    }
  }

  // How many products reach the cut, those of zero and below included.
  int64_t CountFrom(T cut) const {
    return std::count_if(products_.begin(), products_.begin() + count_,
                         [cut](T product) { return product >= cut; });
  }

 private:
  static constexpr int64_t kFewBlocks = 16, kFewProducts = 2048;

  int64_t blocks() const { return static_cast<int64_t>(block_max_.size()); }

  void Take(const BlockSums& sums) {
    total_ = sums.Sum();
    negative_ = sums.Negative();
    largest_ = static_cast<T>(sums.largest);
  }

  // All rows, if the window lies inside of the input.
  bool FillAtOnce(const Unit& unit, const T* input, const T* weights) {
    const Geometry& g = geometry_;
    const T* inputs = OnePiece(unit, 0, input);
    if (inputs == nullptr || !g.HasRow(g.Row(unit, g.kernel_height - 1))) return false;
    const int64_t stride = g.dilation_y * g.width * g.channels;
    const Rows rows{g.kernel_height, g.kernel_width * g.GroupChannels(), stride};
    MultiplyRows(inputs, weights, products_.data(), rows);
    return true;
  }

  // Where the inputs of a row of the window lie, if it is whole and they are in one piece.
  const T* OnePiece(const Unit& unit, int64_t i, const T* input) const {
    const Geometry& g = geometry_;
    const int64_t row = g.Row(unit, i), column = g.Column(unit, 0);
    if (g.groups != 1 || g.dilation_x != 1 || !g.HasRow(row)) return nullptr;
    if (column < 0 || column + g.kernel_width > g.width) return nullptr;
    return input + g.Cell(unit.image, row, column);
  }

  void FillRow(const Unit& unit, int64_t i, const T* input, const T* weights, T* out) const {
    const Geometry& g = geometry_;
    const int64_t depth = g.GroupChannels(), row = g.Row(unit, i);
    if (!g.HasRow(row)) {
      std::fill_n(out, g.kernel_width * depth, T{0});
      return;
    }
    const T* inputs = input + g.Cell(unit.image, row, 0) + g.FirstChannel(unit);
    if (g.groups == 1 && g.dilation_x == 1) {
      const int64_t column = g.Column(unit, 0);
      const int64_t begin = std::clamp<int64_t>(-column, 0, g.kernel_width);
      const int64_t end = std::clamp<int64_t>(g.width - column, begin, g.kernel_width);
      std::fill(out, out + begin * depth, T{0});
      if (begin < end) {
        Multiply(inputs + (column + begin) * depth, weights + begin * depth, out + begin * depth,
                 (end - begin) * depth);
      }
      std::fill(out + end * depth, out + g.kernel_width * depth, T{0});
      return;
    }
    for (int64_t j = 0; j < g.kernel_width; ++j, weights += depth, out += depth) {
      const int64_t column = g.Column(unit, j);
      if (g.HasColumn(column)) {
        Multiply(inputs + column * g.channels, weights, out, depth);
      } else {
        std::fill_n(out, depth, T{0});
      }
    }
  }

  void Gather(T cut) {
    candidates_.Gather(Blocks<T>{products_.data(), block_max_.data(), blocks()}, cut);
  }

  T SmallestPositive() const {
    T least = std::numeric_limits<T>::max();
    for (const T product : products_) {
      least = product > 0 && product < least ? product : least;
    }
    return least;
  }

  const Geometry geometry_;
  const int64_t count_;
  std::vector<T> products_;   // whole blocks, the rest zero
  std::vector<T> block_max_;
  Candidates<T> candidates_;
  double total_ = 0, negative_ = 0;
  T largest_ = 0;  // zero, too, when all are below
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PRODUCTS_H_
