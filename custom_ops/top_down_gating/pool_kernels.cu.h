// A pool's step on the device: a thread per gated window chooses; then one per cell collects.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_KERNELS_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_KERNELS_CU_H_

#include <cstdint>

#include "device.h"
#include "gated_list.cu.h"
#include "geometry.h"
#include "pool_unit.h"
#include "window_span.cu.h"

namespace tfwsol {

struct PoolPass {
  Geometry geometry;
  const float* x;
  const float* gates;
  Mode mode;
  int64_t offset;
  PoolChoice* choices;  // of each window that is gated
};

__global__ void PoolUnits(PoolPass pass, int* findings) {
  const Geometry& g = pass.geometry;
  const PoolUnit<float> pool(g, pass.mode, pass.offset);
  bool finite = true;
  for (int64_t index = GlobalThread(); index < g.Units(); index += GlobalThreads()) {
    const float gate = pass.gates[index];
    finite = finite && IsFinite(gate);
    if (gate != 0) pass.choices[index] = pool.Choose(g.UnitAt(index), pass.x);
  }
  if (!finite) atomicOr(findings, kBadGates);
}

__global__ void PoolCollect(PoolPass pass, float* below, int* findings) {
  const Geometry& g = pass.geometry;
  const PoolUnit<float> pool(g, pass.mode, pass.offset);
  bool finite = true;
  for (int64_t cell = GlobalThread(); cell < g.Cells(); cell += GlobalThreads()) {
    const int64_t channel = cell % g.channels, column = cell / g.channels % g.width;
    const int64_t row = cell / g.channels / g.width % g.height;
    const int64_t image = cell / g.channels / g.width / g.height;
    const float value = pass.x[cell];
    finite = finite && IsFinite(value);
    const Span ys = WindowsOver(row, row, g.top, g.kernel_height, 1, g.stride_y, g.out_height);
    const Span xs = WindowsOver(column, column, g.left, g.kernel_width, 1, g.stride_x,
                                g.out_width);
    float sum = 0;
    for (int64_t y = ys.first; y <= ys.last; ++y) {
      for (int64_t x = xs.first; x <= xs.last; ++x) {
        const int64_t index =
            ((image * g.out_height + y) * g.out_width + x) * g.out_channels + channel;
        const float gate = pass.gates[index];
        if (gate == 0) continue;
        const float part = pool.Part(pass.choices[index], cell, value);
        if (part != 0) sum += gate * part;
      }
    }
    below[cell] = sum;
  }
  if (!finite) atomicOr(findings, kBadX);
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_POOL_KERNELS_CU_H_
