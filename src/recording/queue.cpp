#include "queue.h"

#include <algorithm>

namespace parlour::recording {
namespace {

// From here on the writer is woken without waiting for its tick.
constexpr std::size_t kWakeBytes = 64 * 1024;
// Above the packets' limit, for what is small and must not be lost.
constexpr std::size_t kReserveBytes = 4 * 1024 * 1024;

}  // namespace

void QueueBatch::clear() {
  encoded.clear();
  records = 0;
  durable_wanted = false;
  first_packets.clear();
  lost.reset();
}

template <class R>
void RecordQueue::push(const R& record, bool durable_wanted) {
  if (closed_ || batch_.encoded.size() > bytes_max_ + kReserveBytes) return;
  encode(batch_.encoded, record);
  ++batch_.records;
  if (durable_wanted) {
    batch_.durable_wanted = true;
    ready_.notify_one();
  }
}

void RecordQueue::add_stream(const media::StreamInfo& stream, SteadyTime at) {
  std::lock_guard lock(mutex_);
  streams_.push_back({stream});
  StreamAddedRecord record;
  record.stream = stream.stream;
  record.endpoint = stream.endpoint.value;
  record.sender_index = stream.sender_index;
  record.slot = static_cast<StreamSlot>(stream.slot);
  record.codec = static_cast<StreamCodec>(stream.codec);
  record.ssrc = stream.ssrc;
  record.clock_rate = stream.clock_rate;
  record.at = at;
  push(record, false);
}

void RecordQueue::remove_stream(std::uint32_t stream, SteadyTime at) {
  std::lock_guard lock(mutex_);
  std::erase_if(streams_, [&](const Known& known) { return known.info.stream == stream; });
  push(StreamRemovedRecord{stream, at}, false);
}

void RecordQueue::packet(const PacketRecord& record) {
  std::lock_guard lock(mutex_);
  const std::size_t size = record.rtp_header.size() + record.payload.size();
  if (!packets_open_ || closed_ || size > kRecordBodyMax / 2) {
    ++dropped_;
    return;
  }
  if (batch_.encoded.size() + size > bytes_max_) {
    ++dropped_;
    if (!batch_.lost) batch_.lost = QueueBatch::Lost{record.arrival, record.arrival, 0};
    batch_.lost->to = record.arrival;
    ++batch_.lost->packets;
    return;
  }
  for (Known& known : streams_) {
    if (known.info.stream != record.stream) continue;
    if (!known.packet_seen) batch_.first_packets.emplace_back(known.info, record.arrival);
    known.packet_seen = true;
    break;
  }
  const bool was_small = batch_.encoded.size() < kWakeBytes;
  push(record, false);
  if (was_small && batch_.encoded.size() >= kWakeBytes) ready_.notify_one();
}

void RecordQueue::sender_report(const SenderReportRecord& record) {
  std::lock_guard lock(mutex_);
  push(record, false);
}

void RecordQueue::announcement(const AnnouncementRecord& record) {
  std::lock_guard lock(mutex_);
  push(record, false);
}

void RecordQueue::mark(const MarkRecord& record) {
  std::lock_guard lock(mutex_);
  push(record, true);
}

void RecordQueue::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  ready_.notify_one();
}

void RecordQueue::open_for_packets() {
  std::lock_guard lock(mutex_);
  packets_open_ = true;
}

void RecordQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

void RecordQueue::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, at_most,
                  [&] { return woken_ || batch_.durable_wanted || batch_.encoded.size() >= kWakeBytes; });
  woken_ = false;
}

void RecordQueue::take(QueueBatch& batch) {
  batch.clear();
  std::lock_guard lock(mutex_);
  std::swap(batch, batch_);
}

std::uint64_t RecordQueue::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace parlour::recording
