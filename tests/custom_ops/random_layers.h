// Random layers and numbers, the same in every run, for the checks of top_down_gating.

#ifndef TFWSOL_TESTS_CUSTOM_OPS_RANDOM_LAYERS_H_
#define TFWSOL_TESTS_CUSTOM_OPS_RANDOM_LAYERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>

#include "custom_ops/top_down_gating/geometry.h"

namespace random_layers {

inline std::mt19937 draw(20260711);

inline int64_t Draw(int64_t least, int64_t most) {
  return least + static_cast<int64_t>(draw() % static_cast<uint64_t>(most - least + 1));
}

// Exactly as long as it must be, so that a step too far is seen.
struct Numbers {
  explicit Numbers(int64_t count) : size(count), data(new float[static_cast<size_t>(count)]()) {}
  float* get() const { return data.get(); }
  int64_t size;
  std::unique_ptr<float[]> data;
};

// Many values of few kinds, or all of their own.
inline Numbers Random(int64_t count, bool steps, double zeros) {
  Numbers numbers(count);
  std::normal_distribution<float> normal;
  for (int64_t k = 0; k < count; ++k) {
    if (std::uniform_real_distribution<>()(draw) < zeros) continue;
    numbers.data[k] = steps ? 0.5f * static_cast<float>(Draw(-3, 4)) : normal(draw);
  }
  return numbers;
}

// The largest that a layer may have of each; `kernel` and `channels` (of a group) now and then.
struct Limits {
  int64_t batch, height, width, kernel, padding, channels;
};

inline int64_t Windows(int64_t size, int64_t padding, int64_t reach, int64_t stride) {
  const int64_t room = size + padding - reach;
  return room < 0 ? 0 : room / stride + 1 + (room % stride != 0 && Draw(0, 1) == 1);
}

inline tfwsol::Geometry DrawLayer(bool pool, const Limits& most) {
  tfwsol::Geometry g{};
  g.batch = Draw(0, most.batch), g.height = Draw(1, most.height), g.width = Draw(1, most.width);
  g.kernel_height = Draw(1, Draw(0, 4) == 0 ? most.kernel : 3);
  g.kernel_width = Draw(1, Draw(0, 4) == 0 ? most.kernel : 3);
  g.stride_y = Draw(1, 3), g.stride_x = Draw(1, 3);
  g.top = Draw(0, most.padding), g.left = Draw(0, most.padding);
  g.dilation_y = pool ? 1 : Draw(1, 2), g.dilation_x = pool ? 1 : Draw(1, 2);
  g.groups = Draw(1, 3);
  // 64 now and then: rows of whole blocks take a way of their own.
  const int64_t depth = Draw(0, 7) == 0 ? 64 : Draw(1, Draw(0, 3) == 0 ? most.channels : 9);
  g.channels = g.groups * (pool ? 1 : depth);
  g.out_channels = g.groups * (pool ? 1 : Draw(1, 3));
  const int64_t reach_y = (g.kernel_height - 1) * g.dilation_y + 1;
  const int64_t reach_x = (g.kernel_width - 1) * g.dilation_x + 1;
  g.out_height = Windows(g.height, g.top + Draw(0, most.padding), reach_y, g.stride_y);
  g.out_width = Windows(g.width, g.left + Draw(0, most.padding), reach_x, g.stride_x);
  return g;
}

}  // namespace random_layers

#endif  // TFWSOL_TESTS_CUSTOM_OPS_RANDOM_LAYERS_H_
