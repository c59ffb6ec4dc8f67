#include "app/network_checks.h"

namespace parlour::app {
namespace {

constexpr std::uint16_t kNormalClose = 1000;

}  // namespace

NetworkChecks::~NetworkChecks() {
  *alive_ = false;
  while (!checks_.empty()) end(checks_.begin()->first);
}

void NetworkChecks::push(Check& check, Json message) {
  message.set("n", ++check.n);
  check.wire->send(write_json(message));
}

bool NetworkChecks::begin(Key key, std::shared_ptr<Wire> wire) {
  if (checks_.size() >= kAtOnce) return false;
  Check& check = checks_[key];
  check = {std::move(wire), keys_.next_room(), keys_.next_endpoint(), context_.clock.now().steady + kLongest};
  // Leased, and nobody gives it a lease: whatever is sent there goes nowhere.
  context_.media.open_room(check.room, true);
  context_.media.add_endpoint(check.endpoint, check.room);
  context_.media.make_offer(check.endpoint, false, [this, alive = alive_, key](MediaOffer made) {
    auto found = *alive ? checks_.find(key) : checks_.end();
    if (!*alive || found == checks_.end()) return;
    push(found->second,
         JsonObject{{"type", "offer"}, {"gen", made.generation}, {"sdp", made.sdp}, {"map", JsonArray{}}});
  });
  return true;
}

void NetworkChecks::message(Key key, const Json& message) {
  auto found = checks_.find(key);
  if (found == checks_.end()) return;
  const std::int64_t re = message.integer_or("id", -1);
  auto refused = [re](Check& check, std::string_view code, std::string_view text) {
    check.wire->send(write_json(JsonObject{
        {"type", "refused"}, {"re", re}, {"code", std::string(code)}, {"text", std::string(text)}}));
  };
  if (message.string_or("type") != "answer")
    return refused(found->second, "message.unknown", "This message is not known here.");
  const std::int64_t generation = message.integer_or("gen");
  context_.media.accept_answer(
      found->second.endpoint,
      static_cast<std::uint32_t>(generation < 0 || generation > UINT32_MAX ? 0 : generation),
      message.string_or("sdp"), [this, alive = alive_, key, re, refused](Result<void, std::string> result) {
        if (!*alive) return;
        auto target = checks_.find(key);
        if (target == checks_.end()) return;
        if (!result) return refused(target->second, "answer." + result.error(), "The answer was refused.");
        target->second.wire->send(write_json(JsonObject{{"type", "ok"}, {"re", re}}));
      });
}

void NetworkChecks::end(Key key) {
  auto found = checks_.find(key);
  if (found == checks_.end()) return;
  context_.media.remove_endpoint(found->second.endpoint);
  context_.media.close_room(found->second.room);
  checks_.erase(found);
}

bool NetworkChecks::on_media_fact(RoomKey room, const MediaFact& fact) {
  for (auto& [key, check] : checks_) {
    if (check.room != room) continue;
    if (std::holds_alternative<media_fact::Connected>(fact) && !check.up) {
      check.up = true;
      push(check, JsonObject{{"type", "path"}, {"state", "up"}});
    }
    return true;
  }
  return false;
}

void NetworkChecks::tick(SteadyTime now) {
  for (auto at = checks_.begin(); at != checks_.end();) {
    const Key key = at->first;
    auto wire = at->second.wire;
    const bool over = now >= at->second.until;
    ++at;
    if (!over) continue;
    end(key);
    wire->close(kNormalClose, "the check is over");
  }
}

}  // namespace parlour::app
