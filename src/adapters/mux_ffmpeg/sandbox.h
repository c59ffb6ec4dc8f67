// Gives up what the muxing child does not need. After enter_sandbox() the process can read and write its two
// pipes, use memory up to a limit, and exit.
#pragma once

namespace parlour::mux_ffmpeg {

bool enter_sandbox();

}  // namespace parlour::mux_ffmpeg
