// One layer's top-down step over all its gated units. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_PASS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_PASS_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "geometry.h"
#include "kernel_columns.h"
#include "scan.h"
#include "shares.h"

namespace tfwsol {

// Which argument stops the pass.
enum class Finding { kFine, kX, kKernel, kGates };

template <typename T>
struct LayerInputs {
  const T* x;
  const T* kernel;
  bool packed;  // output channels first
  const T* gates;
};

// All zero at first; null where not asked for.
template <typename T>
struct LayerOutputs {
  T* below = nullptr;
  T* theta = nullptr;
  T* kernel_gates = nullptr;
  T* kernel_hits = nullptr;
};

// A convolution or a dense layer; make_unit() gives a ConvUnit or a DenseUnit.
template <typename T, typename MakeUnit>
Finding RunKernelLayer(const Geometry& geometry, const LayerInputs<T>& inputs,
                       const ShareOut& share_out, MakeUnit make_unit,
                       const LayerOutputs<T>& outputs) {
  std::vector<int64_t> gated;
  if (!AllFinite(inputs.x, geometry.Cells(), share_out)) return Finding::kX;
  if (!FindGated(inputs.gates, geometry.Units(), share_out, &gated)) return Finding::kGates;
  const int64_t products = geometry.Products();
  const KernelColumns<T> kernel(inputs.kernel, products, geometry.out_channels, inputs.packed,
                                gated, share_out);
  std::atomic<bool> all_finite{true};
  const auto make_worker = [&] {
    return [&, unit_work = make_unit()](int64_t k, std::vector<Share<T>>* shares) mutable {
      const Unit unit = geometry.UnitAt(gated[k]);
      const T gate = inputs.gates[gated[k]];
      bool finite = true;
      const T theta = unit_work.Run(
          unit, inputs.x, kernel.Of(unit.channel), &finite,
          [&](int64_t place, int64_t cell, T part) {
            const int64_t weight =
                outputs.kernel_gates == nullptr ? -1 : kernel.Index(unit.channel, place);
            shares->push_back({cell, gate * part, weight, part});
          });
      if (!finite) all_finite = false;
      if (outputs.theta != nullptr) outputs.theta[gated[k]] = theta;
    };
  };
  RunUnits<T>(static_cast<int64_t>(gated.size()), products, 2 * products + 500, share_out,
              make_worker, [&](const Share<T>& share) {
                outputs.below[share.cell] += share.gate;
                if (share.weight < 0) return;
                outputs.kernel_gates[share.weight] += share.part;
                outputs.kernel_hits[share.weight] += 1;
              });
  return all_finite ? Finding::kFine : Finding::kKernel;
}

template <typename T, typename PoolUnit>
Finding RunPoolLayer(const Geometry& geometry, const T* x, const T* gates,
                     const ShareOut& share_out, const PoolUnit& pool, T* below) {
  std::vector<int64_t> gated;
  if (!AllFinite(x, geometry.Cells(), share_out)) return Finding::kX;
  if (!FindGated(gates, geometry.Units(), share_out, &gated)) return Finding::kGates;
  const auto make_worker = [&] {
    return [&](int64_t k, std::vector<Share<T>>* shares) {
      const T gate = gates[gated[k]];
      pool.Run(geometry.UnitAt(gated[k]), x,
               [&](int64_t cell, T part) { shares->push_back({cell, gate * part, -1, part}); });
    };
  };
  RunUnits<T>(static_cast<int64_t>(gated.size()), geometry.Positions(), 100, share_out,
              make_worker, [&](const Share<T>& share) { below[share.cell] += share.gate; });
  return Finding::kFine;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_PASS_H_
