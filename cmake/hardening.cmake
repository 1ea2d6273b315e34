# Warnings and hardening for every target of ours.
add_library(stemma_flags INTERFACE)
target_compile_options(stemma_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-qual -Wconversion -Wno-sign-conversion -Wformat=2
  -fstack-protector-strong -fstack-clash-protection -fno-strict-overflow)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
  target_compile_options(stemma_flags INTERFACE -fcf-protection=full)
endif()
target_compile_definitions(stemma_flags INTERFACE
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>
  $<$<AND:$<NOT:$<CONFIG:Debug>>,$<NOT:$<BOOL:${STEMMA_SANITIZED}>>>:_FORTIFY_SOURCE=2>)
target_link_options(stemma_flags INTERFACE
  -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")
