# The static librdkafka that tools/setup_librdkafka.sh built, as the target Librdkafka::Librdkafka. Never the
# distribution's: its versions are too old (docs/dependencies.md).
set(PENSTOCK_LIBRDKAFKA_HOME "" CACHE PATH "Folder of include/librdkafka and lib/librdkafka.a (./dev setup fills it)")
set(Librdkafka_home ${PENSTOCK_LIBRDKAFKA_HOME})
if(NOT Librdkafka_home)
  if(DEFINED ENV{PENSTOCK_CACHE})
    set(Librdkafka_home $ENV{PENSTOCK_CACHE}/librdkafka)
  else()
    set(Librdkafka_home $ENV{HOME}/.cache/penstock/librdkafka)
  endif()
endif()
find_path(Librdkafka_INCLUDE librdkafka/rdkafka.h PATHS ${Librdkafka_home}/include NO_DEFAULT_PATH)
find_library(Librdkafka_LIBRARY librdkafka.a PATHS ${Librdkafka_home}/lib NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Librdkafka REQUIRED_VARS Librdkafka_LIBRARY Librdkafka_INCLUDE
  REASON_FAILURE_MESSAGE "run tools/setup_librdkafka.sh (./dev setup does)")
if(Librdkafka_FOUND AND NOT TARGET Librdkafka::Librdkafka)
  add_library(Librdkafka::Librdkafka STATIC IMPORTED)
  set_target_properties(Librdkafka::Librdkafka PROPERTIES
    IMPORTED_LOCATION ${Librdkafka_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${Librdkafka_INCLUDE}
    INTERFACE_LINK_LIBRARIES "curl;zstd;sasl2;ssl;crypto;z;lz4;m;dl;pthread;rt")
endif()
