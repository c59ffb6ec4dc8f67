// One rendition being made: a muxing session into a sealed container, on the recording's clock. Frames of
// several streams come a little out of step with each other (lost packets are waited for), so they are kept
// back and put in order of time. Sound has no holes (sound_line.h). One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "vault/opening.h"
#include "vault/sound_line.h"

namespace parlour::vault {

class RenditionFile {
 public:
  // `audio`, `video`: which tracks it may have. `origin`: the recording's, and the file's zero where it has
  // sound.
  static Result<std::unique_ptr<RenditionFile>, VaultRefusal> create(const OpeningInput& input, Muxer& muxer,
                                                                     std::string participant,
                                                                     std::string content, bool audio,
                                                                     bool video, UtcTime origin);

  Result<void, VaultRefusal> write(MuxTrack track, UtcTime at, bool key_frame, Bytes frame);
  Result<OpenedFile, VaultRefusal> finish();

 private:
  struct Waiting {
    MuxTrack track;
    bool key_frame;
    Bytes frame;
  };
  explicit RenditionFile(ContainerWriter container) : container_(std::move(container)) {}
  Result<void, VaultRefusal> put(UtcTime at, const Waiting& frame);
  void note_picture(UtcTime at);

  ContainerWriter container_;
  std::unique_ptr<MuxSession> session_;
  OpenedFile facts_;
  std::optional<SoundLine> sound_;
  std::multimap<UtcTime, Waiting> waiting_;
  bool begun_ = false;
  std::int64_t last_picture_us_ = 0;
};

}  // namespace parlour::vault
