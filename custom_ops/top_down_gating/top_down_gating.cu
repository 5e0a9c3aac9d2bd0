// Queues the kernels of a pass. Needs nothing but CUDA's runtime, or its emulation on the CPU.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "conv_kernels.cu.h"
#include "dense_kernels.cu.h"
#include "device.h"
#include "device_pass.h"
#include "gated_list.cu.h"
#include "pool_kernels.cu.h"
#include "workspace.cu.h"

namespace tfwsol {
namespace {

constexpr int64_t kCollectThreads = 64;

// Turns all outputs into NaN where the pass cannot tell its caller in time.
__global__ void Spoil(const int* findings, float* values, int64_t count) {
  if (*findings == 0) return;
  for (int64_t k = GlobalThread(); k < count; k += GlobalThreads()) values[k] = NAN;
}

// What stays the same for all launches of a pass.
class Queue {
 public:
  explicit Queue(void* stream) : stream_(stream) {
    int device = 0;
    Note(cudaGetDevice(&device));
    Note(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device));
    Note(cudaDeviceGetAttribute(&most_shared_, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  }

  cudaError_t error() const { return error_; }
  void* stream() const { return stream_; }

  void Note(cudaError_t error) {
    if (error_ == cudaSuccess) error_ = error;
  }

  template <typename T>
  void Zero(T* values, int64_t count) {
    if (values == nullptr || count == 0) return;
    Note(cudaMemsetAsync(values, 0, static_cast<size_t>(count) * sizeof(T),
                         static_cast<cudaStream_t>(stream_)));
  }

  // Blocks that keep the device busy, given how many there is work for.
  int64_t Busy(int64_t blocks) const {
    return std::clamp<int64_t>(blocks, 1, int64_t{32} * processors_);
  }

  void Spoiled(const int* findings, float* values, int64_t count) {
    if (values == nullptr || count == 0) return;
    TFWSOL_LAUNCH(false, Spoil, processors_, 256, 0, stream_, findings, values, count);
  }

  void List(const GatedList& list, const float* gates, int64_t tiles, int* findings) {
    TFWSOL_LAUNCH(true, CountGated, tiles, kTileThreads, BlockMemory::Bytes(kTileThreads, 0),
                  stream_, list, gates, findings);
    TFWSOL_LAUNCH(true, ScanTiles, 1, kScanThreads, BlockMemory::Bytes(kScanThreads, 0), stream_,
                  list, tiles);
    TFWSOL_LAUNCH(true, ListGated, tiles, kTileThreads, BlockMemory::Bytes(kTileThreads, 0),
                  stream_, list, gates, tiles);
  }

  // The products of a unit stay in shared memory where that is large enough.
  template <typename Kernel, typename Pass>
  void Units(Kernel kernel, const Pass& pass, int64_t threads, int64_t blocks, float* theta,
             int* findings) {
    const Geometry& g = pass.layer.geometry;
    size_t shared = BlockMemory::Bytes(threads, g.Products());
    const bool cached = shared <= static_cast<size_t>(most_shared_);
    if (!cached) shared = BlockMemory::Bytes(threads, 0);
    if (shared > kAlwaysShared) {
      Note(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                static_cast<int>(shared)));
    }
    // Twice as many blocks as can be there at a time; the rest would come only to leave.
    const int64_t room = most_shared_ / static_cast<int64_t>(shared + kReservedShared);
    const int64_t resident = std::clamp<int64_t>(room, 1, kResidentThreads / threads);
    TFWSOL_LAUNCH(true, kernel, std::min({blocks, g.Units(), 2 * resident * processors_}), threads,
                  shared, stream_, pass, cached, theta, findings);
  }

 private:
  static constexpr size_t kAlwaysShared = 48 << 10, kReservedShared = 1 << 10;
  static constexpr int64_t kResidentThreads = 2 * kMostUnitThreads;  // of a processor's registers

