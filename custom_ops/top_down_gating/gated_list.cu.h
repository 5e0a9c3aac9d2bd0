// The gated units of a layer in ascending order, found without a word to the host.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GATED_LIST_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GATED_LIST_CU_H_

#include <cstdint>

#include "block_reduction.cu.h"
#include "device.h"

namespace tfwsol {

constexpr int64_t kTileThreads = 128;
constexpr int64_t kTile = 16 * kTileThreads;  // gates of one block
constexpr int64_t kScanThreads = 256;

// What stopped a pass: bits that the kernels set and the host may read afterwards.
constexpr int kBadX = 1, kBadGates = 2, kBadKernel = 4;

struct GatedList {
  uint32_t* units;    // [starts[positions]] of at most all units
  uint32_t* starts;   // of each position's units in the list, and where the last one ends
  uint32_t* tiles;    // units in each tile of gates, then those before it
  int64_t positions;  // images × rows × columns of the gates
  int64_t channels;

  __device__ int64_t Count() const { return starts[positions]; }
};

__global__ void CountGated(GatedList list, const float* gates, int* findings) {
  const BlockMemory memory = CarveBlockMemory(false);
  const int64_t units = list.positions * list.channels, first = blockIdx.x * kTile;
  uint32_t live = 0;
  bool finite = true;
  for (int64_t k = first + Thread(); k < first + kTile && k < units; k += Threads()) {
    const float gate = gates[k];
    live += gate != 0;
    finite = finite && IsFinite(gate);
  }
  if (!finite) atomicOr(findings, kBadGates);
  memory.counts[Thread()] = live;
  Fold(1, memory.counts, memory.folded_counts, Add());
  __syncthreads();
  if (Thread() == 0) list.tiles[blockIdx.x] = Folded(0, memory.folded_counts, Add());
}

// By one block.
__global__ void ScanTiles(GatedList list, int64_t tiles) {
  const BlockMemory memory = CarveBlockMemory(false);
  uint32_t before = 0, total = 0;
  for (int64_t first = 0; first < tiles; first += Threads()) {
    const int64_t tile = first + Thread();
    const uint32_t count = tile < tiles ? list.tiles[tile] : 0;
    const uint32_t rank = before + CountsBefore(memory, count, &total);
    if (tile < tiles) list.tiles[tile] = rank;
    before += total;
  }
  if (Thread() == 0) list.starts[list.positions] = before;
}

// Each thread has its own stretch of the tile, so that ranks ascend.
__global__ void ListGated(GatedList list, const float* gates, int64_t tiles) {
  const BlockMemory memory = CarveBlockMemory(false);
  const int64_t tile = blockIdx.x, units = list.positions * list.channels;
  const int64_t end = tile + 1 < tiles ? list.tiles[tile + 1] : list.Count();
  const bool empty = list.tiles[tile] == end;
  const int64_t stretch = kTile / Threads(), first = tile * kTile + Thread() * stretch;
  const int64_t last = first + stretch < units ? first + stretch : units;
  uint32_t live = 0, total = 0;
  for (int64_t k = first; k < last && !empty; ++k) live += gates[k] != 0;
  uint32_t rank = list.tiles[tile] + CountsBefore(memory, live, &total);
  int64_t channel = first % list.channels;
  for (int64_t k = first; k < last; ++k) {
    if (channel == 0) list.starts[k / list.channels] = rank;
    if (!empty && gates[k] != 0) list.units[rank++] = static_cast<uint32_t>(k);
    channel = channel + 1 == list.channels ? 0 : channel + 1;
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GATED_LIST_CU_H_
