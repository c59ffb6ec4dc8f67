#include "store_sqlite/audit_log.h"

#include <map>

#include "audit/bundle_builder.h"
#include "audit/entry_builder.h"
#include "audit/format/checkpoint.h"
#include "audit/verify/verify_bundle.h"
#include "base/encoding.h"

namespace parlour::store_sqlite {

using namespace app;
using sql::Row;

namespace {

constexpr JsonLimits kEntryJson{.bytes = audit::kEntryBytesMax, .depth = 16, .values = 20'000};

audit::ActorKind kind_of(meeting::ActorKind kind) {
  switch (kind) {
    case meeting::ActorKind::kUser:
      return audit::ActorKind::kUser;
    case meeting::ActorKind::kCustomer:
      return audit::ActorKind::kCustomer;
    case meeting::ActorKind::kOperator:
      return audit::ActorKind::kOperator;
    case meeting::ActorKind::kSystem:
      break;
  }
  return audit::ActorKind::kSystem;
}

std::string actor_id(const meeting::Actor& actor) {
  if (actor.user) return actor.user->text();
  if (actor.participant) return actor.participant->text();
  if (actor.kind == meeting::ActorKind::kOperator) return "operator";
  return actor.kind == meeting::ActorKind::kSystem ? "serve" : "unknown";
}

}  // namespace

SqliteAuditLog::SqliteAuditLog(SqliteStore& store, const Clock& clock, Random& random, std::string boot_id)
    : store_(store), clock_(clock), random_(random), boot_id_(std::move(boot_id)) {}

Result<void, std::string> SqliteAuditLog::load() {
  catch_up();
  auto newest = need(store_.database().query_one(
      "SELECT size, note, at FROM audit_checkpoint ORDER BY size DESC LIMIT 1", {},
      [](Row& row) { return std::tuple(row.integer(0), row.text(1), row.time(2)); }));
  if (!newest) return {};
  note_size_ = static_cast<std::uint64_t>(std::get<0>(*newest));
  note_ = std::get<1>(*newest);
  note_time_ = std::get<2>(*newest);
  auto text_end = note_.find("\n\n");
  auto head = audit::parse_checkpoint_text(
      note_.substr(0, text_end == std::string::npos ? note_.size() : text_end + 1));
  if (!head || head->size > tree_.size() || head->root != tree_.root(head->size))
    return fail(
        std::string("The audit log in the database is not the one whose head was signed: entries were "
                    "changed or removed. "
                    "Nothing is served until this is explained (docs/operating/incident.md)."));
  return {};
}

void SqliteAuditLog::set_signer(Signer signer) {
  signer_ = std::move(signer);
}

void SqliteAuditLog::raise(std::string code, std::string text) {
  if (alarm_) return;
  alarm_ = LogAlarm{std::move(code), std::move(text)};
  if (watch_.alarmed) watch_.alarmed(*alarm_);
}

const std::optional<LogAlarm>& SqliteAuditLog::compare(const VaultHead& last) {
  catch_up();
  auto entries = [](std::uint64_t count) { return std::to_string(count) + " entries"; };
  if (!note_.empty() && !audit::open_checkpoint(note_, signer_.keys)) {
    raise("head.signature", "the newest head in the database, over " + entries(note_size_) +
                                ", is not signed by the vault's log key");
  } else if (size() < tree_.size() || last.size > tree_.size()) {
    raise("head.rollback", "the log was rolled back: a head over " +
                               entries(std::max<std::uint64_t>(last.size, tree_.size())) +
                               " was signed or seen, the database has " + entries(size()));
  } else if (last.size > 0 && tree_.root(last.size) != last.root) {
    raise("head.fork", "the log was rewritten: its first " + entries(last.size) +
                           " are not those whose head the vault signed");
  }
  return alarm_;
}

// A refusal is never silence: it is told, and where it says that this log is not the signed one, all ends.
void SqliteAuditLog::note_refusal(const VaultFault& fault) {
  if (fault.code == "vault.down") return;
  if (watch_.refused) watch_.refused(fault);
  if (fault.code == "head.rollback" || fault.code == "head.fork")
    raise(fault.code, "the vault refuses to sign the log's head: " + fault.text);
}

void SqliteAuditLog::catch_up() {
  need(store_.database().query("SELECT bytes FROM audit_entry WHERE seq >= $1 ORDER BY seq",
                               {static_cast<std::int64_t>(tree_.size())},
                               [&](Row& row) { tree_.append(audit::leaf_hash(row.blob_view(0))); }));
}

std::uint64_t SqliteAuditLog::append(const AuditRecord& record) {
  if (alarm_) throw StoreFailure("the audit log is closed (" + alarm_->code + "): " + alarm_->text);
  if (!store_.database().in_transaction()) throw StoreFailure("an audit entry outside a unit of work");
  audit::EntryHead head;
  head.type = record.type;
  head.actor = {kind_of(record.actor.kind), actor_id(record.actor), record.actor.session, "", ""};
  if (record.subject) head.subject = audit::Subject{record.subject->first, record.subject->second};
  if (record.meeting) head.meeting = record.meeting->text();
  if (record.type_version > 0) head.type_version = std::to_string(record.type_version);
  head.outcome = record.outcome == "denied"   ? audit::Outcome::kDenied
                 : record.outcome == "failed" ? audit::Outcome::kFailed
                                              : audit::Outcome::kOk;
  head.reason = record.reason;
  std::vector<audit::PrivateField> fields;
  for (const AuditRecord::Personal& personal : record.personal)
    fields.push_back({personal.field, personal.value});
  auto taken = need(store_.database().query_one("UPDATE audit_head SET next = next + 1 RETURNING next - 1",
                                                {}, [](Row& row) { return row.integer(0); }));
  auto seq = static_cast<std::uint64_t>(taken.value());
  Now now = clock_.now();
  auto made = audit::make_entry(head, {seq, now.utc, boot_id_, now.steady}, record.data, fields, random_);
  if (!made) throw StoreFailure("audit entry " + record.type + " refused: " + made.error().reason);
  need(store_.database().execute("INSERT INTO audit_entry VALUES ($1,$2,$3,$4,$5)",
                                 {taken.value(), record.type, record.meeting, head.actor.id, made->bytes}));
  for (const audit::PrivateRow& row : made->private_rows) {
    std::string reference;
    for (const AuditRecord::Personal& personal : record.personal)
      if (personal.field == row.field) reference = personal.reference;
    std::optional<std::string> value;
    if (reference.empty()) value = row.value.reveal();
    need(store_.database().execute("INSERT INTO audit_private VALUES ($1,$2,$3,$4,$5)",
                                   {taken.value(), row.field, row.salt, value, reference}));
  }
  return seq;
}

std::vector<AuditEntry> SqliteAuditLog::entries(const AuditFilter& filter) {
  std::optional<std::int64_t> before;
  if (filter.before) before = static_cast<std::int64_t>(*filter.before);
  std::optional<std::string> agent_text;
  if (filter.agent) agent_text = filter.agent->text();
  std::string sql =
      "SELECT e.seq, e.bytes, p.value, p.reference FROM audit_entry e LEFT JOIN audit_private p "
      "ON $7 AND p.seq = e.seq AND p.field = 'reason' "
      "WHERE ($1 IS NULL OR e.meeting = $1) AND ($2 = '' OR e.type = $2) AND ($3 IS NULL OR e.seq < $3) "
      "AND ($4 IS NULL OR e.actor = $5 OR e.meeting IN (SELECT id FROM meeting WHERE agent = $4)) ORDER BY "
      "e.seq ";
  sql += filter.ascending ? "ASC LIMIT $6" : "DESC LIMIT $6";
  std::map<std::uint64_t, std::string> references;  // where a reason stands that is not kept beside its salt
  auto read = [&references](Row& row) {
    AuditEntry entry;
    entry.seq = static_cast<std::uint64_t>(row.integer(0));
    entry.bytes = std::string(as_text(row.blob_view(1)));
    auto parsed = parse_json(entry.bytes, kEntryJson);
    if (parsed)
      entry.entry = *parsed;
    else
      row.fail();
    if (auto value = row.optional_text(2))
      entry.typed_reason = *value;
    else if (auto reference = row.optional_text(3))
      references[entry.seq] = *reference;
    return entry;
  };
  auto entries = need(store_.database().query_all(
      sql,
      {filter.meeting, filter.type, before, filter.agent, agent_text, static_cast<std::int64_t>(filter.limit),
       static_cast<std::int64_t>(filter.typed_reasons)},
      read));
  for (AuditEntry& entry : entries)
    if (auto found = references.find(entry.seq); found != references.end())
      entry.typed_reason = resolve(found->second);
  return entries;
}

std::uint64_t SqliteAuditLog::size() {
  return static_cast<std::uint64_t>(
      need(store_.database().query_one("SELECT next FROM audit_head", {}, [](Row& row) {
        return row.integer(0);
      })).value());
}

AuditHead SqliteAuditLog::head() {
  AuditHead head;
  head.size = note_size_;
  if (!note_.empty()) head.time = note_time_;
  return head;
}

bool SqliteAuditLog::news() {
  return size() > note_size_ + 1;
}

void SqliteAuditLog::checkpoint(std::function<void(bool)> done) {
  if (!signer_.sign || alarm_) return done(false);
  waiting_.push_back(std::move(done));
  if (!signing_) sign();
}

void SqliteAuditLog::sign() {
  catch_up();
  signing_ = true;
  std::vector<std::function<void(bool)>> served = std::exchange(waiting_, {});
  SignRequest request{tree_.size(), tree_.root(), {}};
  if (note_size_ > 0)
    if (auto proof = audit::make_consistency_proof(note_size_, request.size, tree_.reader()))
      request.consistency = *proof;
  signer_.sign(request, [this, request, served = std::move(served)](const SignAnswer& note) {
    bool good = false;
    if (!note) note_refusal(note.error());
    if (note && !alarm_) try {
        UtcTime now = clock_.now().utc;
        bool grown = request.size > note_size_;
        Work work(store_);
        need(store_.database().execute("INSERT OR REPLACE INTO audit_checkpoint VALUES ($1,$2,$3)",
                                       {static_cast<std::int64_t>(request.size), *note, now}));
        if (grown && !signer_.keys.empty()) {
          AuditRecord record;
          record.type = "audit.checkpoint";
          record.data.set("size", static_cast<std::int64_t>(request.size));
          record.data.set("root", to_hex(request.root));
          record.data.set("key_id", signer_.keys.front().id_text());
          append(record);
        }
        work.commit();
        note_ = *note;
        note_size_ = request.size;
        note_time_ = now;
        good = true;
      } catch (const StoreFailure&) {
        // Not signed as far as anybody here knows; the vault gives the same head again for the same log.
      }
    signing_ = false;
    // Who waits next has his turn, whatever those make of the answer who are served now.
    std::vector<std::function<void()>> turns;
    for (auto& done : served) turns.push_back([&done, good] { done(good); });
    turns.push_back([this] {
      if (!waiting_.empty() && !signing_) sign();
    });
    each_alone(turns, [](const std::function<void()>& turn) { turn(); });
  });
}

std::optional<ProvenEntry> SqliteAuditLog::prove(std::uint64_t seq) {
  catch_up();
  if (seq >= note_size_) return std::nullopt;
  auto path = audit::make_inclusion_proof(seq, note_size_, tree_.reader());
  auto bytes = need(store_.database().query_one("SELECT bytes FROM audit_entry WHERE seq = $1",
                                                {static_cast<std::int64_t>(seq)},
                                                [](Row& row) { return row.blob(0); }));
  if (!path || !bytes) return std::nullopt;
  return ProvenEntry{std::string(as_text(*bytes)), seq, *path, note_};
}

std::optional<audit::Proof> SqliteAuditLog::consistency(std::uint64_t from, std::uint64_t to) const {
  auto proof = audit::make_consistency_proof(from, to, tree_.reader());
  return proof ? std::optional(*proof) : std::nullopt;
}

// "customer/<id>/email": the row that holds a committed value.
std::string SqliteAuditLog::resolve(const std::string& reference) {
  std::size_t first = reference.find('/');
  std::size_t last = reference.rfind('/');
  if (first == std::string::npos || first == last) return "";
  std::string kind = reference.substr(0, first);
  std::string id = reference.substr(first + 1, last - first - 1);
  std::string field = reference.substr(last + 1);
  if (kind == "customer") {
    auto customer_id = CustomerId::from_text(id);
    auto found = customer_id ? store_.customer(*customer_id) : std::nullopt;
    if (found) return field == "email" ? found->email.reveal() : found->name.reveal();
  } else if (kind == "user") {
    auto user_id = UserId::from_text(id);
    auto found = user_id ? store_.user(*user_id) : std::nullopt;
    if (found) return field == "email" ? found->email.reveal() : found->name.reveal();
  } else if (kind == "meeting") {
    auto meeting_id = MeetingId::from_text(id);
    auto found = meeting_id ? store_.load(*meeting_id) : std::nullopt;
    if (found && found->cancelled) return found->cancelled->reason;
  }
  return "";
}

std::optional<Bytes> SqliteAuditLog::bundle(const std::optional<MeetingId>& disclose) {
  if (note_.empty()) return std::nullopt;
  audit::BundleBuilder builder(note_);
  need(store_.database().query("SELECT bytes FROM audit_entry WHERE seq < $1 ORDER BY seq",
                               {static_cast<std::int64_t>(note_size_)},
                               [&](Row& row) { builder.add_entry(row.blob_view(0)); }));
  if (disclose) {
    struct Hidden {
      std::uint64_t seq;
      std::string field;
      audit::Salt salt;
      std::optional<std::string> value;
      std::string reference;
    };
    auto rows = need(
        store_.database().query_all("SELECT p.seq, p.field, p.salt, p.value, p.reference FROM audit_private "
                                    "p JOIN audit_entry e ON e.seq = p.seq "
                                    "WHERE e.meeting = $1 AND p.seq < $2 ORDER BY p.seq, p.field",
                                    {*disclose, static_cast<std::int64_t>(note_size_)}, [](Row& row) {
                                      return Hidden{static_cast<std::uint64_t>(row.integer(0)), row.text(1),
                                                    row.bytes<32>(2), row.optional_text(3), row.text(4)};
                                    }));
    // A value that lives in another row is disclosed only while it still opens its commitment: not once it
    // was erased.
    for (Hidden& row : rows) {
      if (row.value)
        builder.add_private({row.seq, row.field, row.salt, Redacted(*row.value)});
      else
        builder.add_private_from(row.seq, row.field, row.salt, resolve(row.reference));
    }
    for (const RecordingRow& recording : store_.of_meeting(*disclose))
      if (!recording.manifest.empty())
        builder.add_manifest(recording.id.text(), as_bytes(recording.manifest));
  }
  auto finished = builder.finish();
  if (!finished) throw StoreFailure("the proof could not be made: " + finished.error().reason);
  return std::move(*finished);
}

void SqliteAuditLog::verify(std::function<void(AuditVerdict)> done) {
  auto not_compared = [done](const VaultFault& fault) {
    AuditVerdict verdict;
    verdict.text = "NOT VERIFIED: the vault could not be asked for the last head that it signed (" +
                   fault.code +
                   "), so nobody can say whether this log was rolled back or rewritten. Try again when the "
                   "vault is there.";
    done(std::move(verdict));
  };
  if (!signer_.last) return not_compared({"vault.down", ""});
  checkpoint([this, done, not_compared](bool) {
    signer_.last([this, done, not_compared](const HeadAnswer& last) {
      if (!last && !alarm_) return not_compared(last.error());
      if (last) compare(*last);
      if (!alarm_) return done(verify_against(*last));
      AuditVerdict verdict;
      verdict.exit = static_cast<int>(alarm_->code == "head.signature" ? audit::Status::kSignature
                                                                       : audit::Status::kFork);
      verdict.text = "BAD: this is not the log that was signed: " + alarm_->text + " (" + alarm_->code +
                     "). Nothing is served until this is explained.";
      verdict.entries = tree_.size();
      verdict.faults.push_back(alarm_->code + ": " + alarm_->text + ".");
      done(std::move(verdict));
    });
  });
}

AuditVerdict SqliteAuditLog::verify_against(const VaultHead& last) {
  AuditVerdict verdict;
  std::optional<Bytes> made = bundle(std::nullopt);
  if (!made) {
    verdict.text = "No head of the log has been signed yet, so there is nothing to check against.";
    return verdict;
  }
  audit::VerifyOptions options;
  options.keys = signer_.keys;
  options.now = clock_.now().utc;
  if (last.size > 0) options.since = last.note;
  audit::Report report = audit::verify_bundle(*made, options);
  verdict.exit = report.exit_status();
  verdict.text = report.verdict;
  verdict.entries = report.entries;
  for (const audit::Fault& fault : report.faults) {
    if (verdict.faults.size() == 50) break;
    verdict.faults.push_back((fault.seq ? "entry " + std::to_string(*fault.seq) + ": " : "") + fault.text);
  }
  verdict.not_checked = report.not_checked;
  return verdict;
}

}  // namespace parlour::store_sqlite
