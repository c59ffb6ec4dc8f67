// The port through which encoded frames become WebM. Implemented by adapters/mux_ffmpeg, in a child process
// that holds no key and can open no file: media parsers are attack surface, keys live elsewhere (design.md
// 9).
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "vault/refusal.h"

namespace parlour::vault {

enum class MuxTrack : std::uint8_t { kAudio = 0, kVideo = 1 };  // Opus, VP8

struct MuxFacts {
  std::uint64_t audio_frames = 0;
  std::uint64_t video_frames = 0;
};

// One file. Codecs stay untouched. One thread.
class MuxSession {
 public:
  virtual ~MuxSession() = default;
  // time_us: from the file's start, not below that of the frame before on the same track. The first video
  // frame must be a key frame.
  virtual Result<void, VaultRefusal> write(MuxTrack track, std::int64_t time_us, bool key_frame,
                                           ByteView frame) = 0;
  virtual Result<MuxFacts, VaultRefusal> finish() = 0;
};

class Muxer {
 public:
  virtual ~Muxer() = default;
  // `out` gets the file's bytes by offset, and may refuse them.
  using Output = std::function<Result<void, VaultRefusal>(std::uint64_t offset, ByteView bytes)>;
  // Which tracks the file may have; one that then gets no frame is left out.
  virtual Result<std::unique_ptr<MuxSession>, VaultRefusal> begin(bool audio, bool video, Output out) = 0;
};

}  // namespace parlour::vault
