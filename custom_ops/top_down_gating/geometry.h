// Where the window of a gated unit lies. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GEOMETRY_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GEOMETRY_H_

#include <cstdint>

#include "host_device.h"

namespace tfwsol {

// One cell of the gates above: image, row, column, output channel.
struct Unit {
  int64_t image, y, x, channel;
};

// A layer from batch × height × width × channels to the gates' grid. A dense layer is one of a
// single position; a pool has as many groups as channels. What a window covers outside the
// input counts as zero, so only the padding before the first row and column is needed.
struct Geometry {
  int64_t batch, height, width, channels;
  int64_t out_height, out_width, out_channels;
  int64_t kernel_height, kernel_width;
  int64_t stride_y, stride_x, top, left, dilation_y, dilation_x, groups;

  TFWSOL_HD int64_t GroupChannels() const { return channels / groups; }
  TFWSOL_HD int64_t Positions() const { return kernel_height * kernel_width; }
  TFWSOL_HD int64_t Products() const { return Positions() * GroupChannels(); }
  TFWSOL_HD int64_t Units() const { return batch * out_height * out_width * out_channels; }
  TFWSOL_HD int64_t Cells() const { return batch * height * width * channels; }

  TFWSOL_HD Unit UnitAt(int64_t index) const {
    Unit unit;
    unit.channel = index % out_channels;
    index /= out_channels;
    unit.x = index % out_width;
    index /= out_width;
    unit.y = index % out_height;
    unit.image = index / out_height;
    return unit;
  }

  TFWSOL_HD int64_t FirstChannel(const Unit& unit) const {
    return unit.channel / (out_channels / groups) * GroupChannels();
  }

  // Input row and column under a place of the window; may lie outside.
  TFWSOL_HD int64_t Row(const Unit& unit, int64_t i) const {
    return unit.y * stride_y - top + i * dilation_y;
  }
  TFWSOL_HD int64_t Column(const Unit& unit, int64_t j) const {
    return unit.x * stride_x - left + j * dilation_x;
  }
  TFWSOL_HD bool HasRow(int64_t row) const { return 0 <= row && row < height; }
  TFWSOL_HD bool HasColumn(int64_t column) const { return 0 <= column && column < width; }

  TFWSOL_HD int64_t Cell(int64_t image, int64_t row, int64_t column) const {
    return ((image * height + row) * width + column) * channels;
  }
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GEOMETRY_H_
