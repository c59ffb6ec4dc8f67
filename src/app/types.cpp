#include "app/types.h"

#include "base/encoding.h"

namespace parlour::app {

Result<MeetingType, std::string> Types::publish(const meeting::Actor& actor, const Json& document,
                                                std::optional<TypeId> id, bool new_type) {
  if (auto refusal = meeting::allowed(actor, meeting::Action::kTypeEdit, {})) return fail(refusal->text);
  auto policy = meeting::parse_type_policy(document);
  if (!policy) return fail(policy.error().pointer + ": " + policy.error().reason);
  UtcTime now = context_.clock.now().utc;
  MeetingType type;
  type.version = 1;
  type.id = id ? *id : TypeId::make(now, context_.random);
  for (const MeetingType& known : context_.types.latest())
    if (known.id == type.id) type.version = known.version + 1;
  const bool fresh = type.version == 1;
  if (id && fresh && !new_type)
    return fail("There is no type " + id->text() +
                ". Is the id mistyped? Say --new to make a type of that id.");
  if (id && !fresh && new_type) return fail("There is a type " + id->text() + " already.");
  type.policy = *policy;
  type.document = write_json_canonical(document);
  type.document_sha256 = to_hex(context_.digest.sha256(type.document));
  AuditRecord published;
  published.type = "type.version_published";
  published.actor = actor;
  published.subject = {"type", type.id.text()};
  published.type_version = type.version;
  published.data.set("version", std::to_string(type.version));
  published.data.set("diff", JsonArray{});
  published.data.set("policy_sha256", type.document_sha256);
  // What a meeting's recording is held against, also by those who never see the document.
  published.data.set("recording", to_text(type.policy.recording));
  published.data.set("tolerance_ms", type.policy.coverage_tolerance_ms);
  published.data.set("pause_max_s", type.policy.pause_max_s);
  published.data.set("loss_end_s", type.policy.loss_end_s);
  published.data.set("hold_s", type.policy.hold_s);
  Work work(context_.unit);
  context_.types.put(type, now);
  if (fresh) {
    AuditRecord created;
    created.type = "type.created";
    created.actor = actor;
    created.subject = {"type", type.id.text()};
    context_.audit.append(created);
  }
  context_.audit.append(published);
  work.commit();
  return type;
}

void Types::sign_policy(std::function<void(bool)> done) {
  std::string current = context_.types.policy().value_or("");
  std::vector<Vault::ProvenType> missing;
  std::vector<MeetingType> all = context_.types.all();
  std::optional<Json> listed;
  if (auto message = parse_json(current))
    if (auto bytes = from_base64url(message->string_or("b")))
      // One of an earlier form can be read by nobody any more: all that it lists is signed anew.
      if (auto body = parse_json(as_text(*bytes)); body && body->find("staff") != nullptr) listed = *body;
  for (const MeetingType& type : all) {
    bool there = false;
    if (listed)
      if (const Json* types = listed->find("types"); types != nullptr && types->as_array() != nullptr)
        for (const Json& item : *types->as_array())
          there = there ||
                  (item.string_or("type_id") == type.id.text() && item.integer_or("version") == type.version);
    if (there) continue;
    // The number of its type.version_published entry is the proof's.
    for (const AuditEntry& entry :
         context_.audit.entries({.type = "type.version_published", .limit = 1000})) {
      const Json* subject = entry.entry.find("subject");
      const Json* data = entry.entry.find("data");
      if (subject != nullptr && data != nullptr && subject->string_or("id") == type.id.text() &&
          data->string_or("version") == std::to_string(type.version))
        missing.push_back({type.id, type.version, type.document, entry.seq});
    }
  }
  if (missing.empty()) return done(true);
  context_.audit.checkpoint([this, missing, done](bool signed_head) {
    if (!signed_head) return done(false);
    context_.vault.sign_policy(missing, [this, done](Result<std::string, VaultFault> policy) {
      if (!policy) return done(false);
      AuditRecord record;
      record.type = "policy.signed";
      record.actor = meeting::Actor::system();
      record.data.set("policy_sha256", to_hex(context_.digest.sha256(*policy)));
      try {
        Work work(context_.unit);
        context_.types.put_policy(*policy, context_.clock.now().utc);
        context_.audit.append(record);
        work.commit();
      } catch (const StoreFailure&) {
        done(false);  // asked for again
        throw;
      }
      done(true);
    });
  });
}

}  // namespace parlour::app
