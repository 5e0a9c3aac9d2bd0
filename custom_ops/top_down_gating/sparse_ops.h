// The TensorFlow ops that take and give gates as a SparseTensor; on the CPU alone, since the length
// of the list is not known before a device has counted.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SPARSE_OPS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SPARSE_OPS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cell_sums.h"
#include "conv_unit.h"
#include "cpu_ops.h"
#include "kernel_columns.h"
#include "listed_pass.h"
#include "pool_unit.h"
#include "sparse_registration.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace tfwsol {

// The three inputs of a SparseTensor, from `first` on.
class SparseGates {
 public:
  SparseGates(OpKernelContext* context, int first)
      : indices_(context->input(first)),
        values_(context->input(first + 1)),
        shape_(context->input(first + 2)) {}

  absl::Status Check() const {
    const bool fits = indices_.dims() == 2 && indices_.dim_size(1) == 4 && values_.dims() == 1 &&
                      values_.dim_size(0) == indices_.dim_size(0) && shape_.dims() == 1 &&
                      shape_.dim_size(0) == 4;
    if (!fits) {
      return Refuse("gates is a SparseTensor of batch × height × width × channels; got indices of ",
                    Listed(ShapeOf(indices_)), ", values of ", Listed(ShapeOf(values_)),
                    " and a dense shape of ", Listed(ShapeOf(shape_)));
    }
    // Such a tensor need not exist, but its cells are counted in 64 bits.
    double cells = 1;
    for (const int64_t side : DenseShape()) cells *= std::max(0.0, static_cast<double>(side));
    if (cells < 9e18) return absl::OkStatus();
    return Refuse("gates has less than 2^63 cells; got ", Listed(DenseShape()));
  }

  Shape DenseShape() const {
    const auto sides = shape_.vec<int64_t>();
    return Shape(sides.data(), sides.data() + sides.size());
  }

  template <typename T>
  absl::Status Read(const Geometry& geometry, GatedUnits<T>* units) const {
    const int64_t* indices = indices_.matrix<int64_t>().data();
    const int64_t count = values_.dim_size(0);
    const int64_t outside =
        ReadListed(geometry, indices, values_.vec<T>().data(), count, units);
    if (outside < 0) return absl::OkStatus();
    const int64_t* row = indices + 4 * outside;
    return Refuse("gates has an index outside of its dense shape ", Listed(DenseShape()), ": ",
                  Listed(Shape(row, row + 4)));
  }

 private:
  const Tensor &indices_, &values_, &shape_;
};

// Outputs 0 and 1: a SparseTensor in the order of its cells.
template <typename T>
absl::Status GiveListed(OpKernelContext* context, CellSums<T>* below) {
  const Tensor& x = context->input(0);
  const std::vector<CellGate<T>>& sums = below->Sums();
  const int64_t count = static_cast<int64_t>(sums.size());
  Tensor *indices = nullptr, *values = nullptr;
  TF_RETURN_IF_ERROR(context->allocate_output(0, TensorShape({count, 4}), &indices));
  TF_RETURN_IF_ERROR(context->allocate_output(1, TensorShape({count}), &values));
  int64_t* index = indices->matrix<int64_t>().data();
  T* value = values->vec<T>().data();
  const int64_t height = x.dim_size(1), width = x.dim_size(2), channels = x.dim_size(3);
  for (int64_t k = 0; k < count; ++k, index += 4) {
    int64_t cell = sums[k].cell;
    index[3] = cell % channels, cell /= channels;
    index[2] = cell % width, cell /= width;
    index[1] = cell % height, index[0] = cell / height;
    value[k] = sums[k].gate;
  }
  return absl::OkStatus();
}

template <typename T>
class SparseConvGatingOp : public OpKernel {
 public:
  explicit SparseConvGatingOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadLayer(context, true, &layer_));
    OP_REQUIRES_OK(context, context->GetAttr("packed", &packed_));
    OP_REQUIRES_OK(context, context->GetAttr("alpha", &alpha_));
    OP_REQUIRES_OK(context, context->GetAttr("literal", &literal_));
    OP_REQUIRES_OK(context, context->GetAttr("with_theta", &with_theta_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &kernel = context->input(1);
    const SparseGates gates(context, 2);
    Geometry g;
    GatedUnits<T> units;
    OP_REQUIRES_OK(context, gates.Check());
    OP_REQUIRES_OK(context, CheckConv(ShapeOf(x), ShapeOf(kernel), gates.DenseShape(), layer_,
                                      packed_, &g));
    OP_REQUIRES_OK(context, gates.Read(g, &units));
    T* thetas;
    const TensorShape listed({with_theta_ ? units.count() : 0});
    OP_REQUIRES_OK(context, Zeros(context, 2, listed, &thetas));
    const ShareOut share_out = HostThreads(context);
    const KernelColumns<T> columns(kernel.flat<T>().data(), g.Products(), g.out_channels, packed_,
                                   units.places, share_out);
    CellSums<T> below(g.Cells());
    const auto make_unit = [&] { return ConvUnit<T>(g, static_cast<T>(alpha_), literal_); };
    OP_REQUIRES_OK(context, Explain(RunListedKernel(g, x.flat<T>().data(), columns, units,
                                                    share_out, make_unit,
                                                    with_theta_ ? thetas : nullptr, &below)));
    OP_REQUIRES_OK(context, GiveListed(context, &below));
  }

 private:
  Layer layer_;
  float alpha_;
  bool packed_, literal_, with_theta_;
};

template <typename T>
class SparsePoolGatingOp : public PoolGatingOp<T> {
 public:
  using PoolGatingOp<T>::PoolGatingOp;

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    const SparseGates gates(context, 1);
    Geometry g;
    GatedUnits<T> units;
    OP_REQUIRES_OK(context, gates.Check());
    OP_REQUIRES_OK(context, CheckPool(ShapeOf(x), gates.DenseShape(), this->pool_size_,
                                      this->layer_, &g));
    OP_REQUIRES_OK(context, gates.Read(g, &units));
    CellSums<T> below(g.Cells());
    const PoolUnit<T> unit(g, this->mode_, this->offset_);
    OP_REQUIRES_OK(context, Explain(RunListedPool(g, x.flat<T>().data(), units,
                                                  HostThreads(context), unit, &below)));
    OP_REQUIRES_OK(context, GiveListed(context, &below));
  }
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_SPARSE_OPS_H_
