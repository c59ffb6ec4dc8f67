// Scheduling and looking after meetings, from the console's side and from the customer's.
#pragma once

#include "app/act.h"
#include "meeting/notice.h"

namespace parlour::app {

using meeting::Refusal;

struct MeetingView {
  Meeting meeting;
  MeetingType type;
  std::string customer_name, customer_email, agent_name;
};

class Meetings {
 public:
  explicit Meetings(Context& context) : context_(context) {}
  // Told after a cancellation, so that a live meeting ends.
  std::function<void(const MeetingId&)> on_cancelled;
  std::function<void(const MeetingId&)> on_link_replaced;

  struct New {
    TypeId type;
    std::string customer_name, customer_email;
    UtcTime start;
    std::optional<int> duration_min;
    std::string language = "en";
  };
  struct Scheduled {
    MeetingView view;
    std::string link;  // whole address; shown once
  };
  Result<Scheduled, Refusal> schedule(const meeting::Actor& actor, const New& wanted);
  Result<MeetingView, Refusal> get(const meeting::Actor& actor, const MeetingId& id);
  struct Page {
    std::vector<MeetingView> items;
    std::string next;  // cursor, "" at the end
  };
  Page list(const meeting::Actor& actor, MeetingFilter filter, const std::string& cursor);
  Result<MeetingView, Refusal> cancel(const meeting::Actor& actor, const MeetingId& id,
                                      const std::string& reason);
  Result<std::string, Refusal> issue_link(const meeting::Actor& actor, const MeetingId& id);
  std::vector<MeetingType> types(const meeting::Actor& actor);
  // Meetings whose time is over without anybody having come.
  void expire_old();

  MeetingView view_of(Meeting meeting);

 private:
  std::string put_link(const Meeting& meeting, const meeting::Actor& actor);

  Context& context_;
};

// The customer's way in: link → session → device check → notice. The waiting room is the live meeting's.
struct Invitation {
  Meeting meeting;
  MeetingType type;
  meeting::Notice notice;
  std::string notice_sha256;
  ParticipantId participant;
  std::string customer_name, adviser_name, csrf;
  bool device_checked = false;  // on the device that asks
};

class Guests {
 public:
  Guests(Context& context, Meetings& meetings) : context_(context), meetings_(meetings) {}

  struct Opened {
    std::string token;  // for the cookie
    Invitation invitation;
  };
  // Refusal "link.unknown" for everything that does not open: guessed, replaced, damaged. `may` is asked
  // once, with the participant of a link that exists or with "": whether this try is one too many
  // ("rate.exceeded" for a link that exists; a guess is answered as ever, and not written down).
  Result<Opened, Refusal> open_link(const std::string& link_token, const std::string& language,
                                    const std::function<bool(const std::string&)>& may);
  Result<Opened, Refusal> open_link(const std::string& link_token, const std::string& language) {
    return open_link(link_token, language, [](const std::string&) { return true; });
  }
  struct Session {
    GuestSessionRow row;
    meeting::Actor actor() const {
      meeting::Actor out;
      out.kind = meeting::ActorKind::kCustomer;
      out.participant = row.participant;
      out.session = row.id;
      return out;
    }
  };
  std::optional<Session> session(const std::string& token);
  std::optional<Invitation> invitation(const Session& session, const std::string& language);
  std::optional<Refusal> report_device(const Session& session, const meeting::DeviceResult& device);
  std::optional<Refusal> notice(const Session& session, std::string_view act, const meeting::NoticeRef& seen);
  std::optional<Refusal> cancel(const Session& session, const std::string& reason);
  void forget(const std::string& token);

 private:
  void put_session(const GuestSessionRow& row);

  Context& context_;
  Meetings& meetings_;
};

}  // namespace parlour::app
