// Whether shapes and attributes describe a layer; every refusal names the argument.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_CHECK_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_CHECK_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "geometry.h"

namespace tfwsol {

using Shape = std::vector<int64_t>;

struct Layer {
  std::vector<int64_t> strides{1, 1};
  std::vector<int64_t> padding{0, 0, 0, 0};  // top, bottom, left, right
  std::vector<int64_t> dilations{1, 1};
  int64_t groups = 1;
};

constexpr int64_t kMostSide = std::numeric_limits<int32_t>::max();
constexpr int64_t kMostPlaces = int64_t{1} << 24;

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

inline std::string Listed(const Shape& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ","), "]");
}

inline absl::Status CheckRank(const char* name, const char* axes, const Shape& shape,
                              size_t rank) {
  if (shape.size() == rank) return absl::OkStatus();
  return Refuse(name, " is ", axes, "; got ", Listed(shape));
}

inline absl::Status CheckRange(const char* name, const Shape& values, size_t count,
                               int64_t least) {
  bool fits = values.size() == count;
  for (const int64_t value : values) fits = fits && least <= value && value <= kMostSide;
  if (fits) return absl::OkStatus();
  return Refuse(name, " is ", count, " integers from ", least, " on; got ", Listed(values));
}

inline absl::Status CheckLayer(const Layer& layer) {
  absl::Status status = CheckRange("strides", layer.strides, 2, 1);
  status.Update(CheckRange("padding", layer.padding, 4, 0));
  status.Update(CheckRange("dilation", layer.dilations, 2, 1));
  status.Update(CheckRange("groups", {layer.groups}, 1, 1));
  return status;
}

// Windows that fit into the padded side, or begin in it when `cut`.
inline int64_t Windows(int64_t size, int64_t padding, int64_t reach, int64_t stride, bool cut) {
  const int64_t room = size + padding - reach + (cut ? stride - 1 : 0);
  return room < 0 ? 0 : room / stride + 1;
}

inline absl::Status CheckGates(const Shape& x, const Shape& gates, const Layer& layer,
                               const int64_t (&kernel)[2], int64_t channels) {
  std::string wanted = absl::StrCat("[", x[0]);
  bool fits = gates[0] == x[0] && gates[3] == channels;
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t reach = (kernel[axis] - 1) * layer.dilations[axis] + 1;
    const int64_t padding = layer.padding[2 * axis] + layer.padding[2 * axis + 1];
    const int64_t stride = layer.strides[axis];
    const int64_t whole = Windows(x[axis + 1], padding, reach, stride, false);
    const int64_t cut = Windows(x[axis + 1], padding, reach, stride, true);
    fits = fits && (gates[axis + 1] == whole || gates[axis + 1] == cut);
    absl::StrAppend(&wanted, ",", whole);
    if (cut != whole) absl::StrAppend(&wanted, " or ", cut);
  }
  if (fits) return absl::OkStatus();
  return Refuse("gates is the layer's output, ", wanted, ",", channels, "]; got ", Listed(gates));
}

inline absl::Status CheckX(const Shape& x, const Shape& gates) {
  absl::Status status = CheckRank("x", "batch × height × width × channels", x, 4);
  status.Update(CheckRank("gates", "batch × height × width × channels", gates, 4));
  if (!status.ok()) return status;
  if (x[1] > kMostSide || x[2] > kMostSide) {
    return Refuse("x has a side of more than 2^31 cells: ", Listed(x));
  }
  return status;
}

// kernel: height × width × channels per group × output channels; packed, the last comes first.
inline absl::Status CheckConv(const Shape& x, const Shape& kernel, const Shape& gates,
                              const Layer& layer, bool packed, Geometry* geometry) {
  absl::Status status = CheckLayer(layer);
  status.Update(CheckX(x, gates));
  status.Update(CheckRank("kernel",
                          packed ? "output channels × height × width × channels per group"
                                 : "height × width × channels per group × output channels",
                          kernel, 4));
  if (!status.ok()) return status;
  const int first = packed ? 1 : 0;
  const int64_t size[] = {kernel[first], kernel[first + 1]};
  const int64_t depth = kernel[first + 2], outputs = kernel[packed ? 0 : 3];
  if (size[0] < 1 || size[1] < 1 || depth < 1 || size[0] > kMostSide || size[1] > kMostSide ||
      depth > kMostSide || size[0] > kMostSide / size[1] ||
      size[0] * size[1] > kMostSide / depth) {
    return Refuse("kernel has 1 to 2^31 weights per output channel; got ", Listed(kernel));
  }
  if (x[3] % layer.groups != 0 || depth != x[3] / layer.groups || outputs % layer.groups != 0) {
    return Refuse("kernel does not fit ", x[3], " channels of x in groups (groups = ",
                  layer.groups, "); got ", Listed(kernel));
  }
  status = CheckGates(x, gates, layer, size, outputs);
  *geometry = {x[0],     x[1],     x[2],
               x[3],     gates[1], gates[2],
               gates[3], size[0],  size[1],
               layer.strides[0],   layer.strides[1],
               layer.padding[0],   layer.padding[2],
               layer.dilations[0], layer.dilations[1],
               layer.groups};
  return status;
}

inline absl::Status CheckPool(const Shape& x, const Shape& gates, const Shape& pool_size,
                              const Layer& layer, Geometry* geometry) {
  absl::Status status = CheckLayer(layer);
  status.Update(CheckRange("pool_size", pool_size, 2, 1));
  status.Update(CheckX(x, gates));
  if (!status.ok()) return status;
  if (pool_size[0] * pool_size[1] > kMostPlaces) {
    return Refuse("pool_size has at most 2^24 places; got ", Listed(pool_size));
  }
  const int64_t size[] = {pool_size[0], pool_size[1]};
  status = CheckGates(x, gates, layer, size, x[3]);
  *geometry = {x[0],  x[1],    x[2],    x[3],
               gates[1], gates[2], x[3],
               size[0],  size[1],
               layer.strides[0], layer.strides[1],
               layer.padding[0], layer.padding[2],
               1, 1,
               x[3] > 0 ? x[3] : 1};
  return status;
}

// A dense layer is a convolution of one position.
inline absl::Status CheckDense(const Shape& x, const Shape& kernel, const Shape& gates,
                               bool packed, Geometry* geometry) {
  absl::Status status = CheckRank("x", "batch × inputs", x, 2);
  status.Update(CheckRank("kernel", packed ? "outputs × inputs" : "inputs × outputs", kernel, 2));
  status.Update(CheckRank("gates", "batch × outputs", gates, 2));
  if (!status.ok()) return status;
  const int64_t inputs = kernel[packed ? 1 : 0], outputs = kernel[packed ? 0 : 1];
  if (inputs < 1 || inputs > kMostSide) {
    return Refuse("kernel has 1 to 2^31 inputs; got ", Listed(kernel));
  }
  if (inputs != x[1]) {
    return Refuse("kernel has one weight per input of x, which is ", Listed(x), "; got ",
                  Listed(kernel));
  }
  if (gates[0] != x[0] || gates[1] != outputs) {
    return Refuse("gates is the layer's output, [", x[0], ",", outputs, "]; got ", Listed(gates));
  }
  *geometry = {x[0], 1, 1, inputs, 1, 1, outputs, 1, 1, 1, 1, 0, 0, 1, 1, 1};
  return absl::OkStatus();
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_CHECK_H_
