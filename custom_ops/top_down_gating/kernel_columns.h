// The weights of the gated output channels, each in one piece.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_KERNEL_COLUMNS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_KERNEL_COLUMNS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "prefetch.h"
#include "shares.h"

namespace tfwsol {

// Keras stores products × output channels, which puts the weights of a unit a whole row
// apart. A packed kernel is output channels × products and serves as it is; of another the
// channels that are gated are copied.
template <typename T>
class KernelColumns {
 public:
  // gated: places of the gated units, whose last axis is the output channel.
  KernelColumns(const T* kernel, int64_t products, int64_t channels, bool packed,
                const std::vector<int64_t>& gated, const ShareOut& share_out)
      : kernel_(kernel), products_(products), channels_(channels), packed_(packed) {
    if (packed) return;
    slots_.assign(static_cast<size_t>(channels), -1);
    for (const int64_t unit : gated) slots_[unit % channels] = 0;
    std::vector<int64_t> used;
    for (int64_t channel = 0; channel < channels; ++channel) {
      if (slots_[channel] < 0) continue;
      slots_[channel] = static_cast<int64_t>(used.size());
      used.push_back(channel);
    }
    const int64_t count = static_cast<int64_t>(used.size());
    copies_.reset(new T[static_cast<size_t>(count * products)]);
    const int64_t tiles = (products + kTile - 1) / kTile;
    share_out(tiles, 4 * kTile * count, [&](int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; ++tile) CopyTile(used, tile * kTile);
    });
  }

  const T* Of(int64_t channel) const {
    return packed_ ? kernel_ + channel * products_ : copies_.get() + slots_[channel] * products_;
  }

  // Has memory bring the weights of a channel before their turn.
  void Prefetch(int64_t channel) const { PrefetchLines(Of(channel), products_); }

  // Where a weight stands in the caller's kernel.
  int64_t Index(int64_t channel, int64_t product) const {
    return packed_ ? channel * products_ + product : product * channels_ + channel;
  }

 private:
  static constexpr int64_t kTile = 64;

  // By columns that are close to each other, so that they share the lines of memory read.
  void CopyTile(const std::vector<int64_t>& used, int64_t first) {
    constexpr size_t kColumns = 16;
    const int64_t last = std::min(products_, first + kTile);
    for (size_t begin = 0; begin < used.size(); begin += kColumns) {
      const size_t end = std::min(used.size(), begin + kColumns);
      for (size_t column = begin; column < end; ++column) {
        T* out = copies_.get() + static_cast<int64_t>(column) * products_;
        const T* in = kernel_ + used[column];
        for (int64_t row = first; row < last; ++row) out[row] = in[row * channels_];
      }
    }
  }

  const T* kernel_;
  const int64_t products_, channels_;
  const bool packed_;
  std::vector<int64_t> slots_;
  std::unique_ptr<T[]> copies_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_KERNEL_COLUMNS_H_
