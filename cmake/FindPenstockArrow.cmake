# Arrow and Parquet as imported targets Penstock::Arrow and Penstock::Parquet: an installed Arrow if there is one,
# else what ./dev setup unpacked into the cache (the shared libraries and headers of the pyarrow wheel). Sets
# PenstockArrow_FOUND; without it the parquet format is left out.
set(penstock_arrow_version 26.0.1)
set(penstock_cache "$ENV{PENSTOCK_CACHE}")
if(NOT penstock_cache)
  set(penstock_cache "$ENV{HOME}/.cache/penstock")
endif()
set(PENSTOCK_ARROW_HOME "" CACHE PATH "Folder of the unpacked Arrow libraries and headers")
set(penstock_arrow_home "${PENSTOCK_ARROW_HOME}")
if(NOT penstock_arrow_home AND EXISTS "${penstock_cache}/arrow-${penstock_arrow_version}/stamp")
  set(penstock_arrow_home "${penstock_cache}/arrow-${penstock_arrow_version}/pyarrow")
endif()

find_package(Arrow CONFIG QUIET)
find_package(Parquet CONFIG QUIET)
if(Arrow_FOUND AND Parquet_FOUND)
  add_library(Penstock::Arrow INTERFACE IMPORTED)
  target_link_libraries(Penstock::Arrow INTERFACE Arrow::arrow_shared)
  add_library(Penstock::Parquet INTERFACE IMPORTED)
  target_link_libraries(Penstock::Parquet INTERFACE Parquet::parquet_shared Penstock::Arrow)
elseif(penstock_arrow_home)
  foreach(part arrow parquet)
    file(GLOB penstock_${part}_library "${penstock_arrow_home}/lib${part}.so.[0-9]*")
    if(NOT penstock_${part}_library)
      message(FATAL_ERROR "no lib${part} in ${penstock_arrow_home}: remove it and run ./dev setup again")
    endif()
  endforeach()
  add_library(Penstock::Arrow SHARED IMPORTED)
  set_target_properties(Penstock::Arrow PROPERTIES
    IMPORTED_LOCATION "${penstock_arrow_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${penstock_arrow_home}/include")
  add_library(Penstock::Parquet SHARED IMPORTED)
  set_target_properties(Penstock::Parquet PROPERTIES
    IMPORTED_LOCATION "${penstock_parquet_library}"
    INTERFACE_LINK_LIBRARIES Penstock::Arrow)
endif()

if(TARGET Penstock::Parquet)
  set(PenstockArrow_FOUND TRUE)
else()
  set(PenstockArrow_FOUND FALSE)
  message(WARNING "Arrow was not found: building without the parquet format (./dev setup installs it)")
endif()