  void* stream_;
  int processors_ = 1, most_shared_ = 0;
  cudaError_t error_ = cudaSuccess;
};

int64_t UnitThreads(const Geometry& g) {
  const int64_t products = g.Products();
  return products <= 256 ? 32 : products <= 1024 ? 64 : products <= 2048 ? 128 : kMostUnitThreads;
}

struct Tensors {
  const float *x, *kernel, *gates;
  float *below, *theta, *kernel_gates, *kernel_hits;
};

// Of a part of the batch, from an image on.
Tensors From(const Tensors& all, const Geometry& g, int64_t image) {
  const int64_t cells = image * g.height * g.width * g.channels;
  const int64_t units = image * g.out_height * g.out_width * g.out_channels;
  Tensors some = all;
  some.x += cells, some.below += cells, some.gates += units;
  if (some.theta != nullptr) some.theta += units;
  return some;
}

// For the lists and records of a convolution or of a dense layer.
int64_t KernelBytes(const Geometry& g) {
  Pieces conv(nullptr), dense(nullptr);
  TakeList(&conv, g), TakeConvRecords(&conv, g);
  TakeList(&dense, g), TakeDenseRecords(&dense, g);
  return std::max(conv.used(), dense.used());
}

int64_t PoolBytes(const Geometry& g) {
  return g.Units() * static_cast<int64_t>(sizeof(PoolChoice));
}

int64_t Chunk(const Geometry& g, int64_t (*bytes)(const Geometry&)) {
  return ImagesAtOnce(g, bytes(WithBatch(g, 1)));
}

bool TooLarge(const Geometry& g) {
  return g.batch > 0 && (g.Units() / g.batch >= kMostUnits || g.channels >= kMostUnits ||
                         g.Products() >= kMostUnits);
}

int64_t SpareWords(const Geometry& g) {
  return std::max(SpareMasks(g, UnitThreads(g)).words, SpareMasks(g, kCollectThreads).words);
}

int64_t Workspace(const Geometry& g, int64_t (*bytes)(const Geometry&), bool masks) {
  if (TooLarge(g)) return -1;
  if (g.batch == 0) return 0;
  return bytes(WithBatch(g, Chunk(g, bytes))) + (masks ? SpareWords(g) * 8 : 0);
}

void ConvPart(Queue* queue, const DeviceLayer& layer, float alpha, const Tensors& to,
              int* findings, void* workspace) {
  const Geometry& g = layer.geometry;
  const int64_t threads = UnitThreads(g);
  Pieces pieces(workspace);
  ConvPass pass{layer, TakeList(&pieces, g), TakeConvRecords(&pieces, g), alpha, nullptr, 0};
  const SpareMasks spare(g, threads), for_cells(g, kCollectThreads);
  pass.spare = pieces.Take<uint64_t>(SpareWords(g)), pass.lanes = spare.lanes;
  if (g.Units() > 0) {
    queue->List(pass.list, layer.gates, Tiles(g), findings);
    queue->Units(ConvUnits, pass, threads, spare.blocks, to.theta, findings);
  } else {
    queue->Zero(pass.list.starts, pass.list.positions + 1);
  }
  pass.lanes = for_cells.lanes;
  const int64_t strips = g.batch * g.height * ((g.width + kStrip - 1) / kStrip);
  const int64_t most = for_cells.words > 0 ? for_cells.blocks : kMostUnits - 1;
  if (strips > 0) {
    TFWSOL_LAUNCH(false, ConvCollect, std::min(strips, most), kCollectThreads, 0,
                  queue->stream(), pass, to.below, findings);
  }
  if (to.kernel_gates == nullptr || g.Units() == 0) return;
  TFWSOL_LAUNCH(false, ConvWeights, std::min(g.out_channels, for_cells.blocks), kCollectThreads, 0,
                queue->stream(), pass, to.kernel_gates, to.kernel_hits);
}

void DensePart(Queue* queue, const DeviceLayer& layer, Mode mode, int64_t offset,
               const Tensors& to, int* findings, void* workspace) {
  const Geometry& g = layer.geometry;
  Pieces pieces(workspace);
  const DensePass pass{layer, TakeList(&pieces, g), TakeDenseRecords(&pieces, g), mode, offset};
  if (g.Units() > 0) {
    queue->List(pass.list, layer.gates, Tiles(g), findings);
    queue->Units(DenseUnits, pass, UnitThreads(g), kMostUnitBlocks, to.theta, findings);
  } else {
    queue->Zero(pass.list.starts, pass.list.positions + 1);
  }
  TFWSOL_LAUNCH(false, DenseCollect, queue->Busy((g.Cells() + 127) / 128), 128, 0,
                queue->stream(), pass, to.below, findings);
  if (to.kernel_gates == nullptr || g.Units() == 0) return;
  TFWSOL_LAUNCH(false, DenseWeights, queue->Busy((g.channels * g.out_channels + 127) / 128), 128,
                0, queue->stream(), pass, to.kernel_gates, to.kernel_hits);
}

// Runs `part(layer, tensors)` on the images in turn, as many at once as there is memory for.
template <typename Part>
int KernelPass(void* stream, const Geometry& g, const Tensors& all, bool packed, bool literal,
               int* findings, Part part) {
  if (TooLarge(g)) return cudaErrorInvalidValue;
  Queue queue(stream);
  queue.Zero(findings, 1);
  queue.Zero(all.theta, g.Units());
  queue.Zero(all.kernel_gates, g.Products() * g.out_channels);
  queue.Zero(all.kernel_hits, g.Products() * g.out_channels);
  const int64_t step = g.batch == 0 ? 1 : Chunk(g, KernelBytes);
  for (int64_t image = 0; image < g.batch; image += step) {
    const Tensors some = From(all, g, image);
    const DeviceLayer layer{WithBatch(g, std::min(step, g.batch - image)),
                            some.x, some.kernel, some.gates, packed, literal};
    part(&queue, layer, some);
  }
  queue.Spoiled(findings, all.below, g.Cells());
  queue.Spoiled(findings, all.theta, g.Units());
  queue.Spoiled(findings, all.kernel_gates, g.Products() * g.out_channels);
  queue.Spoiled(findings, all.kernel_hits, g.Products() * g.out_channels);
  queue.Note(cudaGetLastError());
  return queue.error();
}

}  // namespace
}  // namespace tfwsol

