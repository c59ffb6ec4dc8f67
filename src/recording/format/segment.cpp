#include "recording/format/segment.h"

#include <algorithm>

#include "crypto/aead.h"

namespace parlour::recording {
namespace {

constexpr std::string_view kMagic = "PARLSEG1";
constexpr std::size_t kSealedMin = 16;  // an empty chunk is its tag
// While searching after damage, at most so many bytes are run through the checksum: a hostile file with a
// plausible length at every offset costs no more than this.
constexpr std::size_t kSearchWorkMax = 64 * 1024 * 1024;

bool checksum_holds(ByteView frame_without, ByteView checksum) {
  return load_u32(checksum.data()) == crypto::crc32c(frame_without);
}

// The frame at the head of `view`, if its length is possible and it is there as a whole.
std::optional<ByteView> framed(ByteView view) {
  if (view.size() < kChunkOverhead + kSealedMin) return std::nullopt;
  const std::uint32_t length = load_u32(view.data());
  if (length < kSealedMin || length > kChunkSealedMax || length > view.size() - kChunkOverhead)
    return std::nullopt;
  return view.first(kChunkOverhead + length);
}

bool frame_whole(ByteView frame) {
  return checksum_holds(frame.first(frame.size() - 4), frame.last(4));
}

std::optional<SegmentFooter> decode_footer(ByteView view) {
  if (view.size() != kFooterSize || !checksum_holds(view.first(kFooterSize - 4), view.last(4)))
    return std::nullopt;
  Reader reader(view);
  SegmentFooter footer;
  if (reader.u32() != 0) return std::nullopt;
  const std::uint8_t flags = reader.u8();
  if (flags > 1) return std::nullopt;
  footer.recovered = flags == 1;
  footer.chunks = reader.u32();
  footer.records = reader.u32();
  ByteView content = reader.take(32);
  std::copy(content.begin(), content.end(), footer.content.begin());
  return footer;
}

}  // namespace

std::string_view to_text(SegmentError error) {
  switch (error) {
    case SegmentError::kShort:
      return "the file is shorter than a header";
    case SegmentError::kMagic:
      return "the file is not a segment";
    case SegmentError::kVersion:
      return "the segment's format version is not known";
    case SegmentError::kChecksum:
      return "the header is damaged";
    case SegmentError::kBadField:
      return "a header field is out of range";
  }
  return "unknown";
}

Bytes encode_header(const SegmentHeader& header) {
  Bytes out;
  Writer writer(out);
  writer.text(kMagic)
      .u16(kFormatVersion)
      .bytes(header.recording.bytes())
      .u32(header.part)
      .u32(header.index)
      .u32(header.ordinal)
      .bytes(header.previous)
      .u64(static_cast<std::uint64_t>(header.first_steady.us))
      .u64(static_cast<std::uint64_t>(header.first_utc.us));
  writer.u32(crypto::crc32c(out));
  return out;
}

Result<SegmentHeader, SegmentError> decode_header(ByteView file) {
  if (file.size() < kHeaderSize) return fail(SegmentError::kShort);
  Reader reader(file.first(kHeaderSize));
  if (!equal(reader.take(kMagic.size()), as_bytes(kMagic))) return fail(SegmentError::kMagic);
  if (!checksum_holds(file.first(kHeaderSize - 4), file.subspan(kHeaderSize - 4, 4)))
    return fail(SegmentError::kChecksum);
  if (reader.u16() != kFormatVersion) return fail(SegmentError::kVersion);
  SegmentHeader header;
  ByteArray<16> id{};
  ByteView id_bytes = reader.take(16);
  std::copy(id_bytes.begin(), id_bytes.end(), id.begin());
  header.recording = RecordingId::from_bytes(id);
  header.part = reader.u32();
  header.index = reader.u32();
  header.ordinal = reader.u32();
  ByteView previous = reader.take(32);
  std::copy(previous.begin(), previous.end(), header.previous.begin());
  header.first_steady = {static_cast<std::int64_t>(reader.u64())};
  header.first_utc = {static_cast<std::int64_t>(reader.u64())};
  if (header.part == 0 || header.index > kSegmentIndexMax || header.ordinal > header.index)
    return fail(SegmentError::kBadField);
  return header;
}

Bytes encode_footer(const SegmentFooter& footer) {
  Bytes out;
  Writer writer(out);
  writer.u32(0).u8(footer.recovered ? 1 : 0).u32(footer.chunks).u32(footer.records).bytes(footer.content);
  writer.u32(crypto::crc32c(out));
  return out;
}

ByteArray<12> chunk_nonce(std::uint32_t chunk, bool final) {
  ByteArray<12> nonce{};
  store_u32(nonce.data() + 7, chunk);
  nonce[11] = final ? 1 : 0;
  return nonce;
}

void append_chunk_frame(Bytes& out, std::uint16_t records, ByteView sealed) {
  const std::size_t begin = out.size();
  Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(sealed.size())).u16(records).bytes(sealed);
  writer.u32(crypto::crc32c(ByteView(out).subspan(begin)));
}

