// What goes through the pipes between ProcessMuxer and its child.
//
//   to the child    'T' | tracks u8 (1 audio, 2 video) first, then
//                   'P' | track u8 | key u8 | time µs u64 | size u32 | frame        … and 'E' at the end
//   from the child  'W' | offset u64 | size u32 | bytes of the file                 … and 'D' | audio u64 |
//   video u64
// Numbers are big-endian. Both sides refuse sizes above their limit.
#pragma once

#include "base/bytes.h"

namespace parlour::mux_ffmpeg {

constexpr std::uint8_t kTracksTag = 'T', kPacketTag = 'P', kEndTag = 'E', kWriteTag = 'W', kDoneTag = 'D';
constexpr std::size_t kPacketHead = 1 + 1 + 1 + 8 + 4;
constexpr std::size_t kWriteHead = 1 + 8 + 4;
constexpr std::size_t kDoneSize = 1 + 8 + 8;
constexpr std::size_t kFrameMax = 8 * 1024 * 1024;
constexpr std::size_t kWriteMax = 1024 * 1024;

// Blocking; false at the end of the pipe or on an error.
bool read_exactly(int descriptor, MutableByteView into);
bool write_exactly(int descriptor, ByteView bytes);

}  // namespace parlour::mux_ffmpeg
