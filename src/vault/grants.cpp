#include "vault/grants.h"

#include "base/encoding.h"
#include "base/json.h"

namespace parlour::vault {

Result<Grants, VaultRefusal> Grants::open(const std::filesystem::path& log_file, Random& random) {
  auto log = AppendLog::open(log_file);
  if (!log) return fail(log.error());
  Grants grants(std::move(*log), random);
  auto text = read_file(log_file);
  if (!text) return refuse("vault.io", "the grant log cannot be read");
  std::string_view rest = as_text(*text);
  const bool cut = !rest.empty() && rest.back() != '\n';
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    auto parsed = parse_json(line);
    // A line cut by a crash belongs to a grant that was never answered.
    if (!parsed) continue;
    auto leaf = from_hex(parsed->string_or("leaf"));
    if (!leaf || leaf->size() != 32) continue;
    crypto::Hash256 hash;
    std::copy(leaf->begin(), leaf->end(), hash.begin());
    grants.used_.insert(hash);
  }
  if (cut) {
    if (auto closed = grants.log_.append(""); !closed) return fail(closed.error());
  }
  return grants;
}

Result<void, VaultRefusal> Grants::check(const ProvenEntry& entry, const recording::RecordingId& recording,
                                         std::string_view rendition, std::string_view session, Now now) {
  if (entry.type != "recording.play_requested" && entry.type != "recording.download_requested")
    return refuse("grant.entry", "the entry is not a request to play or download");
  if (entry.outcome != "ok") return refuse("grant.entry", "the entry says that the request was denied");
  if (entry.subject_kind != "recording" || entry.subject_id != recording.text())
    return refuse("grant.recording", "the entry is about another recording");
  if (entry.data.string_or("rendition") != rendition)
    return refuse("grant.rendition", "the entry is about another rendition");
  const std::string named = entry.data.string_or("session", entry.actor_session);
  if (session.empty() || named != session) return refuse("grant.session", "the entry is of another session");
  if (now.utc - entry.time > kEntryAgeMax || entry.time - now.utc > std::chrono::seconds(5))
    return refuse("grant.stale", "the entry is not from the last minute");
  if (used_.contains(entry.leaf)) return refuse("grant.used", "the entry was used already");
  expire(now);
  if (recent_.size() >= kGrantsPerMinute)
    return refuse("grant.rate", "too many recordings were opened in a minute");
  return {};
}

Result<Token, VaultRefusal> Grants::issue(const ProvenEntry& entry, GrantedStream stream, Now now) {
  const Json line = JsonObject{
      {"time", to_rfc3339(now.utc)}, {"entry", std::to_string(entry.seq)},   {"leaf", to_hex(entry.leaf)},
      {"type", entry.type},          {"recording", stream.recording.text()}, {"rendition", stream.rendition},
      {"session", stream.session}};
  if (auto written = log_.append(write_json(line)); !written) return fail(written.error());
  used_.insert(entry.leaf);
  recent_.push_back(now.steady);
  const Token ticket = random_->array<32>();
  tickets_.emplace(ticket, Held{std::move(stream), now.steady});
  return ticket;
}

void Grants::note_refusal(const recording::RecordingId& recording, std::string_view rendition,
                          std::string_view code, Now now) {
  const Json line = JsonObject{{"time", to_rfc3339(now.utc)},
                               {"refused", code},
                               {"recording", recording.text()},
                               {"rendition", rendition}};
  // Nothing was opened, so a failing log is no reason to answer otherwise.
  (void)log_.append(write_json(line)).has_value();
}

void Grants::expire(Now now) {
  while (!recent_.empty() && now.steady - recent_.front() > std::chrono::minutes(1)) recent_.pop_front();
  std::erase_if(tickets_, [&](const auto& held) { return now.steady - held.second.since > kTicketLife; });
  std::erase_if(handles_, [&](const auto& held) { return now.steady - held.second.since > kHandleIdleMax; });
}

Result<Token, VaultRefusal> Grants::exchange(const Token& ticket, std::string_view session, Now now) {
  expire(now);
  auto at = tickets_.find(ticket);
  if (at == tickets_.end())
    return refuse("grant.ticket", "the ticket is unknown, used, or older than a minute");
  Held held = std::move(at->second);
  tickets_.erase(at);  // a wrong session uses it up too
  if (held.stream.session != session) return refuse("grant.session", "the ticket is of another session");
  const Token handle = random_->array<32>();
  held.since = now.steady;
  handles_.emplace(handle, std::move(held));
  return handle;
}

const GrantedStream* Grants::stream(const Token& handle, Now now) {
  expire(now);
  auto at = handles_.find(handle);
  if (at == handles_.end()) return nullptr;
  at->second.since = now.steady;
  return &at->second.stream;
}

void Grants::release(const Token& handle) {
  handles_.erase(handle);
}

}  // namespace parlour::vault
