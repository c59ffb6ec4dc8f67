#include "app/meetings.h"

#include "app/token.h"
#include "base/characters.h"

namespace parlour::app {
namespace {

using namespace meeting;

// Browsers forget a link's secret that is older (web/src/call/link_store.ts).
constexpr int kMostDaysAhead = 730;
constexpr std::size_t kSessionsOfOne = 32;  // browsers in which one link is open

Unexpected<Refusal> not_found() {
  return fail(Refusal{"not_found", "There is nothing here.", {}});
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

}  // namespace

MeetingView Meetings::view_of(Meeting meeting) {
  MeetingView view{std::move(meeting), MeetingType{}, "", "", ""};
  if (auto type = context_.types.find(view.meeting.type, view.meeting.type_version)) view.type = *type;
  if (const Participant* person = view.meeting.customer(); person != nullptr && person->customer)
    if (auto customer = context_.people.customer(*person->customer)) {
      view.customer_name = customer->name.reveal();
      view.customer_email = customer->email.reveal();
    }
  if (auto user = context_.people.user(view.meeting.agent)) view.agent_name = user->name.reveal();
  return view;
}

Result<Meetings::Scheduled, Refusal> Meetings::schedule(const Actor& actor, const New& wanted) {
  if (auto refusal = allowed(actor, Action::kMeetingSchedule, {})) {
    note_denied(context_, actor, Action::kMeetingSchedule, *refusal, std::nullopt);
    return fail(*refusal);
  }
  auto bad = [](std::string code, std::string text) {
    return fail(Refusal{std::move(code), std::move(text), {}});
  };
  std::optional<MeetingType> type;
  for (MeetingType& published : context_.types.latest())
    if (published.id == wanted.type) type = published;
  if (!type) return bad("type.unknown", "There is no such meeting type.");
  if (wanted.customer_name.empty() || characters(wanted.customer_name) > 100 ||
      !is_utf8(wanted.customer_name))
    return bad("customer_name.invalid", "The customer's name needs 1 to 100 characters.");
  std::size_t at = wanted.customer_email.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == wanted.customer_email.size() ||
      wanted.customer_email.size() > 254 || !is_utf8(wanted.customer_email) ||
      wanted.customer_email.find_first_of(" \r\n\t,;<>") != std::string::npos)
    return bad("customer_email.invalid", "This is no e-mail address.");
  UtcTime now = context_.clock.now().utc;
  if (wanted.start < now - 24h || wanted.start > now + 24h * kMostDaysAhead)
    return bad("start.invalid", "The start lies too far in the past or in the future.");
  int duration = wanted.duration_min.value_or(type->policy.duration_min);
  if (duration < 5 || duration > 480) return bad("duration.invalid", "A meeting lasts 5 to 480 minutes.");

  Customer customer{CustomerId::make(now, context_.random), Redacted(wanted.customer_name),
                    Redacted(wanted.customer_email)};
  Meeting meeting{.id = MeetingId::make(now, context_.random),
                  .type = type->id,
                  .type_version = type->version,
                  .agent = *actor.user};
  meeting.language = wanted.language == "nl" ? "nl" : "en";
  meeting.start = wanted.start;
  meeting.duration_min = duration;
  meeting.participants.push_back(
      {.id = ParticipantId::make(now, context_.random), .role = ParticipantRole::kStaff, .user = actor.user});
  meeting.participants.push_back({.id = ParticipantId::make(now, context_.random),
                                  .role = ParticipantRole::kCustomer,
                                  .customer = customer.id});
  AuditRecord record;
  record.type = "meeting.scheduled";
  record.actor = actor;
  record.meeting = meeting.id;
  record.type_version = type->version;
  record.data.set("start_planned", meeting.start.us / 1000);
  record.data.set("channel", "console");
  record.data.set("agent", meeting.agent.text());
  record.personal.push_back({"customer_email", customer.email, "customer/" + customer.id.text() + "/email"});
  record.personal.push_back({"customer_name", customer.name, "customer/" + customer.id.text() + "/name"});
  Work work(context_.unit);
  context_.people.put(customer);
  context_.meetings.save(meeting);
  context_.audit.append(record);
  std::string link = put_link(meeting, actor);
  work.commit();
  return Scheduled{view_of(std::move(meeting)), link};
}

// Inside a unit of work.
std::string Meetings::put_link(const Meeting& meeting, const Actor& actor) {
  const Participant& customer = *meeting.customer();
  UtcTime now = context_.clock.now().utc;
  std::optional<LinkRow> before = context_.meetings.newest_link(customer.id);
  LinkId id = before ? *before->id : LinkId::make(now, context_.random);
  std::uint32_t version = before ? before->version + 1 : 1;
  Token token = make_link_token(context_, id, version);
  context_.meetings.revoke_links(customer.id);
  context_.sessions.remove_guests_of(meeting.id);  // whoever came in by the old link is out as well
  context_.meetings.put_link({token.hash, meeting.id, customer.id, now, false, id, version});
  AuditRecord record;
  record.type = "link.issued";
  record.actor = actor;
  record.meeting = meeting.id;
  record.subject = {"participant", customer.id.text()};
  record.data.set("kind", "customer");
  record.data.set("hash8", to_hex(ByteView(token.hash).first(4)));
  context_.audit.append(record);
  return context_.organisation.base_url + "/j#" + token.text;
}

Result<MeetingView, Refusal> Meetings::get(const Actor& actor, const MeetingId& id) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting) return not_found();
  if (auto refusal = allowed(actor, Action::kMeetingRead, {meeting->agent, std::nullopt})) {
    note_denied(context_, actor, Action::kMeetingRead, *refusal, id);
    return not_found();  // "not yours" looks like "not there"
  }
  return view_of(std::move(*meeting));
}

