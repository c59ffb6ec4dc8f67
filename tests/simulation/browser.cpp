#include "browser.h"

#include <algorithm>

#include "e2ee/kid.h"
#include "e2ee/sframe_header.h"
#include "rtc/demux.h"
#include "rtc/header_extensions.h"
#include "rtc/sdp.h"
#include "rtc/stun.h"

namespace parlour::simulation {

namespace {

constexpr std::size_t kTail = 8;  // frame number, part, parts: at the end of each payload
constexpr std::size_t kAudioFilling = 60;
constexpr std::size_t kVideoFilling = 900;
constexpr std::uint8_t kSealed = 0x5A;
constexpr std::uint8_t kPlain = 0xEE;
constexpr Duration kAudioInterval = 20ms;
constexpr Duration kVideoInterval = 40ms;

}  // namespace

Browser::Browser(const crypto::Certificate& certificate, const rtc::Address& address, std::uint64_t seed,
                 const Config& config, SteadyTime now)
    : certificate_(certificate),
      address_(address),
      random_(seed),
      config_(config),
      ice_local_(rtc::IceCredentials::make(random_)),
      reports_due_(now + 1s),
      nacks_due_(now) {
  for (std::size_t slot = 0; slot < senders_.size(); ++slot) {
    Sender& sender = senders_[slot];
    sender.video = slot != 0;
    sender.active = slot == 0 || (slot == 1 && config.camera) || (slot == 2 && config.screen);
    sender.ssrc = random_.u32() | 1;
    sender.rtx = {random_.u32() | 1, rtc::kVp8RtxPayloadType, 100};
    sender.sequence = static_cast<std::uint16_t>(random_.u32());
    sender.timestamp = random_.u32();
  }
}

std::string Browser::answer(std::string_view sdp, SteadyTime now) {
  ReadOffer offer = read_offer(sdp);
  if (!ice_) {
    offer_ = offer;
    rtc::testing::IceControlling::Config config;
    config.local = ice_local_;
    config.remote = offer.ice;
    config.remote_address = offer.address;
    ice_.emplace(config, address_, random_, now);
    drain_ice();
  } else if (offer.ice != offer_.ice) {
    ice_local_ = rtc::IceCredentials::make(random_);
    ice_->restart(ice_local_, offer.ice, now);
    drain_ice();
  }
  offer_ = offer;
  for (const OfferedLine& line : offer.lines) {
    if (line.direction != "sendonly") continue;
    ReceivedStream& stream = received_[line.mid];
    if (stream.ssrc == line.ssrc) continue;
    stream = {};
    stream.mid = line.mid;
    stream.video = line.video;
    stream.ssrc = line.ssrc;
    stream.rtx_ssrc = line.rtx_ssrc;
  }
  std::array<SentStream, 3> uplinks;
  for (std::size_t slot = 0; slot < senders_.size(); ++slot) {
    uplinks[slot] = {senders_[slot].active, senders_[slot].ssrc, senders_[slot].rtx.ssrc,
                     config_.announce_ssrcs};
  }
  return write_answer(offer, ice_local_, certificate_.fingerprint(), uplinks);
}

void Browser::send(Bytes datagram) {
  outgoing_.push_back({media_address_.value_or(address()), offer_.address, std::move(datagram)});
}

std::vector<Datagram> Browser::take_outgoing() {
  return std::exchange(outgoing_, {});
}

void Browser::drain_ice() {
  for (auto& out : ice_->take_outgoing()) outgoing_.push_back({out.from, out.to, std::move(out.datagram)});
}

void Browser::drain_dtls() {
  for (Bytes& datagram : dtls_->take_outgoing()) send(std::move(datagram));
  if (sender_ || dtls_->state() != crypto::DtlsState::kConnected) return;
  auto keys = dtls_->take_srtp_keys();
  sender_.emplace(
      std::move(*rtc::SrtpSender::create(keys->profile, keys->local_key.view(), keys->local_salt.view())));
  receiver_.emplace(std::move(
      *rtc::SrtpReceiver::create(keys->profile, keys->remote_key.view(), keys->remote_salt.view())));
}

void Browser::handle(ByteView datagram, SteadyTime now) {
  if (asleep_until_ && now < *asleep_until_) return;
  Bytes copy = to_bytes(datagram);
  switch (rtc::classify(copy)) {
    case rtc::PacketKind::kStun:
      ice_->handle(copy, now);
      drain_ice();
      if (ice_->connected() && !dtls_) {
        crypto::Dtls::Config config;
        config.role = crypto::DtlsRole::kClient;
        config.certificate = &certificate_;
        config.peer_fingerprint = offer_.fingerprint;
        dtls_.emplace(std::move(*crypto::Dtls::create(config, now)));
        drain_dtls();
      }
      break;
    case rtc::PacketKind::kDtls:
      if (!dtls_) break;
      dtls_->handle(copy, now);
      drain_dtls();
      break;
    case rtc::PacketKind::kRtp:
      on_rtp(copy, now);
      break;
    case rtc::PacketKind::kRtcp:
      on_rtcp(copy, now);
      break;
    default:
      break;
  }
}

// ---- sending ----

void Browser::start_media(SteadyTime now) {
  media_on_ = true;
  // Streams of one browser do not tick together.
  for (std::size_t slot = 0; slot < senders_.size(); ++slot) {
    senders_[slot].due = now + Duration(1'000 * static_cast<std::int64_t>(slot + 1 + config_.index));
  }
}

Bytes Browser::protect(ByteView packet) {
  Bytes buffer = to_bytes(packet);
  buffer.resize(packet.size() + rtc::kSrtpMaxOverhead);
  buffer.resize(*sender_->protect_rtp(buffer, packet.size()));
  return buffer;
}

std::vector<Bytes> Browser::make_frame(Sender& sender, media::Slot slot, SteadyTime now) {
  const bool key = std::exchange(sender.want_key, false);
  const bool plain = plaintext_slot_ == slot;
  const e2ee::Kid kid{config_.epoch, config_.index, static_cast<std::uint8_t>(slot)};
  const auto header = e2ee::encode_sframe_header(kid.value(), sender.counter++);
  const std::size_t parts = sender.video ? config_.frame_packets : 1;
  std::vector<Bytes> packets;
  for (std::size_t part = 0; part < parts; ++part) {
    Bytes payload;
    if (sender.video) payload.push_back(part == 0 ? 0x10 : 0x00);  // RFC 7741: S, PID 0
    if (part == 0 && plain) {
      if (sender.video) {
        append(payload, ByteArray<10>{0x30, 0x01, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0xE0, 0x01});
      } else {
        payload.push_back(0x78);
      }
    } else if (part == 0) {
      if (sender.video && key) append(payload, e2ee::kShimKey);
      if (sender.video && !key) append(payload, e2ee::kShimDelta);
      append(payload, header.view());
    }
    payload.resize(payload.size() + (sender.video ? kVideoFilling : kAudioFilling), plain ? kPlain : kSealed);
    Writer(payload)
        .u32(sender.frame)
        .u16(static_cast<std::uint16_t>(part))
        .u16(static_cast<std::uint16_t>(parts));

    packets.push_back(packet(sender, slot, sender.video && part + 1 == parts, payload, now));
  }
  ++sender.frame;
  sender.last_timestamp = sender.timestamp;
  sender.captured = now;
  sender.timestamp += sender.video ? 3'600 : 960;
  return packets;
}

// A frame of the source, as libwebrtc cuts and describes it.
std::vector<Bytes> Browser::packets_of(Sender& sender, ByteView sealed, media::Slot slot, SteadyTime now) {
  constexpr std::size_t kPayloadMax = 1100;
  if (sender.video)
    sender.timestamp = static_cast<std::uint32_t>(sender.ssrc + device_time(now).us * 9 / 100);
  std::vector<Bytes> packets;
  ++sender.picture;
  for (std::size_t at = 0; at < sealed.size(); at += kPayloadMax) {
    Bytes payload;
    if (sender.video)
      Writer(payload)
          .u8(at == 0 ? 0x90 : 0x80)
          .u8(0x80)
          .u16(static_cast<std::uint16_t>(0x8000 | sender.picture));
    append(payload, sealed.subspan(at, std::min(kPayloadMax, sealed.size() - at)));
    packets.push_back(packet(sender, slot, sender.video && at + kPayloadMax >= sealed.size(), payload, now));
  }
  ++sender.frame;
  sender.last_timestamp = sender.timestamp;
  sender.captured = now;
  if (!sender.video) sender.timestamp += 960;
  return packets;
}

Bytes Browser::packet(Sender& sender, media::Slot slot, bool marker, ByteView payload, SteadyTime now) {
  rtc::RtpFields fields;
  fields.marker = marker;
  fields.payload_type = sender.video ? rtc::kVp8PayloadType : rtc::kOpusPayloadType;
  fields.sequence = sender.sequence++;
  fields.timestamp = sender.timestamp;
  fields.ssrc = sender.ssrc;
  const std::string mid = std::to_string(static_cast<int>(slot));
  ByteArray<2> transport_sequence;
  store_u16(transport_sequence.data(), transport_sequence_++);
  const std::array<rtc::RtpExtensionValue, 2> extensions = {
      {{rtc::kMidExtensionId, as_bytes(mid)}, {rtc::kTransportCcExtensionId, transport_sequence}}};
  Bytes packet(200 + payload.size());
  const std::size_t size = rtc::write_rtp_header(packet, fields, extensions);
  packet.resize(size);
  append(packet, payload);
  if (sender.video) sender.history.store(0x10000 + fields.sequence, packet, now);
  ++sender.packets;
  sender.octets += static_cast<std::uint32_t>(payload.size());
  return packet;
}

void Browser::sleep_until(SteadyTime until, bool clock_too, SteadyTime now) {
  asleep_until_ = until;
  if (clock_too) slept_ += until - now;
}

void Browser::send_frame(Sender& sender, media::Slot slot, SteadyTime now) {
  if (!source_) {
    for (const Bytes& packet : make_frame(sender, slot, now)) send(protect(packet));
    return;
  }
  const auto sealed = source_(slot, now);
  if (!sealed) return;
  for (const Bytes& packet : packets_of(sender, *sealed, slot, now)) send(protect(packet));
}

Bytes Browser::make_packet(media::Slot slot, SteadyTime now) {
  return protect(make_frame(senders_[static_cast<std::size_t>(slot)], slot, now)[0]);
}

Bytes Browser::make_probe(media::Slot slot) {
  Sender& sender = senders_[static_cast<std::size_t>(slot)];
  rtc::RtpFields fields;
  fields.payload_type = sender.video ? rtc::kVp8PayloadType : rtc::kOpusPayloadType;
  fields.sequence = sender.sequence++;
  fields.timestamp = sender.timestamp;
  fields.ssrc = sender.ssrc;
  Bytes packet(200);
  packet.resize(rtc::write_rtp_header(packet, fields));
  return protect(packet);
}

void Browser::send_rtcp(Bytes compound) {
  const std::size_t size = compound.size();
  compound.resize(size + rtc::kSrtcpMaxOverhead);
  compound.resize(*sender_->protect_rtcp(compound, size));
  send(std::move(compound));
}

void Browser::send_reports(SteadyTime now) {
  Bytes compound;
  for (const Sender& sender : senders_) {
    if (!sender.active || sender.packets == 0) continue;
    rtc::SenderReport report;
    report.ssrc = sender.ssrc;
    report.ntp = rtc::ntp_from_utc({device_time(now).us + corrected_.count() + 1'700'000'000'000'000});
    report.rtp_time = sender.last_timestamp + static_cast<std::uint32_t>((now - sender.captured).count() *
                                                                         (sender.video ? 90 : 48) / 1000);
    report.packets = sender.packets;
    report.octets = sender.octets;
    rtc::append_sender_report(compound, report);
  }
  if (!compound.empty()) send_rtcp(std::move(compound));
}

void Browser::send_nacks(SteadyTime now) {
  for (auto& [mid, stream] : received_) {
    if (!stream.video || stream.packets == 0) continue;
    const auto& missing = stream.nack.take_due(50ms, now);
    Bytes compound;
    rtc::append_receiver_report(compound, 1, {});
    if (!missing.empty()) {
      stream.asked += missing.size();
      rtc::append_nack(compound, 1, stream.ssrc, missing);
      send_rtcp(compound);
    }
    if (stream.nack.take_key_frame_needed()) ask_for_key_frame(mid, now);
  }
}

void Browser::ask_for_key_frame(const std::string& mid, SteadyTime now) {
  ReceivedStream& stream = received_[mid];
  ++stream.plis;
  stream.last_pli = now;
  Bytes compound;
  rtc::append_receiver_report(compound, 1, {});
  rtc::append_picture_loss(compound, 1, stream.ssrc);
  send_rtcp(std::move(compound));
}

void Browser::move_to(const rtc::Address& address, SteadyTime now) {
  ice_->move_to(address, now);
  drain_ice();
}

void Browser::close(SteadyTime now) {
  media_on_ = false;
  if (!dtls_) return;
  dtls_->close(now);
  drain_dtls();
}

// ---- receiving ----

void Browser::on_rtp(MutableByteView datagram, SteadyTime now) {
  if (!receiver_) return;
  const auto opened = receiver_->unprotect_rtp(datagram);
  if (!opened) {
    ++undecryptable_;
    return;
  }
  MutableByteView packet = datagram.first(opened->size);
  auto header = rtc::parse_rtp(packet);
  if (!header) return;
  for (auto& [mid, stream] : received_) {
    if (header->ssrc == stream.ssrc) {
      take_media(stream, packet, *header, false, now);
    } else if (header->ssrc == stream.rtx_ssrc && stream.rtx_ssrc != 0) {
      auto original = rtc::unwrap_rtx(packet, *header, stream.ssrc, rtc::kVp8PayloadType);
      if (original) take_media(stream, original->packet, original->header, true, now);
    }
  }
}

void Browser::take_media(ReceivedStream& stream, ByteView packet, const rtc::RtpHeader& header, bool repaired,
                         SteadyTime now) {
  const std::uint64_t sequence = stream.unwrapper.unwrap(header.sequence);
  if (!stream.seen.insert(sequence).second) return;
  if (stream.packets > 0) stream.longest_gap = std::max(stream.longest_gap, now - stream.last_arrival);
  stream.last_arrival = now;
  ++stream.packets;
  if (repaired) ++stream.repaired;
  if (stream.video) stream.nack.on_packet(sequence, now);
  const ByteView payload = header.payload(packet);
  if (payload.size() < kTail) return;
  Reader tail(payload.last(kTail));
  const std::uint32_t frame = tail.u32();
  tail.skip(2);
  const std::uint16_t parts = tail.u16();
  Reader part_reader(payload.last(kTail).subspan(4));
  const std::uint16_t part = part_reader.u16();
  if (payload[payload.size() - kTail - 1] == kPlain) ++stream.plaintext;
  const bool key = stream.video && part == 0 && payload.size() > 1 && payload[1] == e2ee::kShimKey[0];
  if (!stream.first_frame || sequence < stream.first_sequence) {
    stream.first_sequence = sequence;
    stream.first_frame = frame;
    stream.first_was_key = key;
  }
  if (key) stream.nack.on_key_frame(sequence);
  auto& have = stream.parts[frame];
  have.insert(part);
  if (have.size() < parts) return;
  stream.complete.insert(frame);
  stream.parts.erase(frame);
}

void Browser::on_rtcp(MutableByteView datagram, SteadyTime now) {
  if (!receiver_) return;
  const auto size = receiver_->unprotect_rtcp(datagram);
  if (!size) {
    ++undecryptable_;
    return;
  }
  const auto packets = rtc::parse_rtcp(datagram.first(*size));
  if (!packets) return;
  for (const auto& packet : *packets) {
    if (const auto* nack = std::get_if<rtc::Nack>(&packet)) {
      for (Sender& sender : senders_) {
        if (sender.ssrc != nack->media_ssrc || !sender.video || !config_.repairs) continue;
        for (const std::uint16_t sequence : nack->sequences) {
          const ByteView kept = sender.history.find(0x10000u + sequence, now);
          const auto header = rtc::parse_rtp(kept);
          if (kept.empty() || !header) continue;
          Bytes rtx(kept.size() + rtc::kRtxOverhead);
          rtx.resize(rtc::wrap_rtx(rtx, kept, *header, sender.rtx));
          ++nacks_answered_;
          send(protect(rtx));
        }
      }
    } else if (const auto* loss = std::get_if<rtc::PictureLoss>(&packet)) {
      for (Sender& sender : senders_) {
        if (sender.ssrc != loss->media_ssrc) continue;
        sender.want_key = true;
        ++key_frame_requests_;
      }
    } else if (std::get_if<rtc::TransportFeedback>(&packet) != nullptr) {
      ++feedback_received_;
    } else if (const auto* report = std::get_if<rtc::SenderReport>(&packet)) {
      for (auto& [mid, stream] : received_) {
        if (stream.ssrc == report->ssrc) ++stream.sender_reports;
      }
    }
  }
}

// ---- time ----

SteadyTime Browser::next_deadline() const {
  if (asleep_until_) return *asleep_until_;
  SteadyTime next{std::numeric_limits<std::int64_t>::max()};
  if (ice_) next = std::min(next, ice_->next_deadline());
  if (dtls_) {
    if (const auto due = dtls_->next_deadline()) next = std::min(next, *due);
  }
  if (!sender_) return next;
  next = std::min({next, reports_due_, nacks_due_});
  if (!media_on_) return next;
  for (const Sender& sender : senders_) {
    if (sender.active) next = std::min(next, sender.due);
  }
  return next;
}

void Browser::on_deadline(SteadyTime now) {
  if (asleep_until_) {
    if (now < *asleep_until_) return;
    asleep_until_.reset();
    for (Sender& sender : senders_) sender.due = std::max(sender.due, now);
    reports_due_ = std::max(reports_due_, now);
  }
  if (ice_ && ice_->next_deadline() <= now) {
    ice_->on_deadline(now);
    drain_ice();
  }
  if (dtls_) {
    if (const auto due = dtls_->next_deadline(); due && *due <= now) {
      dtls_->on_deadline(now);
      drain_dtls();
    }
  }
  if (!sender_) return;
  if (media_on_) {
    for (std::size_t slot = 0; slot < senders_.size(); ++slot) {
      Sender& sender = senders_[slot];
      if (!sender.active || sender.due > now) continue;
      send_frame(sender, static_cast<media::Slot>(slot), now);
      sender.due = now + (sender.video ? kVideoInterval : kAudioInterval);
    }
  }
  if (reports_due_ <= now) {
    send_reports(now);
    reports_due_ = now + 1s;
  }
  if (nacks_due_ <= now) {
    send_nacks(now);
    nacks_due_ = now + 10ms;
  }
}

}  // namespace parlour::simulation