void update_content(crypto::Sha256& hash, ByteView frame) {
  hash.update(frame.first(6));
  hash.update(frame.last(crypto::kGcmTagSize + 4));
}

crypto::Hash256 content_hash(ByteView file, const std::vector<ChunkFrame>& chunks) {
  crypto::Sha256 hash;
  hash.update(file.first(kHeaderSize));
  for (const ChunkFrame& chunk : chunks)
    update_content(hash, file.subspan(chunk.offset, chunk.sealed.size() + kChunkOverhead));
  return hash.finish();
}

SegmentScan scan_segment(ByteView file) {
  SegmentScan scan;
  auto header = decode_header(file);
  if (header)
    scan.header = *header;
  else
    scan.header_error = header.error();
  if (file.size() < kHeaderSize) {
    scan.damage.push_back({0, file.size(), std::string(to_text(SegmentError::kShort))});
    return scan;
  }
  if (!header) scan.damage.push_back({0, kHeaderSize, std::string(to_text(header.error()))});

  std::size_t at = kHeaderSize;
  scan.whole_size = kHeaderSize;
  std::uint32_t next_number = 0;
  bool searched = false;
  std::size_t search_work = 0;
  while (at < file.size()) {
    ByteView rest = file.subspan(at);
    if (rest.size() == kFooterSize) {
      scan.footer = decode_footer(rest);
      if (scan.footer) {
        at = file.size();
        break;
      }
    }
    auto frame = framed(rest);
    if (frame && frame_whole(*frame)) {
      ChunkFrame chunk;
      chunk.offset = at;
      chunk.number = next_number++;
      chunk.records = load_u16(frame->data() + 4);
      chunk.sealed = frame->subspan(6, frame->size() - kChunkOverhead);
      chunk.resynchronised = searched;
      searched = false;
      at += frame->size();
      if (scan.damage.empty()) {
        scan.whole_size = at;
        scan.whole_chunks = next_number;
        scan.whole_records += chunk.records;
      }
      scan.chunks.push_back(chunk);
      continue;
    }
    // Broken here. If the length still leads to a whole frame or the footer, one chunk is lost; otherwise the
    // next whole frame is searched for.
    const std::size_t begin = at;
    std::size_t next = file.size();
    const std::size_t last = file.size() >= kFooterSize ? file.size() - kFooterSize : 0;
    auto whole_at = [&](std::size_t offset) {
      if (offset == last) {
        search_work += kFooterSize;
        return decode_footer(file.subspan(offset)).has_value();
      }
      auto candidate = framed(file.subspan(offset));
      if (!candidate) return false;
      search_work += candidate->size();
      return frame_whole(*candidate);
    };
    if (frame && whole_at(at + frame->size())) {
      next = at + frame->size();
    } else {
      for (std::size_t offset = at + 1; offset < file.size() && search_work < kSearchWorkMax; ++offset) {
        if (!whole_at(offset)) continue;
        next = offset;
        break;
      }
      if (next == file.size() && last > at && decode_footer(file.subspan(last))) next = last;
      searched = true;
    }
    scan.damage.push_back({begin, next - begin, "a chunk is damaged or cut short"});
    ++next_number;
    at = next;
  }
  if (scan.footer) {
    if (scan.damage.empty() &&
        (scan.footer->content != content_hash(file, scan.chunks) ||
         scan.footer->chunks != scan.whole_chunks || scan.footer->records != scan.whole_records))
      scan.damage.push_back(
          {file.size() - kFooterSize, kFooterSize, "the footer does not match what it closes"});
  }
  return scan;
}

}  // namespace parlour::recording
