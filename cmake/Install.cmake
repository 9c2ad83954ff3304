# What `cmake --install` puts in place: the command line, and for applications the public headers, one shared library
# that shows nothing but penstock::v1, and the package files that find_package(penstock) reads. Third-party
# libraries are the shared library's own business: none of them is in the interface.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(penstock_shared SHARED $<TARGET_OBJECTS:penstock_api>)
target_link_libraries(penstock_shared PRIVATE penstock_engine)
set(version_script ${CMAKE_SOURCE_DIR}/cmake/public_symbols.map)
target_link_options(penstock_shared PRIVATE -Wl,--version-script=${version_script})
set_target_properties(penstock_shared PROPERTIES
  OUTPUT_NAME penstock EXPORT_NAME penstock
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib LINK_DEPENDS ${version_script}
  INSTALL_RPATH "\$ORIGIN" INSTALL_RPATH_USE_LINK_PATH TRUE)
target_compile_features(penstock_shared INTERFACE cxx_std_20)
target_include_directories(penstock_shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

set_target_properties(penstock PROPERTIES INSTALL_RPATH_USE_LINK_PATH TRUE)
install(TARGETS penstock RUNTIME)
install(TARGETS penstock_shared EXPORT penstockTargets LIBRARY)
install(DIRECTORY include/penstock TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/penstock)
install(EXPORT penstockTargets NAMESPACE penstock:: DESTINATION ${package_folder})
configure_package_config_file(cmake/penstockConfig.cmake.in ${CMAKE_BINARY_DIR}/penstockConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/penstockConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/penstockConfig.cmake ${CMAKE_BINARY_DIR}/penstockConfigVersion.cmake
  DESTINATION ${package_folder})
