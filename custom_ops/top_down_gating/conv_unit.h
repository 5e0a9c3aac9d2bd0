// Stages 2 and 3 of a convolution's unit: the best connected group of one channel.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_UNIT_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_UNIT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "components.h"
#include "geometry.h"
#include "products.h"
#include "rules.h"

namespace tfwsol {

// Works on the units of one layer, one after another, in memory that it keeps.
template <typename T>
class ConvUnit {
 public:
  ConvUnit(const Geometry& geometry, T alpha, bool literal)
      : geometry_(geometry),
        alpha_(alpha),
        literal_(literal),
        stride_(geometry.kernel_width + 1),
        words_(WordsFor(geometry.kernel_height * stride_)),
        one_word_(geometry.kernel_height * stride_ < kWordBits),
        products_(geometry),
        slot_of_(static_cast<size_t>(geometry.GroupChannels()), -1),
        component_(static_cast<size_t>(words_)),
        spare_(static_cast<size_t>(words_)) {}

  // Gives theta. Calls each(place of the product, cell of the input, part of the gate) for all
  // who get a part. `finite` tells whether all products were.
  template <typename Each>
  T Run(const Unit& unit, const T* input, const T* weights, bool* finite, Each each) {
    products_.Fill(unit, input, weights);
    *finite = products_.finite();
    if (!*finite || products_.total() <= kConvPruning.least) return static_cast<T>(kDroppedTheta);
    const T theta = products_.Theta();
    Select(Cut(theta, kConvPruning.slack));
    FindWinners();
    HandDown(unit, each);
    return theta;
  }

 private:
  struct Channel {
    int64_t channel;
    T energy;
    int64_t area;
  };

  struct Winner {
    int64_t channel;
    T energy;
  };

  // Sets the bits of the selected products in one mask per channel that has any.
  void Select(T cut) {
    channels_.clear();
    masks_.clear();
    const int64_t depth = geometry_.GroupChannels(), width = geometry_.kernel_width;
    products_.ForSelected(cut, literal_, [&](int64_t place) {
      const int64_t position = place / depth, channel = place % depth;
      int64_t& slot = slot_of_[channel];
      if (slot < 0) {
        slot = static_cast<int64_t>(channels_.size());
        channels_.push_back({channel, 0, 0});
        masks_.resize(masks_.size() + words_);
      }
      channels_[slot].energy += products_[place];
      ++channels_[slot].area;
      SetBit(&masks_[slot * words_], position / width * stride_ + position % width);
    });
    for (const Channel& entry : channels_) slot_of_[entry.channel] = -1;
  }

  // All channels of the greatest score; in each the later of equal groups.
  void FindWinners() {
    best_ = 0;
    winners_.clear();
    groups_.clear();
    for (size_t slot = 0; slot < channels_.size(); ++slot) {
      const Channel& entry = channels_[slot];
      // No group scores more than its whole channel, unless there are negative products.
      if (!literal_ && !winners_.empty() && Worth(entry.energy, entry.area) < best_) continue;
      FindGroups(entry.channel, &masks_[slot * words_]);
    }
  }

  void FindGroups(int64_t channel, uint64_t* left) {
    bool won = false;
    for (int64_t word = 0; word < words_; ++word) {
      while (left[word] != 0) {
        std::fill(component_.begin(), component_.end(), uint64_t{0});
        component_[word] = left[word] & ~(left[word] - 1);
        if (one_word_) {
          component_[0] = ComponentOf(component_[0], left[0], static_cast<int>(stride_));
        } else {
          GrowComponent(component_.data(), left, spare_.data(), words_, stride_);
        }
        T energy = 0;
        int64_t area = 0;
        ForPlaces(channel, component_.data(), [&](int64_t, int64_t, int64_t place) {
          energy += products_[place];
          ++area;
        });
        for (int64_t w = 0; w < words_; ++w) left[w] &= ~component_[w];
        won = Offer(channel, energy, Worth(energy, area), won);
      }
    }
  }

  // A convolution of one position takes the largest product: there the score would only round.
  T Worth(T energy, int64_t area) const {
    return geometry_.Positions() == 1 ? energy : Score(alpha_, energy, area);
  }

  // Whether the channel holds the last winner now.
  bool Offer(int64_t channel, T energy, T worth, bool won) {
    const bool first = winners_.empty();
    if (!first && !(worth >= best_)) return won;
    if (first || worth > best_) {
      winners_.clear();
      groups_.clear();
    } else if (won) {
      winners_.pop_back();
      groups_.resize(groups_.size() - words_);
    }
    best_ = worth;
    winners_.push_back({channel, energy});
    groups_.insert(groups_.end(), component_.begin(), component_.end());
    return true;
  }

  template <typename Each>
  void HandDown(const Unit& unit, Each each) const {
    const Geometry& g = geometry_;
    const int64_t first = g.FirstChannel(unit);
    for (size_t k = 0; k < winners_.size(); ++k) {
      const Winner& winner = winners_[k];
      ForPlaces(winner.channel, &groups_[k * words_], [&](int64_t i, int64_t j, int64_t place) {
        const int64_t row = g.Row(unit, i), column = g.Column(unit, j);
        if (!g.HasRow(row) || !g.HasColumn(column)) return;
        each(place, g.Cell(unit.image, row, column) + first + winner.channel,
             products_[place] / winner.energy);
      });
    }
  }

  // Calls with row, column and place of the product for the set bits, in order.
  template <typename Each>
  void ForPlaces(int64_t channel, const uint64_t* group, Each each) const {
    const int64_t depth = geometry_.GroupChannels(), width = geometry_.kernel_width;
    for (int64_t word = 0; word < words_; ++word) {
      for (uint64_t bits = group[word]; bits != 0; bits &= bits - 1) {
        const int64_t bit = word * kWordBits + __builtin_ctzll(bits);
        const int64_t i = bit / stride_, j = bit % stride_;
        each(i, j, (i * width + j) * depth + channel);
      }
    }
  }

  const Geometry geometry_;
  const T alpha_;
  const bool literal_;
  const int64_t stride_, words_;
  const bool one_word_;
  Products<T> products_;
  std::vector<int64_t> slot_of_;  // of a channel in `channels_`
  std::vector<Channel> channels_;
  std::vector<uint64_t> masks_, component_, spare_;
  T best_ = 0;
  std::vector<Winner> winners_;
  std::vector<uint64_t> groups_;  // of the winners
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_UNIT_H_
