// Opens sealed segments for the vault: key chain in, records out, damage named by its place.
//
// A part is opened segment by segment in any order; each keeps what can be authenticated. What it does not
// do: judge whether the set of segments is the one that was sealed (ChainCheck in chain.h does), or what
// records mean. One thread. `on_record` gets views that live until it returns.
#pragma once

#include <functional>

#include "recording/format/key_chain.h"
#include "recording/format/records.h"
#include "recording/format/segment.h"

namespace parlour::recording {

struct OpenedSegment {
  std::optional<SegmentHeader> header;
  bool final_seen = false;  // false: cut short; acceptable only as the last of a part
  bool recovered = false;
  std::uint32_t chunks_opened = 0;
  std::uint32_t records = 0;
  std::vector<Damage> damage;
};

class PartOpener {
 public:
  // dek: opened from the part's envelope.
  PartOpener(crypto::Secret dek, const RecordingId& recording, std::uint32_t part);

  OpenedSegment open(ByteView file, const std::function<void(const Record&)>& on_record);

 private:
  KeyChain start_;
  KeyChain current_;
  RecordingId recording_;
  std::uint32_t part_;
};

}  // namespace parlour::recording
