// Real encoded media for tests: a test picture and a tone, made by the ffmpeg command line, cut into frames;
// and what ffprobe finds in a WebM.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace parlour::vault_test {

namespace fs = std::filesystem;

inline Bytes read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return to_bytes(content.str());
}

inline std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char block[4096];
  while (std::size_t got = std::fread(block, 1, sizeof block, pipe)) output.append(block, got);
  ::pclose(pipe);
  return output;
}

// VP8 frames at `rate` a second.
inline std::vector<Bytes> make_vp8(const fs::path& folder, int seconds, int rate, int key_every) {
  const std::string path = (folder / "picture.ivf").string();
  output_of("ffmpeg -v error -y -f lavfi -i testsrc=size=320x180:rate=" + std::to_string(rate) +
            ":duration=" + std::to_string(seconds) +
            " -c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -auto-alt-ref 0 -g " +
            std::to_string(key_every) + " -keyint_min " + std::to_string(key_every) + " " + path + " 2>&1");
  const Bytes file = read_whole(path);
  std::vector<Bytes> frames;
  std::size_t at = 32;
  while (at + 12 <= file.size()) {
    const std::size_t size = static_cast<std::size_t>(file[at]) |
                             static_cast<std::size_t>(file[at + 1]) << 8 |
                             static_cast<std::size_t>(file[at + 2]) << 16;
    at += 12;
    frames.push_back(to_bytes(ByteView(file).subspan(at, size)));
    at += size;
  }
  return frames;
}

// Opus frames of 20 ms (Ogg, RFC 3533: packets of a page by its lacing values).
inline std::vector<Bytes> make_opus(const fs::path& folder, int seconds) {
  const std::string path = (folder / "tone.ogg").string();
  output_of("ffmpeg -v error -y -f lavfi -i sine=frequency=440:duration=" + std::to_string(seconds) +
            " -ar 48000 -ac 2 -c:a libopus -b:a 32k -vbr off -frame_duration 20 " + path + " 2>&1");
  const Bytes file = read_whole(path);
  std::vector<Bytes> packets;
  Bytes packet;
  std::size_t at = 0;
  while (at + 27 <= file.size()) {
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
  if (packets.size() > 2) packets.erase(packets.begin(), packets.begin() + 2);  // OpusHead, OpusTags
  return packets;
}

// Where FFmpeg finds each packet of a file: its time in seconds, its first byte and the one behind the last.
struct PlacedPacket {
  double time = 0;
  std::uint64_t from = 0, to = 0;
};
inline std::vector<PlacedPacket> packets_of(const fs::path& file) {
  std::vector<PlacedPacket> out;
  std::stringstream lines(output_of("ffprobe -v error -show_entries packet=pts_time,size,pos -of csv=p=0 " +
                                    file.string() + " 2>/dev/null"));
  std::string line;
  while (std::getline(lines, line)) {
    PlacedPacket packet;
    unsigned long long size = 0, position = 0;
    if (std::sscanf(line.c_str(), "%lf,%llu,%llu", &packet.time, &size, &position) != 3) continue;
    packet.from = position;
    packet.to = position + size;
    out.push_back(packet);
  }
  return out;
}

struct Probed {
  std::vector<double> audio_times, video_times;  // of packets, seconds
  std::size_t audio_decoded = 0, video_decoded = 0;
  double duration = 0;  // as the file's header says it: without one a player cannot seek
};

inline Probed probe(const fs::path& file) {
  Probed probed;
  const std::string duration =
      output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 " + file.string());
  if (!duration.empty() && duration[0] != 'N') probed.duration = std::stod(duration);
  for (const char* kind : {"a", "v"}) {
    const std::string base = "ffprobe -v error -select_streams " + std::string(kind) + " -count_frames ";
    std::stringstream times(output_of("ffprobe -v error -select_streams " + std::string(kind) +
                                      " -show_entries packet=pts_time -of csv=p=0 " + file.string() +
                                      " 2>/dev/null"));
    std::string line;
    while (std::getline(times, line))
      if (!line.empty())
        (kind[0] == 'a' ? probed.audio_times : probed.video_times).push_back(std::stod(line));
    const std::string frames =
        output_of(base + "-show_entries stream=nb_read_frames -of csv=p=0 " + file.string() + " 2>/dev/null");
    const std::size_t count = frames.empty() || frames[0] < '0' || frames[0] > '9' ? 0 : std::stoul(frames);
    (kind[0] == 'a' ? probed.audio_decoded : probed.video_decoded) = count;
  }
  return probed;
}

}  // namespace parlour::vault_test
