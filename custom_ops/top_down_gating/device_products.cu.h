// The products of one unit, shared by the threads of a block.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_PRODUCTS_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_PRODUCTS_CU_H_

#include <cstdint>

#include "block_reduction.cu.h"
#include "device.h"
#include "geometry.h"

namespace tfwsol {

struct DeviceLayer {
  Geometry geometry;
  const float* x;
  const float* kernel;
  const float* gates;
  bool packed;  // output channels first
  bool literal;

  // Where a weight stands in the kernel.
  TFWSOL_HD int64_t Weight(int64_t channel, int64_t place) const {
    return packed ? channel * geometry.Products() + place
                  : place * geometry.out_channels + channel;
  }

  // Of row i, column j and channel c of the group in the window.
  TFWSOL_HD float Product(const Unit& unit, int64_t i, int64_t j, int64_t c) const {
    const Geometry& g = geometry;
    const int64_t row = g.Row(unit, i), column = g.Column(unit, j);
    if (!g.HasRow(row) || !g.HasColumn(column)) return 0;
    const int64_t place = (i * g.kernel_width + j) * g.GroupChannels() + c;
    return x[g.Cell(unit.image, row, column) + g.FirstChannel(unit) + c] *
           kernel[Weight(unit.channel, place)];
  }
};

// Reads products from shared memory, or forms them anew every time where they do not fit.
class DeviceProducts {
 public:
  __device__ DeviceProducts(const DeviceLayer& layer, const Unit& unit, const BlockMemory& memory)
      : layer_(layer),
        unit_(unit),
        cached_(memory.products),
        count_(layer.geometry.Products()),
        depth_(layer.geometry.GroupChannels()),
        width_(layer.geometry.kernel_width) {}

  // The first pass over the products: calls with each of this thread's and keeps it.
  template <typename Each>
  __device__ void Fill(Each each) const {
    Walk([&](int64_t place, float product) {
      if (cached_ != nullptr) cached_[place] = product;
      each(product);
    });
  }

  // Calls with each of this thread's products; after Fill and a barrier.
  template <typename Each>
  __device__ void ForEach(Each each) const {
    if (cached_ == nullptr) {
      Walk([&](int64_t, float product) { each(product); });
      return;
    }
    for (int64_t place = Thread(); place < count_; place += Threads()) each(cached_[place]);
  }

  __device__ float At(int64_t i, int64_t j, int64_t c) const {
    return cached_ != nullptr ? cached_[(i * width_ + j) * depth_ + c]
                              : layer_.Product(unit_, i, j, c);
  }

 private:
  // Every Threads()-th place from Thread() on, without a division for each.
  template <typename Each>
  __device__ void Walk(Each each) const {
    const int64_t step_c = Threads() % depth_, positions = Threads() / depth_;
    const int64_t step_j = positions % width_, step_i = positions / width_;
    const int64_t position = Thread() / depth_;
    int64_t i = position / width_, j = position % width_, c = Thread() % depth_;
    for (int64_t place = Thread(); place < count_; place += Threads()) {
      each(place, layer_.Product(unit_, i, j, c));
      c += step_c, j += step_j, i += step_i;
      if (c >= depth_) c -= depth_, ++j;
      if (j >= width_) j -= width_, ++i;
    }
  }

  const DeviceLayer& layer_;
  const Unit unit_;
  float* const cached_;
  const int64_t count_, depth_, width_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_PRODUCTS_CU_H_
