#include <algorithm>

#include "rtc/rtcp.h"
#include "rtcp_wire.h"

namespace parlour::rtc {

namespace {

using Parsed = Result<RtcpPacket, RtcpError>;

ReportBlock read_block(Reader& reader) {
  ReportBlock block;
  block.ssrc = reader.u32();
  block.fraction_lost = reader.u8();
  const std::uint32_t lost = reader.u24();
  block.cumulative_lost = static_cast<std::int32_t>(lost << 8) / 256;  // sign of 24 bits
  block.highest_sequence = reader.u32();
  block.jitter = reader.u32();
  block.last_sr = reader.u32();
  block.delay_since_last_sr = reader.u32();
  return block;
}

Result<std::vector<ReportBlock>, RtcpError> read_blocks(Reader& reader, std::size_t count) {
  std::vector<ReportBlock> blocks;
  blocks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(read_block(reader));
  if (reader.failed()) return fail(RtcpError::kBadLength);
  return blocks;  // profile-specific extensions behind the blocks are not ours
}

Parsed read_sender_report(Reader reader, std::size_t count) {
  SenderReport report;
  report.ssrc = reader.u32();
  report.ntp = reader.u64();
  report.rtp_time = reader.u32();
  report.packets = reader.u32();
  report.octets = reader.u32();
  auto blocks = read_blocks(reader, count);
  if (!blocks) return fail(blocks.error());
  report.blocks = std::move(*blocks);
  return RtcpPacket(std::move(report));
}

Parsed read_receiver_report(Reader reader, std::size_t count) {
  ReceiverReport report;
  report.ssrc = reader.u32();
  auto blocks = read_blocks(reader, count);
  if (!blocks) return fail(blocks.error());
  report.blocks = std::move(*blocks);
  return RtcpPacket(std::move(report));
}

Parsed read_source_description(ByteView body, std::size_t count) {
  SourceDescription description;
  Reader reader(body);
  for (std::size_t i = 0; i < count; ++i) {
    SdesChunk chunk;
    chunk.ssrc = reader.u32();
    while (true) {
      const std::uint8_t type = reader.u8();
      if (reader.failed()) return fail(RtcpError::kBadLength);
      if (type == 0) break;
      const ByteView value = reader.take(reader.u8());
      if (reader.failed()) return fail(RtcpError::kBadLength);
      if (type == kSdesCname) chunk.cname = to_string(value);
    }
    // The list ends with one to four zero bytes up to a multiple of 32 bits (RFC 3550 6.5).
    reader.skip(reader.remaining() % 4);
    description.chunks.push_back(std::move(chunk));
  }
  if (reader.failed()) return fail(RtcpError::kBadLength);
  return RtcpPacket(std::move(description));
}

Parsed read_bye(Reader reader, std::size_t count) {
  Bye bye;
  for (std::size_t i = 0; i < count; ++i) bye.ssrcs.push_back(reader.u32());
  if (reader.failed()) return fail(RtcpError::kBadLength);
  return RtcpPacket(std::move(bye));
}

Parsed read_nack(Reader reader) {
  Nack nack;
  nack.sender_ssrc = reader.u32();
  nack.media_ssrc = reader.u32();
  if (reader.failed() || reader.remaining() == 0) return fail(RtcpError::kBadLength);
  while (reader.remaining() > 0) {
    const std::uint16_t first = reader.u16();
    const std::uint16_t following = reader.u16();
    nack.sequences.push_back(first);
    for (int bit = 0; bit < 16; ++bit) {
      if ((following >> bit & 1) != 0) nack.sequences.push_back(static_cast<std::uint16_t>(first + bit + 1));
    }
    if (nack.sequences.size() > kRtcpMaxNackSequences) return fail(RtcpError::kTooManyItems);
  }
  return RtcpPacket(std::move(nack));
}

Parsed read_picture_loss(Reader reader) {
  PictureLoss loss;
  loss.sender_ssrc = reader.u32();
  loss.media_ssrc = reader.u32();
  if (!reader.done()) return fail(RtcpError::kBadLength);
  return RtcpPacket(loss);
}

Parsed read_full_intra_request(Reader reader) {
  FullIntraRequest request;
  request.sender_ssrc = reader.u32();
  reader.skip(4);  // media SSRC, unused (RFC 5104 4.3.1.2)
  if (reader.failed() || reader.remaining() % 8 != 0 || reader.remaining() == 0)
    return fail(RtcpError::kBadLength);
  while (reader.remaining() > 0) {
    FullIntraEntry entry;
    entry.ssrc = reader.u32();
    entry.sequence = reader.u8();
    reader.skip(3);
    request.entries.push_back(entry);
  }
  return RtcpPacket(std::move(request));
}

Result<std::vector<std::uint8_t>, RtcpError> read_feedback_symbols(Reader& reader, std::size_t count) {
  std::vector<std::uint8_t> symbols;
  symbols.reserve(count);
  while (symbols.size() < count) {
    const std::uint16_t chunk = reader.u16();
    if (reader.failed()) return fail(RtcpError::kBadFeedback);
    const std::size_t left = count - symbols.size();
    if ((chunk & 0x8000) == 0) {
      symbols.insert(symbols.end(), std::min<std::size_t>(chunk & 0x1FFF, left),
                     static_cast<std::uint8_t>(chunk >> 13 & 3));
      if ((chunk & 0x1FFF) == 0) return fail(RtcpError::kBadFeedback);  // would never end
    } else if ((chunk & 0x4000) == 0) {
      for (std::size_t i = 0; i < std::min<std::size_t>(14, left); ++i) {
        symbols.push_back(static_cast<std::uint8_t>(chunk >> (13 - i) & 1));
      }
    } else {
      for (std::size_t i = 0; i < std::min<std::size_t>(7, left); ++i) {
        symbols.push_back(static_cast<std::uint8_t>(chunk >> (12 - 2 * i) & 3));
      }
    }
  }
  return symbols;
}

Parsed read_transport_feedback(Reader reader) {
  TransportFeedback feedback;
  feedback.sender_ssrc = reader.u32();
  feedback.media_ssrc = reader.u32();
  std::uint16_t sequence = reader.u16();
  const std::size_t count = reader.u16();
  feedback.reference_64ms = reader.u24();
  feedback.feedback_count = reader.u8();
  if (reader.failed()) return fail(RtcpError::kBadLength);
  if (count == 0) return fail(RtcpError::kBadFeedback);
  if (count > kRtcpMaxFeedbackStatuses) return fail(RtcpError::kTooManyItems);
  const auto symbols = read_feedback_symbols(reader, count);
  if (!symbols) return fail(symbols.error());

  feedback.packets.reserve(count);
  std::int64_t arrival = 0;
  for (const std::uint8_t symbol : *symbols) {
    TransportFeedbackPacket packet{sequence++, symbol != kFeedbackNotReceived, 0};
    if (symbol == kFeedbackSmallDelta) {
      arrival += reader.u8();
    } else if (symbol == kFeedbackLargeDelta) {
      arrival += static_cast<std::int16_t>(reader.u16());
    } else if (symbol != kFeedbackNotReceived) {
      return fail(RtcpError::kBadFeedback);
    }
    if (packet.received) packet.arrival_250us = arrival;
    feedback.packets.push_back(packet);
  }
  if (reader.failed()) return fail(RtcpError::kBadFeedback);
  return RtcpPacket(std::move(feedback));
}

Parsed read_packet(std::uint8_t type, std::uint8_t count, ByteView body) {
  switch (type) {
    case kRtcpSenderReport:
      return read_sender_report(Reader(body), count);
    case kRtcpReceiverReport:
      return read_receiver_report(Reader(body), count);
    case kRtcpSourceDescription:
      return read_source_description(body, count);
    case kRtcpBye:
      return read_bye(Reader(body), count);
    case kRtcpTransportFeedback:
      if (count == kFeedbackNack) return read_nack(Reader(body));
      if (count == kFeedbackTransportCc) return read_transport_feedback(Reader(body));
      break;
    case kRtcpPayloadFeedback:
      if (count == kFeedbackPictureLoss) return read_picture_loss(Reader(body));
      if (count == kFeedbackFullIntra) return read_full_intra_request(Reader(body));
      break;
    default:
      break;
  }
  return RtcpPacket(RtcpIgnored{type, count});
}

}  // namespace

std::string_view to_text(RtcpError error) {
  switch (error) {
    case RtcpError::kTooShort:
      return "too short";
    case RtcpError::kBadVersion:
      return "bad version";
    case RtcpError::kBadLength:
      return "bad length";
    case RtcpError::kBadPadding:
      return "bad padding";
    case RtcpError::kTooManyPackets:
      return "too many packets";
    case RtcpError::kTooManyItems:
      return "too many items";
    case RtcpError::kBadFeedback:
      return "bad feedback";
  }
  return "unknown";
}

std::uint64_t ntp_from_utc(UtcTime time) {
  constexpr std::int64_t kSecondsFrom1900To1970 = 2'208'988'800;
  const std::int64_t seconds = time.us / 1'000'000;
  const auto fraction = static_cast<std::uint64_t>(time.us % 1'000'000);
  return static_cast<std::uint64_t>(seconds + kSecondsFrom1900To1970) << 32 | (fraction << 32) / 1'000'000;
}

Result<std::vector<RtcpPacket>, RtcpError> parse_rtcp(ByteView compound) {
  std::vector<RtcpPacket> packets;
  if (compound.size() < kRtcpHeaderSize) return fail(RtcpError::kTooShort);
  while (!compound.empty()) {
    if (compound.size() < kRtcpHeaderSize) return fail(RtcpError::kBadLength);
    if (compound[0] >> 6 != 2) return fail(RtcpError::kBadVersion);
    if (packets.size() == kRtcpMaxPackets) return fail(RtcpError::kTooManyPackets);
    const std::size_t size = kRtcpHeaderSize + 4 * std::size_t{load_u16(&compound[2])};
    if (size > compound.size()) return fail(RtcpError::kBadLength);
    ByteView body = compound.subspan(kRtcpHeaderSize, size - kRtcpHeaderSize);
    if ((compound[0] & 0x20) != 0) {
      // Only the last packet of a compound may be padded (RFC 3550 6.4.1).
      const std::size_t padding = body.empty() ? 0 : body.back();
      if (size != compound.size() || padding == 0 || padding % 4 != 0 || padding > body.size()) {
        return fail(RtcpError::kBadPadding);
      }
      body = body.first(body.size() - padding);
    }
    auto packet = read_packet(compound[1], compound[0] & 0x1F, body);
    if (!packet) return fail(packet.error());
    packets.push_back(std::move(*packet));
    compound = compound.subspan(size);
  }
  return packets;
}

}  // namespace parlour::rtc
