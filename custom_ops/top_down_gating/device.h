// All that the kernels use of CUDA; compiled by a plain C++ compiler, they run on the CPU.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_H_

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__

#include <cuda_runtime.h>

// barriers: whether the threads of a block wait for each other.
#define TFWSOL_LAUNCH(barriers, kernel, blocks, threads, shared, stream, ...) \
  kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared, \
           static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__)

namespace tfwsol {

constexpr int64_t kDeviceBudget = int64_t{1} << 29;  // bytes that a pass should do with

__device__ inline unsigned char* SharedMemory() {
  extern __shared__ __align__(16) unsigned char tfwsol_shared[];
  return tfwsol_shared;
}

}  // namespace tfwsol

#else
#include "emulated_device.h"
#endif

namespace tfwsol {

__device__ inline int64_t Thread() { return threadIdx.x; }
__device__ inline int64_t Threads() { return blockDim.x; }

// Of the whole grid, for kernels in which every thread works for itself.
__device__ inline int64_t GlobalThread() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline int64_t GlobalThreads() { return int64_t{gridDim.x} * blockDim.x; }

__device__ inline bool IsFinite(double value) { return value - value == 0; }

// The place of the lowest set bit of a word that has one.
__device__ inline int LowestBit(uint64_t word) {
  return __ffsll(static_cast<long long>(word)) - 1;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_H_
