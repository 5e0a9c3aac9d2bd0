// The TensorFlow ops round the units of this folder, which share TensorFlow's own threads.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CPU_OPS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CPU_OPS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "conv_unit.h"
#include "dense_unit.h"
#include "kernel_columns.h"
#include "layer_pass.h"
#include "pool_unit.h"
#include "registration.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/util/work_sharder.h"

namespace tfwsol {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

inline Shape ShapeOf(const Tensor& tensor) {
  Shape shape;
  for (const auto& axis : tensor.shape()) shape.push_back(axis.size);
  return shape;
}

inline Mode ModeOf(const std::string& name) {
  return name == "1" ? Mode::kWinner : name == "ALL" ? Mode::kAll : Mode::k699;
}

inline ShareOut HostThreads(OpKernelContext* context) {
  const auto* workers = context->device()->tensorflow_cpu_worker_threads();
  return [workers](int64_t total, int64_t cost, const std::function<void(int64_t, int64_t)>& work) {
    if (total > 0) tensorflow::Shard(workers->num_threads, workers->workers, total, cost, work);
  };
}

template <typename T>
absl::Status Zeros(OpKernelContext* context, int output, const TensorShape& shape, T** data) {
  Tensor* tensor = nullptr;
  TF_RETURN_IF_ERROR(context->allocate_output(output, shape, &tensor));
  *data = tensor->flat<T>().data();
  std::fill_n(*data, tensor->NumElements(), T{0});
  return absl::OkStatus();
}

// Outputs 1 to 3 of an op with a kernel; what was not asked for is empty and stays null.
template <typename T>
absl::Status AllocateExtras(OpKernelContext* context, bool with_theta, bool with_kernel,
                            LayerOutputs<T>* outputs) {
  const TensorShape nothing({0}), kernel = context->input(1).shape();
  T *theta, *gates, *hits;
  TF_RETURN_IF_ERROR(
      Zeros(context, 1, with_theta ? context->input(2).shape() : nothing, &theta));
  TF_RETURN_IF_ERROR(Zeros(context, 2, with_kernel ? kernel : nothing, &gates));
  TF_RETURN_IF_ERROR(Zeros(context, 3, with_kernel ? kernel : nothing, &hits));
  if (with_theta) outputs->theta = theta;
  if (with_kernel) outputs->kernel_gates = gates, outputs->kernel_hits = hits;
  return absl::OkStatus();
}

inline absl::Status Explain(Finding finding) {
  switch (finding) {
    case Finding::kFine:
      return absl::OkStatus();
    case Finding::kGates:
      return Refuse("gates is not finite everywhere");
    case Finding::kX:
      return Refuse("x is not finite everywhere");
    default:
      return Refuse("kernel is not finite where units are gated, or its products with x are not");
  }
}

// What the ops of convolutions and dense layers have in common.
template <typename T>
class KernelGatingOp : public OpKernel {
 public:
  explicit KernelGatingOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("packed", &packed_));
    OP_REQUIRES_OK(context, context->GetAttr("literal", &literal_));
    OP_REQUIRES_OK(context, context->GetAttr("with_theta", &with_theta_));
    OP_REQUIRES_OK(context, context->GetAttr("with_kernel", &with_kernel_));
  }

 protected:
  template <typename MakeUnit>
  absl::Status Pass(OpKernelContext* context, const Geometry& geometry, MakeUnit make_unit) {
    const Tensor &x = context->input(0), &kernel = context->input(1), &gates = context->input(2);
    LayerOutputs<T> outputs;
    TF_RETURN_IF_ERROR(Zeros(context, 0, x.shape(), &outputs.below));
    TF_RETURN_IF_ERROR(AllocateExtras(context, with_theta_, with_kernel_, &outputs));
    const LayerInputs<T> inputs{x.flat<T>().data(), kernel.flat<T>().data(), packed_,
                                gates.flat<T>().data()};
    return Explain(RunKernelLayer(geometry, inputs, HostThreads(context), make_unit, outputs));
  }

  bool packed_, literal_, with_theta_, with_kernel_;
};

template <typename T>
class ConvGatingOp : public KernelGatingOp<T> {
 public:
  explicit ConvGatingOp(OpKernelConstruction* context) : KernelGatingOp<T>(context) {
    OP_REQUIRES_OK(context, ReadLayer(context, true, &layer_));
    OP_REQUIRES_OK(context, context->GetAttr("alpha", &alpha_));
  }

  void Compute(OpKernelContext* context) override {
    Geometry geometry;
    OP_REQUIRES_OK(context, CheckConv(ShapeOf(context->input(0)), ShapeOf(context->input(1)),
                                      ShapeOf(context->input(2)), layer_, this->packed_,
                                      &geometry));
    OP_REQUIRES_OK(context, this->Pass(context, geometry, [&] {
      return ConvUnit<T>(geometry, static_cast<T>(alpha_), this->literal_);
    }));
  }

 protected:
  Layer layer_;
  float alpha_;
};

template <typename T>
class DenseGatingOp : public KernelGatingOp<T> {
 public:
  explicit DenseGatingOp(OpKernelConstruction* context) : KernelGatingOp<T>(context) {
    std::string mode;
    OP_REQUIRES_OK(context, context->GetAttr("mode", &mode));
    OP_REQUIRES_OK(context, context->GetAttr("offset", &offset_));
    mode_ = ModeOf(mode);
  }

  void Compute(OpKernelContext* context) override {
    Geometry geometry;
    OP_REQUIRES_OK(context, CheckDense(ShapeOf(context->input(0)), ShapeOf(context->input(1)),
                                       ShapeOf(context->input(2)), this->packed_, &geometry));
    OP_REQUIRES_OK(context, this->Pass(context, geometry, [&] {
      return DenseUnit<T>(geometry, mode_, offset_, this->literal_);
    }));
  }

 protected:
  Mode mode_;
  int64_t offset_;
};

template <typename T>
class PoolGatingOp : public OpKernel {
 public:
  explicit PoolGatingOp(OpKernelConstruction* context) : OpKernel(context) {
    std::string mode;
    OP_REQUIRES_OK(context, ReadLayer(context, false, &layer_));
    OP_REQUIRES_OK(context, context->GetAttr("pool_size", &pool_size_));
    OP_REQUIRES_OK(context, context->GetAttr("mode", &mode));
    OP_REQUIRES_OK(context, context->GetAttr("offset", &offset_));
    mode_ = ModeOf(mode);
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &gates = context->input(1);
    Geometry geometry;
    OP_REQUIRES_OK(context, CheckPool(ShapeOf(x), ShapeOf(gates), pool_size_, layer_, &geometry));
    T* below;
    OP_REQUIRES_OK(context, Zeros(context, 0, x.shape(), &below));
    const PoolUnit<T> unit(geometry, mode_, offset_);
    OP_REQUIRES_OK(context, Explain(RunPoolLayer(geometry, x.flat<T>().data(),
                                                 gates.flat<T>().data(), HostThreads(context), unit,
                                                 below)));
  }

 protected:
  Layer layer_;
  Shape pool_size_;
  Mode mode_;
  int64_t offset_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CPU_OPS_H_
