# The bricks every module uses: warnings, sanitizers, compiler cache, linker, and three functions.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wformat=2
                    -Wno-missing-field-initializers)
add_compile_options(-fno-omit-frame-pointer -fstack-protector-strong)
if(NOT PARLOUR_SANITIZE AND NOT PARLOUR_FUZZ)
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
# No absolute paths in binaries: builds of the same source in different places are the same.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

if(PARLOUR_SANITIZE)
  add_compile_options(-fsanitize=${PARLOUR_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PARLOUR_SANITIZE})
endif()
if(PARLOUR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Sanitizer builds read the standard library and GoogleTest once. The release build does not: there a forgotten include is
# an error.
if(PARLOUR_SANITIZE)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # the same header anywhere and at any time, for ccache
  add_library(parlour_precompiled STATIC ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
  target_precompile_headers(parlour_precompiled PRIVATE
    <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <filesystem> <fstream> <functional> <map>
    <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility> <variant>
    <vector> <gmock/gmock.h> <gtest/gtest.h>)
endif()
function(parlour_precompiled target)
  if(PARLOUR_SANITIZE)
    target_precompile_headers(${target} REUSE_FROM parlour_precompiled)
  endif()
endfunction()

# parlour_module(NAME [HOT] SOURCES … PUBLIC targets… PRIVATE targets…): one static library per module, target
# `parlour_NAME`. HOT: what tests run a million times; a little optimised even in debug and sanitizer builds.
function(parlour_module name)
  cmake_parse_arguments(M "HOT" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(M_SOURCES)
    add_library(parlour_${name} STATIC ${M_SOURCES})
    target_include_directories(parlour_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include
                               PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    if(M_HOT)
      target_compile_options(parlour_${name} PRIVATE $<$<CONFIG:Debug>:-O1>)
    else()
      parlour_precompiled(parlour_${name})
    endif()
    target_link_libraries(parlour_${name} PUBLIC ${M_PUBLIC} PRIVATE ${M_PRIVATE})
  else()
    add_library(parlour_${name} INTERFACE)
    target_include_directories(parlour_${name} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_link_libraries(parlour_${name} INTERFACE ${M_PUBLIC})
  endif()
endfunction()

# parlour_test(NAME SOURCES … LIBS …): one GoogleTest executable, run by ctest as NAME.
function(parlour_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  parlour_precompiled(${name})
  # What is tested is optimised, the tests are compiled fast.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0> $<$<CONFIG:Release>:-U_FORTIFY_SOURCE>)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${T_LIBS} GTest::gtest GTest::gmock GTest::gtest_main Threads::Threads)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# parlour_fuzz(NAME SOURCE LIBS …): a libFuzzer target; seeds live in fuzz/seeds/NAME.
function(parlour_fuzz name source)
  cmake_parse_arguments(F "" "" "LIBS" ${ARGN})
  if(NOT PARLOUR_FUZZ)
    return()
  endif()
  add_executable(fuzz_${name} ${source})
  parlour_precompiled(fuzz_${name})
  target_link_libraries(fuzz_${name} PRIVATE ${F_LIBS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()
