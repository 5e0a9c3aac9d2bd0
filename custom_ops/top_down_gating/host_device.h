// Marks the arithmetic that the CPU and the CUDA kernels share.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_HOST_DEVICE_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_HOST_DEVICE_H_

#ifdef __CUDACC__
#define TFWSOL_HD __host__ __device__
#else
#define TFWSOL_HD
#endif

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_HOST_DEVICE_H_
