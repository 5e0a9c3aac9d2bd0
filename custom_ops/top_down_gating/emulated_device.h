// CUDA's programming model on the CPU, as far as the kernels and the harness need it.
//
// A kernel runs block by block. The threads of a block are fibres: each runs to its next barrier
// or to its end before the next one is taken, in an order that can be chosen, so that a race
// shows as a result that depends on the order. Shared memory is exactly as long as asked for; all
// memory comes filled with junk. One launch at a time per thread of the host.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_EMULATED_DEVICE_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_EMULATED_DEVICE_H_

#include <ucontext.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)

namespace tfwsol {
namespace emulation {

enum class Order { kAscending, kDescending, kShuffled };

struct Index {
  unsigned x = 0;
};

inline thread_local Index thread_index, block_index, block_size, grid_size;

[[noreturn]] inline void Stop(const char* what) {
  std::fprintf(stderr, "emulated device: %s.\n", what);
  std::abort();
}

class Device {
 public:
  Order order = Order::kAscending;

  static Device& Get() {
    static thread_local Device device;
    return device;
  }

  void Launch(bool barriers, unsigned blocks, unsigned threads, size_t shared,
              const std::function<void()>& kernel) {
    barriers_ = barriers;
    kernel_ = &kernel;
    grid_size.x = blocks, block_size.x = threads;
    for (block_index.x = 0; block_index.x < blocks; ++block_index.x) {
      shared_.reset(new unsigned char[shared]);
      std::memset(shared_.get(), 0xa5, shared);
      barriers ? RunFibres(threads) : RunInTurn(threads);
    }
  }

  void Wait() {
    if (!barriers_) Stop("a barrier in a kernel that was launched as one without");
    swapcontext(&contexts_[thread_index.x], &scheduler_);
  }

  unsigned char* shared() const { return shared_.get(); }

 private:
  static constexpr size_t kStack = size_t{1} << 18;

  void RunInTurn(unsigned threads) {
    for (unsigned k = 0; k < threads; ++k) {
      thread_index.x = Place(k, threads, 0);
      (*kernel_)();
    }
  }

  void RunFibres(unsigned threads) {
    Prepare(threads);
    unsigned ended = 0;
    for (unsigned round = 0; ended < threads; ++round) {
      for (unsigned k = 0; k < threads; ++k) {
        thread_index.x = Place(k, threads, round);
        swapcontext(&scheduler_, &contexts_[thread_index.x]);
        ended += ended_[thread_index.x];
      }
      if (ended != 0 && ended != threads) Stop("threads ended where others wait at a barrier");
    }
  }

  void Prepare(unsigned threads) {
    ended_.assign(threads, 0);
    if (contexts_.size() < threads) contexts_.resize(threads);
    while (stacks_.size() < threads) stacks_.emplace_back(new char[kStack]);
    for (unsigned k = 0; k < threads; ++k) {
      getcontext(&contexts_[k]);
      contexts_[k].uc_stack.ss_sp = stacks_[k].get();
      contexts_[k].uc_stack.ss_size = kStack;
      contexts_[k].uc_link = &scheduler_;
      makecontext(&contexts_[k], &Device::Enter, 0);
    }
  }

  static void Enter() {
    Device& device = Get();
    (*device.kernel_)();
    device.ended_[thread_index.x] = 1;
  }

  // Whose turn is the k-th; blocks have a power of two of threads.
  unsigned Place(unsigned k, unsigned threads, unsigned round) const {
    if (order == Order::kAscending) return k;
    if (order == Order::kDescending) return threads - 1 - k;
    return (k * 7 + round * 13 + block_index.x) % threads;
  }

  bool barriers_ = false;
  const std::function<void()>* kernel_ = nullptr;
  std::unique_ptr<unsigned char[]> shared_;
  std::vector<unsigned char> ended_;
  std::vector<ucontext_t> contexts_;
  std::vector<std::unique_ptr<char[]>> stacks_;
  ucontext_t scheduler_;
};

}  // namespace emulation

constexpr int64_t kDeviceBudget = int64_t{1} << 16;  // little, so that batches are divided

inline unsigned char* SharedMemory() { return emulation::Device::Get().shared(); }

}  // namespace tfwsol

#define threadIdx tfwsol::emulation::thread_index
#define blockIdx tfwsol::emulation::block_index
#define blockDim tfwsol::emulation::block_size
#define gridDim tfwsol::emulation::grid_size

#define TFWSOL_LAUNCH(barriers, kernel, blocks, threads, shared, stream, ...) \
  tfwsol::emulation::Device::Get().Launch(                                    \
      barriers, static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared, \
      [&] { kernel(__VA_ARGS__); })

inline void __syncthreads() { tfwsol::emulation::Device::Get().Wait(); }

inline int __ffsll(long long word) { return __builtin_ffsll(word); }

inline uint32_t __float_as_uint(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline float __uint_as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

template <typename T>
T atomicAdd(T* at, T more) {
  const T before = *at;
  *at += more;
  return before;
}

inline int atomicOr(int* at, int bits) {
  const int before = *at;
  *at |= bits;
  return before;
}

// The runtime. Few multiprocessors and little shared memory, so that blocks take several units
// and large windows do not fit.
using cudaError_t = int;
using cudaStream_t = void*;
constexpr cudaError_t cudaSuccess = 0, cudaErrorInvalidValue = 1;

enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount, cudaDevAttrMaxSharedMemoryPerBlockOptin };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };

inline cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int) {
  *value = which == cudaDevAttrMultiProcessorCount ? 2 : 48 << 10;
  return cudaSuccess;
}
template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel, cudaFuncAttribute, int) {
  return cudaSuccess;
}
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess ? "no error" : "invalid argument";
}
inline cudaError_t cudaMemsetAsync(void* at, int value, size_t bytes, cudaStream_t) {
  std::memset(at, value, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaMalloc(void** memory, size_t bytes) {
  *memory = std::malloc(bytes);
  if (*memory == nullptr) return cudaErrorInvalidValue;
  std::memset(*memory, 0xa5, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaFree(void* memory) { return std::free(memory), cudaSuccess; }
enum cudaMemcpyKind { cudaMemcpyDefault };
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                                   cudaStream_t) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }

struct cudaDeviceProp {
  char name[256];
};
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "CPU, emulating a device");
  return cudaSuccess;
}

using cudaEvent_t = std::chrono::steady_clock::time_point*;
inline cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new std::chrono::steady_clock::time_point;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *event = std::chrono::steady_clock::now();
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t first, cudaEvent_t last) {
  *milliseconds = std::chrono::duration<float, std::milli>(*last - *first).count();
  return cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_EMULATED_DEVICE_H_
