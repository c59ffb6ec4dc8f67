#include "recording/format/opener.h"

#include "crypto/aead.h"

namespace parlour::recording {
namespace {

// How many chunk numbers are tried for a chunk found by searching: damage of that many chunks in a row is
// bridged.
constexpr std::uint32_t kNumbersTried = 64;

// Records of one opened chunk. A record that cannot be read ends the chunk: what follows it has no known
// place.
std::uint32_t read_records(ByteView plaintext, const ChunkFrame& chunk,
                           const std::function<void(const Record&)>& on_record, std::vector<Damage>& damage) {
  Reader reader(plaintext);
  std::uint32_t records = 0;
  while (reader.remaining() > 0) {
    auto record = decode_record(reader);
    if (!record) {
      damage.push_back(
          {chunk.offset, chunk.sealed.size() + kChunkOverhead, "a record inside the chunk is malformed"});
      return records;
    }
    ++records;
    on_record(*record);
  }
  if (records != chunk.records)
    damage.push_back({chunk.offset, chunk.sealed.size() + kChunkOverhead,
                      "the chunk's record count is not what it holds"});
  return records;
}

}  // namespace

PartOpener::PartOpener(crypto::Secret dek, const RecordingId& recording, std::uint32_t part)
    : start_(std::move(dek), recording, part), current_(start_.clone()), recording_(recording), part_(part) {}

OpenedSegment PartOpener::open(ByteView file, const std::function<void(const Record&)>& on_record) {
  OpenedSegment opened;
  SegmentScan scan = scan_segment(file);
  opened.damage = std::move(scan.damage);
  opened.header = scan.header;
  opened.recovered = scan.footer && scan.footer->recovered;
  if (!scan.header) return opened;
  if (scan.header->recording != recording_ || scan.header->part != part_) {
    opened.damage.push_back({0, kHeaderSize, "the segment belongs to another recording or part"});
    return opened;
  }
  if (scan.header->ordinal < current_.ordinal()) current_ = start_.clone();
  while (current_.ordinal() < scan.header->ordinal) current_.advance();
  crypto::Secret key = current_.segment_key();
  auto cipher = crypto::AesGcm::create(key.view());
  if (!cipher) {
    opened.damage.push_back({0, file.size(), "the segment's key could not be used"});
    return opened;
  }

  const ByteView aad = file.first(kHeaderSize);
  std::uint32_t least = 0;  // the lowest number the next chunk can have
  for (std::size_t i = 0; i < scan.chunks.size(); ++i) {
    const ChunkFrame& chunk = scan.chunks[i];
    const std::uint32_t tries = opened.damage.empty() ? 1 : kNumbersTried;
    const bool last = i + 1 == scan.chunks.size();
    const std::uint32_t first = least;
    bool done = false;
    for (std::uint32_t number = first; !done && number - first < tries; ++number) {
      for (bool final : {false, true}) {
        if (final && !last) continue;
        auto plaintext = cipher->open(chunk_nonce(number, final), aad, chunk.sealed);
        if (!plaintext) continue;
        opened.final_seen = final;
        ++opened.chunks_opened;
        opened.records += read_records(*plaintext, chunk, on_record, opened.damage);
        crypto::wipe(*plaintext);
        done = true;
        least = number + 1;
        break;
      }
    }
    if (!done) {
      opened.damage.push_back(
          {chunk.offset, chunk.sealed.size() + kChunkOverhead, "the chunk is not authentic at its place"});
      ++least;
    }
  }
  return opened;
}

}  // namespace parlour::recording