using tfwsol::Geometry;

int64_t tfwsol_kernel_workspace(const Geometry* geometry) {
  return tfwsol::Workspace(*geometry, tfwsol::KernelBytes, true);
}

int64_t tfwsol_pool_workspace(const Geometry* geometry) {
  return tfwsol::Workspace(*geometry, tfwsol::PoolBytes, false);
}

int tfwsol_conv_pass(void* stream, const Geometry* geometry, const float* x, const float* kernel,
                     const float* gates, int packed, float alpha, int literal, float* below,
                     float* theta, float* kernel_gates, float* kernel_hits, int* findings,
                     void* workspace) {
  return tfwsol::KernelPass(
      stream, *geometry, {x, kernel, gates, below, theta, kernel_gates, kernel_hits}, packed != 0,
      literal != 0, findings,
      [=](tfwsol::Queue* queue, const tfwsol::DeviceLayer& layer, const tfwsol::Tensors& to) {
        tfwsol::ConvPart(queue, layer, alpha, to, findings, workspace);
      });
}

int tfwsol_dense_pass(void* stream, const Geometry* geometry, const float* x, const float* kernel,
                      const float* gates, int packed, int mode, int64_t offset, int literal,
                      float* below, float* theta, float* kernel_gates, float* kernel_hits,
                      int* findings, void* workspace) {
  return tfwsol::KernelPass(
      stream, *geometry, {x, kernel, gates, below, theta, kernel_gates, kernel_hits}, packed != 0,
      literal != 0, findings,
      [=](tfwsol::Queue* queue, const tfwsol::DeviceLayer& layer, const tfwsol::Tensors& to) {
        tfwsol::DensePart(queue, layer, static_cast<tfwsol::Mode>(mode), offset, to, findings,
                          workspace);
      });
}

int tfwsol_pool_pass(void* stream, const Geometry* geometry, const float* x, const float* gates,
                     int mode, int64_t offset, float* below, int* findings, void* workspace) {
  using namespace tfwsol;
  const Geometry& g = *geometry;
  if (TooLarge(g)) return cudaErrorInvalidValue;
  Queue queue(stream);
  queue.Zero(findings, 1);
  const int64_t step = g.batch == 0 ? 1 : Chunk(g, PoolBytes);
  for (int64_t image = 0; image < g.batch; image += step) {
    const Tensors some = From({x, nullptr, gates, below, nullptr, nullptr, nullptr}, g, image);
    const Geometry part = WithBatch(g, std::min(step, g.batch - image));
    const PoolPass pass{part, some.x, some.gates, static_cast<Mode>(mode), offset,
                        static_cast<PoolChoice*>(workspace)};
    TFWSOL_LAUNCH(false, PoolUnits, queue.Busy((part.Units() + 127) / 128), 128, 0, stream, pass,
                  findings);
    TFWSOL_LAUNCH(false, PoolCollect, queue.Busy((part.Cells() + 127) / 128), 128, 0, stream,
                  pass, some.below, findings);
  }
  queue.Spoiled(findings, below, g.Cells());
  queue.Note(cudaGetLastError());
  return queue.error();
}

const char* tfwsol_device_error(int error) {
  return cudaGetErrorString(static_cast<cudaError_t>(error));
}
