#include "store_sqlite/audit_log.h"

#include <map>
#include <set>

#include "audit/bundle_builder.h"
#include "audit/entry_builder.h"
#include "audit/format/canonical.h"
#include "audit/format/checkpoint.h"
#include "audit/format/commitment.h"
#include "audit/format/entry.h"
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

constexpr std::size_t kFaultsTold = 50;

// What stands beside the entries in the database and is shown or searched by: the columns by which entries
// are found, manifests, and typed reasons. The bundle that the verifier reads has none of them; each is
// looked at by itself here, against the entries that the verifier has found to be the signed ones.
class RowCheck {
 public:
  RowCheck(sql::Database& database, std::uint64_t size) : database_(database), size_(size) {}

  void run(AuditVerdict& verdict) {
    read_entries();
    check_private();
    check_manifests();
    if (total_ == 0) {
      if (verdict.exit == 0)
        verdict.text += " " + number(manifests_) + " manifests and " + number(values_) +
                        " typed values in the database are those that the log names.";
    } else if (verdict.exit == 0) {
      verdict.exit = static_cast<int>(status_);
      verdict.text = "BAD: the log itself is unchanged, but what the database keeps beside it is not. " +
                     faults_.front();
    }
    for (std::string& fault : faults_)
      if (verdict.faults.size() < kFaultsTold) verdict.faults.push_back(std::move(fault));
    // They are not in the bundle, but they were looked at.
    std::erase_if(verdict.not_checked, [](const std::string& line) {
      return line.starts_with("The manifests of ") && line.ends_with("they are not in this bundle.");
    });
  }

 private:
  static std::string number(std::uint64_t value) { return std::to_string(value); }
  static std::string text_of(std::string_view object, std::string_view name) {
    auto raw = audit::find_member(object, name);
    return raw ? std::string(audit::plain_string(*raw).value_or("")) : "";
  }

  void fault(audit::Status status, std::string text) {
    if (total_++ == 0) status_ = status;
    if (faults_.size() < kFaultsTold) faults_.push_back(std::move(text));
  }

  void read_entries() {
    need(database_.query(
        "SELECT seq, type, meeting, actor, bytes FROM audit_entry ORDER BY seq", {}, [&](Row& row) {
          const auto seq = static_cast<std::uint64_t>(row.integer(0));
          const std::string_view bytes = as_text(row.blob_view(4));
          const std::string type = text_of(bytes, "type"), meeting = text_of(bytes, "meeting");
          if (seq >= size_) {
            // Came while this is looked at; the next head covers it.
            const auto subject = audit::find_member(bytes, "subject");
            if (type == "recording.verified" && subject) not_yet_signed_.insert(text_of(*subject, "id"));
            return;
          }
          const auto id = row.optional_id<MeetingId>(2);
          const auto actor = audit::find_member(bytes, "actor");
          if (row.text_view(1) != type || (id ? id->text() : "") != meeting ||
              (actor && row.text_view(3) != text_of(*actor, "id")))
            fault(audit::Status::kManifest, "entry " + number(seq) +
                                                ": the database finds it under another type, meeting or "
                                                "person than it names, so that lists leave it out.");
          if (type != "recording.verified") return;
          const auto subject = audit::find_member(bytes, "subject"), data = audit::find_member(bytes, "data");
          if (subject && data)
            verified_.try_emplace(text_of(*subject, "id"), seq, text_of(*data, "manifest_sha256"));
        }));
  }

  void check_private() {
    need(database_.query(
        "SELECT p.seq, p.field, p.salt, p.value, e.bytes FROM audit_private p LEFT JOIN audit_entry e ON "
        "e.seq = p.seq WHERE p.seq < $1 AND p.value IS NOT NULL ORDER BY p.seq, p.field",
        {static_cast<std::int64_t>(size_)}, [&](Row& row) {
          const auto seq = static_cast<std::uint64_t>(row.integer(0));
          const std::string field = row.text(1), value = row.text(3);
          if (value.empty()) return;  // erased
          ++values_;
          const auto data =
              row.is_null(4) ? std::nullopt : audit::find_member(as_text(row.blob_view(4)), "data");
          const auto raw = data ? audit::find_member(*data, field) : std::nullopt;
          auto json = raw ? parse_json(*raw) : Result<Json, JsonError>(Json());
          const auto commitment = json ? audit::commitment_from_json(*json) : std::nullopt;
          if (row.blob_view(2).size() == 32 && commitment &&
              audit::commit_field(field, value, row.bytes<32>(2)) == *commitment)
            return;
          fault(audit::Status::kCommitment,
                "entry " + number(seq) + ": the " + field +
                    " that the database keeps for it is not the one that it commits to.");
        }));
  }

