// The memory that the threads of a block share, and sums over them in one fixed order.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_REDUCTION_CU_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_REDUCTION_CU_H_

#include <cstddef>
#include <cstdint>

#include "device.h"
#include "host_device.h"

namespace tfwsol {

constexpr int kColumns = 8;  // values per thread that are reduced at a time, at most
constexpr int kParts = 8;    // pieces of a column; a block has a multiple of threads

struct BlockMemory {
  double* folded;       // columns × parts
  double* columns;      // columns × threads
  uint32_t* counts;     // columns × threads
  uint32_t* folded_counts;
  uint32_t* cursor;
  float* answer;
  float* products;      // null where they do not fit

  // All but the products.
  static constexpr size_t kFixed = kColumns * kParts * (sizeof(double) + sizeof(uint32_t)) + 16;
  static constexpr size_t kPerThread = kColumns * (sizeof(double) + sizeof(uint32_t));

  TFWSOL_HD static size_t Bytes(int64_t threads, int64_t products) {
    return kFixed + kPerThread * static_cast<size_t>(threads) +
           sizeof(float) * static_cast<size_t>(products);
  }
};

__device__ inline BlockMemory CarveBlockMemory(bool with_products) {
  unsigned char* at = SharedMemory();
  const auto take = [&at](size_t bytes) {
    unsigned char* taken = at;
    at += bytes;
    return taken;
  };
  const size_t threads = static_cast<size_t>(Threads());
  BlockMemory memory;
  memory.folded = reinterpret_cast<double*>(take(kColumns * kParts * sizeof(double)));
  memory.columns = reinterpret_cast<double*>(take(kColumns * threads * sizeof(double)));
  memory.counts = reinterpret_cast<uint32_t*>(take(kColumns * threads * sizeof(uint32_t)));
  memory.folded_counts = reinterpret_cast<uint32_t*>(take(kColumns * kParts * sizeof(uint32_t)));
  memory.cursor = reinterpret_cast<uint32_t*>(take(8));
  memory.answer = reinterpret_cast<float*>(take(8));
  memory.products = with_products ? reinterpret_cast<float*>(at) : nullptr;
  return memory;
}

struct Add {
  template <typename T>
  __device__ T operator()(int, T a, T b) const {
    return a + b;
  }
};

struct Most {
  __device__ double operator()(int, double a, double b) const { return a > b ? a : b; }
};

// Combines each column over the threads: parts of neighbours first, then the parts, always in
// ascending order. What was in `columns` when all came here may be overwritten after it.
template <typename T, typename Combine>
__device__ void Fold(int count, const T* columns, T* folded, Combine combine) {
  __syncthreads();
  const int64_t size = Threads() / kParts;
  for (int64_t k = Thread(); k < count * kParts; k += Threads()) {
    const int column = static_cast<int>(k / kParts);
    const T* part = columns + column * Threads() + k % kParts * size;
    T value = part[0];
    for (int64_t t = 1; t < size; ++t) value = combine(column, value, part[t]);
    folded[k] = value;
  }
}

template <typename T, typename Combine>
__device__ T Folded(int column, const T* folded, Combine combine) {
  T value = folded[column * kParts];
  for (int part = 1; part < kParts; ++part) {
    value = combine(column, value, folded[column * kParts + part]);
  }
  return value;
}

// Every thread brings and gets `kCount` values.
template <int kCount, typename Combine>
__device__ void Reduce(const BlockMemory& memory, double (&values)[kCount], Combine combine) {
  static_assert(kCount <= kColumns, "more values than columns");
  for (int k = 0; k < kCount; ++k) memory.columns[k * Threads() + Thread()] = values[k];
  Fold(kCount, memory.columns, memory.folded, combine);
  __syncthreads();
  for (int k = 0; k < kCount; ++k) values[k] = Folded(k, memory.folded, combine);
}

// The sum over the threads before this one, and over all.
__device__ inline uint32_t CountsBefore(const BlockMemory& memory, uint32_t count,
                                        uint32_t* total) {
  memory.counts[Thread()] = count;
  Fold(1, memory.counts, memory.folded_counts, Add());
  __syncthreads();
  const int64_t size = Threads() / kParts, part = Thread() / size;
  uint32_t before = 0;
  *total = Folded(0, memory.folded_counts, Add());
  for (int64_t k = 0; k < part; ++k) before += memory.folded_counts[k];
  for (int64_t k = part * size; k < Thread(); ++k) before += memory.counts[k];
  __syncthreads();
  return before;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_REDUCTION_CU_H_
