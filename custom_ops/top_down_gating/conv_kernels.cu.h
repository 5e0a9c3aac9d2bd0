// A convolution's step on the device: a block per gated unit finds who gets its gate; then each
// cell below collects what it gets, in the order of the units, with no atomic addition.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_KERNELS_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_KERNELS_CU_H_

#include <cmath>
#include <cstdint>

#include "block_reduction.cu.h"
#include "channel_group.cu.h"
#include "device.h"
#include "device_products.cu.h"
#include "device_theta.cu.h"
#include "gated_list.cu.h"
#include "rules.h"
#include "window_span.cu.h"

namespace tfwsol {

constexpr int32_t kNobody = -1, kSeveral = -2;
constexpr int64_t kStrip = 8;  // cells of a row below that one block collects for

// Who gets the gate of each unit of the list.
struct ConvRecords {
  int32_t* channels;  // of the input; kNobody; or kSeveral, which then are found again
  float* energies;
  float* worths;      // of the best group
  float* cuts;
  uint64_t* masks;    // of the group, for one channel
};

struct ConvPass {
  DeviceLayer layer;
  GatedList list;
  ConvRecords records;
  float alpha;
  uint64_t* spare;    // for the masks of wide windows
  uint32_t lanes;     // threads of a block that look at channels, a power of two

  __device__ WindowMasks Masks(uint64_t* own) const {
    return WindowMasks(layer.geometry, own, spare, int64_t{blockIdx.x} * lanes + Thread());
  }

