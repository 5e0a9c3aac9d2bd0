// The TensorFlow op round box_sweep.h: images are shared out over TensorFlow's own threads.

#include "box_sweep.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

namespace tfwsol {
namespace {

using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::errors::InvalidArgument;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

static_assert(sizeof(Box) == 4 * sizeof(int32_t), "boxes are rows of the output");

absl::Status InferShapes(InferenceContext* context) {
  ShapeHandle grey = context->input(0), levels = context->input(1);
  if (!context->WithRank(grey, 3, &grey).ok()) {
    return InvalidArgument("grey is batch × height × width; got ", context->DebugString(grey));
  }
  if (!context->WithRank(levels, 2, &levels).ok()) {
    return InvalidArgument("levels is batch × thresholds; got ", context->DebugString(levels));
  }
  tensorflow::shape_inference::DimensionHandle batch, cells, rows;
  if (!context->Merge(context->Dim(grey, 0), context->Dim(levels, 0), &batch).ok()) {
    return InvalidArgument("levels has one row per image of grey; got ",
                           context->DebugString(levels), " for ", context->DebugString(grey));
  }
  TF_RETURN_IF_ERROR(context->Multiply(batch, context->Dim(levels, 1), &cells));
  TF_RETURN_IF_ERROR(context->Add(cells, 1, &rows));
  context->set_output(0, context->Matrix(InferenceContext::kUnknownDim, 4));
  context->set_output(1, context->Vector(rows));
  return absl::OkStatus();
}

REGISTER_OP("TfwsolBoxSweep")
    .Input("grey: uint8")
    .Input("levels: int32")
    .Attr("multi_contour: bool")
    .Output("boxes: int32")
    .Output("splits: int64")
    .SetShapeFn(InferShapes)
    .Doc("The boxes of all regions of images brighter than each level; see tfwsol.ops.");

class BoxSweepOp : public tensorflow::OpKernel {
 public:
  explicit BoxSweepOp(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("multi_contour", &multi_contour_));
  }

  void Compute(tensorflow::OpKernelContext* context) override {
    const Tensor &grey = context->input(0), &levels = context->input(1);
    OP_REQUIRES_OK(context, Check(grey.shape(), levels.shape()));
    const int64_t batch = grey.dim_size(0), thresholds = levels.dim_size(1);
    const std::vector<ImageBoxes> found = Sweep(context, grey, levels);

    Tensor* splits = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(
                                1, TensorShape({batch * thresholds + 1}), &splits));
    auto split = splits->vec<int64_t>();
    split(0) = 0;
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t t = 0, row = b * thresholds; t < thresholds; ++t, ++row) {
        split(row + 1) = split(row) + found[b].Count(t);
      }
    }
    const int64_t total = split(batch * thresholds);
    Tensor* boxes = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, TensorShape({total, 4}), &boxes));
    if (total == 0) return;
    Box* out = reinterpret_cast<Box*>(boxes->flat<int32_t>().data());
    Share(context, batch, 10 * total / batch, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) found[b].Write(out + split(b * thresholds));
    });
  }

 private:
  static absl::Status Check(const TensorShape& grey, const TensorShape& levels) {
    if (grey.dims() != 3) {
      return InvalidArgument("grey is batch × height × width; got ", grey.DebugString());
    }
    if (levels.dims() != 2) {
      return InvalidArgument("levels is batch × thresholds; got ", levels.DebugString());
    }
    if (levels.dim_size(0) != grey.dim_size(0)) {
      return InvalidArgument("levels has one row per image of grey; got ", levels.DebugString(),
                             " for ", grey.DebugString());
    }
    constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
    if (grey.dim_size(1) >= kMost - 2 || grey.dim_size(2) >= kMost - 2 ||
        (grey.dim_size(1) + 2) * (grey.dim_size(2) + 2) > kMost) {
      return InvalidArgument("grey has images of more than 2^31 pixels: ", grey.DebugString());
    }
    return absl::OkStatus();
  }

  std::vector<ImageBoxes> Sweep(tensorflow::OpKernelContext* context, const Tensor& grey,
                                const Tensor& levels) const {
    const int64_t batch = grey.dim_size(0), thresholds = levels.dim_size(1);
    const int height = static_cast<int>(grey.dim_size(1));
    const int width = static_cast<int>(grey.dim_size(2));
    const int64_t pixels = int64_t{height} * width;
    const uint8_t* image = grey.flat<uint8_t>().data();
    const int32_t* row = levels.flat<int32_t>().data();
    std::vector<ImageBoxes> found(batch);
    Share(context, batch, 60 * pixels + 10 * thresholds, [&](int64_t begin, int64_t end) {
      BoxSweep sweep(height, width);
      for (int64_t b = begin; b < end; ++b) {
        found[b] = sweep.Run(image + b * pixels, row + b * thresholds, thresholds, multi_contour_);
      }
    });
    return found;
  }

  // No image is split, so the result is the same for every number of threads.
  template <typename Work>
  static void Share(tensorflow::OpKernelContext* context, int64_t batch, int64_t cycles,
                    Work work) {
    const auto* workers = context->device()->tensorflow_cpu_worker_threads();
    tensorflow::Shard(workers->num_threads, workers->workers, batch, cycles, work);
  }

  bool multi_contour_;
};

REGISTER_KERNEL_BUILDER(Name("TfwsolBoxSweep").Device(tensorflow::DEVICE_CPU), BoxSweepOp);

}  // namespace
}  // namespace tfwsol
