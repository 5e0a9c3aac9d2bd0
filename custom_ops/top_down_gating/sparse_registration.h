// Names, attributes and shapes of the operations whose gates are SparseTensors.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SPARSE_REGISTRATION_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SPARSE_REGISTRATION_H_

#include "registration.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfwsol {

inline absl::Status InferListed(InferenceContext* context) {
  const auto unknown = InferenceContext::kUnknownDim;
  context->set_output(0, context->Matrix(unknown, 4));
  context->set_output(1, context->Vector(unknown));
  return absl::OkStatus();
}

inline absl::Status InferListedConv(InferenceContext* context) {
  bool with_theta = false;
  TF_RETURN_IF_ERROR(context->GetAttr("with_theta", &with_theta));
  context->set_output(2, with_theta ? context->input(3) : context->Vector(0));
  return InferListed(context);
}

REGISTER_OP("TfwsolSparseConvGating")
    .Input("x: T")
    .Input("kernel: T")
    .Input("gate_indices: int64")
    .Input("gate_values: T")
    .Input("gate_shape: int64")
    .Attr("T: {float, double}")
    .Attr("strides: list(int)")
    .Attr("padding: list(int)")
    .Attr("dilations: list(int)")
    .Attr("groups: int")
    .Attr("packed: bool")
    .Attr("alpha: float")
    .Attr("literal: bool")
    .Attr("with_theta: bool")
    .Output("below_indices: int64")
    .Output("below_values: T")
    .Output("theta: T")
    .SetShapeFn(InferListedConv)
    .Doc("TfwsolConvGating for gates that are nearly all zero; see tfwsol.ops.");

REGISTER_OP("TfwsolSparsePoolGating")
    .Input("x: T")
    .Input("gate_indices: int64")
    .Input("gate_values: T")
    .Input("gate_shape: int64")
    .Attr("T: {float, double}")
    .Attr("pool_size: list(int)")
    .Attr("strides: list(int)")
    .Attr("padding: list(int)")
    .Attr("mode: {'1', 'ALL', '699'}")
    .Attr("offset: int >= 0")
    .Output("below_indices: int64")
    .Output("below_values: T")
    .SetShapeFn(InferListed)
    .Doc("TfwsolPoolGating for gates that are nearly all zero; see tfwsol.ops.");

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SPARSE_REGISTRATION_H_
