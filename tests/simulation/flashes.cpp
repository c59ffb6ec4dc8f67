#include "flashes.h"

#include "test_media.h"

namespace parlour::simulation {
namespace {

using vault_test::output_of;
using vault_test::read_whole;
namespace fs = std::filesystem;

// Ogg (RFC 3533): packets of a page by its lacing values; the first two are headers.
std::vector<Bytes> opus_packets(const Bytes& file) {
  std::vector<Bytes> packets;
  Bytes packet;
  for (std::size_t at = 0; at + 27 <= file.size();) {
    const std::size_t segments = file[at + 26];
    std::size_t body = at + 27 + segments;
    for (std::size_t i = 0; i < segments; ++i) {
      const std::size_t size = file[at + 27 + i];
      append(packet, ByteView(file).subspan(body, size));
      body += size;
      if (size < 255) packets.push_back(std::exchange(packet, {}));
    }
    at = body;
  }
  if (packets.size() > 2) packets.erase(packets.begin(), packets.begin() + 2);
  return packets;
}

Bytes one_picture(const fs::path& folder, const std::string& colour, const std::string& size) {
  const fs::path path = folder / (colour + size + ".ivf");
  output_of("ffmpeg -v error -y -f lavfi -i color=" + colour + ":size=" + size +
            ":rate=25 -frames:v 1 -c:v libvpx -b:v 300k -deadline realtime -cpu-used 8 " + path.string() +
            " 2>&1");
  const Bytes file = read_whole(path);
  return file.size() < 44 ? Bytes{} : to_bytes(ByteView(file).subspan(44));
}

// Moments at which values, `step` ms apart or as `times` says, rise above `high` after 300 ms below it.
std::vector<double> rises(const std::vector<double>& times, const std::vector<double>& values, double high) {
  std::vector<double> found;
  double low_since = -1e9;
  bool low = true;
  for (std::size_t i = 0; i < values.size() && i < times.size(); ++i) {
    if (values[i] > high) {
      if (low && times[i] - low_since >= 300) found.push_back(times[i]);
      low = false;
    } else if (!low) {
      low = true;
      low_since = times[i];
    }
  }
  return found;
}

}  // namespace

FlashMedia::FlashMedia(const fs::path& folder) {
  const fs::path path = folder / "turn.ogg";
  output_of(
      "ffmpeg -v error -y -f lavfi -i "
      "\"aevalsrc=exprs='0.5*sin(2*PI*1000*t)*lt(mod(t,2),0.2)':s=48000:d=6\" -ac 1 -c:a libopus "
      "-b:a 24k -vbr off -application voip -frame_duration 20 " +
      path.string() + " 2>&1");
  const std::vector<Bytes> all = opus_packets(read_whole(path));
  // The turn in the middle follows itself.
  if (all.size() >= 200) sound_.assign(all.begin() + 100, all.begin() + 200);
  for (const char* size : {"320x180", "640x360"}) {
    dark_.push_back(one_picture(folder, "black", size));
    light_.push_back(one_picture(folder, "white", size));
  }
}

const Bytes& FlashMedia::frame(media::Slot slot, SteadyTime now, bool large) const {
  const std::int64_t phase = now.us % kFlashEvery.count();
  if (slot == media::Slot::kMicrophone) return sound_.at(static_cast<std::size_t>(phase / 20'000));
  return (phase < kFlashLength.count() ? light_ : dark_).at(large ? 1 : 0);
}

Watched watch(const fs::path& file) {
  const std::string name = file.string();
  // One process decodes both; the sound comes out sample after sample, whatever its time stamps are.
  output_of("ffmpeg -v error -y -i " + name + " -map 0:a:0 -ac 1 -ar 8000 -f s16le " + name +
            ".sound -map 0:v:0 -vf scale=1:1:flags=area,format=gray -fps_mode passthrough -f rawvideo " +
            name + ".light 2>&1");
  std::vector<double> picture_times;
  for (std::istringstream lines(
           output_of("ffprobe -v error -select_streams v:0 -show_entries packet=pts_time "
                     "-of csv=p=0 " +
                     name + " 2>/dev/null"));
       !lines.eof();) {
    std::string line;
    std::getline(lines, line);
    if (!line.empty()) picture_times.push_back(std::stod(line) * 1000);
  }
  Watched watched;
  std::vector<double> light;
  for (std::uint8_t value : read_whole(name + ".light")) light.push_back(value);
  watched.flashes = rises(picture_times, light, 128);
  const Bytes sound = read_whole(name + ".sound");
  constexpr std::size_t kStep = 40;  // 5 ms
  std::vector<double> times, loud;
  for (std::size_t at = 0; at + kStep <= sound.size() / 2; at += kStep) {
    double sum = 0;
    for (std::size_t i = 0; i < kStep; ++i) {
      const auto sample = static_cast<std::int16_t>(sound[2 * (at + i)] | sound[2 * (at + i) + 1] << 8);
      sum += (sample / 32768.0) * (sample / 32768.0);
    }
    times.push_back(static_cast<double>(at) / 8);
    loud.push_back(std::sqrt(sum / kStep));
  }
  watched.tones = rises(times, loud, 0.1);
  watched.sound_length = times.empty() ? 0 : times.back();
  return watched;
}

}  // namespace parlour::simulation
