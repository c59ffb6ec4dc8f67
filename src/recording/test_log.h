// Makes and reads logs in tests.
#pragma once

#include <vector>

#include "memory_store.h"
#include "recording/format/opener.h"
#include "recording/log_writer.h"

namespace parlour::recording {

inline RecordingId test_recording() {
  ByteArray<16> id{};
  id[0] = 0x42;
  return RecordingId::from_bytes(id);
}

inline Bytes test_dek(std::uint8_t seed) {
  return Bytes(kDekSize, seed);
}

inline Bytes test_packet(std::uint64_t sequence, std::size_t payload) {
  Bytes header(12, 0x80);
  Bytes body(payload, static_cast<std::uint8_t>(sequence));
  Bytes encoded;
  encode(encoded, PacketRecord{7, sequence, {static_cast<std::int64_t>(sequence) * 20'000}, header, body});
  return encoded;
}

// One part: `packets` packets 20 ms apart, a sync every `sync_every`.
inline Result<LogPosition, StoreError> write_part(MemoryStore& store, LogPosition position,
                                                  std::uint64_t packets, std::uint64_t sync_every, bool close,
                                                  std::uint64_t first = 0, std::size_t payload = 100) {
  LogWriter writer(store, test_recording(), position,
                   crypto::Secret(test_dek(static_cast<std::uint8_t>(position.part))), nullptr);
  auto now = [](std::uint64_t i) {
    return Now{{static_cast<std::int64_t>(i) * 20'000}, {static_cast<std::int64_t>(i)}};
  };
  if (auto opened = writer.open(now(first)); !opened) return fail(opened.error());
  for (std::uint64_t i = first; i < first + packets; ++i) {
    if (auto ok = writer.append(test_packet(i, payload), 1, now(i)); !ok) return fail(ok.error());
    if (i % sync_every == sync_every - 1)
      if (auto ok = writer.sync(); !ok) return fail(ok.error());
  }
  if (close) {
    if (auto ok = writer.close(); !ok) return fail(ok.error());
  }
  return writer.position();
}

struct ReadBack {
  std::vector<std::uint64_t> sequences;
  std::vector<OpenedSegment> segments;
};

inline ReadBack read_part(ByteView file, PartOpener& opener) {
  ReadBack read;
  read.segments.push_back(opener.open(file, [&](const Record& record) {
    if (const auto* packet = std::get_if<PacketRecord>(&record)) read.sequences.push_back(packet->sequence);
  }));
  return read;
}

inline PartOpener test_opener(std::uint32_t part) {
  return PartOpener(crypto::Secret(test_dek(static_cast<std::uint8_t>(part))), test_recording(), part);
}

}  // namespace parlour::recording
