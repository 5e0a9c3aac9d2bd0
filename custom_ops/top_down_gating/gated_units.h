// The units of a layer that have a gate, wherever they were read from. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GATED_UNITS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GATED_UNITS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "geometry.h"
#include "scan.h"
#include "shares.h"

namespace tfwsol {

// In the order in which their shares are added up.
template <typename T>
struct GatedUnits {
  std::vector<int64_t> places;  // among all gates of the layer's output
  std::vector<T> gates;

  int64_t count() const { return static_cast<int64_t>(places.size()); }
};

// All gates of a tensor that are not zero; false when one is not finite.
template <typename T>
bool ReadDense(const T* gates, int64_t count, const ShareOut& share_out, GatedUnits<T>* units) {
  const bool finite = FindGated(gates, count, share_out, &units->places);
  units->gates.reserve(units->places.size());
  for (const int64_t place : units->places) units->gates.push_back(gates[place]);
  return finite;
}

// Rows of image, row, column and channel, as a SparseTensor lists its values. Gives the first row
// that lies outside of the layer's output, or -1.
template <typename T>
int64_t ReadListed(const Geometry& geometry, const int64_t* indices, const T* gates, int64_t count,
                   GatedUnits<T>* units) {
  const int64_t sides[] = {geometry.batch, geometry.out_height, geometry.out_width,
                           geometry.out_channels};
  units->places.reserve(static_cast<size_t>(count));
  for (int64_t k = 0; k < count; ++k, indices += 4) {
    int64_t place = 0;
    for (int axis = 0; axis < 4; ++axis) {
      if (indices[axis] < 0 || indices[axis] >= sides[axis]) return k;
      place = place * sides[axis] + indices[axis];
    }
    units->places.push_back(place);
  }
  units->gates.assign(gates, gates + count);
  return -1;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GATED_UNITS_H_
