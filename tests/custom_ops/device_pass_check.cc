// The passes of a device over random layers against those of the CPU, to the last bit.
//
// Built by `make sanitize` together with device_library.cu, which then emulates a device, with
// the address and undefined-behaviour sanitizers. On a machine with a GPU
//     python custom_ops/top_down_gating/harness.py --library=build/device.so
//     g++ -std=c++17 -ffp-contract=off -I. tests/custom_ops/device_pass_check.cc build/device.so
// and LD_LIBRARY_PATH=. ./a.out check the device itself.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "custom_ops/top_down_gating/conv_unit.h"
#include "custom_ops/top_down_gating/dense_unit.h"
#include "custom_ops/top_down_gating/device_library.h"
#include "custom_ops/top_down_gating/layer_pass.h"
#include "custom_ops/top_down_gating/pool_unit.h"
#include "tests/custom_ops/random_layers.h"

namespace {

using random_layers::Draw;
using random_layers::DrawLayer;
using random_layers::Numbers;
using random_layers::Random;
using tfwsol::Geometry;
using tfwsol::Mode;

constexpr random_layers::Limits kMost{3, 14, 20, 17, 4, 90};

void ShareOut(int64_t total, int64_t, const std::function<void(int64_t, int64_t)>& work) {
  if (total > 0) work(0, total);
}

void Check(int error) {
  if (error == 0) return;
  std::fprintf(stderr, "device_pass: the device refused: %s.\n", tfwsol_device_error(error));
  std::exit(1);
}

// Memory of the device, exactly as long as it must be.
class OnDevice {
 public:
  explicit OnDevice(int64_t bytes) { Check(tfwsol_device_allocate(&memory_, bytes)); }
  explicit OnDevice(const Numbers& numbers) : OnDevice(numbers.size * 4) {
    Check(tfwsol_device_copy(memory_, numbers.get(), numbers.size * 4, nullptr));
  }
  OnDevice(const OnDevice&) = delete;
  ~OnDevice() { Check(tfwsol_device_free(memory_)); }

  float* get() const { return static_cast<float*>(memory_); }
  int* ints() const { return static_cast<int*>(memory_); }
  void* bytes() const { return memory_; }

  // What it holds when all has run.
  template <typename T>
  void Take(T* values, int64_t count) const {
    Check(tfwsol_device_copy(values, memory_, count * static_cast<int64_t>(sizeof(T)), nullptr));
    Check(tfwsol_device_wait());
  }

 private:
  void* memory_ = nullptr;
};

bool Same(const Numbers& wanted, const OnDevice& found) {
  const Numbers here(wanted.size);
  found.Take(here.get(), here.size);
  for (int64_t k = 0; k < wanted.size; ++k) {
    const float a = wanted.get()[k], b = here.get()[k];
    if (!(a == b || (std::isnan(a) && std::isnan(b)))) return false;
  }
  return true;
}

// Arguments and both results of a layer with a kernel.
struct KernelLayer {
  explicit KernelLayer(const Geometry& geometry)
      : g(geometry),
        x(Random(g.Cells(), Draw(0, 1) == 1, Draw(0, 9) / 10.0)),
        kernel(Random(g.Products() * g.out_channels, Draw(0, 1) == 1, 0.1)),
        gates(Random(g.Units(), false, 0.7)),
        packed(Draw(0, 1) == 1),
        literal(Draw(0, 1) == 1) {}

  template <typename MakeUnit>
  void OnCpu(MakeUnit make_unit) {
    tfwsol::RunKernelLayer<float>(g, {x.get(), kernel.get(), packed, gates.get()}, ShareOut,
                                  make_unit, {below.get(), theta.get(), sums.get(), hits.get()});
  }

  bool Agrees() const {
    int found = 9;
    findings.Take(&found, 1);
    return found == 0 && Same(below, device_below) && Same(theta, device_theta) &&
           Same(sums, device_sums) && Same(hits, device_hits);
  }

