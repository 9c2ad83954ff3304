// The version of the library and the namespace of its public names: penstock::Session and the rest live in
// penstock::v1, which is inline, so that a program says penstock::Session while its symbols carry the version
// of the interface. (The engine's own sources see v1 as an ordinary namespace.)
#pragma once

#define PENSTOCK_VERSION_MAJOR 0
#define PENSTOCK_VERSION_MINOR 1
#define PENSTOCK_VERSION_PATCH 0

#ifdef PENSTOCK_BUILDING_API
#define PENSTOCK_API_BEGIN \
  namespace penstock {     \
  namespace v1 {
#else
#define PENSTOCK_API_BEGIN \
  namespace penstock {     \
  inline namespace v1 {
#endif
#define PENSTOCK_API_END \
  }                      \
  }
