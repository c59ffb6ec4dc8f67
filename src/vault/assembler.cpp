#include "vault/assembler.h"

#include <algorithm>

#include "rtc/vp8_descriptor.h"

namespace parlour::vault {

using recording::StreamCodec;

FrameAssembler::FrameAssembler(StreamCodec codec, std::uint32_t anchor, OnFrame on_frame)
    : codec_(codec), on_frame_(std::move(on_frame)), base_(clock_.unwrap(anchor)) {}

void FrameAssembler::packet(const recording::PacketRecord& record) {
  ++counts_.packets;
  // The payload was stored apart from the header, so the header is parsed alone; padding belongs to the
  // payload's end.
  Bytes whole = to_bytes(record.rtp_header);
  append(whole, record.payload);
  auto header = rtc::parse_rtp(whole);
  if (!header) {
    ++counts_.malformed;
    return;
  }
  newest_ = std::max(newest_, record.arrival);
  if (next_ && record.sequence < *next_) {
    ++counts_.late;
    return;
  }
  Held held{record.arrival, header->timestamp, header->marker, to_bytes(header->payload(ByteView(whole)))};
  if (!held_.emplace(record.sequence, std::move(held)).second) {
    ++counts_.duplicates;
    return;
  }
  release(false);
}

void FrameAssembler::advance(SteadyTime now) {
  newest_ = std::max(newest_, now);
  release(false);
}

void FrameAssembler::flush() {
  release(true);
  if (building_) ++counts_.incomplete_frames;
  building_ = false;
}

void FrameAssembler::release(bool all) {
  while (!held_.empty()) {
    auto first = held_.begin();
    const bool consecutive = next_ && first->first == *next_;
    // The very first packets wait too: the one that arrived first need not be the first.
    const bool given_up = all || newest_ - first->second.arrival > kReorderMax || held_.size() > kHeldMax;
    if (!consecutive && !given_up) return;
    auto node = held_.extract(first);
    in_order(node.key(), std::move(node.mapped()));
  }
}

void FrameAssembler::in_order(std::uint64_t sequence, Held held) {
  const bool after_hole = next_ && sequence != *next_;
  if (after_hole) counts_.missing_packets += sequence - *next_;
  next_ = sequence + 1;
  if (held.payload.empty()) return;  // padding only: probing
  if (codec_ == StreamCodec::kVp8) {
    vp8(std::move(held), after_hole);
    return;
  }
  on_frame_({static_cast<std::int64_t>(clock_.unwrap(held.rtp_time)) - static_cast<std::int64_t>(base_),
             held.arrival, std::move(held.payload)});
}

void FrameAssembler::vp8(Held held, bool after_hole) {
  auto descriptor = rtc::parse_vp8_descriptor(held.payload);
  if (!descriptor) {
    ++counts_.malformed;
    return;
  }
  const ByteView body = ByteView(held.payload).subspan(descriptor->size);
  if (descriptor->starts_frame()) {
    if (building_) ++counts_.incomplete_frames;
    building_ = true;
    building_time_ = held.rtp_time;
    building_data_.clear();
  } else if (!building_ || after_hole || held.rtp_time != building_time_) {
    if (building_) ++counts_.incomplete_frames;
    building_ = false;
    return;
  }
  append(building_data_, body);
  if (!held.marker) return;
  building_ = false;
  on_frame_({static_cast<std::int64_t>(clock_.unwrap(building_time_)) - static_cast<std::int64_t>(base_),
             held.arrival, std::move(building_data_)});
  building_data_ = {};
}

}  // namespace parlour::vault