Meetings::Page Meetings::list(const Actor& actor, MeetingFilter filter, const std::string& cursor) {
  bool all = !allowed(actor, Action::kMeetingRead, {});
  if (!all) filter.agent = actor.user;
  Page page;
  if (actor.role == UserRole::kAdministrator) return page;
  if (std::size_t comma = cursor.find('_'); comma != std::string::npos)
    if (auto id = MeetingId::from_text(cursor.substr(comma + 1))) {
      std::int64_t us = std::atoll(cursor.substr(0, comma).c_str());
      filter.after = {UtcTime{us}, *id};
    }
  std::size_t limit = std::min<std::size_t>(std::max<std::size_t>(filter.limit, 1), 200);
  filter.limit = limit + 1;
  std::vector<Meeting> rows = context_.meetings.list(filter);
  if (rows.size() > limit) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
    page.next = std::to_string(rows.back().start.us) + "_" + rows.back().id.text();
  }
  for (Meeting& row : rows) page.items.push_back(view_of(std::move(row)));
  return page;
}

Result<MeetingView, Refusal> Meetings::cancel(const Actor& actor, const MeetingId& id,
                                              const std::string& reason) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting) return not_found();
  ResourceFacts facts{meeting->agent, actor.participant};
  if (auto refusal = allowed(actor, Action::kMeetingCancel, facts)) {
    note_denied(context_, actor, Action::kMeetingCancel, *refusal, id);
    return fail(as_seen_by(actor, *meeting, *refusal));
  }
  std::optional<MeetingType> type = context_.types.find(meeting->type, meeting->type_version);
  if (!type) return not_found();
  bool customer = actor.kind == ActorKind::kCustomer;
  Decision decision =
      act(context_, *meeting, *type, command::Cancel{customer ? "customer" : "agent", reason}, actor);
  if (!decision) return fail(decision.error());
  if (!decision->empty() && on_cancelled) on_cancelled(id);
  return view_of(std::move(*meeting));
}

Result<std::string, Refusal> Meetings::issue_link(const Actor& actor, const MeetingId& id) {
  std::optional<Meeting> meeting = context_.meetings.load(id);
  if (!meeting) return not_found();
  if (auto refusal = allowed(actor, Action::kMeetingIssueLink, {meeting->agent, std::nullopt})) {
    note_denied(context_, actor, Action::kMeetingIssueLink, *refusal, id);
    return fail(as_seen_by(actor, *meeting, *refusal));
  }
  if (meeting->over())
    return fail(Refusal{"meeting.over", "The meeting is over; its link leads nowhere.", {}});
  Work work(context_.unit);
  std::string link = put_link(*meeting, actor);
  work.commit();
  if (on_link_replaced) on_link_replaced(id);
  return link;
}

std::vector<MeetingType> Meetings::types(const Actor& actor) {
  if (allowed(actor, Action::kTypeRead, {})) return {};
  return context_.types.latest();
}

void Meetings::expire_old() {
  each_alone(context_.meetings.unfinished(), [this](Meeting& meeting) {
    std::optional<MeetingType> type = context_.types.find(meeting.type, meeting.type_version);
    if (!type) return;
    Decision decision = act(context_, meeting, *type, command::Expire{}, Actor::system());
    if (decision && !decision->empty() && on_cancelled) on_cancelled(meeting.id);
  });
}

