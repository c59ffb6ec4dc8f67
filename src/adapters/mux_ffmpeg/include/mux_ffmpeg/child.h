// The muxing child: WebM from encoded frames, with FFmpeg's libavformat, behind a wall. It is started by
// ProcessMuxer as a new image of the executable (nothing of the vault's memory), reads frames on descriptor
// 0, writes the file's bytes on descriptor 1, and gives up everything else before the first byte is looked
// at: other descriptors, the file system, new processes and privileges, most system calls.
#pragma once

namespace parlour::mux_ffmpeg {

// The word on the command line that makes the executable this child.
inline constexpr const char* kMuxChildArgument = "--mux-child";

// Runs to the end of the input. The exit status: 0, or which step failed (child.cpp).
int run_mux_child();

}  // namespace parlour::mux_ffmpeg
