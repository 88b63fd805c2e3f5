# SPDX-License-Identifier: Apache-2.0
# Programs, libraries with headers and a CMake package, presets, man pages, completions; CPack.
include(CMakePackageConfigHelpers)

install(TARGETS flopcast RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS flopcast_hardware flopcast_model flopcast_store flopcast_profiler flopcast_reports
  EXPORT flopcast_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/flopcast
  FILE_SET alone DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/flopcast)
install(EXPORT flopcast_targets NAMESPACE flopcast:: FILE flopcast-targets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/flopcast)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/flopcast-config.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/flopcast-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/flopcast
  PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/flopcast-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/flopcast-config.cmake
  ${PROJECT_BINARY_DIR}/cmake/flopcast-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/flopcast)

if(FLOPCAST_GUI_ENABLED)
  set(desktop ${PROJECT_SOURCE_DIR}/gui/data/io.github.flopcast.Flopcast)
  install(TARGETS flopcast-gui RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${desktop}.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
  install(FILES ${desktop}.metainfo.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/metainfo)
  install(FILES ${desktop}.mime.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/mime/packages
    RENAME io.github.flopcast.Flopcast.xml)
  install(FILES ${desktop}.svg DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps)
endif()

install(DIRECTORY presets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/flopcast/presets)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

find_program(SCDOC scdoc)
if(SCDOC)
  set(FLOPCAST_MAN_SUMMARY "on: ${SCDOC}")
  file(GLOB pages RELATIVE ${PROJECT_SOURCE_DIR}/docs/man CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/docs/man/*.scd)
  foreach(page ${pages})
    string(REGEX REPLACE "\\.scd$" "" name ${page})
    string(REGEX REPLACE ".*\\." "" section ${name})
    set(source ${PROJECT_SOURCE_DIR}/docs/man/${page})
    set(output ${PROJECT_BINARY_DIR}/man/${name})
    add_custom_command(OUTPUT ${output} DEPENDS ${source} VERBATIM
      COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/man
      COMMAND sh -c "SOURCE_DATE_EPOCH=\${SOURCE_DATE_EPOCH:-0} '${SCDOC}' < '${source}' > '${output}'")
    list(APPEND man_pages ${output})
    install(FILES ${output} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
  add_custom_target(flopcast_man ALL DEPENDS ${man_pages})
else()
  set(FLOPCAST_MAN_SUMMARY "off: scdoc was not found")
endif()

# The completion scripts are what the program itself prints.
foreach(shell_and_path
    "bash|bash-completion/completions|flopcast"
    "zsh|zsh/site-functions|_flopcast"
    "fish|fish/vendor_completions.d|flopcast.fish")
  string(REPLACE "|" ";" parts "${shell_and_path}")
  list(GET parts 0 shell)
  list(GET parts 1 directory)
  list(GET parts 2 file)
  set(output ${PROJECT_BINARY_DIR}/completions/${shell}/${file})
  add_custom_command(OUTPUT ${output} DEPENDS flopcast VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completions/${shell}
    COMMAND sh -c "'$<TARGET_FILE:flopcast>' completion ${shell} > '${output}'")
  list(APPEND completions ${output})
  install(FILES ${output} DESTINATION ${CMAKE_INSTALL_DATADIR}/${directory})
endforeach()
add_custom_target(flopcast_completions ALL DEPENDS ${completions})

set(CPACK_PACKAGE_VENDOR "Flopcast")
set(CPACK_PACKAGE_CONTACT "The Flopcast authors <maintainers@users.noreply>")
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_SOURCE_IGNORE_FILES "/build/;/install/;/\\.git/")
include(CPack)
