#include <algorithm>

#include "rtc/rtcp.h"
#include "rtcp_wire.h"

namespace parlour::rtc {

namespace {

constexpr std::size_t kMaxCount = 31;  // five bits

// Writes the header, lets the caller write the body, then pads to 32 bits and fills in the length.
template <class Body>
void append_packet(Bytes& out, std::uint8_t type, std::size_t count, Body write_body) {
  const std::size_t begin = out.size();
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(0x80 | count)).u8(type).u16(0);
  write_body(writer);
  while ((out.size() - begin) % 4 != 0) writer.u8(0);
  store_u16(&out[begin + 2], static_cast<std::uint16_t>((out.size() - begin) / 4 - 1));
}

void write_block(Writer& writer, const ReportBlock& block) {
  writer.u32(block.ssrc)
      .u8(block.fraction_lost)
      .u24(static_cast<std::uint32_t>(block.cumulative_lost) & 0xFFFFFF)
      .u32(block.highest_sequence)
      .u32(block.jitter)
      .u32(block.last_sr)
      .u32(block.delay_since_last_sr);
}

// The chunks of transport-cc feedback: a run when it pays, else 14 one-bit or 7 two-bit symbols.
void write_chunks(Writer& writer, std::span<const std::uint8_t> symbols) {
  while (!symbols.empty()) {
    const auto run_end =
        std::find_if(symbols.begin(), symbols.end(), [&](auto s) { return s != symbols[0]; });
    const auto run = static_cast<std::size_t>(run_end - symbols.begin());
    const std::size_t one_bit = std::min<std::size_t>(14, symbols.size());
    const bool fits_one_bit =
        std::all_of(symbols.begin(), symbols.begin() + static_cast<std::ptrdiff_t>(one_bit),
                    [](auto s) { return s <= kFeedbackSmallDelta; });
    std::size_t taken = 0;
    if (run >= 14 || run == symbols.size() || (run >= 7 && !fits_one_bit)) {
      taken = std::min<std::size_t>(run, 0x1FFF);
      writer.u16(static_cast<std::uint16_t>(symbols[0] << 13 | taken));
    } else if (fits_one_bit) {
      taken = one_bit;
      std::uint16_t chunk = 0x8000;
      for (std::size_t i = 0; i < taken; ++i)
        chunk = static_cast<std::uint16_t>(chunk | symbols[i] << (13 - i));
      writer.u16(chunk);
    } else {
      taken = std::min<std::size_t>(7, symbols.size());
      std::uint16_t chunk = 0xC000;
      for (std::size_t i = 0; i < taken; ++i) {
        chunk = static_cast<std::uint16_t>(chunk | symbols[i] << (12 - 2 * i));
      }
      writer.u16(chunk);
    }
    symbols = symbols.subspan(taken);
  }
}

}  // namespace

void append_sender_report(Bytes& out, const SenderReport& report) {
  const std::size_t count = std::min(report.blocks.size(), kMaxCount);
  append_packet(out, kRtcpSenderReport, count, [&](Writer& writer) {
    writer.u32(report.ssrc).u64(report.ntp).u32(report.rtp_time).u32(report.packets).u32(report.octets);
    for (std::size_t i = 0; i < count; ++i) write_block(writer, report.blocks[i]);
  });
}

void append_receiver_report(Bytes& out, std::uint32_t ssrc, std::span<const ReportBlock> blocks) {
  const std::size_t count = std::min(blocks.size(), kMaxCount);
  append_packet(out, kRtcpReceiverReport, count, [&](Writer& writer) {
    writer.u32(ssrc);
    for (const ReportBlock& block : blocks.first(count)) write_block(writer, block);
  });
}

void append_cname(Bytes& out, std::uint32_t ssrc, std::string_view cname) {
  cname = cname.substr(0, 255);
  append_packet(out, kRtcpSourceDescription, 1, [&](Writer& writer) {
    writer.u32(ssrc).u8(kSdesCname).u8(static_cast<std::uint8_t>(cname.size())).text(cname);
    writer.u8(0);  // at least one byte ends the list
  });
}

void append_bye(Bytes& out, std::span<const std::uint32_t> ssrcs) {
  const std::size_t count = std::min(ssrcs.size(), kMaxCount);
  append_packet(out, kRtcpBye, count, [&](Writer& writer) {
    for (const std::uint32_t ssrc : ssrcs.first(count)) writer.u32(ssrc);
  });
}

void append_nack(Bytes& out, std::uint32_t sender_ssrc, std::uint32_t media_ssrc,
                 std::span<const std::uint16_t> sequences) {
  if (sequences.empty()) return;
  append_packet(out, kRtcpTransportFeedback, kFeedbackNack, [&](Writer& writer) {
    writer.u32(sender_ssrc).u32(media_ssrc);
    for (std::size_t i = 0; i < sequences.size();) {
      const std::uint16_t first = sequences[i++];
      std::uint16_t following = 0;
      for (; i < sequences.size(); ++i) {
        const auto distance = static_cast<std::uint16_t>(sequences[i] - first);
        if (distance == 0 || distance > 16) break;
        following = static_cast<std::uint16_t>(following | 1u << (distance - 1));
      }
      writer.u16(first).u16(following);
    }
  });
}

void append_picture_loss(Bytes& out, std::uint32_t sender_ssrc, std::uint32_t media_ssrc) {
  append_packet(out, kRtcpPayloadFeedback, kFeedbackPictureLoss,
                [&](Writer& writer) { writer.u32(sender_ssrc).u32(media_ssrc); });
}

void append_full_intra_request(Bytes& out, std::uint32_t sender_ssrc,
                               std::span<const FullIntraEntry> entries) {
  append_packet(out, kRtcpPayloadFeedback, kFeedbackFullIntra, [&](Writer& writer) {
    writer.u32(sender_ssrc).u32(0);
    for (const FullIntraEntry& entry : entries) writer.u32(entry.ssrc).u8(entry.sequence).u24(0);
  });
}

void append_transport_feedback(Bytes& out, const TransportFeedback& feedback) {
  std::vector<std::uint8_t> symbols;
  symbols.reserve(feedback.packets.size());
  Bytes deltas;
  Writer delta_writer(deltas);
  std::int64_t last = 0;
  for (const TransportFeedbackPacket& packet : feedback.packets) {
    if (!packet.received) {
      symbols.push_back(kFeedbackNotReceived);
      continue;
    }
    const std::int64_t delta = packet.arrival_250us - last;
    last = packet.arrival_250us;
    if (delta >= 0 && delta <= 255) {
      symbols.push_back(kFeedbackSmallDelta);
      delta_writer.u8(static_cast<std::uint8_t>(delta));
    } else {
      symbols.push_back(kFeedbackLargeDelta);
      delta_writer.u16(static_cast<std::uint16_t>(static_cast<std::int16_t>(delta)));
    }
  }
  append_packet(out, kRtcpTransportFeedback, kFeedbackTransportCc, [&](Writer& writer) {
    writer.u32(feedback.sender_ssrc)
        .u32(feedback.media_ssrc)
        .u16(feedback.packets.front().sequence)
        .u16(static_cast<std::uint16_t>(feedback.packets.size()))
        .u24(feedback.reference_64ms & 0xFFFFFF)
        .u8(feedback.feedback_count);
    write_chunks(writer, symbols);
    writer.bytes(deltas);
  });
}

}  // namespace parlour::rtc
