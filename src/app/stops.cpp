#include "app/stops.h"

#include <algorithm>
#include <limits>

#include "base/time.h"

namespace parlour::app {
namespace {

constexpr std::string_view kCauses[] = {"held", "stopped", "server"};  // the more telling first

}  // namespace

void Stops::open(const std::string& cause, std::int64_t at) {
  for (const Stop& stop : open_)
    if (stop.cause == cause) return;
  open_.push_back({at, at, cause});
}

void Stops::close(const std::string& cause, std::int64_t at) {
  std::erase_if(open_, [&](Stop& stop) {
    if (stop.cause != cause) return false;
    stop.to_ms = std::max(stop.from_ms, at);
    closed_.push_back(stop);
    return true;
  });
}

void Stops::observe(const Json& entry) {
  const std::string type = entry.string_or("type");
  const Json* data = entry.find("data");
  auto time = from_rfc3339(entry.string_or("time"));
  if (!time || data == nullptr) return;
  const std::int64_t at = time->us / 1000;
  if (type == "meeting.started") began_ = true;
  if (type == "meeting.held") open("held", data->integer_or("from", at));
  if (type == "meeting.resumed") close("held", at);
  // Before the first pictures flow nothing has been stopped.
  if (type == "media.stopped" && began_) open(data->string_or("reason") == "held" ? "held" : "stopped", at);
  if (type == "media.resumed") {
    close("held", at);
    close("stopped", at);
  }
  if (type == "recording.gap") {
    const std::string cause = data->string_or("cause");
    if (cause == "held" || cause == "server")
      closed_.push_back({data->integer_or("from"), data->integer_or("to"), cause});
  }
  if (type == "meeting.ended") {
    const std::int64_t ended = data->integer_or("ended_at", at);
    for (std::string_view cause : kCauses) close(std::string(cause), ended);
  }
}

std::vector<Stop> Stops::between(std::int64_t from_ms, std::int64_t to_ms) const {
  std::vector<Stop> all = closed_;
  for (Stop stop : open_) {
    stop.to_ms = to_ms;
    all.push_back(stop);
  }
  // From edge to edge one cause holds.
  std::vector<std::int64_t> edges{from_ms, to_ms};
  for (Stop& stop : all) {
    stop.from_ms = std::clamp(stop.from_ms, from_ms, std::max(from_ms, to_ms));
    stop.to_ms = std::clamp(stop.to_ms, from_ms, std::max(from_ms, to_ms));
    edges.push_back(stop.from_ms);
    edges.push_back(stop.to_ms);
  }
  std::sort(edges.begin(), edges.end());
  std::vector<Stop> out;
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const std::int64_t from = edges[i - 1], to = edges[i];
    if (from >= to) continue;
    for (std::string_view cause : kCauses) {
      const bool holds = std::any_of(all.begin(), all.end(), [&](const Stop& stop) {
        return stop.cause == cause && stop.from_ms <= from && stop.to_ms >= to;
      });
      if (!holds) continue;
      if (!out.empty() && out.back().to_ms == from && out.back().cause == cause)
        out.back().to_ms = to;
      else
        out.push_back({from, to, std::string(cause)});
      break;
    }
  }
  return out;
}

}  // namespace parlour::app
