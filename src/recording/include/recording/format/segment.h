// The segment file (design.md 9), in clear framing around sealed chunks:
//
//   header  magic "PARLSEG1" | version u16 | recording 16 B | part u32 | index u32 | ordinal u32 |
//           SHA-256 of the previous segment file | first steady µs u64 | first UTC µs u64 | CRC32C
//           kHeaderSize
//   chunk   length u32 (of ciphertext‖tag, never 0) | records u16 | ciphertext‖tag | CRC32C of the frame
//   before it … footer  0 u32 | flags u8 | chunks u32 | records u32 | SHA-256 (content_hash) |
//   CRC32C      kFooterSize
//
// A chunk is AES-256-GCM under the segment's key: nonce = 0^7‖chunk u32‖final u8, AAD = the header as
// written. The last chunk of a whole segment is final; a recovered segment has none. The framing shows
// whoever holds the disk when bytes were written, and nothing of who spoke. CRC32C finds torn writes; the tag
// finds everything else. Any thread; views point into the file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "recording/format/ids.h"

namespace parlour::recording {

constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kHeaderSize = 8 + 2 + 16 + 4 + 4 + 4 + 32 + 8 + 8 + 4;
constexpr std::size_t kFooterSize = 4 + 1 + 4 + 4 + 32 + 4;
constexpr std::size_t kChunkOverhead = 4 + 2 + 4;  // frame around ciphertext‖tag
constexpr std::size_t kChunkSealedMax = 512 * 1024;
constexpr std::size_t kSegmentBytesMax = 8 * 1024 * 1024;
constexpr Duration kSegmentDurationMax = std::chrono::seconds(10);

struct SegmentHeader {
  RecordingId recording = RecordingId::from_bytes({});
  std::uint32_t part = 1;
  std::uint32_t index = 0;
  std::uint32_t ordinal = 0;
  crypto::Hash256 previous{};
  SteadyTime first_steady;
  UtcTime first_utc;
};

struct SegmentFooter {
  bool recovered = false;
  std::uint32_t chunks = 0;
  std::uint32_t records = 0;
  crypto::Hash256 content{};
};

enum class SegmentError { kShort, kMagic, kVersion, kChecksum, kBadField };
std::string_view to_text(SegmentError error);

Bytes encode_header(const SegmentHeader& header);
Result<SegmentHeader, SegmentError> decode_header(ByteView file);
Bytes encode_footer(const SegmentFooter& footer);

ByteArray<12> chunk_nonce(std::uint32_t chunk, bool final);
// length, records, sealed, checksum.
void append_chunk_frame(Bytes& out, std::uint16_t records, ByteView sealed);

struct ChunkFrame {
  std::size_t offset = 0;    // of the frame in the file
  std::uint32_t number = 0;  // certain unless `resynchronised`: then the least it can be
  std::uint16_t records = 0;
  ByteView sealed;              // ciphertext‖tag
  bool resynchronised = false;  // found by searching after damage
};

// A place in a file that could not be used.
struct Damage {
  std::size_t offset = 0;
  std::size_t size = 0;
  std::string what;
};

// The clear framing of a file. Damage costs what is damaged: after a broken frame the scan goes on at the
// next frame whose checksum holds.
// What the footer fixes: SHA-256 over the header and, of each chunk, its frame without the ciphertext
// (length, record count, tag, checksum). The tag stands for the ciphertext, so the file's bytes are hashed
// once only, for its own hash that the successor and `recording.sealed` name.
crypto::Hash256 content_hash(ByteView file, const std::vector<ChunkFrame>& chunks);
// The part of a frame that counts there, for a writer that has no file to look at.
void update_content(crypto::Sha256& hash, ByteView frame);

struct SegmentScan {
  std::optional<SegmentHeader> header;
  std::optional<SegmentError> header_error;
  std::vector<ChunkFrame> chunks;
  std::optional<SegmentFooter> footer;
  std::vector<Damage> damage;
  // Where the first thing that is not a whole chunk begins: a recovering writer cuts here.
  std::size_t whole_size = 0;
  std::uint32_t whole_chunks = 0;
  std::uint32_t whole_records = 0;
};
SegmentScan scan_segment(ByteView file);

}  // namespace parlour::recording
