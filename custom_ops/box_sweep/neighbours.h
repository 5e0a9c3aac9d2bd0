// What the eight pixels round a pixel say when it joins the ones that are there already.

#ifndef TFWSOL_CUSTOM_OPS_BOX_SWEEP_NEIGHBOURS_H_
#define TFWSOL_CUSTOM_OPS_BOX_SWEEP_NEIGHBOURS_H_

#include <array>
#include <cstdint>

namespace tfwsol {

// Clockwise from the one above; their bits make a mask. Even ones touch by a side.
enum Neighbour { kN, kNE, kE, kSE, kS, kSW, kW, kNW };

// Answers for each mask of neighbours that are there already.
struct NeighbourTables {
  // One neighbour of each group that hangs together without the pixel, by sides and corners
  // and by sides only.
  std::array<uint8_t, 256> foreground{}, background{};
  // What the pixel adds to twice the area of the polygon through the centres: one per 2×2
  // window in which it is the third or the fourth.
  std::array<uint8_t, 256> gain{};

  static const NeighbourTables& Get() {
    static const NeighbourTables tables;
    return tables;
  }

 private:
  NeighbourTables() {
    for (int mask = 0; mask < 256; ++mask) {
      foreground[mask] = OneOfEachGroup(mask, mask, true);
      background[mask] = OneOfEachGroup(mask, mask & 0x55, false);
      for (int side = kN; side < 8; side += 2) {
        gain[mask] += Has(mask, side) + Has(mask, side + 1) + Has(mask, side + 2) >= 2;
      }
    }
  }

  static int Has(int mask, int neighbour) { return mask >> (neighbour & 7) & 1; }

  static bool Touch(int a, int b, bool corners) {
    const int apart = (a - b) & 7;
    if (apart == 1 || apart == 7) return true;
    return corners && a % 2 == 0 && (apart == 2 || apart == 6);
  }

  static uint8_t OneOfEachGroup(int mask, int candidates, bool corners) {
    int chosen = 0;
    for (int reached = 0; (candidates & ~reached) != 0;) {
      const int next = candidates & ~reached;
      chosen |= next & -next;
      reached |= GroupOf(next & -next, mask, corners);
    }
    return static_cast<uint8_t>(chosen);
  }

  static int GroupOf(int seed, int mask, bool corners) {
    int group = seed;
    for (int round = 0; round < 8; ++round) {
      for (int a = 0; a < 8; ++a) {
        for (int b = 0; b < 8; ++b) {
          if (Has(group, a) && Has(mask, b) && Touch(a, b, corners)) group |= 1 << b;
        }
      }
    }
    return group;
  }
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_BOX_SWEEP_NEIGHBOURS_H_
