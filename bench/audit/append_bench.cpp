// What the audit log takes from a transaction, through the database as `parlour serve` opens it (WAL, full
// synchronous): number, entry, two committed values with their rows, commit. In the working directory, so its
// disk is what is measured.
//   cd SOMEWHERE && build/release/bench/audit/append_bench
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "audit/format/canonical.h"
#include "base/random.h"
#include "runtime/executor.h"
#include "store_sqlite/audit_log.h"

namespace parlour::store_sqlite {
namespace {

namespace fs = std::filesystem;

class Place {
 public:
  Place() : folder_(fs::current_path() / ("append-bench-" + std::to_string(::getpid()))) {
    fs::create_directory(folder_);
    auto opened = SqliteStore::open(folder_ / "parlour.db", clock_.now().utc);
    if (!opened) return;
    store = std::move(*opened);
    log = std::make_unique<SqliteAuditLog>(*store, clock_, random_, "bench");
  }
  ~Place() {
    log.reset();
    store.reset();
    fs::remove_all(folder_);
  }

  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<SqliteAuditLog> log;

 private:
  runtime::SystemClock clock_;
  SeededRandom random_{1};
  fs::path folder_;
};

app::AuditRecord record() {
  app::AuditRecord out;
  out.type = "auth.login_failed";
  out.actor = meeting::Actor::system();
  out.outcome = "denied";
  out.reason = "credentials";
  out.data.set("method", "password");
  out.personal = {{"ip", Redacted<std::string>("192.0.2.7"), ""},
                  {"user_agent", Redacted<std::string>("Mozilla/5.0 (X11; Linux x86_64) Chrome/120"), ""}};
  return out;
}

// range(0): entries in one transaction. One is the worst case, a commit for each entry; a command has one to
// three.
void append(benchmark::State& state) {
  Place place;
  if (!place.log) return state.SkipWithError("the database cannot be opened");
  const app::AuditRecord entry = record();
  for (auto _ : state) {
    app::Work work(*place.store);
    for (std::int64_t i = 0; i < state.range(0); ++i) benchmark::DoNotOptimize(place.log->append(entry));
    work.commit();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append)->Arg(1)->Arg(3)->Arg(20)->Arg(1000)->ArgName("batch")->UseRealTime()->Unit(
    benchmark::kMicrosecond);

// The whole log read at a start: every entry hashed into the tree.
void load(benchmark::State& state) {
  Place place;
  if (!place.log) return state.SkipWithError("the database cannot be opened");
  const app::AuditRecord entry = record();
  app::Work work(*place.store);
  for (std::int64_t i = 0; i < state.range(0); ++i) place.log->append(entry);
  work.commit();
  for (auto _ : state) {
    runtime::SystemClock clock;
    SeededRandom random(1);
    SqliteAuditLog again(*place.store, clock, random, "bench");
    if (!again.load()) state.SkipWithError("the log cannot be read");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(load)->Arg(100'000)->ArgName("entries")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace parlour::store_sqlite
