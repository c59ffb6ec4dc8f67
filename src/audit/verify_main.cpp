#include "audit/verify/verify_main.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>

#include "audit/verify/verify_bundle.h"

namespace parlour::audit {
namespace {

constexpr std::uint64_t kBundleBytesMax = 0xFFFFFFFEu;
constexpr unsigned kThreadsMax = 8;
constexpr std::uint64_t kSmallFileBytesMax = 64 * 1024;

constexpr std::string_view kUsageText =
    "usage: parlour audit verify BUNDLE --key KEY [--key KEY]… [--since FILE] [--json]\n"
    "  BUNDLE  an audit bundle (ZIP) as the audit page exports it\n"
    "  --key   the log's public key: its text (name+id+base64) or a file that holds it\n"
    "  --since a head of this log that you kept from an earlier day\n"
    "  --json  the whole report as one JSON object\n"
    "Exit status: 0 good, 1 usage, 2 malformed, 3 altered, 4 missing or moved entries, 5 signature or key, 6 "
    "fork or\n"
    "rollback, 9 disclosed value, 10 manifest, 11 recording missing or forbidden, 12 time backwards.\n";

struct Arguments {
  std::string bundle;
  std::vector<std::string> keys;
  std::optional<std::string> since;
  bool json = false;
};

// Nothing when the file cannot be read or is larger than allowed.
std::optional<Bytes> read_file(const std::string& path, std::uint64_t bytes_max) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return std::nullopt;
  std::streamoff size = file.tellg();
  if (size < 0 || static_cast<std::uint64_t>(size) > bytes_max) return std::nullopt;
  Bytes bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!bytes.empty() && !file.read(reinterpret_cast<char*>(bytes.data()), size)) return std::nullopt;
  return bytes;
}

std::string_view without_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

std::optional<VerifierKey> read_key(const std::string& text_or_path) {
  if (auto key = parse_verifier_key(without_end(text_or_path))) return key;
  auto bytes = read_file(text_or_path, kSmallFileBytesMax);
  return bytes ? parse_verifier_key(without_end(as_text(*bytes))) : std::nullopt;
}

// The reason why not, or nothing when the arguments were understood.
std::optional<std::string> parse(std::span<const std::string> arguments, Arguments& out) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--json") {
      out.json = true;
    } else if (argument == "--key" || argument == "--since") {
      if (++i == arguments.size()) return argument + " needs a value";
      if (argument == "--key") {
        out.keys.push_back(arguments[i]);
      } else if (out.since) {
        return "--since may be given once";
      } else {
        out.since = arguments[i];
      }
    } else if (argument.size() > 1 && argument.front() == '-') {
      return "unknown option " + argument;
    } else if (!out.bundle.empty()) {
      return "only one bundle at a time";
    } else {
      out.bundle = argument;
    }
  }
  if (out.bundle.empty()) return "no bundle given";
  return std::nullopt;
}

Report unusable(std::string text) {
  Report report;
  report.status = Status::kUsage;
  report.fault_count = 1;
  report.verdict = "NOT VERIFIED: " + text;
  report.faults.push_back({Status::kUsage, std::nullopt, std::move(text)});
  return report;
}

// The whole file in memory.
class ReadBundle final : public OpenedBundle {
 public:
  explicit ReadBundle(Bytes bytes) : bytes_(std::move(bytes)) {}
  ByteView bytes() const override { return bytes_; }
  void let_go() const override {}

 private:
  Bytes bytes_;
};

}  // namespace

std::unique_ptr<OpenedBundle> read_whole_bundle(const std::string& path, std::uint64_t bytes_max) {
  auto bytes = read_file(path, bytes_max);
  if (!bytes) return nullptr;
  return std::make_unique<ReadBundle>(std::move(*bytes));
}

int audit_verify_main(std::span<const std::string> arguments, UtcTime now, Random& random, std::ostream& out,
                      std::ostream& err, const OpenBundle& open) {
  Arguments parsed;
  if (auto reason = parse(arguments, parsed)) {
    err << "parlour audit verify: " << *reason << "\n" << kUsageText;
    return static_cast<int>(Status::kUsage);
  }
  auto finish = [&](const Report& report) {
    if (parsed.json) {
      report.write_json(out);
      out << "\n";
    } else {
      out << report.to_text();
    }
    out.flush();
    return report.exit_status();
  };
  VerifyOptions options;
  options.now = now;
  for (std::uint64_t& part : options.completeness.index_key)
    part = (std::uint64_t{random.u32()} << 32) | random.u32();
  options.threads = std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax);
  for (const std::string& text : parsed.keys) {
    auto key = read_key(text);
    if (!key)
      return finish(
          unusable("The key given with --key is neither a verifier key nor a file that holds one."));
    options.keys.push_back(std::move(*key));
  }
  if (parsed.since) {
    auto bytes = read_file(*parsed.since, kSmallFileBytesMax);
    if (!bytes) return finish(unusable("The file given with --since cannot be read."));
    options.since = to_string(*bytes);
  }
  const std::unique_ptr<OpenedBundle> bundle = open(parsed.bundle, kBundleBytesMax);
  if (!bundle) return finish(unusable("The bundle cannot be read, or is larger than a bundle may be."));
  options.trim = [&bundle] { bundle->let_go(); };
  return finish(verify_bundle(bundle->bytes(), options));
}

}  // namespace parlour::audit