  const Geometry g;
  const Numbers x, kernel, gates;
  const bool packed, literal;
  const Numbers below{x.size}, theta{gates.size}, sums{kernel.size}, hits{kernel.size};
  const OnDevice device_x{x}, device_kernel{kernel}, device_gates{gates};
  const OnDevice device_below{x.size * 4}, device_theta{gates.size * 4};
  const OnDevice device_sums{kernel.size * 4}, device_hits{kernel.size * 4};
  const OnDevice findings{4}, room{tfwsol_kernel_workspace(&g)};
};

void Shuffle() {
  const int order = static_cast<int>(Draw(0, 2));
  if (tfwsol_emulated_order != nullptr) tfwsol_emulated_order(order);
}

bool CheckConv() {
  KernelLayer one(DrawLayer(false, kMost));
  one.OnCpu([&] { return tfwsol::ConvUnit<float>(one.g, 0.2f, one.literal); });
  Shuffle();
  Check(tfwsol_conv_pass(nullptr, &one.g, one.device_x.get(), one.device_kernel.get(),
                         one.device_gates.get(), one.packed, 0.2f, one.literal,
                         one.device_below.get(), one.device_theta.get(), one.device_sums.get(),
                         one.device_hits.get(), one.findings.ints(), one.room.bytes()));
  return one.Agrees();
}

bool CheckDense() {
  const int64_t inputs = Draw(1, Draw(0, 3) == 0 ? 3000 : 200);
  KernelLayer one(Geometry{Draw(0, 3), 1, 1, inputs, 1, 1, Draw(0, 5), 1, 1, 1, 1, 0, 0, 1, 1, 1});
  const int mode = static_cast<int>(Draw(0, 2));
  const int64_t offset = Draw(0, 8);
  one.OnCpu([&] {
    return tfwsol::DenseUnit<float>(one.g, static_cast<Mode>(mode), offset, one.literal);
  });
  Shuffle();
  Check(tfwsol_dense_pass(nullptr, &one.g, one.device_x.get(), one.device_kernel.get(),
                          one.device_gates.get(), one.packed, mode, offset, one.literal,
                          one.device_below.get(), one.device_theta.get(), one.device_sums.get(),
                          one.device_hits.get(), one.findings.ints(), one.room.bytes()));
  return one.Agrees();
}

bool CheckPool() {
  const Geometry g = DrawLayer(true, kMost);
  const Numbers x = Random(g.Cells(), Draw(0, 1) == 1, 0.3);
  const Numbers gates = Random(g.Units(), false, 0.3);
  const int mode = static_cast<int>(Draw(0, 2));
  const int64_t offset = Draw(0, 6);
  const Numbers wanted(x.size);
  const tfwsol::PoolUnit<float> unit(g, static_cast<Mode>(mode), offset);
  tfwsol::RunPoolLayer<float>(g, x.get(), gates.get(), ShareOut, unit, wanted.get());
  const OnDevice device_x(x), device_gates(gates), found(x.size * 4), findings(4);
  const OnDevice room(tfwsol_pool_workspace(&g));
  Shuffle();
  Check(tfwsol_pool_pass(nullptr, &g, device_x.get(), device_gates.get(), mode, offset,
                         found.get(), findings.ints(), room.bytes()));
  int bits = 9;
  findings.Take(&bits, 1);
  return bits == 0 && Same(wanted, found);
}

}  // namespace

int main() {
  constexpr int kRounds = 300;
  for (int round = 0; round < kRounds; ++round) {
    const char* wrong = !CheckConv()    ? "convolution"
                        : !CheckDense() ? "dense layer"
                        : !CheckPool()  ? "pool"
                                        : nullptr;
    if (wrong != nullptr) {
      std::fprintf(stderr, "device_pass: the %s of round %d differs.\n", wrong, round);
      return 1;
    }
  }
  std::printf("device_pass: %d layers of each kind agree, nothing to report.\n", kRounds);
  return 0;
}
