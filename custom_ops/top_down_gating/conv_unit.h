// Stages 2 and 3 of a convolution's unit: the best connected group of one channel.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_UNIT_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_UNIT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "components.h"
#include "divider.h"
#include "geometry.h"
#include "neighbours.h"
#include "place_bits.h"
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
        bounded_(!literal && alpha >= 0 && alpha <= 1),
        stride_(geometry.kernel_width + 1),
        words_(WordsFor(geometry.kernel_height * stride_)),
        products_(geometry),
        position_of_(geometry.GroupChannels()),
        selected_(static_cast<size_t>(geometry.Products())),
        selected_bit_(selected_.size()),
        channel_of_(selected_.size() + kWordBits),
        channels_(static_cast<size_t>(geometry.GroupChannels())),
        touched_(channels_.size() + 1),
        left_(static_cast<size_t>(words_)),
        component_(left_),
        spare_(left_) {
    for (int64_t i = 0; i < geometry.kernel_height; ++i) {
      for (int64_t j = 0; j < stride_; ++j) {
        place_of_.push_back((i * geometry.kernel_width + j) * geometry.GroupChannels());
        if (j < geometry.kernel_width) bit_of_.push_back(static_cast<int32_t>(i * stride_ + j));
      }
    }
  }

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
    T energy = 0, worth = 0;
    int64_t area = 0;
  };

  struct Winner {
    int64_t channel;
    T energy;
  };

  // Energy and area of every channel that has a selected product.
  void Select(T cut) {
    selected_count_ = 0;
    const int64_t depth = geometry_.GroupChannels();
    products_.ForSelected(cut, literal_, [&](int64_t place, T product) {
      const int64_t position = position_of_.Quotient(place), channel = place - position * depth;
      channel_of_[selected_count_] = static_cast<int32_t>(channel);
      selected_bit_[selected_count_] = bit_of_[position];
      selected_[selected_count_++] = product;
      Channel& entry = channels_[channel];
      touched_[touched_count_] = channel;
      touched_count_ += entry.area == 0;
      entry.energy += product;
      ++entry.area;
    });
  }

  // All channels of the greatest score; in each the later of equal groups.
  void FindWinners() {
    winners_.clear();
    groups_.clear();
    T most = std::numeric_limits<T>::lowest();
    int64_t first = -1;
    for (size_t k = 0; k < touched_count_; ++k) {
      const int64_t channel = touched_[k];
      Channel& entry = channels_[channel];
      entry.worth = Worth(entry.energy, entry.area);
      if (entry.worth > most) most = entry.worth, first = channel;
    }
    if (first >= 0) FindGroups(first);
    for (size_t k = 0; k < touched_count_; ++k) {
      const int64_t channel = touched_[k];
      // No group scores more than its whole channel, unless there are negative products.
      if (channel != first && (literal_ || !(channels_[channel].worth < best_))) {
        FindGroups(channel);
      }
      channels_[channel] = Channel{};
    }
    touched_count_ = 0;
  }

  // Groups of a channel's members, each a set of bits.
  void FindGroups(int64_t channel) {
    const size_t count = words_ < kManyWords ? FindMembers(channel) : kWordBits + 1;
    if (count > kWordBits) return FindLargeGroups(channel);
    if (count > 1) {
      FindNeighbours(member_bit_, count, static_cast<int16_t>(stride_), touching_);
    }
    const T whole = channels_[channel].energy;
    T energy_left = whole + whole * kSafely;
    int64_t area_left = static_cast<int64_t>(count);
    bool won = false;
    for (uint64_t left = ~uint64_t{0} >> (kWordBits - count); left != 0;) {
      const uint64_t group = count > 1 ? GroupOf(left & ~(left - 1)) : left;
      T energy = 0;
      int64_t area = 0;
      for (uint64_t rest = group; rest != 0; rest &= rest - 1, ++area) {
        energy += selected_[members_[__builtin_ctzll(rest)]];
      }
      left &= ~group;
      won = OfferMembers(channel, group, energy, Worth(energy, area), won);
      energy_left -= energy;
      area_left -= area;
      // With such shares a part of a group never scores more than the whole.
      if (bounded_ && Worth(energy_left, area_left) < best_) return;
    }
  }

  // Where a channel's products stand among the selected; gives how many they are.
  size_t FindMembers(int64_t channel) {
    size_t count = 0;
    for (size_t first = 0; first < selected_count_; first += kSixteen) {
      uint32_t places = PlacesOf(&channel_of_[first], static_cast<int32_t>(channel));
      const size_t rest = selected_count_ - first;
      if (rest < kSixteen) places &= (uint32_t{1} << rest) - 1;
      for (; places != 0; places &= places - 1, ++count) {
        const size_t place = first + __builtin_ctz(places);
        members_[count % kWordBits] = place;
        member_bit_[count % kWordBits] = static_cast<int16_t>(selected_bit_[place]);
      }
    }
    return count;
  }

  // Whether the channel holds the last winner now.
  bool OfferMembers(int64_t channel, uint64_t group, T energy, T worth, bool won) {
    if (!winners_.empty() && !(worth >= best_)) return won;
    std::fill(component_.begin(), component_.end(), uint64_t{0});
    for (; group != 0; group &= group - 1) {
      SetBit(component_.data(), member_bit_[__builtin_ctzll(group)]);
    }
    return Offer(channel, energy, worth, won);
  }

  // All that hang together with one member.
  uint64_t GroupOf(uint64_t seed) const {
    uint64_t group = seed;
    for (uint64_t fresh = seed; fresh != 0;) {
      uint64_t grown = 0;
      for (; fresh != 0; fresh &= fresh - 1) grown |= touching_[__builtin_ctzll(fresh)];
      fresh = grown & ~group;
      group |= grown;
    }
    return group;
  }

  // The same for a channel with more products than bits in a word.
  void FindLargeGroups(int64_t channel) {
    ReadMask(channel);
    bool won = false;
    for (int64_t word = 0; word < words_; ++word) {
      while (left_[word] != 0) {
        std::fill(component_.begin(), component_.end(), uint64_t{0});
        component_[word] = left_[word] & ~(left_[word] - 1);
        GrowComponent(component_.data(), left_.data(), spare_.data(), words_, stride_);
        T energy = 0;
        int64_t area = 0;
        ForBits(component_.data(), [&](int64_t bit) {
          energy += products_[place_of_[bit] + channel];
          ++area;
        });
        for (int64_t w = 0; w < words_; ++w) left_[w] &= ~component_[w];
        won = Offer(channel, energy, Worth(energy, area), won);
      }
    }
  }

  // The bits of a channel's selected products.
  void ReadMask(int64_t channel) {
    std::fill(left_.begin(), left_.end(), uint64_t{0});
    for (size_t k = 0; k < selected_count_; ++k) {
      if (channel_of_[k] == channel) SetBit(left_.data(), selected_bit_[k]);
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
    for (int64_t w = 0; w < words_; ++w) groups_.push_back(component_[w]);
    return true;
  }

  template <typename Each>
  void HandDown(const Unit& unit, Each each) const {
    const Geometry& g = geometry_;
    const int64_t first = g.FirstChannel(unit);
    for (size_t k = 0; k < winners_.size(); ++k) {
      const Winner& winner = winners_[k];
      ForBits(&groups_[k * words_], [&](int64_t bit) {
        const int64_t row = g.Row(unit, bit / stride_), column = g.Column(unit, bit % stride_);
        if (!g.HasRow(row) || !g.HasColumn(column)) return;
        const int64_t place = place_of_[bit] + winner.channel;
        each(place, g.Cell(unit.image, row, column) + first + winner.channel,
             products_[place] / winner.energy);
      });
    }
  }

  // Calls with the set bits, in order.
  template <typename Each>
  void ForBits(const uint64_t* group, Each each) const {
    for (int64_t word = 0; word < words_; ++word) {
      for (uint64_t bits = group[word]; bits != 0; bits &= bits - 1) {
        each(word * kWordBits + __builtin_ctzll(bits));
      }
    }
  }

  static constexpr size_t kSixteen = 16;
  static constexpr int64_t kManyWords = 512;  // whose bits are too many to be counted in 16
  // More than the rounding of a sum of as many products as a word has bits.
  static constexpr T kSafely = static_cast<T>(1e-4);

  const Geometry geometry_;
  const T alpha_;
  const bool literal_, bounded_;
  const int64_t stride_, words_;
  Products<T> products_;
  const Divider position_of_;      // of a product's place
  std::vector<int32_t> bit_of_;    // of a position
  std::vector<int64_t> place_of_;  // the product of a bit and of channel 0
  // Of the unit at hand. The lists are as long as they can become; the counts are what is used.
  std::vector<T> selected_;  // products
  std::vector<int32_t> selected_bit_, channel_of_;  // of these; the latter to a whole word's end
  std::vector<Channel> channels_;
  std::vector<int64_t> touched_;  // channels that have a selected product
  size_t selected_count_ = 0, touched_count_ = 0;
  size_t members_[kWordBits];     // of a channel, among the selected
  int16_t member_bit_[kWordBits + 8] = {};
  uint64_t touching_[kWordBits];  // of each member the members beside it, as bits
  std::vector<uint64_t> left_, component_, spare_;
  T best_ = 0;
  std::vector<Winner> winners_;
  std::vector<uint64_t> groups_;  // of the winners
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_UNIT_H_
