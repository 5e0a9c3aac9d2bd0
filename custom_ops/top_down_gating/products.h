// The products of one unit's weights with its inputs, and stage 1: theta, without a sort.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PRODUCTS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PRODUCTS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "block_sums.h"
#include "crossing.h"
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
        candidates_(new T[products_.size()]),
        places_(new int64_t[products_.size()]) {}

  T operator[](int64_t place) const { return products_[place]; }
  double total() const { return positive_ + negative_; }
  bool finite() const { return std::isfinite(positive_) && std::isfinite(negative_); }

  // input: of the whole batch; weights: those of the unit, in the order of the products.
  void Fill(const Unit& unit, const T* input, const T* weights) {
    BlockSums sums{};
    const int64_t row_products = geometry_.kernel_width * geometry_.GroupChannels();
    int64_t measured = 0;
    for (int64_t i = 0; i < geometry_.kernel_height; ++i) {
      FillRow(unit, i, input, weights + i * row_products, &products_[i * row_products]);
      // While the row is still in the fastest memory.
      const bool last = i + 1 == geometry_.kernel_height;
      const int64_t whole = last ? blocks() : (i + 1) * row_products / kBlock;
      AddBlocks(products_.data() + measured * kBlock, whole - measured,
                block_max_.data() + measured, &sums);
      measured = whole;
    }
    positive_ = sums.Positive();
    negative_ = sums.Negative();
  }

  // The product that lifts the ascending running sum of all products above zero; there is
  // one since their total is positive.
  T Theta() {
    const double deficit = -negative_;
    gathered_from_ = std::numeric_limits<T>::max();
    if (deficit == 0) return SmallestPositive();
    // The largest products nearly always reach the total alone. Doubles hold these sums of
    // floats exactly enough unless the deficit is next to nothing.
    if (std::is_same<T, float>::value && deficit > 1e-6 * positive_) {
      const T largest = *std::max_element(block_max_.begin(), block_max_.end());
      for (T cut = largest / 4; cut > largest / 40; cut /= 2) {
        const double above = Gather(cut);
        if (above >= total()) {
          return CrossingBySteps(candidates_.get(), gathered_, largest, above - total());
        }
      }
    }
    Gather(0);
    return Crossing(candidates_.get(), gathered_, deficit);
  }

  // Calls with the places of the selected products, in ascending order; after Theta().
  template <typename Each>
  void ForSelected(T cut, bool literal, Each each) const {
    if (cut > gathered_from_) {
      for (size_t k = 0; k < gathered_; ++k) {
        if (products_[places_[k]] >= cut) each(places_[k]);
      }
      return;
    }
    for (size_t block = 0; block < block_max_.size(); ++block) {
      if (block_max_[block] < cut || (!literal && block_max_[block] <= 0)) continue;
      const int64_t begin = static_cast<int64_t>(block) * kBlock;
      const int64_t end = std::min(begin + kBlock, count_);
      for (int64_t place = begin; place < end; ++place) {
        if (Selected(products_[place], cut, literal)) each(place);
      }
    }
  }

  // How many products reach the cut, those of zero and below included.
  int64_t CountFrom(T cut) const {
    return std::count_if(products_.begin(), products_.begin() + count_,
                         [cut](T product) { return product >= cut; });
  }

 private:
  int64_t blocks() const { return static_cast<int64_t>(block_max_.size()); }

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

  static void Multiply(const T* inputs, const T* weights, T* __restrict out, int64_t count) {
    for (int64_t k = 0; k < count; ++k) out[k] = inputs[k] * weights[k];
  }

  // Takes the products above a cut for candidates and gives their sum.
  double Gather(T cut) {
    T* candidate = candidates_.get();
    int64_t* place = places_.get();
    gathered_from_ = cut;
    double sum = 0;
    for (size_t block = 0; block < block_max_.size(); ++block) {
      if (!(block_max_[block] > cut)) continue;
      const T* products = &products_[block * kBlock];
      for (uint64_t above = PlacesAbove(products, cut); above != 0; above &= above - 1) {
        const int k = __builtin_ctzll(above);
        *candidate++ = products[k];
        *place++ = static_cast<int64_t>(block) * kBlock + k;
        sum += static_cast<double>(products[k]);
      }
    }
    gathered_ = candidate - candidates_.get();
    return sum;
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
  std::unique_ptr<T[]> candidates_;  // all products above `gathered_from_`; Theta() reorders them
  std::unique_ptr<int64_t[]> places_;  // theirs, ascending
  size_t gathered_ = 0;
  T gathered_from_ = 0;
  double positive_ = 0, negative_ = 0;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PRODUCTS_H_
