// One browser page with its keys: what it was told, and the signed messages that it can make. It holds no
// call state of its own beyond that: what it signs next follows from the stored chain.
#pragma once

#include <memory>

#include "app/live_meetings.h"
#include "crypto/p256.h"
#include "e2ee/messages.h"

namespace parlour::scenario {

class World;

class Page {
 public:
  Page(World& world, bool staff, std::string staff_token, std::string guest_token);
  ~Page();

  // Sends, lets everything that follows at once happen, and gives the answer ("ok" or "refused"; null: none
  // came).
  Json say(Json message);
  std::string say_code(Json message);  // "ok" or the refusal's code
  void enter(std::string csrf, std::optional<meeting::MeetingId> meeting, bool take_over = false);
  Json resume_from(const Page& old, std::uint64_t last_n);  // this socket, that page's token and keys
  void drop(std::uint16_t code = 1006);                     // the socket is lost; 1001: the page was closed
  void keep_signing_key_of(const Page& old) { sig_ = old.sig_; }  // a reload in the same browser

  void hello(std::optional<e2ee::EndpointId> renews = std::nullopt);
  Json e2ee(const e2ee::SignedMessage& message);
  e2ee::Roster next_roster(const std::vector<Page*>& others);
  Json sign_roster(const std::vector<Page*>& others);  // as the steward
  Json sender_key();
  Json link_proof(std::uint8_t to);
  Json acknowledge();
  Json activate();
  std::string activate_code();
  Json say_hello_again() { return e2ee(hello_message_); }
  // Another Hello under the same endpoint, as only an altered browser makes one.
  Json say_another_hello();
  // A Hello as long as this, under another endpoint; the answer's code.
  std::string hello_of(std::size_t bytes);
  std::string say_progress(std::uint64_t counter);  // not the final one
  const std::string& last_code() const { return last_code_; }
  Json sign(const e2ee::Roster& roster);
  e2ee::SignedMessage progress();
  Json last_words() { return e2ee(progress()); }  // the final Progress

  std::optional<Json> last(std::string_view type) const;
  std::size_t count(std::string_view type) const;
  bool open() const { return !closed_; }
  std::uint16_t close_code() const { return closed_.value_or(0); }
  // Media that were offered to this page last.
  app::EndpointKey endpoint() const { return endpoint_; }
  const std::string& call() const { return call_; }
  std::string ep() const { return e2ee::signer_of(hello_.ep); }
  e2ee::EndpointId ep_bytes() const { return hello_.ep; }
  std::uint64_t last_n() const { return last_n_; }
  const std::string& token() const { return token_; }
  meeting::ParticipantId participant() const;
  std::uint8_t idx() const;  // in the newest Roster; 255: not in it
  app::LiveMeetings::SocketId socket() const { return socket_; }

  std::string csrf;
  std::optional<meeting::MeetingId> meeting;

 private:
  class Socket;
  void received(const std::string& text);

  World& world_;
  bool staff_;
  std::shared_ptr<Socket> wire_;
  app::LiveMeetings::SocketId socket_ = 0;
  std::optional<std::uint16_t> closed_;
  std::int64_t last_id_ = 0;
  std::uint64_t last_n_ = 0;
  std::vector<Json> received_;
  std::string call_, token_, name_, participant_, last_code_;
  app::EndpointKey endpoint_ = 0;
  std::shared_ptr<crypto::P256Key> sig_ = std::make_shared<crypto::P256Key>(crypto::P256Key::generate());
  std::shared_ptr<crypto::P256Key> kem_ = std::make_shared<crypto::P256Key>(crypto::P256Key::generate());
  e2ee::Hello hello_;
  e2ee::SignedMessage hello_message_;
};

}  // namespace parlour::scenario
