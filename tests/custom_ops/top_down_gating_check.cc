// Random layers through the units of top_down_gating, each against a sort and a flood of its
// own; built by `make sanitize` with the address and undefined-behaviour sanitizers.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <tuple>
#include <vector>

#include "custom_ops/top_down_gating/conv_unit.h"
#include "custom_ops/top_down_gating/dense_unit.h"
#include "custom_ops/top_down_gating/layer_pass.h"
#include "custom_ops/top_down_gating/listed_pass.h"
#include "custom_ops/top_down_gating/pool_unit.h"
#include "tests/custom_ops/random_layers.h"

namespace {

using random_layers::Draw;
using random_layers::DrawLayer;
using random_layers::Numbers;
using random_layers::Random;
using tfwsol::Finding;
using tfwsol::Geometry;
using tfwsol::LayerInputs;
using tfwsol::LayerOutputs;
using tfwsol::Unit;

constexpr random_layers::Limits kMost{2, 12, 12, 11, 2, 9};

// Parts in a random order, as threads would take them.
void ShareOut(int64_t total, int64_t, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t cut = total == 0 ? 0 : Draw(0, total);
  if (cut < total) work(cut, total);
  if (cut > 0) work(0, cut);
}

struct Place {
  int64_t i, j, channel;
  int64_t cell;  // -1 outside
  float product;
};

std::vector<Place> PlacesOf(const Geometry& g, const Unit& unit, const float* x,
                            const float* kernel) {
  std::vector<Place> places;
  const int64_t depth = g.channels / g.groups;
  for (int64_t i = 0; i < g.kernel_height; ++i) {
    for (int64_t j = 0; j < g.kernel_width; ++j) {
      for (int64_t c = 0; c < depth; ++c) {
        const int64_t y = unit.y * g.stride_y - g.top + i * g.dilation_y;
        const int64_t at = unit.x * g.stride_x - g.left + j * g.dilation_x;
        const bool inside = 0 <= y && y < g.height && 0 <= at && at < g.width;
        const int64_t first = unit.channel * g.groups / g.out_channels * depth;
        const int64_t cell = ((unit.image * g.height + y) * g.width + at) * g.channels + first + c;
        const float weight =
            kernel[((i * g.kernel_width + j) * depth + c) * g.out_channels + unit.channel];
        places.push_back({i, j, c, inside ? cell : -1, inside ? x[cell] * weight : 0.0f});
      }
    }
  }
  return places;
}

// By a full sort.
float ThetaOf(const std::vector<Place>& places, double least) {
  std::vector<float> sorted;
  for (const Place& place : places) sorted.push_back(place.product);
  std::sort(sorted.begin(), sorted.end());
  double total = 0, running = 0;
  for (const float product : sorted) total += product;
  if (total <= least) return -1000;
  for (const float product : sorted) {
    running += product;
    if (running > 0) return product;
  }
  return sorted.back();
}

using Grid = std::map<std::pair<int64_t, int64_t>, const Place*>;

void Collect(Grid* left, Grid::iterator at, std::vector<const Place*>* group) {
  const auto [i, j] = at->first;
  group->push_back(at->second);
  left->erase(at);
  for (int di = -1; di <= 1; ++di) {
    for (int dj = -1; dj <= 1; ++dj) {
      const auto near = left->find({i + di, j + dj});
      if (near != left->end()) Collect(left, near, group);
    }
  }
}

void HandDown(const std::vector<Place>& places, float theta, float gate, bool literal,
              std::vector<float>* below) {
  std::map<int64_t, Grid> channels;
  for (const Place& place : places) {
    if (place.product >= theta - 2e-4f && (literal || place.product > 0)) {
      channels[place.channel][{place.i, place.j}] = &place;
    }
  }
  const bool single = places.back().i == 0 && places.back().j == 0;
  float best = 0;
  std::vector<std::vector<const Place*>> winners;
  for (auto& [channel, left] : channels) {
    bool own = false;
    while (!left.empty()) {
      std::vector<const Place*> group;
      Collect(&left, left.begin(), &group);
      std::sort(group.begin(), group.end());  // as they lie in memory: row by row
      float energy = 0;
      for (const Place* place : group) energy += place->product;
      const float size = 0.8f * static_cast<float>(group.size());
      const float score = single ? energy : 0.2f * energy + size;
      if (!winners.empty() && score < best) continue;
      if (winners.empty() || score > best) winners.clear(), own = false;
      if (own) winners.pop_back();
      best = score, own = true;
      winners.push_back(group);
    }
  }
  for (const auto& group : winners) {
    float energy = 0;
    for (const Place* place : group) energy += place->product;
    for (const Place* place : group) {
      if (place->cell >= 0) (*below)[place->cell] += gate * (place->product / energy);
    }
  }
}

bool Same(const float* found, const std::vector<float>& wanted) {
  for (size_t k = 0; k < wanted.size(); ++k) {
    if (std::isnan(found[k]) && std::isnan(wanted[k])) continue;
    if (!(std::abs(found[k] - wanted[k]) <= 1e-5f + 1e-4f * std::abs(wanted[k]))) return false;
  }
  return true;
}

bool CheckConv() {
  const Geometry g = DrawLayer(false, kMost);
  const bool literal = Draw(0, 1) == 1;
  const Numbers x = Random(g.Cells(), Draw(0, 1) == 1, Draw(0, 9) / 10.0);
  const Numbers kernel = Random(g.Products() * g.out_channels, Draw(0, 1) == 1, 0.1);
  const Numbers gates = Random(g.Units(), false, 0.7);
  const Numbers below(x.size), theta(gates.size), of_kernel(kernel.size), hits(kernel.size);
  const Finding finding = tfwsol::RunKernelLayer<float>(
      g, {x.data.get(), kernel.data.get(), false, gates.data.get()}, ShareOut,
      [&] { return tfwsol::ConvUnit<float>(g, 0.2f, literal); },
      {below.data.get(), theta.data.get(), of_kernel.data.get(), hits.data.get()});
  if (finding != Finding::kFine) return false;
  std::vector<float> wanted(static_cast<size_t>(x.size)), thetas(static_cast<size_t>(gates.size));
  for (int64_t k = 0; k < gates.size; ++k) {
    if (gates.data[k] == 0) continue;
    const auto places = PlacesOf(g, g.UnitAt(k), x.data.get(), kernel.data.get());
    thetas[k] = ThetaOf(places, 3e-4);
    if (thetas[k] > 0) HandDown(places, thetas[k], gates.data[k], literal, &wanted);
  }
  return Same(theta.data.get(), thetas) && Same(below.data.get(), wanted);
}

// Theta by a sort, and the mass that must be kept.
bool CheckDense() {
  Geometry g{Draw(0, 3), 1, 1, Draw(1, 300), 1, 1, Draw(0, 5), 1, 1, 1, 1, 0, 0, 1, 1, 1};
  const tfwsol::Mode mode = Draw(0, 1) == 1 ? tfwsol::Mode::kAll : tfwsol::Mode::k699;
  const Numbers x = Random(g.Cells(), Draw(0, 1) == 1, 0.4);
  const Numbers kernel = Random(g.Products() * g.out_channels, Draw(0, 1) == 1, 0.1);
  const Numbers gates = Random(g.Units(), false, 0.5);
  const Numbers below(x.size), theta(gates.size);
  LayerOutputs<float> outputs;
  outputs.below = below.data.get(), outputs.theta = theta.data.get();
  const int64_t offset = Draw(0, 8);
  const Finding finding = tfwsol::RunKernelLayer<float>(
      g, {x.data.get(), kernel.data.get(), false, gates.data.get()}, ShareOut,
      [&] { return tfwsol::DenseUnit<float>(g, mode, offset, false); }, outputs);
  if (finding != Finding::kFine) return false;
  std::vector<float> thetas(static_cast<size_t>(gates.size));
  double kept = 0, mass = 0;
  for (int64_t k = 0; k < gates.size; ++k) {
    if (gates.data[k] == 0) continue;
    thetas[k] = ThetaOf(PlacesOf(g, g.UnitAt(k), x.data.get(), kernel.data.get()), 1e-5);
    if (thetas[k] > 0) kept += gates.data[k];
  }
  for (int64_t k = 0; k < x.size; ++k) mass += below.data[k];
  return Same(theta.data.get(), thetas) && std::abs(mass - kept) < 1e-4;
}

bool CheckPool() {
  const Geometry g = DrawLayer(true, kMost);
  const Numbers x = Random(g.Cells(), Draw(0, 1) == 1, 0.3);
  const Numbers gates = Random(g.Units(), false, 0.3);
  for (const auto mode : {tfwsol::Mode::kWinner, tfwsol::Mode::kAll, tfwsol::Mode::k699}) {
    const Numbers below(x.size);
    const tfwsol::PoolUnit<float> unit(g, mode, Draw(0, 6));
    const Finding finding = tfwsol::RunPoolLayer<float>(g, x.data.get(), gates.data.get(),
                                                        ShareOut, unit, below.data.get());
    if (finding != Finding::kFine) return false;
    for (int64_t k = 0; k < x.size; ++k) {
      if (!std::isfinite(below.data[k])) return false;
    }
  }
  return true;
}

// The rows of a SparseTensor with some gates, from the last one on.
tfwsol::GatedUnits<float> ListBackwards(const Geometry& g, const Numbers& gates) {
  std::vector<int64_t> indices;
  std::vector<float> values;
  for (int64_t k = gates.size - 1; k >= 0; --k) {
    if (gates.data[k] == 0) continue;
    const Unit unit = g.UnitAt(k);
    for (const int64_t index : {unit.image, unit.y, unit.x, unit.channel}) indices.push_back(index);
    values.push_back(gates.data[k]);
  }
  tfwsol::GatedUnits<float> units;
  const int64_t count = static_cast<int64_t>(values.size());
  if (tfwsol::ReadListed(g, indices.data(), values.data(), count, &units) >= 0) units.places = {};
  std::reverse(units.places.begin(), units.places.end());
  std::reverse(units.gates.begin(), units.gates.end());
  return units;
}

// Cell after cell, and nothing anywhere else.
bool SameCells(tfwsol::CellSums<float>* listed, const Numbers& wanted) {
  int64_t next = 0;
  for (const auto& [cell, gate] : listed->Sums()) {
    for (; next < cell; ++next) {
      if (wanted.data[next] != 0) return false;
    }
    if (cell != next || wanted.data[next++] != gate) return false;
  }
  for (; next < wanted.size; ++next) {
    if (wanted.data[next] != 0) return false;
  }
  return true;
}

// From list to list as from tensor to tensor, to the last bit.
bool CheckListedConv() {
  const Geometry g = DrawLayer(false, kMost);
  const Numbers x = Random(g.Cells(), Draw(0, 1) == 1, 0.3);
  const Numbers kernel = Random(g.Products() * g.out_channels, false, 0.1);
  const Numbers gates = Random(g.Units(), false, Draw(0, 1) == 1 ? 0.9 : 0.1);
  const Numbers below(x.size), theta(gates.size);
  const auto make_unit = [&] { return tfwsol::ConvUnit<float>(g, 0.2f, false); };
  LayerOutputs<float> outputs;
  outputs.below = below.data.get(), outputs.theta = theta.data.get();
  tfwsol::RunKernelLayer<float>(g, {x.data.get(), kernel.data.get(), true, gates.data.get()},
                                ShareOut, make_unit, outputs);
  const auto units = ListBackwards(g, gates);
  const tfwsol::KernelColumns<float> columns(kernel.data.get(), g.Products(), g.out_channels, true,
                                             units.places, ShareOut);
  std::vector<float> thetas(units.places.size());
  tfwsol::CellSums<float> listed(g.Cells());
  const Finding finding = tfwsol::RunListedKernel<float>(g, x.data.get(), columns, units, ShareOut,
                                                         make_unit, thetas.data(), &listed);
  for (size_t k = 0; k < thetas.size(); ++k) {
    if (thetas[k] != theta.data[units.places[k]]) return false;
  }
  return finding == Finding::kFine && SameCells(&listed, below);
}

bool CheckListedPool() {
  const Geometry g = DrawLayer(true, kMost);
  const Numbers x = Random(g.Cells(), Draw(0, 1) == 1, 0.3);
  const Numbers gates = Random(g.Units(), false, 0.5);
  const Numbers below(x.size);
  const tfwsol::PoolUnit<float> unit(g, tfwsol::Mode::kAll, 0);
  tfwsol::RunPoolLayer<float>(g, x.data.get(), gates.data.get(), ShareOut, unit, below.data.get());
  tfwsol::CellSums<float> listed(g.Cells());
  const auto units = ListBackwards(g, gates);
  const Finding finding =
      tfwsol::RunListedPool<float>(g, x.data.get(), units, ShareOut, unit, &listed);
  return finding == Finding::kFine && SameCells(&listed, below);
}

// Numbers that are not finite stop the pass and nothing else.
bool CheckWrong() {
  const Geometry g{1, 3, 3, 2, 1, 1, 1, 3, 3, 1, 1, 0, 0, 1, 1, 1};
  for (const float wrong : {NAN, INFINITY, -INFINITY}) {
    for (const Finding where : {Finding::kX, Finding::kKernel, Finding::kGates}) {
      std::vector<float> x(18, 1), kernel(18, 1), gates(1, 1), below(18);
      (where == Finding::kX ? x : where == Finding::kKernel ? kernel : gates).back() = wrong;
      LayerOutputs<float> outputs;
      outputs.below = below.data();
      const Finding finding = tfwsol::RunKernelLayer<float>(
          g, {x.data(), kernel.data(), true, gates.data()}, ShareOut,
          [&] { return tfwsol::ConvUnit<float>(g, 0.2f, true); }, outputs);
      if (finding != where) return false;
    }
  }
  return true;
}

}  // namespace

int main() {
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    const char* wrong = !CheckConv()         ? "convolution"
                        : !CheckDense()      ? "dense layer"
                        : !CheckPool()       ? "pool"
                        : !CheckListedConv() ? "listed convolution"
                        : !CheckListedPool() ? "listed pool"
                        : !CheckWrong()      ? "refusal"
                                             : nullptr;
    if (wrong != nullptr) {
      std::fprintf(stderr, "top_down_gating: the %s of round %d differs.\n", wrong, round);
      return 1;
    }
  }
  std::printf("top_down_gating: %d layers of each kind agree, nothing to report.\n", kRounds);
  return 0;
}
