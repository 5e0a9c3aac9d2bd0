// How a pass divides its memory, and its batch where that would need too much of it.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WORKSPACE_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WORKSPACE_CU_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "channel_group.cu.h"
#include "conv_kernels.cu.h"
#include "dense_kernels.cu.h"
#include "gated_list.cu.h"
#include "geometry.h"
#include "pool_kernels.cu.h"

namespace tfwsol {

constexpr int64_t kMostUnits = int64_t{1} << 31;
constexpr int64_t kBudget = kDeviceBudget;           // bytes for several images together
constexpr int64_t kSpareBudget = kDeviceBudget / 8;  // for the masks of wide windows
constexpr int64_t kMostUnitBlocks = 4096;

// Hands out pieces of a stretch of memory, or only adds them up.
class Pieces {
 public:
  explicit Pieces(void* memory) : memory_(static_cast<unsigned char*>(memory)) {}

  template <typename T>
  T* Take(int64_t count) {
    constexpr int64_t kAlign = 256;
    unsigned char* at = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += (count * static_cast<int64_t>(sizeof(T)) + kAlign - 1) / kAlign * kAlign;
    return reinterpret_cast<T*>(at);
  }

  int64_t used() const { return used_; }

 private:
  unsigned char* memory_;
  int64_t used_ = 0;
};

inline int64_t Tiles(const Geometry& g) { return (g.Units() + kTile - 1) / kTile; }

inline GatedList TakeList(Pieces* pieces, const Geometry& g) {
  GatedList list;
  list.positions = g.batch * g.out_height * g.out_width;
  list.channels = g.out_channels;
  list.units = pieces->Take<uint32_t>(g.Units());
  list.starts = pieces->Take<uint32_t>(list.positions + 1);
  list.tiles = pieces->Take<uint32_t>(Tiles(g));
  return list;
}

inline ConvRecords TakeConvRecords(Pieces* pieces, const Geometry& g) {
  ConvRecords records;
  records.channels = pieces->Take<int32_t>(g.Units());
  records.energies = pieces->Take<float>(g.Units());
  records.worths = pieces->Take<float>(g.Units());
  records.cuts = pieces->Take<float>(g.Units());
  records.masks = pieces->Take<uint64_t>(g.Units() * MaskWords(g));
  return records;
}

inline DenseRecords TakeDenseRecords(Pieces* pieces, const Geometry& g) {
  DenseRecords records;
  records.leasts = pieces->Take<double>(g.Units());
  records.cuts = pieces->Take<float>(g.Units());
  records.sums = pieces->Take<float>(g.Units());
  return records;
}

// Memory for the masks of wide windows: of so many blocks, each with so many lanes.
struct SpareMasks {
  int64_t blocks, words;
  uint32_t lanes;

  SpareMasks(const Geometry& g, int64_t threads)
      : blocks(kMostUnitBlocks), words(0), lanes(static_cast<uint32_t>(threads)) {
    if (MaskWords(g) <= kOwnWords) return;
    const int64_t lane = kMasks * MaskWords(g);
    const int64_t fit = std::max<int64_t>(1, kSpareBudget / 8 / lane);
    while (lanes > 1 && lanes * 64 > fit) lanes /= 2;
    blocks = std::clamp<int64_t>(fit / lanes, 1, kMostUnitBlocks);
    words = blocks * lanes * lane;
  }
};

// Images that are worked on together; at least one.
inline int64_t ImagesAtOnce(const Geometry& g, int64_t bytes_of_one) {
  const int64_t most = std::min(kBudget / std::max<int64_t>(1, bytes_of_one),
                                (kMostUnits - 1) / std::max<int64_t>(1, g.Units() / g.batch));
  return std::clamp<int64_t>(most, 1, g.batch);
}

inline Geometry WithBatch(Geometry g, int64_t batch) {
  g.batch = batch;
  return g;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WORKSPACE_CU_H_