  // A manifest may have 16 MiB: one at a time.
  void check_manifests() {
    std::vector<RecordingId> stored;
    need(database_.query("SELECT id FROM recording WHERE manifest <> '' OR phase = 'verified'", {},
                         [&](Row& row) { stored.push_back(row.id<RecordingId>(0)); }));
    for (const RecordingId& id : stored)
      if (!verified_.contains(id.text()) && !not_yet_signed_.contains(id.text()))
        fault(audit::Status::kManifest, "The database has a manifest of recording " + id.text() +
                                            " as verified, of which the log says nothing.");
    for (const auto& [text, named] : verified_) {
      const auto& [seq, sha256] = named;
      const auto id = RecordingId::from_text(text);
      std::string found;  // the hash of what is there
      if (id)
        need(database_.query("SELECT manifest FROM recording WHERE id = $1", {*id}, [&](Row& row) {
          if (!row.text_view(0).empty()) found = to_hex(crypto::sha256(as_bytes(row.text_view(0))));
        }));
      ++manifests_;
      if (found == sha256) continue;
      fault(audit::Status::kManifest, "entry " + number(seq) + ": the manifest of recording " + text +
                                          (found.empty() ? " that it names is not in the database."
                                                         : " in the database is not the one that it names."));
    }
  }

  sql::Database& database_;
  std::uint64_t size_;
  std::map<std::string, std::pair<std::uint64_t, std::string>> verified_;  // by recording: entry, hash
  std::set<std::string> not_yet_signed_;  // recordings whose entry no head covers yet
  std::vector<std::string> faults_;
  audit::Status status_ = audit::Status::kGood;
  std::uint64_t total_ = 0, manifests_ = 0, values_ = 0;
};

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
  // Our newest head carries its signature, and it does not know of it: its state was put back. The log is the
  // signed one all the same, but until the vault has signed again nothing of it holds what came in between.
  older_.reset();
  if (!alarm_ && !note_.empty() && last.size < note_size_) {
    older_ = VaultOlder{note_size_, last.size};
    if (watch_.vault_older) watch_.vault_older(*older_);
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
  if (!store_.database().in_transaction()) catch_up();
  std::optional<std::int64_t> before;
  if (filter.before) before = static_cast<std::int64_t>(*filter.before);
  std::optional<std::string> agent_text;
  if (filter.agent) agent_text = filter.agent->text();
  std::string sql =
      "SELECT e.seq, e.bytes, p.value, p.reference, p.salt FROM audit_entry e LEFT JOIN audit_private p "
      "ON $7 AND p.seq = e.seq AND p.field = 'reason' "
      "WHERE ($1 IS NULL OR e.meeting = $1) AND ($2 = '' OR e.type = $2) AND ($3 IS NULL OR e.seq < $3) "
      "AND ($8 = '' OR substr(e.type, 1, length($8)) = $8) "
      "AND ($4 IS NULL OR e.actor = $5 OR e.meeting IN (SELECT id FROM meeting WHERE agent = $4)) ORDER BY "
      "e.seq ";
  sql += filter.ascending ? "ASC LIMIT $6" : "DESC LIMIT $6";
  struct Kept {
    std::optional<std::string> value;
    std::string reference;  // where a reason stands that is not kept beside its salt
    std::optional<audit::Salt> salt;
  };
  std::map<std::uint64_t, Kept> reasons;
  std::optional<std::uint64_t> changed;
  auto read = [&](Row& row) {
    AuditEntry entry;
    entry.seq = static_cast<std::uint64_t>(row.integer(0));
    entry.bytes = std::string(as_text(row.blob_view(1)));
    // What was read before is what is shown: the tree is made of it.
    if (auto leaf = tree_.node(0, entry.seq); leaf && *leaf != audit::leaf_hash(as_bytes(entry.bytes)))
      changed = entry.seq;
    auto parsed = parse_json(entry.bytes, kEntryJson);
    if (parsed)
      entry.entry = *parsed;
    else
      row.fail();
    if (!row.is_null(3))
      reasons[entry.seq] = {row.optional_text(2), row.text(3),
                            row.blob_view(4).size() == 32 ? std::optional(row.bytes<32>(4)) : std::nullopt};
    return entry;
  };
  auto entries = need(store_.database().query_all(
      sql,
      {filter.meeting, filter.type, before, filter.agent, agent_text, static_cast<std::int64_t>(filter.limit),
       static_cast<std::int64_t>(filter.typed_reasons), filter.type_prefix},
      read));
  if (changed) {
    raise("head.fork", "entry " + std::to_string(*changed) +
                           " in the database is not the one that this server has written or read before");
    throw StoreFailure("the audit log is closed (" + alarm_->code + "): " + alarm_->text);
  }
  // A reason is shown only as what the entry commits to.
  for (AuditEntry& entry : entries) {
    auto found = reasons.find(entry.seq);
    if (found == reasons.end()) continue;
    const Kept& kept = found->second;
    const std::string value = kept.value ? *kept.value : resolve(kept.reference);
    const Json* data = entry.entry.find("data");
    const Json* field = data != nullptr ? data->find("reason") : nullptr;
    const auto commitment = field != nullptr ? audit::commitment_from_json(*field) : std::nullopt;
    if (value.empty()) continue;  // erased
    if (commitment && kept.salt && audit::commit_field("reason", value, *kept.salt) == *commitment)
      entry.typed_reason = value;
    else
      entry.typed_reason_differs = true;
  }
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
    if (verdict.faults.size() == kFaultsTold) break;
    verdict.faults.push_back((fault.seq ? "entry " + std::to_string(*fault.seq) + ": " : "") + fault.text);
  }
  verdict.not_checked = report.not_checked;
  made.reset();
  RowCheck(store_.database(), note_size_).run(verdict);
  return verdict;
}

}  // namespace parlour::store_sqlite
