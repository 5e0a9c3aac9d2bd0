// The passes on a GPU as a C interface: for the TensorFlow ops, the harness and the tests.
//
// All pointers but `geometry` are to memory of the device. Work is queued on the stream; nothing
// waits for it, and nothing is allocated. The result is the same every time.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_PASS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_PASS_H_

#include <cstdint>

#include "geometry.h"

extern "C" {

// Bytes of the memory that a pass needs to work in; -1 when an image of the layer has more cells
// than a pass can count (2^31).
int64_t tfwsol_kernel_workspace(const tfwsol::Geometry* geometry);
int64_t tfwsol_pool_workspace(const tfwsol::Geometry* geometry);

// Each gives 0, or an error of the runtime. Outputs may hold anything before; theta,
// kernel_gates and kernel_hits may be null. `findings` becomes 0, or the sum of 1 (x is not finite
// everywhere), 2 (gates) and 4 (the kernel, or a sum of products with it); then all outputs are
// NaN. Modes: 0 for '1', 1 for 'ALL', 2 for '699'.
int tfwsol_conv_pass(void* stream, const tfwsol::Geometry* geometry, const float* x,
                     const float* kernel, const float* gates, int packed, float alpha,
                     int literal, float* below, float* theta, float* kernel_gates,
                     float* kernel_hits, int* findings, void* workspace);
int tfwsol_dense_pass(void* stream, const tfwsol::Geometry* geometry, const float* x,
                      const float* kernel, const float* gates, int packed, int mode,
                      int64_t offset, int literal, float* below, float* theta,
                      float* kernel_gates, float* kernel_hits, int* findings, void* workspace);
int tfwsol_pool_pass(void* stream, const tfwsol::Geometry* geometry, const float* x,
                     const float* gates, int mode, int64_t offset, float* below, int* findings,
                     void* workspace);

// What an error of these means.
const char* tfwsol_device_error(int error);

}  // extern "C"

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_PASS_H_
