// Audit log. The goal is one million verified entries a second: canonical form, number, time, leaf hash,
// tree, completeness, tiles and the container's checksum, from a bundle in memory; `parlour audit verify`
// uses all cores, and "threads" says how many here. Half of one core's time is SHA-256, at what the
// processor's own instructions give.
//   build/release/bench/audit/audit_bench
#include <benchmark/benchmark.h>

#include "audit/format/canonical.h"
#include "audit/format/proof.h"
#include "audit/format/zip.h"
#include "audit/verify/verify_bundle.h"
#include "base/crc32.h"
#include "testing/sample_log.h"

namespace parlour::audit {
namespace {

using testing::SampleLog;

// About 20 entries a meeting, 520 bytes each, half of the meetings recorded; a head every 50 meetings.
SampleLog log_of(std::int64_t entries) {
  SampleLog log;
  for (int i = 0; static_cast<std::int64_t>(log.entries.size()) < entries; ++i) {
    log.add_meeting(i % 2 == 0 ? "required" : "never");
    if (i % 50 == 49) log.add_logged_checkpoint();
  }
  return log;
}

void set_rates(benchmark::State& state, std::int64_t entries, std::int64_t bytes) {
  state.SetItemsProcessed(state.iterations() * entries);
  state.SetBytesProcessed(state.iterations() * bytes);
}

void verify(benchmark::State& state) {
  SampleLog log = log_of(state.range(0));
  Bytes bundle = log.bundle();
  VerifyOptions options;
  options.keys = {log.verifier_key()};
  options.threads = static_cast<unsigned>(state.range(2));
  if (state.range(1) == 0) {
    // Without the personal values: each of them costs an HMAC and a look at its entry.
    BundleBuilder builder(log.signed_head());
    for (const Bytes& entry : log.entries) builder.add_entry(entry);
    bundle = *builder.finish();
  }
  for (auto _ : state) {
    Report report = verify_bundle(bundle, options);
    if (report.exit_status() != 0) state.SkipWithError(report.verdict.c_str());
    benchmark::DoNotOptimize(report);
  }
  set_rates(state, static_cast<std::int64_t>(log.entries.size()), static_cast<std::int64_t>(bundle.size()));
}
BENCHMARK(verify)
    ->Args({10'000, 0, 1})
    ->Args({200'000, 0, 1})
    ->Args({1'000'000, 0, 1})
    ->Args({1'000'000, 0, 2})
    ->Args({200'000, 1, 1})
    ->Args({200'000, 1, 2})
    ->ArgNames({"entries", "private", "threads"})
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

void read_entries(benchmark::State& state) {
  SampleLog log = log_of(10'000);
  std::int64_t bytes = 0;
  for (const Bytes& entry : log.entries) bytes += static_cast<std::int64_t>(entry.size());
  for (auto _ : state)
    for (const Bytes& entry : log.entries) benchmark::DoNotOptimize(read_entry(as_text(entry)));
  set_rates(state, static_cast<std::int64_t>(log.entries.size()), bytes);
}
BENCHMARK(read_entries)->Unit(benchmark::kMillisecond);

void leaf_hashes_and_tree(benchmark::State& state) {
  SampleLog log = log_of(10'000);
  for (auto _ : state) {
    MerkleTree tree;
    tree.reserve(log.entries.size());
    for (const Bytes& entry : log.entries) tree.append(leaf_hash(entry));
    benchmark::DoNotOptimize(tree.root());
  }
  set_rates(state, static_cast<std::int64_t>(log.entries.size()), 0);
}
BENCHMARK(leaf_hashes_and_tree)->Unit(benchmark::kMillisecond);

void container_checksum(benchmark::State& state) {
  Bytes data(1 << 20, 0x5A);
  for (auto _ : state) benchmark::DoNotOptimize(crc32(data));
  set_rates(state, 1, static_cast<std::int64_t>(data.size()));
}
BENCHMARK(container_checksum);

// What the writer adds to a transaction: the bytes, two commitments, the leaf and the tree; storage is not in
// it.
void make_and_append(benchmark::State& state) {
  SeededRandom random(1);
  EntryBuilder draft = EntryBuilder("link.opened")
                           .actor({ActorKind::kCustomer, "0192d3a0-0000-7000-8000-000000000001"})
                           .meeting("0192d3a0-0000-7000-8000-000000000002", "wealth/3")
                           .set("kind", "customer")
                           .personal("ip", "192.0.2.7")
                           .personal("user_agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/120");
  Sequencer sequencer("bank.example/audit");
  for (auto _ : state) {
    auto made = draft.make({sequencer.size(), UtcTime{1'795'000'000'000'000}, "boot", SteadyTime{1}}, random);
    benchmark::DoNotOptimize(sequencer.append(made->bytes));
  }
  set_rates(state, 1, 0);
}
BENCHMARK(make_and_append);

}  // namespace
}  // namespace parlour::audit
