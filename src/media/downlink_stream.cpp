#include "downlink_stream.h"

#include <algorithm>

#include "rtc/header_extensions.h"
#include "rtc/sdp.h"

namespace parlour::media {

DownlinkStream::DownlinkStream(Context& context, Transport& transport, EndpointId receiver,
                               UplinkStream& uplink, std::uint32_t ssrc, std::uint32_t rtx_ssrc)
    : context_(context), transport_(transport), receiver_(receiver), uplink_(uplink), ssrc_(ssrc) {
  rtx_.ssrc = rtx_ssrc;
  // Begins in the lower half, so that neither side sees a roll-over within the first packets (RFC
  // 3711 3.3.1).
  next_out_ = context.random().u32() & 0x7FFF;
  rtx_sequence_ = context.random().u32() & 0x7FFF;
  uplink_.receivers().push_back(this);
}

DownlinkStream::~DownlinkStream() {
  set_repaired(false);
  std::erase(uplink_.receivers(), this);
}

void DownlinkStream::set_repaired(bool repaired) {
  if (repaired_ == repaired) return;
  repaired_ = repaired;
  if (repaired) {
    ++uplink_.repaired_receivers;
  } else {
    --uplink_.repaired_receivers;
  }
}

void DownlinkStream::accept(std::uint8_t payload_type, std::uint8_t rtx_payload_type, std::string mid) {
  payload_type_ = payload_type;
  rtx_.payload_type = rtx_payload_type;
  mid_ = std::move(mid);
  accepted_ = true;
  set_repaired(rtx_payload_type != 0 && rtx_.ssrc != 0);
}

void DownlinkStream::refuse() {
  accepted_ = false;
  open_ = false;
  set_repaired(false);
}

void DownlinkStream::set_allowed(bool allowed) {
  allowed_ = allowed;
  if (!allowed) open_ = false;
}

void DownlinkStream::begin_source(const MediaPacket& packet) {
  const std::uint32_t number = uplink_.source_number();
  if (source_number_ == number) return;
  if (source_number_ != 0) {
    // The sender's clock may have jumped; ours goes on by the time that has passed.
    const auto passed = static_cast<std::uint64_t>((packet.arrival - last_sent_).count());
    const auto ticks = static_cast<std::uint32_t>(passed * uplink_.clock_rate() / 1'000'000);
    timestamp_offset_ = last_timestamp_ + ticks - packet.header.timestamp;
    open_ = false;
  }
  source_number_ = number;
  sent_.clear();
}

std::size_t DownlinkStream::write(MutableByteView out, const MediaPacket& packet,
                                  std::uint64_t sequence) const {
  rtc::RtpFields fields;
  fields.marker = packet.header.marker;
  fields.payload_type = payload_type_;
  fields.sequence = static_cast<std::uint16_t>(sequence);
  fields.timestamp = out_timestamp(packet.header.timestamp);
  fields.ssrc = ssrc_;
  const rtc::RtpExtensionValue mid{rtc::kMidExtensionId, as_bytes(mid_)};
  const std::span<const rtc::RtpExtensionValue> extensions(&mid, mid_.empty() ? 0 : 1);
  const std::size_t header = rtc::write_rtp_header(out, fields, extensions);
  const ByteView payload = packet.payload();
  if (header == 0 || header + payload.size() + rtc::kSrtpMaxOverhead + rtc::kRtxOverhead > out.size())
    return 0;
  std::copy(payload.begin(), payload.end(), out.begin() + static_cast<std::ptrdiff_t>(header));
  return header + payload.size();
}

DownlinkStream::Forwarded DownlinkStream::forward(const MediaPacket& packet) {
  const auto drop = [&](Drop reason) {
    context_.count(reason);
    return Forwarded::kDropped;
  };
  if (!allowed_) return drop(Drop::kRouteClosed);
  if (!accepted_ || !transport_.ready()) {
    open_ = false;
    return drop(Drop::kReceiverNotReady);
  }
  begin_source(packet);
  if (!open_) {
    // A probe without payload keeps the numbers of an open stream together; it never opens one.
    if (packet.header.payload_size == 0) return drop(Drop::kWaitingForKeyFrame);
    if (is_video() && !packet.frame.key_frame) {
      context_.count(Drop::kWaitingForKeyFrame);
      return Forwarded::kWantsKeyFrame;
    }
    open_ = true;
    base_in_ = packet.sequence;
    base_out_ = next_out_;
  }
  if (packet.sequence < base_in_) return drop(Drop::kWaitingForKeyFrame);
  if (!sent_.insert(packet.sequence)) return drop(Drop::kDuplicate);
  const std::uint64_t sequence = packet.sequence - base_in_ + base_out_;
  MutableByteView buffer = context_.output.begin();
  if (buffer.empty()) return drop(Drop::kOutputFull);  // counts as sent: the receiver will ask for it
  const std::size_t size = write(buffer, packet, sequence);
  if (size == 0 || !transport_.send_rtp(buffer, size, sequence)) return drop(Drop::kReceiverNotReady);

  if (packets_ == 0) context_.tell(FirstForwarded{sender(), receiver_, slot()});
  ++packets_;
  octets_ += static_cast<std::uint32_t>(packet.header.payload_size);
  if (sequence >= next_out_) {
    next_out_ = sequence + 1;
    last_timestamp_ = out_timestamp(packet.header.timestamp);
    last_sent_ = packet.arrival;
  }
  ++context_.counters.forwarded;
  return Forwarded::kSent;
}

void DownlinkStream::retransmit(std::span<const std::uint16_t> sequences, Duration round_trip,
                                SteadyTime now) {
  // What may not be forwarded now may not be repeated either.
  if (!open_ || !allowed_ || !accepted_ || !repaired_ || !transport_.ready()) return;
  ByteArray<OutputBatch::kPacketMax> original;
  for (const std::uint16_t wanted : sequences) {
    const std::uint16_t behind = static_cast<std::uint16_t>(next_out_ - wanted);
    if (behind == 0 || behind > 0x7FFF || next_out_ < base_out_ + behind) continue;
    const std::uint64_t out = next_out_ - behind;
    const std::uint64_t in = out - base_out_ + base_in_;
    if (!sent_.contains(in)) continue;  // never sent to this receiver: whatever kept it back still holds
    const ByteView kept = uplink_.stored(in, now);
    if (kept.empty() || !limiter_.allow(out, round_trip, now)) continue;
    auto header = rtc::parse_rtp(kept);
    if (!header) continue;
    MediaPacket packet{kept, *header, in, {}, now};
    const std::size_t size = write(original, packet, out);
    if (size == 0) continue;
    MutableByteView buffer = context_.output.begin();
    if (buffer.empty()) return;
    const ByteView plain = ByteView(original).first(size);
    auto written = rtc::parse_rtp(plain);
    if (!written) continue;
    rtx_.next_sequence = static_cast<std::uint16_t>(rtx_sequence_);
    const std::size_t rtx_size = rtc::wrap_rtx(buffer, plain, *written, rtx_);
    if (rtx_size == 0 || !transport_.send_rtp(buffer, rtx_size, rtx_sequence_)) continue;
    ++rtx_sequence_;
    ++context_.counters.retransmitted;
  }
}

std::optional<rtc::SenderReport> DownlinkStream::make_report(SteadyTime now) const {
  const auto& clock = uplink_.sender_clock();
  if (packets_ == 0 || !clock || source_number_ != uplink_.source_number()) return std::nullopt;
  const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>((now - clock->arrival).count(), 0));
  rtc::SenderReport report;
  report.ssrc = ssrc_;
  // NTP fractions are 2^-32 s. The division comes first for whole seconds, so nothing overflows.
  report.ntp = clock->ntp + ((passed / 1'000'000) << 32) + ((passed % 1'000'000) << 32) / 1'000'000;
  report.rtp_time =
      out_timestamp(clock->rtp_time + static_cast<std::uint32_t>(passed * uplink_.clock_rate() / 1'000'000));
  report.packets = packets_;
  report.octets = octets_;
  return report;
}

void DownlinkStream::on_report_block(const rtc::ReportBlock& block) {
  if (last_block_) {
    const auto expected = static_cast<std::int32_t>(block.highest_sequence - last_block_->highest_sequence);
    const auto lost = block.cumulative_lost - last_block_->cumulative_lost;
    if (expected > 0) {
      loss_.expected += static_cast<std::uint64_t>(expected);
      loss_.lost += static_cast<std::uint64_t>(std::clamp(lost, 0, expected));
    }
  }
  last_block_ = block;
}

DownlinkStream::Loss DownlinkStream::take_loss() {
  return std::exchange(loss_, {});
}

}  // namespace parlour::media
