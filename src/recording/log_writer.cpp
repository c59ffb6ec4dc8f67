#include "recording/log_writer.h"

#include <cassert>

#include "recording/format/records.h"
#include "recording/format/segment.h"

namespace parlour::recording {
namespace {

// Plaintext that makes a chunk of its own: large enough for the frame's overhead not to matter, small enough
// for a torn one not to.
constexpr std::size_t kChunkTarget = 64 * 1024;

}  // namespace

LogWriter::LogWriter(SegmentStore& store, const RecordingId& recording, const LogPosition& position,
                     crypto::Secret dek, OnSealed on_sealed)
    : store_(store),
      recording_(recording),
      part_(position.part),
      index_(position.next_index),
      previous_(position.previous),
      chain_(std::move(dek), recording, position.part),
      on_sealed_(std::move(on_sealed)) {}

LogWriter::~LogWriter() = default;

Result<void, StoreError> LogWriter::open(Now now) {
  return start_segment(now);
}

Result<void, StoreError> LogWriter::start_segment(Now now) {
  if (!first_segment_) chain_.advance();
  first_segment_ = false;
  crypto::Secret key = chain_.segment_key();
  auto cipher = crypto::AesGcm::create(key.view());
  if (!cipher) return fail(StoreError::kIo);
  cipher_.emplace(std::move(*cipher));

  auto file = store_.create(segment_file_name(index_));
  if (!file) return fail(file.error());
  file_ = std::move(*file);

  header_ = encode_header({recording_, part_, index_, chain_.ordinal(), previous_, now.steady, now.utc});
  content_hash_ = crypto::Sha256();
  file_hash_ = crypto::Sha256();
  chunk_ = 0;
  records_ = 0;
  segment_bytes_ = 0;
  segment_started_ = now.steady;
  content_hash_.update(header_);
  if (auto put_result = put(header_); !put_result) return put_result;
  return file_->sync();
}

Result<void, StoreError> LogWriter::put(ByteView bytes) {
  file_hash_.update(bytes);
  segment_bytes_ += bytes.size();
  bytes_written_ += bytes.size();
  return file_->append(bytes);
}

Result<void, StoreError> LogWriter::append(ByteView encoded, std::uint32_t count, Now now) {
  assert(file_);
  if (now.steady - segment_started_ >= kSegmentDurationMax) {
    if (auto done = finish_segment(); !done) return done;
    if (auto started = start_segment(now); !started) return started;
  }
  Reader reader(encoded);
  for (std::uint32_t i = 0; i < count; ++i) {
    ByteView rest = reader.rest();
    assert(rest.size() >= kRecordHeaderSize);
    const std::size_t size = kRecordHeaderSize + (load_u32(rest.data()) & 0xFFFFFF);
    ByteView record = reader.take(size);
    assert(!reader.failed());
    parlour::append(pending_, record);
    ++pending_records_;
    if (pending_.size() < kChunkTarget) continue;
    if (auto sealed = seal_pending(false); !sealed) return sealed;
    // Room for one more chunk of the usual size, the footer and the final chunk has to remain.
    if (segment_bytes_ + 2 * (kChunkTarget + kRecordBodyMax) + kFooterSize < kSegmentBytesMax) continue;
    if (auto done = finish_segment(); !done) return done;
    if (auto started = start_segment(now); !started) return started;
  }
  return {};
}

Result<void, StoreError> LogWriter::seal_pending(bool final) {
  if (pending_.empty() && !final) return {};
  const ByteArray<12> nonce = chunk_nonce(chunk_, final);
  const std::size_t size = pending_.size();
  pending_.resize(size + crypto::kGcmTagSize);
  MutableByteView whole(pending_);
  if (!cipher_->seal_in_place(nonce, header_, whole.first(size), whole.subspan(size)))
    return fail(StoreError::kIo);
  frame_.clear();
  append_chunk_frame(frame_, static_cast<std::uint16_t>(pending_records_), pending_);
  update_content(content_hash_, frame_);
  ++chunk_;
  records_ += pending_records_;
  pending_.clear();
  pending_records_ = 0;
  return put(frame_);
}

Result<void, StoreError> LogWriter::flush() {
  return seal_pending(false);
}

Result<void, StoreError> LogWriter::sync() {
  if (auto flushed = flush(); !flushed) return flushed;
  return file_->sync();
}

Result<void, StoreError> LogWriter::finish_segment() {
  if (auto sealed = seal_pending(true); !sealed) return sealed;
  cipher_.reset();
  const Bytes footer = encode_footer({false, chunk_, records_, content_hash_.finish()});
  file_hash_.update(footer);
  segment_bytes_ += footer.size();
  bytes_written_ += footer.size();
  if (auto appended = file_->append(footer); !appended) return appended;
  if (auto synced = file_->sync(); !synced) return synced;
  file_.reset();
  const SegmentFact fact{index_, part_, file_hash_.finish(), segment_bytes_, false};
  previous_ = fact.sha256;
  ++index_;
  if (on_sealed_) on_sealed_(fact);
  return {};
}

Result<void, StoreError> LogWriter::close() {
  return finish_segment();
}

LogPosition LogWriter::position() const {
  return {part_ + 1, index_, previous_};
}

}  // namespace parlour::recording
