// Thetas of many units, selected as the operation does or by a sort as the published code does:
// what `scripts/benchmark.py stnet` compares. Compiled by it with the operation's options.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "geometry.h"
#include "products.h"
#include "rules.h"

namespace tfwsol {
namespace {

// The products alone, as any program has to make them.
void FillProducts(const Geometry& g, const Unit& unit, const float* x, const float* weights,
                  float* products) {
  const int64_t depth = g.GroupChannels();
  for (int64_t i = 0; i < g.kernel_height; ++i) {
    for (int64_t j = 0; j < g.kernel_width; ++j, weights += depth, products += depth) {
      const int64_t row = g.Row(unit, i), column = g.Column(unit, j);
      if (!g.HasRow(row) || !g.HasColumn(column)) {
        std::fill_n(products, depth, 0.0f);
        continue;
      }
      const float* __restrict inputs = x + g.Cell(unit.image, row, column) + g.FirstChannel(unit);
      float* __restrict out = products;
      for (int64_t c = 0; c < depth; ++c) out[c] = inputs[c] * weights[c];
    }
  }
}

float SortedTheta(std::vector<float>* products, double least) {
  std::sort(products->begin(), products->end());
  double total = 0, running = 0;
  for (const float product : *products) total += product;
  if (total <= least) return static_cast<float>(kDroppedTheta);
  for (const float product : *products) {
    running += product;
    if (running > 0) return product;
  }
  return products->back();
}

float SelectedTheta(Products<float>* products, double least) {
  if (products->total() <= least) return static_cast<float>(kDroppedTheta);
  return products->Theta();
}

// The 16 numbers of a layer in the order in which they stand there.
Geometry GeometryOf(const int64_t* layer) {
  return {layer[0], layer[1], layer[2],  layer[3],  layer[4],  layer[5],  layer[6],  layer[7],
          layer[8], layer[9], layer[10], layer[11], layer[12], layer[13], layer[14], layer[15]};
}

}  // namespace
}  // namespace tfwsol

// kernel: output channels × products. units: their places among the gates. least: a unit whose
// products sum to no more is dropped.
extern "C" void tfwsol_thetas(const int64_t* layer, const float* x, const float* kernel,
                              const int64_t* units, int64_t count, double least, int by_sorting,
                              float* thetas) {
  const tfwsol::Geometry g = tfwsol::GeometryOf(layer);
  tfwsol::Products<float> products(g);
  std::vector<float> sorted(static_cast<size_t>(g.Products()));
  for (int64_t k = 0; k < count; ++k) {
    const tfwsol::Unit unit = g.UnitAt(units[k]);
    const float* weights = kernel + unit.channel * g.Products();
    if (by_sorting) {
      tfwsol::FillProducts(g, unit, x, weights, sorted.data());
      thetas[k] = tfwsol::SortedTheta(&sorted, least);
    } else {
      products.Fill(unit, x, weights);
      thetas[k] = tfwsol::SelectedTheta(&products, least);
    }
  }
}

// As above; the products of unit after unit.
extern "C" void tfwsol_products(const int64_t* layer, const float* x, const float* kernel,
                                const int64_t* units, int64_t count, float* products) {
  const tfwsol::Geometry g = tfwsol::GeometryOf(layer);
  for (int64_t k = 0; k < count; ++k, products += g.Products()) {
    const tfwsol::Unit unit = g.UnitAt(units[k]);
    tfwsol::FillProducts(g, unit, x, kernel + unit.channel * g.Products(), products);
  }
}
