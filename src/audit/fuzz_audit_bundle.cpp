// The verifier on any bytes, with a pinned key and a held head: no crash, no good verdict for what is not a
// bundle of that key, and reports that can always be written.
#include "audit/verify/verify_bundle.h"

namespace {

// The published test key of testing/sample_log.cpp, under which the seeds are signed.
constexpr const char* kKey = "bank.example/audit+a1e93a9f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour::audit;
  static const VerifyOptions options = [] {
    VerifyOptions made;
    auto key = parse_verifier_key(kKey);
    if (!key) __builtin_trap();
    made.keys = {*key};
    made.now = parlour::UtcTime{1'900'000'000'000'000};
    return made;
  }();
  Report report = verify_bundle({data, size}, options);
  if (report.to_json().empty() || report.to_text().empty()) __builtin_trap();
  if (report.status == Status::kGood && !report.faults.empty()) __builtin_trap();
  if (report.status != Status::kGood && report.faults.empty()) __builtin_trap();
  return 0;
}
