// Connected groups of the set bits of a window, by sides and corners. No framework in here.
//
// Bit i · stride + j is row i, column j; stride is one more than the width, so that an empty
// column parts the end of a row from the beginning of the next.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COMPONENTS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COMPONENTS_H_

#include <cstdint>

#include "host_device.h"

namespace tfwsol {

constexpr int kWordBits = 64;

TFWSOL_HD inline int64_t WordsFor(int64_t bits) { return (bits + kWordBits - 1) / kWordBits; }

TFWSOL_HD inline bool TestBit(const uint64_t* words, int64_t bit) {
  return words[bit / kWordBits] >> (bit % kWordBits) & 1;
}

TFWSOL_HD inline void SetBit(uint64_t* words, int64_t bit) {
  words[bit / kWordBits] |= uint64_t{1} << (bit % kWordBits);
}

// The bits `by` places up (by > 0) or down, read at word w.
TFWSOL_HD inline uint64_t Shifted(const uint64_t* words, int64_t count, int64_t w, int64_t by) {
  const int64_t first = w * kWordBits - by;  // where the lowest bit of the result comes from
  const int64_t word = (first >= 0 ? first : first - (kWordBits - 1)) / kWordBits;
  const int bit = static_cast<int>(first - word * kWordBits);
  const uint64_t low = 0 <= word && word < count ? words[word] : 0;
  const uint64_t high = 0 <= word + 1 && word + 1 < count ? words[word + 1] : 0;
  return bit == 0 ? low : low >> bit | high << (kWordBits - bit);
}

// The bits of word w and of those `by` places beside them.
TFWSOL_HD inline uint64_t Spread(const uint64_t* words, int64_t count, int64_t w, int64_t by) {
  const uint64_t own = words[w];
  if (by >= kWordBits) {
    return own | Shifted(words, count, w, by) | Shifted(words, count, w, -by);
  }
  const uint64_t before = w > 0 ? words[w - 1] : 0, behind = w + 1 < count ? words[w + 1] : 0;
  return own | own << by | before >> (kWordBits - by) | own >> by | behind << (kWordBits - by);
}

// All bits of one word that hang together with a seed; needs stride < 64.
TFWSOL_HD inline uint64_t ComponentOf(uint64_t seed, uint64_t mask, int stride) {
  for (;;) {
    uint64_t grown = seed | seed << 1 | seed >> 1;
    grown = (grown | grown << stride | grown >> stride) & mask;
    if (grown == seed) return seed;
    seed = grown;
  }
}

// The same for windows of many words: `component` holds the seed and becomes the group;
// `spare` is overwritten.
TFWSOL_HD inline void GrowComponent(uint64_t* component, const uint64_t* mask, uint64_t* spare,
                                    int64_t words, int64_t stride) {
  for (bool changed = true; changed;) {
    changed = false;
    for (int64_t w = 0; w < words; ++w) spare[w] = Spread(component, words, w, 1);
    for (int64_t w = 0; w < words; ++w) {
      const uint64_t grown = Spread(spare, words, w, stride) & mask[w];
      changed |= grown != component[w];
      component[w] = grown;
    }
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COMPONENTS_H_
