// The best connected group of selected products of one channel, by one thread.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CHANNEL_GROUP_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CHANNEL_GROUP_CU_H_

#include <cstdint>

#include "components.h"
#include "device.h"
#include "geometry.h"
#include "rules.h"

namespace tfwsol {

constexpr int kOwnWords = 4;  // of a window's mask that a thread keeps for itself
constexpr int kMasks = 5;     // masks that it needs

// What all channels of a unit have in common.
struct GroupRules {
  float cut, alpha;
  bool literal;
};

struct ChannelGroup {
  float worth, energy;
};

TFWSOL_HD inline int64_t MaskWords(const Geometry& g) {
  return WordsFor(g.kernel_height * (g.kernel_width + 1));
}

// The masks of one thread: in its own memory, or in a slice of `spare` for wide windows.
struct WindowMasks {
  int64_t words, stride;
  bool one_word;
  uint64_t *left, *component, *grown, *best, *kept;

  __device__ WindowMasks(const Geometry& g, uint64_t* own, uint64_t* spare, int64_t lane)
      : words(MaskWords(g)),
        stride(g.kernel_width + 1),
        one_word(g.kernel_height * stride < kWordBits) {
    left = words <= kOwnWords ? own : spare + lane * kMasks * words;
    component = left + words, grown = component + words, best = grown + words;
    kept = best + words;
  }
};

// Calls with row and column of the set bits, in order.
template <typename Each>
__device__ void ForBits(const uint64_t* mask, int64_t words, int64_t stride, Each each) {
  for (int64_t word = 0; word < words; ++word) {
    for (uint64_t bits = mask[word]; bits != 0; bits &= bits - 1) {
      const int64_t bit = word * kWordBits + LowestBit(bits);
      each(bit / stride, bit % stride);
    }
  }
}

// The sum of some products of a channel, and how many they are.
struct Selection {
  float energy = 0;
  int64_t area = 0;
};

// Of the selected ones; puts down in `masks->left` where they lie.
template <typename Read>
__device__ Selection SelectProducts(const Geometry& g, const GroupRules& rules, Read read,
                                    WindowMasks* masks) {
  Selection selection;
  for (int64_t w = 0; w < masks->words; ++w) masks->left[w] = 0;
  for (int64_t i = 0; i < g.kernel_height; ++i) {
    for (int64_t j = 0; j < g.kernel_width; ++j) {
      const float product = read(i, j);
      if (!Selected(product, rules.cut, rules.literal)) continue;
      SetBit(masks->left, i * masks->stride + j);
      selection.energy += product;
      ++selection.area;
    }
  }
  return selection;
}

// Finds the groups of a channel, in `masks->best` the best of them: the later of equal ones.
//   read(i, j): the product at row i and column j of the window
// False when nothing is selected, or when no group can be worth `least`.
template <typename Read>
__device__ bool BestGroup(const Geometry& g, const GroupRules& rules, Read read, float least,
                          WindowMasks* masks, ChannelGroup* group) {
  const int64_t words = masks->words, stride = masks->stride;
  // A convolution of one position takes the largest product: there the score would only round.
  const auto worth_of = [&](float energy, int64_t area) {
    return g.Positions() == 1 ? energy : Score(rules.alpha, energy, area);
  };
  const Selection all = SelectProducts(g, rules, read, masks);
  if (all.area == 0) return false;
  // No group scores more than its whole channel, unless there are negative products.
  if (!rules.literal && worth_of(all.energy, all.area) < least) return false;
  bool found = false;
  for (int64_t word = 0; word < words; ++word) {
    while (masks->left[word] != 0) {
      for (int64_t w = 0; w < words; ++w) masks->component[w] = 0;
      masks->component[word] = masks->left[word] & ~(masks->left[word] - 1);
      if (masks->one_word) {
        masks->component[0] =
            ComponentOf(masks->component[0], masks->left[0], static_cast<int>(stride));
      } else {
        GrowComponent(masks->component, masks->left, masks->grown, words, stride);
      }
      Selection own;
      ForBits(masks->component, words, stride, [&](int64_t i, int64_t j) {
        own.energy += read(i, j);
        ++own.area;
      });
      const float worth = worth_of(own.energy, own.area);
      const bool better = !found || worth >= group->worth;
      if (better) *group = {worth, own.energy};
      for (int64_t w = 0; w < words; ++w) {
        masks->left[w] &= ~masks->component[w];
        if (better) masks->best[w] = masks->component[w];
      }
      found = true;
    }
  }
  return true;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CHANNEL_GROUP_CU_H_
