// One rendition being made: a muxing session into a sealed container, on the recording's clock. Frames of its
// tracks may come a little out of step with each other (lost packets are waited for), so the first seconds
// are kept back until the earliest frame is known: it is the file's zero. One thread.
#pragma once

#include <memory>
#include <vector>

#include "vault/opening.h"

namespace parlour::vault {

class RenditionFile {
 public:
  static Result<std::unique_ptr<RenditionFile>, VaultRefusal> create(const OpeningInput& input, Muxer& muxer,
                                                                     std::string participant,
                                                                     std::string content, bool audio,
                                                                     bool video);

  Result<void, VaultRefusal> write(MuxTrack track, UtcTime at, bool key_frame, Bytes frame);
  Result<OpenedFile, VaultRefusal> finish();

 private:
  struct Waiting {
    MuxTrack track;
    UtcTime at;
    bool key_frame;
    Bytes frame;
  };
  explicit RenditionFile(ContainerWriter container) : container_(std::move(container)) {}
  Result<void, VaultRefusal> start();
  Result<void, VaultRefusal> put(const Waiting& frame);

  ContainerWriter container_;
  std::unique_ptr<MuxSession> session_;
  OpenedFile facts_;
  bool started_ = false;
  std::vector<Waiting> waiting_;
  std::int64_t last_us_[2] = {0, 0};
};

}  // namespace parlour::vault
