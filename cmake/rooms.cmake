# stemma_room(NAME [SEES room...] [USES private third-party target...])
# makes the static library stemma_NAME from the folder's .cc files. A room
# sees only the rooms it names; third-party libraries stay private to it.
function(stemma_room name)
  cmake_parse_arguments(ROOM "" "" "SEES;USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  if(NOT sources)  # a room that has only headers
    set(sources ${PROJECT_BINARY_DIR}/empty_room_${name}.cc)
    file(WRITE ${sources} "")
  endif()
  add_library(stemma_${name} STATIC ${sources})
  target_include_directories(stemma_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/stemma>)
  foreach(room ${ROOM_SEES})
    target_link_libraries(stemma_${name} PUBLIC stemma_${room})
  endforeach()
  target_link_libraries(stemma_${name}
    PUBLIC fmt::fmt nlohmann_json::nlohmann_json
    PRIVATE stemma_flags ${ROOM_USES})
  install(TARGETS stemma_${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES ${headers}
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/stemma/${name})
endfunction()
