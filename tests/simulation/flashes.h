// Media that can be laid beside each other: at each multiple of two seconds of the common clock the picture
// is white and a tone sounds, both for 200 ms; and what is found of that in a rendition, by ffmpeg.
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "media/endpoint.h"

namespace parlour::simulation {

constexpr Duration kFlashEvery = std::chrono::seconds(2);
constexpr Duration kFlashLength = std::chrono::milliseconds(200);

// Encoded once, by the ffmpeg command line.
class FlashMedia {
 public:
  explicit FlashMedia(const std::filesystem::path& folder);
  // The frame of a moment. Every picture is a key frame, so that each can follow each.
  const Bytes& frame(media::Slot slot, SteadyTime now, bool large) const;
  // The same when the microphone is muted.
  const Bytes& silence() const { return sound_.at(50); }

 private:
  std::vector<Bytes> sound_;         // 20 ms each, of one turn of two seconds
  std::vector<Bytes> dark_, light_;  // small, large
};

// What a listener and a viewer get of a file that is played from its beginning: sound without regard to time
// stamps, as media elements play it; pictures by theirs. Milliseconds.
struct Watched {
  std::vector<double> tones, flashes;
  double sound_length = 0;
};
Watched watch(const std::filesystem::path& file);

}  // namespace parlour::simulation
