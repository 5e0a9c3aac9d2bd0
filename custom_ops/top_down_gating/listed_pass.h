// The same step from a list of gates to a list of gates: nothing is read, cleared or written but
// what belongs to gated units. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LISTED_PASS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LISTED_PASS_H_

#include <atomic>
#include <cstdint>

#include "cell_sums.h"
#include "gated_units.h"
#include "geometry.h"
#include "kernel_columns.h"
#include "layer_pass.h"
#include "scan.h"
#include "shares.h"

namespace tfwsol {

// A convolution. thetas: one of each unit, or null; below: what arrives.
template <typename T, typename MakeUnit>
Finding RunListedKernel(const Geometry& geometry, const T* x, const KernelColumns<T>& kernel,
                        const GatedUnits<T>& units, const ShareOut& share_out, MakeUnit make_unit,
                        T* thetas, CellSums<T>* below) {
  if (!AllFinite(units.gates.data(), units.count(), share_out)) return Finding::kGates;
  const bool finite = RunKernelUnits(
      geometry, x, kernel, units, share_out, make_unit,
      [&](int64_t k, T theta) {
        if (thetas != nullptr) thetas[k] = theta;
      },
      [](const Unit&, int64_t) { return int64_t{-1}; },
      [&](const Share<T>& share) { below->Add(share.cell, share.gate); });
  if (finite) return Finding::kFine;
  return AllFinite(x, geometry.Cells(), share_out) ? Finding::kKernel : Finding::kX;
}

template <typename T, typename PoolUnit>
Finding RunListedPool(const Geometry& geometry, const T* x, const GatedUnits<T>& units,
                      const ShareOut& share_out, const PoolUnit& pool, CellSums<T>* below) {
  if (!AllFinite(units.gates.data(), units.count(), share_out)) return Finding::kGates;
  std::atomic<bool> finite{true};
  RunPoolUnits(geometry, x, units, share_out, pool, &finite,
               [&](const Share<T>& share) { below->Add(share.cell, share.gate); });
  return finite ? Finding::kFine : Finding::kX;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_LISTED_PASS_H_
