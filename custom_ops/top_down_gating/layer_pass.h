// One layer's top-down step over all its gated units. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_PASS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_PASS_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "gated_units.h"
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

// The units of a convolution or a dense layer; make_unit() gives a ConvUnit or a DenseUnit.
// Gives whether all products were finite.
//   set_theta(index among the units, theta), by many threads
//   weight_of(unit, place of a product) -> what is noted as the weight of its share
//   take(const Share<T>&), in the order of the units
template <typename T, typename MakeUnit, typename SetTheta, typename WeightOf, typename Take>
bool RunKernelUnits(const Geometry& geometry, const T* x, const KernelColumns<T>& kernel,
                    const GatedUnits<T>& units, const ShareOut& share_out, MakeUnit make_unit,
                    SetTheta set_theta, WeightOf weight_of, Take take) {
  const int64_t products = geometry.Products();
  std::atomic<bool> all_finite{true};
  const auto make_worker = [&] {
    return [&, unit_work = make_unit()](int64_t k, std::vector<Share<T>>* shares) mutable {
      const Unit unit = geometry.UnitAt(units.places[k]);
      const T gate = units.gates[k];
      if (k + 1 < units.count()) kernel.Prefetch(units.places[k + 1] % geometry.out_channels);
      bool finite = true;
      const T theta = unit_work.Run(unit, x, kernel.Of(unit.channel), &finite,
                                    [&](int64_t place, int64_t cell, T part) {
                                      shares->push_back(
                                          {cell, gate * part, weight_of(unit, place), part});
                                    });
      if (!finite) all_finite = false;
      set_theta(k, theta);
    };
  };
  RunUnits<T>(units.count(), products, 2 * products + 500, share_out, make_worker, take);
  return all_finite;
}

// A convolution or a dense layer from tensor to tensor.
template <typename T, typename MakeUnit>
Finding RunKernelLayer(const Geometry& geometry, const LayerInputs<T>& inputs,
                       const ShareOut& share_out, MakeUnit make_unit,
                       const LayerOutputs<T>& outputs) {
  GatedUnits<T> units;
  if (!AllFinite(inputs.x, geometry.Cells(), share_out)) return Finding::kX;
  if (!ReadDense(inputs.gates, geometry.Units(), share_out, &units)) return Finding::kGates;
  const KernelColumns<T> kernel(inputs.kernel, geometry.Products(), geometry.out_channels,
                                inputs.packed, units.places, share_out);
  const bool finite = RunKernelUnits(
      geometry, inputs.x, kernel, units, share_out, make_unit,
      [&](int64_t k, T theta) {
        if (outputs.theta != nullptr) outputs.theta[units.places[k]] = theta;
      },
      [&](const Unit& unit, int64_t place) {
        return outputs.kernel_gates == nullptr ? -1 : kernel.Index(unit.channel, place);
      },
      [&](const Share<T>& share) {
        outputs.below[share.cell] += share.gate;
        if (share.weight < 0) return;
        outputs.kernel_gates[share.weight] += share.part;
        outputs.kernel_hits[share.weight] += 1;
      });
  return finite ? Finding::kFine : Finding::kKernel;
}

// The units of a pool; take(const Share<T>&) is as above. `finite`: becomes false where a value of
// a window is not; null: nobody asks.
template <typename T, typename PoolUnit, typename Take>
void RunPoolUnits(const Geometry& geometry, const T* x, const GatedUnits<T>& units,
                  const ShareOut& share_out, const PoolUnit& pool, std::atomic<bool>* finite,
                  Take take) {
  constexpr int64_t kAhead = 4;  // while memory fetches their windows
  const auto make_worker = [&] {
    return [&](int64_t k, std::vector<Share<T>>* shares) {
      if (k + kAhead < units.count()) {
        pool.PrefetchWindow(geometry.UnitAt(units.places[k + kAhead]), x);
      }
      const Unit unit = geometry.UnitAt(units.places[k]);
      const T gate = units.gates[k];
      if (finite != nullptr && !pool.IsFinite(unit, x)) *finite = false;
      pool.Run(unit, x,
               [&](int64_t cell, T part) { shares->push_back({cell, gate * part, -1, part}); });
    };
  };
  RunUnits<T>(units.count(), geometry.Positions(), 100, share_out, make_worker, take);
}

// A pool from tensor to tensor.
template <typename T, typename PoolUnit>
Finding RunPoolLayer(const Geometry& geometry, const T* x, const T* gates,
                     const ShareOut& share_out, const PoolUnit& pool, T* below) {
  GatedUnits<T> units;
  if (!AllFinite(x, geometry.Cells(), share_out)) return Finding::kX;
  if (!ReadDense(gates, geometry.Units(), share_out, &units)) return Finding::kGates;
  RunPoolUnits(geometry, x, units, share_out, pool, nullptr,
               [&](const Share<T>& share) { below[share.cell] += share.gate; });
  return Finding::kFine;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LAYER_PASS_H_