  __device__ bool Mine(int64_t channel) const {
    return (static_cast<uint32_t>(channel) & (lanes - 1)) == threadIdx.x;
  }
};

// The best of the channels that one thread looked at.
struct LaneBest {
  float worth = 0, energy = 0;
  int64_t channel = -1, ties = 0;
};

// Keeps its mask, too.
__device__ inline LaneBest SearchChannels(const ConvPass& pass, const DeviceProducts& products,
                                          const GroupRules& rules, WindowMasks* masks) {
  const Geometry& g = pass.layer.geometry;
  LaneBest best;
  if (Thread() >= pass.lanes) return best;
  for (int64_t c = Thread(); c < g.GroupChannels(); c += pass.lanes) {
    ChannelGroup group{};
    const float least = best.ties > 0 ? best.worth : -HUGE_VALF;
    const auto read = [&](int64_t i, int64_t j) { return products.At(i, j, c); };
    if (!BestGroup(g, rules, read, least, masks, &group)) continue;
    if (best.ties > 0 && !(group.worth >= best.worth)) continue;
    if (best.ties > 0 && group.worth == best.worth) {
      ++best.ties;
      continue;
    }
    best.worth = group.worth, best.energy = group.energy, best.channel = c, best.ties = 1;
    for (int64_t w = 0; w < masks->words; ++w) masks->kept[w] = masks->best[w];
  }
  return best;
}

// Writes the winner of the whole block down.
__device__ inline void RecordWinner(const ConvPass& pass, const BlockMemory& memory, int64_t k,
                                    const Unit& unit, const LaneBest& best, float cut,
                                    const WindowMasks& masks) {
  double most[] = {best.ties > 0 ? static_cast<double>(best.worth) : -HUGE_VAL};
  Reduce(memory, most, Most());
  const bool mine = best.ties > 0 && static_cast<double>(best.worth) == most[0];
  double counted[] = {mine ? static_cast<double>(best.ties) : 0.0};
  Reduce(memory, counted, Add());
  const ConvRecords& records = pass.records;
  if (counted[0] != 1) {
    if (Thread() != 0) return;
    records.channels[k] = counted[0] == 0 ? kNobody : kSeveral;
    records.worths[k] = static_cast<float>(most[0]), records.cuts[k] = cut;
    return;
  }
  if (!mine) return;
  records.channels[k] =
      static_cast<int32_t>(pass.layer.geometry.FirstChannel(unit) + best.channel);
  records.energies[k] = best.energy;
  for (int64_t w = 0; w < masks.words; ++w) records.masks[k * masks.words + w] = masks.kept[w];
}

// Blocks take units in turn, since only the device knows how many there are.
__global__ void __launch_bounds__(kMostUnitThreads, 2)
ConvUnits(ConvPass pass, bool cached, float* theta, int* findings) {
  const BlockMemory memory = CarveBlockMemory(cached);
  uint64_t own[kMasks * kOwnWords];
  WindowMasks masks = pass.Masks(own);
  for (int64_t k = blockIdx.x; k < pass.list.Count(); k += gridDim.x) {
    const int64_t index = pass.list.units[k];
    const Unit unit = pass.layer.geometry.UnitAt(index);
    const DeviceProducts products(pass.layer, unit, memory);
    const DeviceTheta stage(products, memory);
    if (!stage.finite() || stage.total() <= kConvPruning.least) {
      if (Thread() == 0) {
        if (!stage.finite()) atomicOr(findings, kBadKernel);
        pass.records.channels[k] = kNobody;
        if (theta != nullptr) theta[index] = static_cast<float>(kDroppedTheta);
      }
      continue;
    }
    const float found = stage.Find();
    if (theta != nullptr && Thread() == 0) theta[index] = found;
    const GroupRules rules{Cut(found, kConvPruning.slack), pass.alpha, pass.layer.literal};
    const LaneBest best = SearchChannels(pass, products, rules, &masks);
    RecordWinner(pass, memory, k, unit, best, rules.cut, masks);
  }
}

// Calls with channel, row and column of the window and the part for all who get a part of the
// k-th unit's gate and whose channel is this thread's.
template <typename Each>
__device__ void ForShares(const ConvPass& pass, int64_t k, const Unit& unit, WindowMasks* masks,
                          Each each) {
  const DeviceLayer& layer = pass.layer;
  const Geometry& g = layer.geometry;
  const ConvRecords& records = pass.records;
  const int64_t first = g.FirstChannel(unit), words = masks->words;
  const auto hand_down = [&](int64_t c, float energy, const uint64_t* mask) {
    ForBits(mask, words, masks->stride, [&](int64_t i, int64_t j) {
      if (!g.HasRow(g.Row(unit, i)) || !g.HasColumn(g.Column(unit, j))) return;
      each(c, i, j, layer.Product(unit, i, j, c) / energy);
    });
  };
  if (records.channels[k] >= 0) {
    if (!pass.Mine(records.channels[k])) return;
    hand_down(records.channels[k] - first, records.energies[k], records.masks + k * words);
    return;
  }
  const GroupRules rules{records.cuts[k], pass.alpha, layer.literal};
  for (int64_t c = 0; c < g.GroupChannels(); ++c) {
    if (!pass.Mine(first + c)) continue;
    ChannelGroup group{};
    const auto read = [&](int64_t i, int64_t j) { return layer.Product(unit, i, j, c); };
    if (!BestGroup(g, rules, read, records.worths[k], masks, &group)) continue;
    if (group.worth == records.worths[k]) hand_down(c, group.energy, masks->best);
  }
}

// A strip of cells of one row below; each channel is one thread's.
__global__ void ConvCollect(ConvPass pass, float* below, int* findings) {
  const Geometry& g = pass.layer.geometry;
  uint64_t own[kMasks * kOwnWords];
  WindowMasks masks = pass.Masks(own);
  const int64_t strips = (g.width + kStrip - 1) / kStrip;
  for (int64_t strip = blockIdx.x; strip < g.batch * g.height * strips; strip += gridDim.x) {
    const int64_t left = strip % strips * kStrip, row = strip / strips % g.height;
    const int64_t image = strip / strips / g.height;
    const int64_t right = left + kStrip < g.width ? left + kStrip : g.width;
    bool finite = true;
    for (int64_t column = left; column < right; ++column) {
      const int64_t cell = g.Cell(image, row, column);
      for (int64_t c = Thread(); c < g.channels && Thread() < pass.lanes; c += pass.lanes) {
        below[cell + c] = 0;
        finite = finite && IsFinite(pass.layer.x[cell + c]);
      }
    }
    if (!finite) atomicOr(findings, kBadX);
    const Span ys = WindowsOver(row, row, g.top, g.kernel_height, g.dilation_y, g.stride_y,
                                g.out_height);
    const Span xs = WindowsOver(left, right - 1, g.left, g.kernel_width, g.dilation_x, g.stride_x,
                                g.out_width);
    for (int64_t y = ys.first; y <= ys.last && xs.first <= xs.last; ++y) {
      const int64_t position = (image * g.out_height + y) * g.out_width;
      const int64_t end = pass.list.starts[position + xs.last + 1];
      for (int64_t k = pass.list.starts[position + xs.first]; k < end; ++k) {
        const int32_t channel = pass.records.channels[k];
        if (channel == kNobody || (channel >= 0 && !pass.Mine(channel))) continue;
        const int64_t index = pass.list.units[k];
        const Unit unit = g.UnitAt(index);
        const float gate = pass.layer.gates[index];
        ForShares(pass, k, unit, &masks, [&](int64_t c, int64_t i, int64_t j, float part) {
          const int64_t column = g.Column(unit, j);
          if (g.Row(unit, i) != row || column < left || right <= column) return;
          below[g.Cell(image, row, column) + g.FirstChannel(unit) + c] += gate * part;
        });
      }
    }
  }
}

// The gates that passed through each weight: a block per output channel.
__global__ void ConvWeights(ConvPass pass, float* kernel_gates, float* kernel_hits) {
  const Geometry& g = pass.layer.geometry;
  uint64_t own[kMasks * kOwnWords];
  WindowMasks masks = pass.Masks(own);
  const int64_t count = pass.list.Count();
  for (int64_t o = blockIdx.x; o < g.out_channels; o += gridDim.x) {
    for (int64_t k = 0; k < count; ++k) {
      const int32_t channel = pass.records.channels[k];
      if (channel == kNobody || (channel >= 0 && !pass.Mine(channel))) continue;
      if (pass.list.units[k] % g.out_channels != o) continue;
      ForShares(pass, k, g.UnitAt(pass.list.units[k]), &masks,
                [&](int64_t c, int64_t i, int64_t j, float part) {
                  const int64_t place = (i * g.kernel_width + j) * g.GroupChannels() + c;
                  kernel_gates[pass.layer.Weight(o, place)] += part;
                  kernel_hits[pass.layer.Weight(o, place)] += 1;
                });
    }
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CONV_KERNELS_CU_H_
