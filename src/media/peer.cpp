#include "peer.h"

#include <algorithm>
#include <utility>

#include "rtc/header_extensions.h"
#include "rtc/rtx.h"

namespace parlour::media {

namespace {

constexpr Duration kReportInterval = 1s;
constexpr Duration kStallAfter = 2s;
// With the second between two looks, others are told within 5 s. Browsers check every 2.5 s and report every
// second.
constexpr Duration kSilentAfter = 4s;
// Until a report has told: a guess that neither floods nor sleeps.
constexpr Duration kRoundTripGuess = 100ms;

Codec codec_of(Slot slot) {
  return slot == Slot::kMicrophone ? Codec::kOpus : Codec::kVp8;
}

}  // namespace

Peer::Peer(Context& context, Room& room, EndpointId id, bool sends, SteadyTime now)
    : context_(context),
      room_(room),
      id_(id),
      transport_(context, *this, id, now),
      negotiation_(context, sends),
      gate_(!room.config().leased),
      reports_due_(now + kReportInterval),
      deadline_(reports_due_) {
  rtcp_ssrc_ = unused_ssrc();
  context_.arm(deadline_);
  if (!sends) return;
  for (const Slot slot : {Slot::kMicrophone, Slot::kCamera, Slot::kScreen}) {
    uplinks_[static_cast<std::size_t>(slot)] = std::make_unique<UplinkStream>(id, slot, codec_of(slot));
  }
}

Peer::Peer(Context& context, Room& room, EndpointId id, const PlainConfig& config, SteadyTime now)
    : Peer(context, room, id, false, now) {
  plain_ = true;
  for (const PlainUplink& uplink : config.uplinks) {
    auto& place = uplinks_[static_cast<std::size_t>(uplink.slot)];
    place = std::make_unique<UplinkStream>(id, uplink.slot, uplink.codec);
    place->set_source({uplink.ssrc, 0, uplink.payload_type, 0, false});
  }
}

Peer::~Peer() = default;

void Peer::leave(SteadyTime now) {
  for_each_uplink([&](UplinkStream& stream) { room_.end_sink_stream(stream, now); });
  for (Peer* other : room_.members()) {
    if (other != this) other->remove_downlinks_from(id_);
  }
  downlinks_.clear();
  std::erase(room_.members(), this);
  room_.forget_routes_of(id_);
}

std::uint32_t Peer::unused_ssrc() {
  for (;;) {
    const std::uint32_t ssrc = context_.random().u32();
    if (ssrc == 0 || ssrc == rtcp_ssrc_) continue;
    const auto used = [&](const auto& d) { return d->ssrc() == ssrc || d->rtx_ssrc() == ssrc; };
    if (std::none_of(downlinks_.begin(), downlinks_.end(), used)) return ssrc;
  }
}

// ---- downlinks and negotiation ----

Result<void, CommandError> Peer::add_downlinks_from(Peer& sender) {
  bool added = false;
  bool full = false;
  sender.for_each_uplink([&](UplinkStream& stream) {
    const bool known = std::any_of(downlinks_.begin(), downlinks_.end(), [&](const auto& downlink) {
      return downlink->sender() == sender.id() && downlink->slot() == stream.slot();
    });
    if (known) return;
    const std::uint32_t ssrc = unused_ssrc();
    std::uint32_t rtx_ssrc = 0;
    while (stream.is_video() && !plain_ && (rtx_ssrc == 0 || rtx_ssrc == ssrc)) rtx_ssrc = unused_ssrc();
    auto downlink = std::make_unique<DownlinkStream>(context_, transport_, id_, stream, ssrc, rtx_ssrc);
    if (plain_) {
      downlink->accept(stream.source().payload_type, 0, "");
    } else if (!negotiation_.add(*downlink)) {
      full = true;
      return;
    }
    downlinks_.push_back(std::move(downlink));
    added = true;
  });
  if (added && !plain_) context_.tell(OfferNeeded{id_});
  if (full) return fail(CommandError::kTooManyLines);
  return {};
}

void Peer::set_downlinks_allowed(EndpointId sender, bool allowed) {
  for (auto& downlink : downlinks_) {
    if (downlink->sender() == sender) downlink->set_allowed(allowed);
  }
}

void Peer::remove_downlinks_from(EndpointId sender) {
  const auto removed = std::erase_if(downlinks_, [&](const auto& downlink) {
    if (downlink->sender() != sender) return false;
    negotiation_.park(*downlink);
    return true;
  });
  if (removed > 0 && !plain_) context_.tell(OfferNeeded{id_});
}

Result<Offer, CommandError> Peer::make_offer() {
  if (plain_) return fail(CommandError::kPlain);
  return negotiation_.make_offer(transport_.local());
}

Result<Offer, CommandError> Peer::restart_ice() {
  if (plain_) return fail(CommandError::kPlain);
  transport_.restart_ice();
  restarting_ = !remote_ufrag_.empty();
  return negotiation_.make_offer(transport_.local());
}

Result<void, AnswerError> Peer::accept_answer(std::uint32_t generation, std::string_view sdp,
                                              SteadyTime now) {
  if (plain_) return fail(AnswerError{CommandError::kPlain, std::nullopt});
  auto judged = negotiation_.judge_answer(generation, sdp);
  if (!judged) return fail(judged.error());
  const rtc::SdpAnswer& answer = judged->answer;
  if (restarting_ && answer.ice.ufrag == remote_ufrag_) {
    return fail(AnswerError{CommandError::kIceNotChanged, std::nullopt});
  }
  if (!transport_.expect_fingerprint(answer.fingerprint, now)) {
    return fail(AnswerError{CommandError::kFingerprintChanged, std::nullopt});
  }
  for (std::size_t i = 0; i < judged->lines.size(); ++i) {
    const rtc::MediaAnswer& media = answer.media[i];
    UplinkStream* stream = judged->lines[i].uplink ? uplink(*judged->lines[i].uplink) : nullptr;
    if (stream == nullptr || media.rejected || !stream->is_change(media.ssrc.value_or(0))) continue;
    if (!stream->source_changes().take(now))
      return fail(AnswerError{CommandError::kSourceChanges, std::nullopt});
  }
  negotiation_.settle();
  restarting_ = false;
  remote_ufrag_ = answer.ice.ufrag;
  transport_.set_remote_ufrag(answer.ice.ufrag);

  for (std::size_t i = 0; i < judged->lines.size(); ++i) {
    const rtc::MediaAnswer& media = answer.media[i];
    const auto& line = judged->lines[i];
    if (line.uplink) {
      UplinkStream* stream = uplink(*line.uplink);
      if (stream == nullptr) continue;
      if (media.rejected || media.direction != rtc::MediaDirection::kSendOnly) {
        stream->disable();
        continue;
      }
      const std::uint32_t before = stream->source_number();
      stream->set_source({media.ssrc.value_or(0), media.rtx_ssrc.value_or(0), media.payload_type,
                          media.rtx_payload_type, stream->is_video() && media.rtx_payload_type != 0});
      if (stream->source_number() != before) room_.end_sink_stream(*stream, now);
      if (!transport_cc_ && media.has_extension(rtc::kTransportCcExtensionId)) transport_cc_.emplace();
    } else if (line.downlink != nullptr) {
      if (media.rejected || media.direction != rtc::MediaDirection::kRecvOnly) {
        line.downlink->refuse();
      } else {
        const bool has_mid = media.has_extension(rtc::kMidExtensionId);
        line.downlink->accept(media.payload_type, media.rtx_payload_type, has_mid ? media.mid : "");
      }
    }
  }
  rearm(now);
  return {};
}

// ---- packets ----

void Peer::on_stun(const rtc::StunMessage& message, const rtc::Address& from, SteadyTime now) {
  // An address belongs to the endpoint that proved it first, for as long as that one is there: a participant
  // who forges a neighbour's address in checks of its own must not take over the neighbour's packets.
  Peer* owner = context_.addresses.find(from);
  const bool taken = owner != nullptr && owner != this && owner->transport().holds_addresses();
  if (transport_.on_stun(message, from, taken, now)) note_heard(now);
  rearm(now);
}

void Peer::on_dtls(const rtc::Address& from, ByteView datagram, SteadyTime now) {
  transport_.on_dtls(from, datagram, now);
  rearm(now);
}

UplinkStream* Peer::find_uplink(const rtc::RtpHeader& header, ByteView packet, bool& repair, SteadyTime now) {
  for (auto& stream : uplinks_) {
    if (!stream || !stream->enabled()) continue;
    const UplinkStream::Source& source = stream->source();
    if (source.ssrc == header.ssrc && source.payload_type == header.payload_type) return stream.get();
    if (source.rtx_ssrc == header.ssrc && source.rtx_payload_type == header.payload_type &&
        source.rtx_ssrc != 0) {
      repair = true;
      return stream.get();
    }
  }
  // Not announced: the mid says which stream it is, the payload type whether it repairs (RFC 8843 9.2).
  if (plain_) return nullptr;
  const auto mid = rtc::read_sdes_text(header.extension(packet, rtc::kMidExtensionId));
  if (!mid || mid->size() != 1 || (*mid)[0] < '0' || (*mid)[0] > '2') return nullptr;
  UplinkStream* stream = uplink(static_cast<Slot>((*mid)[0] - '0'));
  if (stream == nullptr || !stream->enabled()) return nullptr;
  const UplinkStream::Source& source = stream->source();
  if (header.payload_type == source.payload_type) {
    if (!stream->bind_ssrc(header.ssrc, now)) {
      context_.count(Drop::kSourceChanges);
      return nullptr;
    }
    room_.end_sink_stream(*stream, now);
    return stream;
  }
  if (source.rtx_payload_type != 0 && header.payload_type == source.rtx_payload_type) {
    stream->bind_rtx_ssrc(header.ssrc);
    repair = true;
    return stream;
  }
  return nullptr;
}

void Peer::on_rtp(const rtc::Address& from, MutableByteView datagram, SteadyTime now) {
  const auto opened = transport_.open_rtp(from, datagram, now);
  if (!opened) return;
  note_heard(now);
  ++context_.counters.rtp_in;
  MutableByteView packet = datagram.first(opened->size);
  auto parsed = rtc::parse_rtp(packet);
  if (!parsed) {
    context_.count(Drop::kMalformedRtp);
    return;
  }
  rtc::RtpHeader header = *parsed;
  if (transport_cc_) {
    if (const auto number = rtc::read_transport_cc(header.extension(packet, rtc::kTransportCcExtensionId))) {
      transport_cc_->on_packet(*number, now);
      if (const auto due = transport_cc_->next_deadline()) arm(*due);
    }
  }
  bool repair = false;
  UplinkStream* stream = find_uplink(header, packet, repair, now);
  if (stream == nullptr) {
    context_.count(Drop::kUnknownStream);
    return;
  }
  if (repair) {
    auto original = rtc::unwrap_rtx(packet, header, stream->source().ssrc, stream->source().payload_type);
    if (!original) {
      if (original.error() != rtc::RtxError::kPaddingOnly) context_.count(Drop::kMalformedRtp);
      return;
    }
    packet = original->packet;
    header = original->header;
  } else {
    packet = packet.first(rtc::remove_padding(packet, header));
  }
  const auto sequence = stream->note_arrival(header, repair, now);
  if (!sequence) {
    context_.count(Drop::kDuplicate);
    return;
  }
  if (repair) ++context_.counters.recovered;
  take_packet(*stream, MediaPacket{packet, header, *sequence, {}, now});
  if (rtc::NackGenerator* nack = stream->nack(); nack != nullptr && nack->missing() > 0) {
    if (const auto due = nack->next_deadline(round_trip_.value_or(kRoundTripGuess))) arm(*due);
  }
}

void Peer::take_packet(UplinkStream& stream, const MediaPacket& arrived) {
  using Outcome = GuardVerdict::Outcome;
  const GuardVerdict verdict =
      stream.guard().judge(guard_, arrived.payload(), arrived.header.timestamp, arrived.arrival);
  switch (verdict.outcome) {
    case Outcome::kUnarmed:
      context_.count(Drop::kGuardUnarmed);
      return;
    case Outcome::kStopped:
      context_.count(Drop::kGuardStopped);
      return;
    case Outcome::kMalformed:
      context_.count(Drop::kMalformedRtp);
      return;
    case Outcome::kTripped:
      context_.count(Drop::kGuardStopped);
      for (DownlinkStream* receiver : stream.receivers()) receiver->close();
      context_.tell(GuardTripped{id_, stream.slot(), std::string(verdict.reason)});
      return;
    case Outcome::kHold:
      stream.store(arrived.sequence, arrived.bytes, arrived.arrival);
      if (!stream.hold(arrived.sequence, arrived.header.timestamp)) context_.count(Drop::kFrameNotJudged);
      return;
    case Outcome::kPass:
      break;
  }
  MediaPacket packet = arrived;
  packet.frame = verdict.frame;
  if (stream.is_video()) {
    if (stream.repaired_receivers > 0) stream.store(packet.sequence, packet.bytes, packet.arrival);
    if (packet.frame.key_frame) {
      const bool recorded = room_.sink() != nullptr && gate_.sink_allowed;
      stream.note_key_frame(packet.sequence, recorded);
    }
  }
  pass(stream, packet);
  if (stream.is_video() && packet.frame.starts_frame) release_held(stream, packet);
  flush_key_frame_request(stream, packet.arrival);
}

void Peer::pass(UplinkStream& stream, const MediaPacket& packet) {
  if (packet.header.payload_size > 0) {
    stream.last_packet = packet.arrival;
    if (!std::exchange(stream.started, true)) context_.tell(StreamStarted{id_, stream.slot()});
    if (std::exchange(stream.stalled, false)) context_.tell(StreamResumed{id_, stream.slot()});
  }
  const std::uint8_t index = guard_.config() ? guard_.config()->index : 0;
  if (room_.pass(context_, stream, gate_, index, packet)) stream.key_frames().want();
}

void Peer::release_held(UplinkStream& stream, const MediaPacket& start) {
  for (const std::uint64_t sequence : stream.release(start.header.timestamp)) {
    const ByteView kept = stream.stored(sequence, start.arrival);
    const auto header = rtc::parse_rtp(kept);
    if (kept.empty() || !header) {
      context_.count(Drop::kFrameNotJudged);
      continue;
    }
    pass(stream, MediaPacket{kept, *header, sequence, {false, false, start.frame.epoch}, start.arrival});
  }
}

void Peer::on_rtcp(const rtc::Address& from, MutableByteView datagram, SteadyTime now) {
  const auto size = transport_.open_rtcp(from, datagram, now);
  if (!size) return;
  note_heard(now);
  const auto packets = rtc::parse_rtcp(datagram.first(*size));
  if (!packets) {
    context_.count(Drop::kMalformedRtcp);
    return;
  }
  for (const rtc::RtcpPacket& packet : *packets) {
    if (const auto* report = std::get_if<rtc::SenderReport>(&packet)) {
      take(*report, now);
      take_blocks(report->blocks, now);
    } else if (const auto* receiver_report = std::get_if<rtc::ReceiverReport>(&packet)) {
      take_blocks(receiver_report->blocks, now);
    } else if (const auto* nack = std::get_if<rtc::Nack>(&packet)) {
      take(*nack, now);
    } else if (const auto* loss = std::get_if<rtc::PictureLoss>(&packet)) {
      want_key_frame(loss->media_ssrc, now);
    } else if (const auto* intra = std::get_if<rtc::FullIntraRequest>(&packet)) {
      for (const auto& entry : intra->entries) want_key_frame(entry.ssrc, now);
    }
  }
}

void Peer::take(const rtc::SenderReport& report, SteadyTime now) {
  for_each_uplink([&](UplinkStream& stream) {
    if (stream.source().ssrc != report.ssrc || !stream.enabled()) return;
    const SenderClock clock{report.rtp_time, report.ntp, now};
    stream.set_sender_clock(clock);
    if (stream.may_record_report(now)) room_.pass_sender_report(stream, gate_, clock);
  });
}

DownlinkStream* Peer::find_downlink(std::uint32_t ssrc) {
  for (auto& downlink : downlinks_) {
    if (downlink->ssrc() == ssrc) return downlink.get();
  }
  return nullptr;
}

void Peer::take_blocks(const std::vector<rtc::ReportBlock>& blocks, SteadyTime now) {
  for (const rtc::ReportBlock& block : blocks) {
    DownlinkStream* downlink = find_downlink(block.ssrc);
    if (downlink == nullptr) continue;
    downlink->on_report_block(block);
    // Our reports speak in the sender's clock, so "now" has to as well.
    if (const auto report = downlink->make_report(now)) {
      if (const auto measured = rtc::round_trip_from(block, report->ntp)) round_trip_ = *measured;
    }
  }
}

void Peer::take(const rtc::Nack& nack, SteadyTime now) {
  if (DownlinkStream* downlink = find_downlink(nack.media_ssrc)) {
    downlink->retransmit(nack.sequences, round_trip_.value_or(kRoundTripGuess), now);
  }
}

Peer* Peer::member(EndpointId id) {
  for (Peer* peer : room_.members()) {
    if (peer->id() == id) return peer;
  }
  return nullptr;
}

void Peer::want_key_frame(std::uint32_t downlink_ssrc, SteadyTime now) {
  DownlinkStream* downlink = find_downlink(downlink_ssrc);
  // Who may not see a stream may not make its sender work either.
  if (downlink == nullptr || !downlink->is_video() || !downlink->allowed()) return;
  downlink->uplink().key_frames().want();
  if (Peer* sender = member(downlink->sender())) sender->flush_key_frame_request(downlink->uplink(), now);
}

void Peer::want_key_frames(SteadyTime now) {
  for_each_uplink([&](UplinkStream& stream) {
    if (!stream.is_video() || !stream.started) return;
    stream.key_frames().want();
    flush_key_frame_request(stream, now);
  });
}

// ---- what we say to the sender ----

void Peer::begin_compound() {
  scratch_.clear();
  rtc::append_receiver_report(scratch_, rtcp_ssrc_, {});
}

void Peer::flush_key_frame_request(UplinkStream& stream, SteadyTime now) {
  const auto due = stream.key_frames().next_deadline();
  if (!due) return;
  if (!transport_.ready() || stream.source().ssrc == 0) return;
  if (!stream.key_frames().take_due(now)) {
    arm(*due);
    return;
  }
  begin_compound();
  rtc::append_picture_loss(scratch_, rtcp_ssrc_, stream.source().ssrc);
  if (transport_.send_rtcp(scratch_)) ++context_.counters.key_frame_requests_sent;
}

void Peer::send_feedback(SteadyTime now) {
  if (!transport_.ready()) return;
  for_each_uplink([&](UplinkStream& stream) {
    if (rtc::NackGenerator* nack = stream.nack()) {
      const auto& missing = nack->take_due(round_trip_.value_or(kRoundTripGuess), now);
      if (!missing.empty() && !stream.guard().stopped()) {
        begin_compound();
        rtc::append_nack(scratch_, rtcp_ssrc_, stream.source().ssrc, missing);
        if (transport_.send_rtcp(scratch_)) context_.counters.nacks_sent += missing.size();
      }
      if (nack->take_key_frame_needed()) stream.key_frames().want();
    }
    flush_key_frame_request(stream, now);
  });
  if (transport_cc_) {
    const auto due = transport_cc_->next_deadline();
    if (due && *due <= now) {
      std::uint32_t media_ssrc = 0;
      for_each_uplink([&](UplinkStream& stream) {
        if (media_ssrc == 0) media_ssrc = stream.source().ssrc;
      });
      for (const Bytes& feedback : transport_cc_->take_due(rtcp_ssrc_, media_ssrc, now)) {
        begin_compound();
        append(scratch_, feedback);
        transport_.send_rtcp(scratch_);
      }
    }
  }
}

void Peer::send_reports(SteadyTime now) {
  if (!transport_.ready()) return;
  std::vector<rtc::ReportBlock> blocks;
  for_each_uplink([&](UplinkStream& stream) {
    if (stream.stats().active()) blocks.push_back(stream.stats().make_block(now));
  });
  // Split, so that no compound outgrows a packet: a sender report has 28 bytes.
  constexpr std::size_t kReportsPerPacket = 30;
  std::size_t reports = 0;
  scratch_.clear();
  rtc::append_receiver_report(scratch_, rtcp_ssrc_, blocks);
  rtc::append_cname(scratch_, rtcp_ssrc_, "parlour");
  bool anything = !blocks.empty();
  for (const auto& downlink : downlinks_) {
    const auto report = downlink->make_report(now);
    if (!report) continue;
    rtc::append_sender_report(scratch_, *report);
    anything = true;
    if (++reports % kReportsPerPacket == 0) {
      transport_.send_rtcp(scratch_);
      begin_compound();
      anything = false;
    }
  }
  if (anything) transport_.send_rtcp(scratch_);
}

void Peer::tell_quality() {
  if (!transport_.ready()) return;
  Quality quality{id_, 0, 0, round_trip_.value_or(Duration{})};
  std::uint64_t received = 0;
  std::int64_t lost = 0;
  for_each_uplink([&](UplinkStream& stream) {
    received += stream.stats().received() - stream.quality_received;
    lost += stream.stats().lost() - stream.quality_lost;
    stream.quality_received = stream.stats().received();
    stream.quality_lost = stream.stats().lost();
  });
  // Late packets are counted as lost first and as received later: never below zero.
  const auto lost_up = static_cast<std::uint64_t>(std::max<std::int64_t>(lost, 0));
  if (received + lost_up > 0) {
    quality.loss_up_permille = static_cast<std::uint32_t>(lost_up * 1000 / (received + lost_up));
  }
  DownlinkStream::Loss down;
  for (auto& downlink : downlinks_) {
    const DownlinkStream::Loss part = downlink->take_loss();
    down.expected += part.expected;
    down.lost += part.lost;
  }
  if (down.expected > 0)
    quality.loss_down_permille = static_cast<std::uint32_t>(down.lost * 1000 / down.expected);
  context_.tell(quality);
}

void Peer::note_heard(SteadyTime now) {
  heard_at_ = now;
  if (std::exchange(silent_, false)) context_.tell(Heard{id_});
}

void Peer::notice_stalls(SteadyTime now) {
  if (!plain_ && !silent_ && heard_at_ && now - *heard_at_ >= kSilentAfter) {
    silent_ = true;
    context_.tell(Silent{id_});
  }
  for_each_uplink([&](UplinkStream& stream) {
    if (!stream.started || stream.stalled || now - stream.last_packet < kStallAfter) return;
    stream.stalled = true;
    context_.tell(StreamStalled{id_, stream.slot()});
  });
}

// ---- time ----

void Peer::arm(SteadyTime at) {
  if (at >= deadline_) return;
  deadline_ = at;
  context_.arm(at);
}

void Peer::on_deadline(SteadyTime now) {
  transport_.on_deadline(now);
  send_feedback(now);
  if (now >= reports_due_) {
    // A late timer does not make reports come in a bunch.
    reports_due_ = now + kReportInterval;
    send_reports(now);
    notice_stalls(now);
    if (std::exchange(quality_turn_, !quality_turn_)) tell_quality();
  }
  rearm(now);
}

void Peer::rearm(SteadyTime now) {
  deadline_ = reports_due_;
  if (const auto due = transport_.next_deadline()) arm(*due);
  if (transport_.ready()) {
    if (transport_cc_) {
      if (const auto due = transport_cc_->next_deadline()) arm(*due);
    }
    for_each_uplink([&](UplinkStream& stream) {
      if (rtc::NackGenerator* nack = stream.nack()) {
        if (const auto due = nack->next_deadline(round_trip_.value_or(kRoundTripGuess))) arm(*due);
      }
      if (stream.source().ssrc == 0) return;
      if (const auto due = stream.key_frames().next_deadline()) arm(*due);
    });
  }
  // Whatever could not be done now is tried again, but never in a circle.
  deadline_ = std::max(deadline_, now + 1ms);
  context_.arm(deadline_);
}

}  // namespace parlour::media
