// The TensorFlow ops round device_pass.h: they check, allocate, and queue on TensorFlow's stream.
//
// Numbers that are not finite cannot be refused without waiting for the device, so that all
// outputs are NaN then.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GPU_OPS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GPU_OPS_H_

#include <cstdint>

#include "cpu_ops.h"
#include "device_pass.h"
#include "xla/stream_executor/stream.h"

namespace tfwsol {

inline void* StreamOf(OpKernelContext* context) {
  return context->op_device_context()->stream()->platform_specific_handle().stream;
}

inline absl::Status ExplainDevice(int error) {
  if (error == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the GPU could not run it: ", tfwsol_device_error(error),
                   " (CUDA error ", error, "); tf.device('CPU') runs it on the CPU"));
}

// What a pass works in, besides its arguments.
class DeviceScratch {
 public:
  absl::Status Allocate(OpKernelContext* context, int64_t bytes) {
    if (bytes < 0) return Refuse("x or gates has 2^31 cells or more per image");
    TF_RETURN_IF_ERROR(context->allocate_temp(tensorflow::DT_INT8, TensorShape({bytes}), &room_));
    return context->allocate_temp(tensorflow::DT_INT32, TensorShape({1}), &findings_);
  }
  void* room() { return room_.flat<int8_t>().data(); }
  int* findings() { return findings_.flat<int32_t>().data(); }

 private:
  Tensor room_, findings_;
};

inline absl::Status AllocateOutput(OpKernelContext* context, int output, const TensorShape& shape,
                                   float** data) {
  Tensor* tensor = nullptr;
  TF_RETURN_IF_ERROR(context->allocate_output(output, shape, &tensor));
  *data = tensor->NumElements() == 0 ? nullptr : tensor->flat<float>().data();
  return absl::OkStatus();
}

struct DeviceOutputs {
  float *below, *theta, *kernel_gates, *kernel_hits;

  absl::Status Allocate(OpKernelContext* context, bool with_theta, bool with_kernel) {
    const TensorShape nothing({0});
    const TensorShape& of_theta = with_theta ? context->input(2).shape() : nothing;
    const TensorShape& of_kernel = with_kernel ? context->input(1).shape() : nothing;
    TF_RETURN_IF_ERROR(AllocateOutput(context, 0, context->input(0).shape(), &below));
    TF_RETURN_IF_ERROR(AllocateOutput(context, 1, of_theta, &theta));
    TF_RETURN_IF_ERROR(AllocateOutput(context, 2, of_kernel, &kernel_gates));
    return AllocateOutput(context, 3, of_kernel, &kernel_hits);
  }
};

inline const float* Floats(OpKernelContext* context, int input) {
  return context->input(input).flat<float>().data();
}

class ConvGatingGpuOp : public ConvGatingOp<float> {
 public:
  using ConvGatingOp<float>::ConvGatingOp;

  void Compute(OpKernelContext* context) override {
    Geometry geometry;
    DeviceScratch scratch;
    DeviceOutputs to;
    OP_REQUIRES_OK(context, CheckConv(ShapeOf(context->input(0)), ShapeOf(context->input(1)),
                                      ShapeOf(context->input(2)), layer_, packed_, &geometry));
    OP_REQUIRES_OK(context, to.Allocate(context, with_theta_, with_kernel_));
    OP_REQUIRES_OK(context, scratch.Allocate(context, tfwsol_kernel_workspace(&geometry)));
    OP_REQUIRES_OK(context, ExplainDevice(tfwsol_conv_pass(
        StreamOf(context), &geometry, Floats(context, 0), Floats(context, 1), Floats(context, 2),
        packed_, alpha_, literal_, to.below, to.theta, to.kernel_gates, to.kernel_hits,
        scratch.findings(), scratch.room())));
  }
};

class DenseGatingGpuOp : public DenseGatingOp<float> {
 public:
  using DenseGatingOp<float>::DenseGatingOp;

  void Compute(OpKernelContext* context) override {
    Geometry geometry;
    DeviceScratch scratch;
    DeviceOutputs to;
    OP_REQUIRES_OK(context, CheckDense(ShapeOf(context->input(0)), ShapeOf(context->input(1)),
                                       ShapeOf(context->input(2)), packed_, &geometry));
    OP_REQUIRES_OK(context, to.Allocate(context, with_theta_, with_kernel_));
    OP_REQUIRES_OK(context, scratch.Allocate(context, tfwsol_kernel_workspace(&geometry)));
    OP_REQUIRES_OK(context, ExplainDevice(tfwsol_dense_pass(
        StreamOf(context), &geometry, Floats(context, 0), Floats(context, 1), Floats(context, 2),
        packed_, static_cast<int>(mode_), offset_, literal_, to.below, to.theta,
        to.kernel_gates, to.kernel_hits, scratch.findings(), scratch.room())));
  }
};

class PoolGatingGpuOp : public PoolGatingOp<float> {
 public:
  using PoolGatingOp<float>::PoolGatingOp;

  void Compute(OpKernelContext* context) override {
    Geometry geometry;
    DeviceScratch scratch;
    float* below;
    OP_REQUIRES_OK(context, CheckPool(ShapeOf(context->input(0)), ShapeOf(context->input(1)),
                                      pool_size_, layer_, &geometry));
    OP_REQUIRES_OK(context, AllocateOutput(context, 0, context->input(0).shape(), &below));
    OP_REQUIRES_OK(context, scratch.Allocate(context, tfwsol_pool_workspace(&geometry)));
    OP_REQUIRES_OK(context, ExplainDevice(tfwsol_pool_pass(
        StreamOf(context), &geometry, Floats(context, 0), Floats(context, 1),
        static_cast<int>(mode_), offset_, below, scratch.findings(), scratch.room())));
  }
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_GPU_OPS_H_
