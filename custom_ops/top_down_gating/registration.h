// Names, attributes and shapes of the operations as TensorFlow knows them.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_REGISTRATION_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_REGISTRATION_H_

#include <cstdint>
#include <vector>

#include "layer_check.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfwsol {

using tensorflow::shape_inference::InferenceContext;

// Of a kernel under construction, or of a shape that is inferred.
template <typename Context>
absl::Status ReadLayer(Context* context, bool convolution, Layer* layer) {
  layer->strides.clear(), layer->padding.clear();  // GetAttr appends
  TF_RETURN_IF_ERROR(context->GetAttr("strides", &layer->strides));
  TF_RETURN_IF_ERROR(context->GetAttr("padding", &layer->padding));
  if (convolution) {
    layer->dilations.clear();
    TF_RETURN_IF_ERROR(context->GetAttr("dilations", &layer->dilations));
    TF_RETURN_IF_ERROR(context->GetAttr("groups", &layer->groups));
  }
  return CheckLayer(*layer);
}

// The dimensions of the inputs; false when some are not known yet.
inline bool KnownShapes(InferenceContext* context, std::vector<Shape>* shapes) {
  for (int input = 0; input < context->num_inputs(); ++input) {
    const auto handle = context->input(input);
    if (!context->FullyDefined(handle)) return false;
    Shape shape;
    for (int axis = 0; axis < context->Rank(handle); ++axis) {
      shape.push_back(context->Value(context->Dim(handle, axis)));
    }
    shapes->push_back(shape);
  }
  return true;
}

inline absl::Status SetOutputs(InferenceContext* context, int gates, bool kernel) {
  context->set_output(0, context->input(0));
  if (!kernel) return absl::OkStatus();
  bool with_theta = false, with_kernel = false;
  TF_RETURN_IF_ERROR(context->GetAttr("with_theta", &with_theta));
  TF_RETURN_IF_ERROR(context->GetAttr("with_kernel", &with_kernel));
  const auto nothing = context->Vector(0);
  context->set_output(1, with_theta ? context->input(gates) : nothing);
  context->set_output(2, with_kernel ? context->input(1) : nothing);
  context->set_output(3, with_kernel ? context->input(1) : nothing);
  return absl::OkStatus();
}

inline absl::Status InferConv(InferenceContext* context) {
  Layer layer;
  bool packed = false;
  TF_RETURN_IF_ERROR(ReadLayer(context, true, &layer));
  TF_RETURN_IF_ERROR(context->GetAttr("packed", &packed));
  std::vector<Shape> shapes;
  Geometry geometry;
  if (KnownShapes(context, &shapes)) {
    TF_RETURN_IF_ERROR(CheckConv(shapes[0], shapes[1], shapes[2], layer, packed, &geometry));
  }
  return SetOutputs(context, 2, true);
}

inline absl::Status InferPool(InferenceContext* context) {
  Layer layer;
  Shape pool_size;
  TF_RETURN_IF_ERROR(ReadLayer(context, false, &layer));
  TF_RETURN_IF_ERROR(context->GetAttr("pool_size", &pool_size));
  std::vector<Shape> shapes;
  Geometry geometry;
  if (KnownShapes(context, &shapes)) {
    TF_RETURN_IF_ERROR(CheckPool(shapes[0], shapes[1], pool_size, layer, &geometry));
  }
  return SetOutputs(context, 1, false);
}

inline absl::Status InferDense(InferenceContext* context) {
  bool packed = false;
  TF_RETURN_IF_ERROR(context->GetAttr("packed", &packed));
  std::vector<Shape> shapes;
  Geometry geometry;
  if (KnownShapes(context, &shapes)) {
    TF_RETURN_IF_ERROR(CheckDense(shapes[0], shapes[1], shapes[2], packed, &geometry));
  }
  return SetOutputs(context, 2, true);
}

// What was not asked for comes back empty.
REGISTER_OP("TfwsolConvGating")
    .Input("x: T")
    .Input("kernel: T")
    .Input("gates: T")
    .Attr("T: {float, double}")
    .Attr("strides: list(int)")
    .Attr("padding: list(int)")
    .Attr("dilations: list(int)")
    .Attr("groups: int")
    .Attr("packed: bool")
    .Attr("alpha: float")
    .Attr("literal: bool")
    .Attr("with_theta: bool")
    .Attr("with_kernel: bool")
    .Output("below: T")
    .Output("theta: T")
    .Output("kernel_gates: T")
    .Output("kernel_hits: T")
    .SetShapeFn(InferConv)
    .Doc("STNet's gates of a convolution's input from those of its output; see tfwsol.ops.");

REGISTER_OP("TfwsolPoolGating")
    .Input("x: T")
    .Input("gates: T")
    .Attr("T: {float, double}")
    .Attr("pool_size: list(int)")
    .Attr("strides: list(int)")
    .Attr("padding: list(int)")
    .Attr("mode: {'1', 'ALL', '699'}")
    .Attr("offset: int >= 0")
    .Output("below: T")
    .SetShapeFn(InferPool)
    .Doc("STNet's gates of a pool's input from those of its output; see tfwsol.ops.");

REGISTER_OP("TfwsolDenseGating")
    .Input("x: T")
    .Input("kernel: T")
    .Input("gates: T")
    .Attr("T: {float, double}")
    .Attr("mode: {'1', 'ALL', '699'}")
    .Attr("offset: int >= 0")
    .Attr("packed: bool")
    .Attr("literal: bool")
    .Attr("with_theta: bool")
    .Attr("with_kernel: bool")
    .Output("below: T")
    .Output("theta: T")
    .Output("kernel_gates: T")
    .Output("kernel_hits: T")
    .SetShapeFn(InferDense)
    .Doc("STNet's gates of a dense layer's input from those of its output; see tfwsol.ops.");

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_REGISTRATION_H_
