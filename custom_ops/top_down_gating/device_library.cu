// The passes and device_library.h, for programs without a framework.

#include <cstdint>

#include "device_library.h"
#include "top_down_gating.cu"

extern "C" {

int tfwsol_device_name(char* name, int length) {
  cudaDeviceProp properties;
  const int error = cudaGetDeviceProperties(&properties, 0);
  for (int k = 0; k < length; ++k) name[k] = 0;
  for (int k = 0; k + 1 < length && error == 0 && properties.name[k] != 0; ++k) {
    name[k] = properties.name[k];
  }
  return error;
}

int tfwsol_device_allocate(void** memory, int64_t bytes) {
  return cudaMalloc(memory, static_cast<size_t>(bytes > 0 ? bytes : 1));
}

int tfwsol_device_free(void* memory) { return cudaFree(memory); }

int tfwsol_device_copy(void* to, const void* from, int64_t bytes, void* stream) {
  return cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDefault,
                         static_cast<cudaStream_t>(stream));
}

int tfwsol_device_wait() { return cudaDeviceSynchronize(); }

int tfwsol_device_mark(void** mark, void* stream) {
  cudaEvent_t event;
  const int error = cudaEventCreate(&event);
  if (error != 0) return error;
  *mark = event;
  return cudaEventRecord(event, static_cast<cudaStream_t>(stream));
}

int tfwsol_device_between(void* first, void* last, float* milliseconds) {
  const cudaEvent_t begin = static_cast<cudaEvent_t>(first), end = static_cast<cudaEvent_t>(last);
  int error = cudaEventSynchronize(end);
  if (error == 0) error = cudaEventElapsedTime(milliseconds, begin, end);
  if (error == 0) error = cudaEventDestroy(begin);
  return error != 0 ? error : cudaEventDestroy(end);
}

#ifndef __CUDACC__
void tfwsol_emulated_order(int order) {
  tfwsol::emulation::Device::Get().order = static_cast<tfwsol::emulation::Order>(order);
}
#endif

}  // extern "C"
