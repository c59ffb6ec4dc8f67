#include "app/audit_views.h"

namespace parlour::app {
namespace {

using namespace meeting;

}  // namespace

void AuditViews::add_names(EntryPage& page, const std::optional<MeetingId>& id) {
  auto add_user = [&](const std::string& text) {
    if (page.names.contains(text)) return;
    if (auto user_id = UserId::from_text(text))
      if (auto user = context_.people.user(*user_id)) page.names[text] = user->name.reveal();
  };
  if (id)
    if (auto meeting = context_.meetings.load(*id))
      for (const Participant& person : meeting->participants) {
        if (person.user)
          if (auto user = context_.people.user(*person.user))
            page.names[person.id.text()] = user->name.reveal();
        if (person.customer)
          if (auto customer = context_.people.customer(*person.customer))
            page.names[person.id.text()] = customer->name.reveal();
      }
  for (const AuditEntry& entry : page.items)
    if (const Json* actor = entry.entry.find("actor")) add_user(actor->string_or("id"));
}

Result<EntryPage, Refusal> AuditViews::timeline(const Actor& actor, const MeetingId& id) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting) return fail(Refusal{"not_found", "There is nothing here.", {}});
  if (auto refusal = allowed(actor, Action::kAuditRead, {meeting->agent, std::nullopt})) {
    note_denied(context_, actor, Action::kAuditRead, *refusal, id);
    return fail(as_seen_by(actor, *meeting, *refusal));
  }
  // Who may export the meeting's proof reads what it discloses.
  const bool may_export = !allowed(actor, Action::kAuditExport, {meeting->agent, std::nullopt});
  EntryPage page;
  page.items =
      context_.audit.entries({.meeting = id, .limit = 1000, .ascending = true, .typed_reasons = may_export});
  page.head = context_.audit.head();
  if (actor.role != UserRole::kAdministrator) add_names(page, id);
  return page;
}

Result<EntryPage, Refusal> AuditViews::entries(const Actor& actor, AuditFilter filter) {
  if (allowed(actor, Action::kAuditRead, {})) {
    // Own entries only, where the role has that; the rule says whether it has.
    if (auto refusal = allowed(actor, Action::kAuditRead, {actor.user, std::nullopt})) {
      note_denied(context_, actor, Action::kAuditRead, *refusal, std::nullopt);
      return fail(*refusal);
    }
    filter.agent = actor.user;
  }
  EntryPage page;
  std::size_t limit = std::min<std::size_t>(std::max<std::size_t>(filter.limit, 1), 200);
  filter.limit = limit + 1;
  page.items = context_.audit.entries(filter);
  if (page.items.size() > limit) {
    page.items.pop_back();
    page.next = page.items.back().seq;
  }
  page.head = context_.audit.head();
  add_names(page, std::nullopt);
  return page;
}

void AuditViews::verify(const Actor& actor, std::function<void(Result<AuditVerdict, Refusal>)> done) {
  if (auto refusal = allowed(actor, Action::kAuditVerify, {})) {
    note_denied(context_, actor, Action::kAuditVerify, *refusal, std::nullopt);
    return done(fail(*refusal));
  }
  context_.audit.verify([this, actor, done](AuditVerdict verdict) {
    // A log that is not the signed one gets no further entry.
    if (!context_.audit.alarm()) {
      AuditRecord record;
      record.type = "audit.verified";
      record.actor = actor;
      record.data.set("size", static_cast<std::int64_t>(verdict.entries));
      record.data.set("status", verdict.exit);
      note(context_, std::move(record));
    }
    done(std::move(verdict));
  });
}

void AuditViews::export_proof(const Actor& actor, const MeetingId& id,
                              std::function<void(Result<Bytes, Refusal>)> done) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting) return done(fail(Refusal{"not_found", "There is nothing here.", {}}));
  if (auto refusal = allowed(actor, Action::kAuditExport, {meeting->agent, std::nullopt})) {
    note_denied(context_, actor, Action::kAuditExport, *refusal, id);
    return done(fail(as_seen_by(actor, *meeting, *refusal)));
  }
  auto alarmed = [this]() -> std::optional<Refusal> {
    if (const auto& alarm = context_.audit.alarm())
      return Refusal{alarm->code, "Nothing is exported: " + alarm->text + ".", {}};
    return std::nullopt;
  };
  if (auto refusal = alarmed()) return done(fail(*refusal));
  AuditRecord record;
  record.type = "audit.exported";
  record.actor = actor;
  record.meeting = id;
  record.data.set("size", static_cast<std::int64_t>(context_.audit.size()));
  record.data.set("purpose", "proof");
  note(context_, std::move(record));
  context_.audit.checkpoint([this, id, done, alarmed](bool signed_head) {
    if (auto refusal = alarmed()) return done(fail(*refusal));
    if (!signed_head)
      return done(fail(Refusal{"vault.unavailable",
                               "The signer does not answer, so no head can be signed. Try again later.",
                               {}}));
    std::optional<Bytes> bundle = context_.audit.bundle(id);
    if (!bundle) return done(fail(Refusal{"audit.no_head", "There is no signed head yet.", {}}));
    done(std::move(*bundle));
  });
}

}  // namespace parlour::app
