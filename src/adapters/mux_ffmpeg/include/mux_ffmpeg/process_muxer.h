// ProcessMuxer: vault's Muxer by a child process per file (child.h). One session belongs to one thread.
#pragma once

#include <string>

#include "vault/muxer.h"

namespace parlour::mux_ffmpeg {

class ProcessMuxer final : public vault::Muxer {
 public:
  // program: an executable that runs run_mux_child() when its first argument is kMuxChildArgument; by default
  // this one.
  explicit ProcessMuxer(std::string program = "/proc/self/exe") : program_(std::move(program)) {}
  Result<std::unique_ptr<vault::MuxSession>, vault::VaultRefusal> begin(bool audio, bool video,
                                                                        Output out) override;

 private:
  std::string program_;
};

}  // namespace parlour::mux_ffmpeg
