#include "recording/recovery.h"

#include <algorithm>
#include <map>

namespace parlour::recording {
namespace {

// Cuts the file after its last whole chunk and closes it with a `recovered` footer. Damage in its middle
// stays: the vault names it from the checksums.
Result<SegmentFact, StoreError> close_unfinished(SegmentStore& store, const std::string& name, ByteView file,
                                                 const SegmentScan& scan, RecoveryReport& report) {
  std::size_t end = kHeaderSize;
  std::uint32_t records = 0;
  for (const ChunkFrame& chunk : scan.chunks) {
    end = chunk.offset + kChunkOverhead + chunk.sealed.size();
    records += chunk.records;
  }
  ByteView kept = file.first(end);
  const Bytes footer = encode_footer(
      {true, static_cast<std::uint32_t>(scan.chunks.size()), records, content_hash(file, scan.chunks)});
  auto reopened = store.reopen(name, end);
  if (!reopened) return fail(reopened.error());
  if (auto appended = (*reopened)->append(footer); !appended) return fail(appended.error());
  if (auto synced = (*reopened)->sync(); !synced) return fail(synced.error());
  report.cut = true;
  report.bytes_lost = file.size() - end;
  return SegmentFact{scan.header->index, scan.header->part, crypto::sha256({kept, footer}),
                     end + footer.size(), true};
}

}  // namespace

Result<RecoveryReport, StoreError> recover(SegmentStore& store, const RecordingId& recording) {
  auto listed = store.list();
  if (!listed) return fail(listed.error());
  std::map<std::uint32_t, FileInfo> files;
  for (FileInfo& info : *listed)
    if (auto index = segment_index_of(info.name)) files.emplace(*index, std::move(info));

  RecoveryReport report;
  ChainCheck chain(recording);
  for (auto at = files.begin(); at != files.end(); ++at) {
    const auto& [index, info] = *at;
    const bool last = std::next(at) == files.end();
    report.last_write = std::max(report.last_write, info.modified);
    auto file = store.read(info.name);
    if (!file) return fail(file.error());
    SegmentScan scan = scan_segment(*file);
    if (last && file->size() < kHeaderSize) {
      // The crash came before the header was whole: nothing was captured under this number, which is used
      // again.
      if (auto removed = store.remove(info.name); !removed) return fail(removed.error());
      report.bytes_lost = file->size();
      break;
    }
    if (!scan.header) {
      const crypto::Hash256 hash = crypto::sha256(*file);
      chain.unreadable(index, hash);
      report.next = {report.next.part, index + 1, hash};
      continue;
    }
    SegmentFact fact{index, scan.header->part, {}, file->size(), scan.footer && scan.footer->recovered};
    if (!scan.footer && last) {
      auto closed = close_unfinished(store, info.name, *file, scan, report);
      if (!closed) return fail(closed.error());
      fact = *closed;
    } else {
      fact.sha256 = crypto::sha256(*file);
    }
    chain.add(index, *scan.header, fact.sha256);
    report.segments.push_back(fact);
    report.next = {fact.part + 1, index + 1, fact.sha256};
  }
  report.faults = chain.faults();
  return report;
}

}  // namespace parlour::recording
