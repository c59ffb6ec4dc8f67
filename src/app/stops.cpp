#include "app/stops.h"

#include <algorithm>

#include "base/ranges.h"
#include "base/time.h"

namespace parlour::app {
namespace {

constexpr std::string_view kCauses[] = {"held", "stopped", "server"};  // the more telling first

const JsonArray& items(const Json* list) {
  static const JsonArray kNone;
  return list != nullptr && list->as_array() != nullptr ? *list->as_array() : kNone;
}
std::int64_t integer(const Json& value) {
  return value.as_integer() != nullptr ? *value.as_integer() : 0;
}

}  // namespace

void Stops::open(By by, const std::string& cause, std::int64_t at) {
  for (const Open& one : open_)
    if (one.by == by) return;
  open_.push_back({by, {at, at, cause}});
}

void Stops::close(By by, std::int64_t at) {
  std::erase_if(open_, [&](Open& one) {
    if (one.by != by) return false;
    one.stop.to_ms = std::max(one.stop.from_ms, at);
    closed_.push_back(one.stop);
    return true;
  });
}

void Stops::close_all(std::int64_t at) {
  for (By by : {By::kHold, By::kMedia, By::kRestart}) close(by, at);
}

void Stops::observe(const Json& entry) {
  const std::string type = entry.string_or("type");
  const Json* data = entry.find("data");
  auto time = from_rfc3339(entry.string_or("time"));
  if (!time || data == nullptr) return;
  const std::int64_t at = time->us / 1000;
  if (type == "recording.gap") {
    const std::string cause = data->string_or("cause");
    if (cause == "held" || cause == "server")
      closed_.push_back({data->integer_or("from"), data->integer_or("to"), cause});
  }
  if (ended_) return;
  if (type == "meeting.started") began_ = true;
  if (type == "meeting.held") open(By::kHold, "held", at);
  if (type == "meeting.resumed") close(By::kHold, at);
  // Before the first pictures flow nothing has been stopped.
  if (type == "media.stopped" && began_)
    open(By::kMedia, data->string_or("reason") == "held" ? "held" : "stopped", at);
  if (type == "server.started" && began_) open(By::kRestart, "server", at);
  if (type == "media.resumed" || type == "meeting.ended") close_all(at);
  if (type == "meeting.ended") ended_ = true;
}

std::vector<Stop> Stops::between(std::int64_t from_ms, std::int64_t to_ms) const {
  std::vector<Stop> all = closed_;
  for (const Open& one : open_) all.push_back({one.stop.from_ms, to_ms, one.stop.cause});
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

std::int64_t coverage_of_call(std::int64_t sent_permille, const JsonArray& tracks,
                              const std::vector<Stop>& stops, std::int64_t call_ms) {
  Ranges stopped;
  for (const Stop& stop : stops) stopped.emplace_back(stop.from_ms, stop.to_ms);
  stopped = joined(std::move(stopped));
  // Milliseconds of all tracks: what was sent, what of it is missing; at all, and while media flowed.
  std::int64_t sent = 0, missing = 0, flowing = 0, missing_flowing = 0;
  for (const Json& track : tracks) {
    Ranges held, gaps;
    for (const Json& span : items(track.find("intervals")))
      if (const JsonArray* pair = span.as_array(); pair != nullptr && pair->size() == 2)
        held.emplace_back(integer(pair->front()), integer(pair->back()));
    for (const Json& gap : items(track.find("gaps")))
      if (gap.string_or("cause") != "tail_not_attested")
        gaps.emplace_back(gap.integer_or("from_ms"), gap.integer_or("to_ms"));
    gaps = joined(std::move(gaps));
    const Ranges all = together(joined(std::move(held)), gaps);
    sent += length(all);
    missing += length(gaps);
    flowing += length(without(all, stopped));
    missing_flowing += length(without(gaps, stopped));
  }
  auto share = [](std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 1.0;
  };
  double covered = static_cast<double>(sent_permille);
  if (missing < sent) covered *= share(flowing - missing_flowing, flowing) / share(sent - missing, sent);
  covered *= share(call_ms - length(stopped), call_ms);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(covered + 1e-6), 0, 1000);
}

}  // namespace parlour::app
