// A dense layer's step on the device: a block per gated unit finds what its products must reach;
// then each input collects its parts in the order of the units, with no atomic addition.
//
// The sums of the selected products, of their squares and of the kept ones are doubles in a fixed
// order, not that of the CPU, so that these may differ in the last bit before they become floats.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DENSE_KERNELS_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DENSE_KERNELS_CU_H_

#include <cmath>
#include <cstdint>

#include "block_reduction.cu.h"
#include "device.h"
#include "device_products.cu.h"
#include "device_theta.cu.h"
#include "gated_list.cu.h"
#include "rules.h"

namespace tfwsol {

// What keeps a product of each unit of the list.
struct DenseRecords {
  double* leasts;
  float* cuts;   // infinite where the unit is dropped
  float* sums;   // of all that are kept
};

struct DensePass {
  DeviceLayer layer;
  GatedList list;
  DenseRecords records;
  Mode mode;
  int64_t offset;

  __device__ bool Taken(float product, float cut) const {
    return Selected(product, cut, layer.literal) && product != 0;
  }

  // Whether an input gets a part of the k-th unit's gate, and which.
  __device__ bool Keeps(int64_t k, float product) const {
    return Taken(product, records.cuts[k]) &&
           !(static_cast<double>(product) < records.leasts[k]);
  }
  __device__ float Part(int64_t k, float product) const {
    return mode == Mode::kWinner ? 1.0f : product / records.sums[k];
  }
};

// The least product that is kept of those that are selected.
__device__ inline double LeastKept(const DensePass& pass, const DeviceProducts& products,
                                   const BlockMemory& memory, float cut) {
  double sums[] = {0, 0, 0, 0};  // of the selected, how many; how many reach the cut; largest
  products.ForEach([&](float product) {
    if (product >= cut) ++sums[2];
    if (!pass.Taken(product, cut)) return;
    sums[0] += static_cast<double>(product), ++sums[1];
    if (static_cast<double>(product) > sums[3]) sums[3] = static_cast<double>(product);
  });
  Reduce(memory, sums, [](int which, double a, double b) {
    return which < 3 ? a + b : a > b ? a : b;
  });
  const double largest = sums[3];
  if (pass.mode == Mode::kWinner) return largest;
  if (pass.mode == Mode::kAll) return -HUGE_VAL;
  // Mean and deviation are over all that reach the cut, zeros and below included.
  const double count = cut > 0 ? sums[1] : sums[2], mean = sums[0] / count;
  double squares[] = {0};
  products.ForEach([&](float product) {
    if (!pass.Taken(product, cut)) return;
    const double away = static_cast<double>(product) - mean;
    squares[0] += away * away;
  });
  Reduce(memory, squares, Add());
  return PolicyChoice(largest, mean, sqrt(squares[0] / count), pass.offset);
}

__global__ void __launch_bounds__(kMostUnitThreads, 2)
DenseUnits(DensePass pass, bool cached, float* theta, int* findings) {
  const BlockMemory memory = CarveBlockMemory(cached);
  for (int64_t k = blockIdx.x; k < pass.list.Count(); k += gridDim.x) {
    const int64_t index = pass.list.units[k];
    const DeviceProducts products(pass.layer, pass.layer.geometry.UnitAt(index), memory);
    const DeviceTheta stage(products, memory);
    if (!stage.finite() || stage.total() <= kDensePruning.least) {
      if (Thread() == 0) {
        if (!stage.finite()) atomicOr(findings, kBadKernel);
        pass.records.cuts[k] = HUGE_VALF;
        if (theta != nullptr) theta[index] = static_cast<float>(kDroppedTheta);
      }
      continue;
    }
    const float found = stage.Find(), cut = Cut(found, kDensePruning.slack);
    const double least = LeastKept(pass, products, memory, cut);
    double kept[] = {0};
    products.ForEach([&](float product) {
      const double value = product;
      if (pass.Taken(product, cut) && value >= least) kept[0] += value;
    });
    Reduce(memory, kept, Add());
    if (Thread() != 0) continue;
    if (theta != nullptr) theta[index] = found;
    pass.records.cuts[k] = cut, pass.records.leasts[k] = least;
    pass.records.sums[k] = static_cast<float>(kept[0]);
  }
}

// A thread per cell below.
__global__ void DenseCollect(DensePass pass, float* below, int* findings) {
  const DeviceLayer& layer = pass.layer;
  const Geometry& g = layer.geometry;
  bool finite = true;
  for (int64_t cell = GlobalThread(); cell < g.Cells(); cell += GlobalThreads()) {
    const int64_t image = cell / g.channels, input = cell % g.channels;
    const float x = layer.x[cell];
    finite = finite && IsFinite(x);
    float sum = 0;
    const int64_t end = pass.list.starts[image + 1];
    for (int64_t k = pass.list.starts[image]; k < end; ++k) {
      const int64_t index = pass.list.units[k];
      const float product = x * layer.kernel[layer.Weight(index % g.out_channels, input)];
      if (pass.Keeps(k, product)) sum += layer.gates[index] * pass.Part(k, product);
    }
    below[cell] = sum;
  }
  if (!finite) atomicOr(findings, kBadX);
}

// The gates that passed through each weight: a thread per weight.
__global__ void DenseWeights(DensePass pass, float* kernel_gates, float* kernel_hits) {
  const DeviceLayer& layer = pass.layer;
  const Geometry& g = layer.geometry;
  const int64_t count = pass.list.Count();
  for (int64_t at = GlobalThread(); at < g.channels * g.out_channels; at += GlobalThreads()) {
    const int64_t o = at / g.channels, input = at % g.channels;
    const int64_t weight = layer.Weight(o, input);
    for (int64_t k = 0; k < count; ++k) {
      const int64_t index = pass.list.units[k];
      if (index % g.out_channels != o) continue;
      const float x = layer.x[index / g.out_channels * g.channels + input];
      const float product = x * layer.kernel[weight];
      if (!pass.Keeps(k, product)) continue;
      kernel_gates[weight] += pass.Part(k, product);
      kernel_hits[weight] += 1;
    }
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DENSE_KERNELS_CU_H_
