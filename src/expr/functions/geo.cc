// GEO_DISTANCE(latitude1, longitude1, latitude2, longitude2): metres along the great circle, by the haversine
// formula (Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984) on a sphere of the mean radius R1
// of the IUGG, 6,371,008.8 m. The Earth is flattened: up to 0.56 % off the way on the ellipsoid.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "expr/functions/register.h"
#include "expr/row_kernel.h"
#include "expr/signature.h"

namespace penstock {

namespace {

constexpr double kEarthRadius = 6371008.8;

bool OnEarth(double latitude, double longitude) {
  return std::abs(latitude) <= 90 && std::abs(longitude) <= 180;
}

// NULL where degrees are out of range or NaN.
std::optional<double> Distance(double latitude1, double longitude1, double latitude2, double longitude2) {
  if (!OnEarth(latitude1, longitude1) || !OnEarth(latitude2, longitude2)) return std::nullopt;
  constexpr double kRadians = std::numbers::pi / 180;
  double north = std::sin((latitude2 - latitude1) * kRadians / 2);
  double east = std::sin((longitude2 - longitude1) * kRadians / 2);
  double h = north * north + std::cos(latitude1 * kRadians) * std::cos(latitude2 * kRadians) * east * east;
  return 2 * kEarthRadius * std::asin(std::sqrt(std::min(1.0, h)));
}

}  // namespace

void RegisterGeo(FunctionRegistry* registry) {
  registry->Add("GEO_DISTANCE",
                Fixed("GEO_DISTANCE", {Family::kDouble, Family::kDouble, Family::kDouble, Family::kDouble},
                      DataType::Double(), Nullability::kAlways),
                RowFunction<std::optional<double>(double, double, double, double)>(Distance));
}

}  // namespace penstock