Result<Guests::Opened, Refusal> Guests::open_link(const std::string& link_token, const std::string& language,
                                                  const std::function<bool(const std::string&)>& may) {
  Hash hash = context_.digest.sha256(link_token);
  std::optional<LinkRow> link = context_.meetings.link(hash);
  // Some programs change the case of what they pass on. Tokens of today have small letters only; those of
  // before count as they are written, so that comes first.
  if (!link) link = context_.meetings.link(context_.digest.sha256(lower_case(link_token)));
  const bool one_more = may(link ? link->participant.text() : "");
  if (link && !one_more)
    return fail(Refusal{"rate.exceeded", "This link was opened very often. Wait a moment.", {}});
  std::optional<Meeting> meeting;
  if (link) meeting = context_.meetings.load(link->meeting);
  std::optional<MeetingType> type;
  if (meeting) type = context_.types.find(meeting->type, meeting->type_version);
  if (!link || !meeting || !type || link->revoked) {
    AuditRecord record;
    record.type = "link.rejected";
    record.actor.kind = ActorKind::kCustomer;
    if (link) {
      record.meeting = link->meeting;
      record.subject = {"participant", link->participant.text()};
    }
    record.outcome = "denied";
    record.reason = link && link->revoked ? "replaced" : "unknown";
    record.data.set("hash8", to_hex(ByteView(hash).first(4)));
    if (one_more) note(context_, std::move(record));
    return fail(Refusal{"link.unknown", "This link does not open a meeting. Ask for a new one.", {}});
  }
  UtcTime now = context_.clock.now().utc;
  Token token = make_token(context_);
  GuestSessionRow row{.token_hash = token.hash,
                      .id = to_hex(context_.random.array<8>()),
                      .meeting = meeting->id,
                      .participant = link->participant,
                      .csrf = to_base64url(context_.random.array<18>()),
                      .created = now};
  Session session{row};
  if (meeting->over()) {
    // The page says kindly that it is over; the session shows no more than that.
    AuditRecord record;
    record.type = "link.rejected";
    record.actor = session.actor();
    record.meeting = meeting->id;
    record.subject = {"participant", link->participant.text()};
    record.outcome = "denied";
    record.reason = to_text(meeting->phase);
    Work work(context_.unit);
    context_.audit.append(record);
    put_session(row);
    work.commit();
  } else {
    Decision decision = act(context_, *meeting, *type, command::OpenLink{link->participant}, session.actor(),
                            [&](const Meeting&) { put_session(row); });
    if (!decision) return fail(decision.error());
    if (decision->empty()) {
      Work work(context_.unit);
      put_session(row);
      work.commit();
    }
  }
  std::optional<Invitation> found = invitation(session, language);
  if (!found)
    return fail(Refusal{"link.unknown", "This link does not open a meeting. Ask for a new one.", {}});
  return Opened{token.text, std::move(*found)};
}

// Inside a unit of work. A link that is opened again and again leaves no more than this.
void Guests::put_session(const GuestSessionRow& row) {
  context_.sessions.put(row);
  context_.sessions.trim_guests(row.participant, kSessionsOfOne);
}

std::optional<Guests::Session> Guests::session(const std::string& token) {
  if (token.empty() || token.size() > 100) return std::nullopt;
  std::optional<GuestSessionRow> row = context_.sessions.guest(context_.digest.sha256(token));
  if (!row || context_.clock.now().utc >= row->created + 24h) return std::nullopt;
  return Session{*row};
}

std::optional<Invitation> Guests::invitation(const Session& session, const std::string& language) {
  std::optional<Meeting> meeting = context_.meetings.load(session.row.meeting);
  if (!meeting) return std::nullopt;
  std::optional<MeetingType> type = context_.types.find(meeting->type, meeting->type_version);
  if (!type) return std::nullopt;
  MeetingView view = meetings_.view_of(*meeting);
  Invitation out{.meeting = *meeting, .type = *type, .participant = session.row.participant};
  std::string chosen = language.empty() ? meeting->language : language;
  out.notice = make_notice(*type, context_.organisation.name, chosen);
  out.notice_sha256 = to_hex(context_.digest.sha256(out.notice.text));
  out.customer_name = view.customer_name;
  out.adviser_name = view.agent_name;
  out.csrf = session.row.csrf;
  out.device_checked = session.row.device_checked;
  return out;
}

std::optional<Refusal> Guests::report_device(const Session& session, const DeviceResult& device) {
  std::optional<Invitation> found = invitation(session, "");
  if (!found) return Refusal{"not_found", "There is nothing here.", {}};
  Decision decision = act(
      context_, found->meeting, found->type, command::ReportDevice{session.row.participant, device},
      session.actor(), [&](const Meeting&) { context_.sessions.set_device_checked(session.row.token_hash); });
  return decision ? std::nullopt : std::optional(decision.error());
}

std::optional<Refusal> Guests::notice(const Session& session, std::string_view what, const NoticeRef& seen) {
  std::optional<Invitation> found = invitation(session, seen.language);
  if (!found) return Refusal{"not_found", "There is nothing here.", {}};
  NoticeRef expected{found->notice.text_id, found->notice.version, found->notice_sha256,
                     found->notice.language};
  Command command = command::ShowNotice{session.row.participant, seen};
  if (what == "acknowledged") command = command::AcknowledgeNotice{session.row.participant, seen, expected};
  if (what == "declined") command = command::DeclineNotice{session.row.participant, seen};
  if (seen != expected)
    return Refusal{"notice.changed", "The notice has changed; reload the page and read it again.", {}};
  Decision decision = act(context_, found->meeting, found->type, command, session.actor());
  if (!decision) return decision.error();
  if (what == "declined" && meetings_.on_cancelled) meetings_.on_cancelled(found->meeting.id);
  return std::nullopt;
}

std::optional<Refusal> Guests::cancel(const Session& session, const std::string& reason) {
  auto result = meetings_.cancel(session.actor(), session.row.meeting, reason);
  return result ? std::nullopt : std::optional(result.error());
}

void Guests::forget(const std::string& token) {
  context_.sessions.remove_guest(context_.digest.sha256(token));
}

}  // namespace parlour::app
