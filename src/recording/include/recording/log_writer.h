// LogWriter: the sealed log of one part, written through a SegmentStore. No thread and no clock of its own;
// the recorder's writer thread drives it with the time.
//
// Order of calls: open(), then append()/flush()/sync() in any order, then close(). Any StoreError ends it:
// the part is then finished by recovery (recovery.h) and a new part begins. Encoded records go in as bytes,
// so that the media thread encodes once and the writer only seals.
#pragma once

#include <functional>
#include <optional>

#include "crypto/aead.h"
#include "recording/format/chain.h"
#include "recording/format/key_chain.h"
#include "recording/store.h"

namespace parlour::recording {

struct LogPosition {
  std::uint32_t part = 1;
  std::uint32_t next_index = 0;
  crypto::Hash256 previous = kNoPreviousSegment;
};

class LogWriter {
 public:
  using OnSealed = std::function<void(const SegmentFact&)>;

  LogWriter(SegmentStore& store, const RecordingId& recording, const LogPosition& position,
            crypto::Secret dek, OnSealed on_sealed);
  ~LogWriter();

  // Writes the header of the first segment and makes it durable.
  Result<void, StoreError> open(Now now);
  // `encoded`: whole records, `count` of them. Seals a chunk whenever enough has come together, and moves to
  // the next segment when this one is full or old enough.
  Result<void, StoreError> append(ByteView encoded, std::uint32_t count, Now now);
  // Seals what is pending into a chunk and appends it; sync() also makes it durable.
  Result<void, StoreError> flush();
  Result<void, StoreError> sync();
  // Final chunk, footer, durable. Afterwards position() tells where the next part (number + 1) goes on.
  Result<void, StoreError> close();

  LogPosition position() const;
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  Result<void, StoreError> start_segment(Now now);
  Result<void, StoreError> seal_pending(bool final);
  Result<void, StoreError> finish_segment();
  Result<void, StoreError> put(ByteView bytes);

  SegmentStore& store_;
  RecordingId recording_;
  std::uint32_t part_;
  std::uint32_t index_;
  crypto::Hash256 previous_;
  KeyChain chain_;
  OnSealed on_sealed_;

  std::unique_ptr<AppendFile> file_;
  std::optional<crypto::AesGcm> cipher_;
  crypto::Sha256 content_hash_;  // for the footer
  crypto::Sha256 file_hash_;     // of the whole file
  Bytes header_;
  Bytes pending_;
  Bytes frame_;
  std::uint32_t pending_records_ = 0;
  std::uint32_t chunk_ = 0;
  std::uint32_t records_ = 0;
  std::uint64_t segment_bytes_ = 0;
  std::uint64_t bytes_written_ = 0;
  SteadyTime segment_started_;
  bool first_segment_ = true;
};

}  // namespace parlour::recording
