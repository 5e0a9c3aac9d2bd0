// The kernels that TensorFlow finds: on the CPU, and on the GPU where nvcc was there.

#include "cpu_ops.h"
#include "sparse_ops.h"

#ifdef TFWSOL_WITH_GPU
#include "gpu_ops.h"
#endif

namespace tfwsol {
namespace {

#define TFWSOL_REGISTER(name, device, op, T) \
  REGISTER_KERNEL_BUILDER(                   \
      Name(name).Device(tensorflow::DEVICE_##device).TypeConstraint<T>("T"), op)

TFWSOL_REGISTER("TfwsolConvGating", CPU, ConvGatingOp<float>, float);
TFWSOL_REGISTER("TfwsolConvGating", CPU, ConvGatingOp<double>, double);
TFWSOL_REGISTER("TfwsolPoolGating", CPU, PoolGatingOp<float>, float);
TFWSOL_REGISTER("TfwsolPoolGating", CPU, PoolGatingOp<double>, double);
TFWSOL_REGISTER("TfwsolDenseGating", CPU, DenseGatingOp<float>, float);
TFWSOL_REGISTER("TfwsolDenseGating", CPU, DenseGatingOp<double>, double);
TFWSOL_REGISTER("TfwsolSparseConvGating", CPU, SparseConvGatingOp<float>, float);
TFWSOL_REGISTER("TfwsolSparseConvGating", CPU, SparseConvGatingOp<double>, double);
TFWSOL_REGISTER("TfwsolSparsePoolGating", CPU, SparsePoolGatingOp<float>, float);
TFWSOL_REGISTER("TfwsolSparsePoolGating", CPU, SparsePoolGatingOp<double>, double);

#ifdef TFWSOL_WITH_GPU
TFWSOL_REGISTER("TfwsolConvGating", GPU, ConvGatingGpuOp, float);
TFWSOL_REGISTER("TfwsolPoolGating", GPU, PoolGatingGpuOp, float);
TFWSOL_REGISTER("TfwsolDenseGating", GPU, DenseGatingGpuOp, float);
#endif

}  // namespace
}  // namespace tfwsol
