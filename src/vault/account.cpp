#include "vault/account.h"

#include <algorithm>

namespace parlour::vault {
namespace {

// From here on missing frames are a cut of somebody's network rather than lost packets.
constexpr Duration kNetworkMin = std::chrono::milliseconds(1000);
// Losses so near to each other are one event in a list that people read.
constexpr Duration kLossJoin = std::chrono::milliseconds(1000);
// A hole in time that the missing frames fill to less than a fifth was mostly silence or a camera switched
// off; it is then not longer than the frames that are missing. Shorter holes are taken whole: encoders slow
// down when cut off.
constexpr Duration kWholeHoleMax = std::chrono::seconds(30);
// Longer steps between frames are pauses of the sender, not its rate.
constexpr Duration kStepMax = std::chrono::seconds(1);

}  // namespace

bool KidAccount::take(std::uint32_t counter, UtcTime at) {
  auto after = runs_.upper_bound(counter);
  if (after != runs_.begin()) {
    auto before = std::prev(after);
    if (counter <= before->second.last) return false;
    if (counter == before->second.last + 1) {
      const Duration step = at - before->second.to;
      if (step > Duration(0) && step <= kStepMax) {
        steps_total_ += step;
        ++steps_;
      }
      before->second.last = counter;
      before->second.to = at;
      ++frames_;
      if (after != runs_.end() && after->first == counter + 1) {
        before->second.last = after->second.last;
        before->second.to = after->second.to;
        runs_.erase(after);
      }
      return true;
    }
  }
  const bool extends = after != runs_.end() && after->first == counter + 1;
  if (!extends && runs_.size() >= kRunsMax) return false;
  ++frames_;
  if (extends) {
    FrameRun run = after->second;
    run.first = counter;
    run.from = at;
    runs_.erase(after);
    runs_.emplace(counter, run);
    return true;
  }
  runs_.emplace(counter, FrameRun{counter, counter, at, at});
  return true;
}

Duration KidAccount::interval(Duration usual) const {
  return steps_ < 10 ? usual : std::max(Duration(1000), steps_total_ / static_cast<std::int64_t>(steps_));
}

void KidAccount::attest(std::uint32_t last, bool final) {
  attested_last_ = attested_last_ ? std::max(*attested_last_, last) : last;
  final_ = final_ || final;
}

std::string_view to_text(MediaKind kind) {
  switch (kind) {
    case MediaKind::kAudio:
      return "audio";
    case MediaKind::kVideo:
      return "video";
    case MediaKind::kScreen:
      return "screen";
  }
  return "unknown";
}

std::string_view to_text(GapCause cause) {
  switch (cause) {
    case GapCause::kLoss:
      return "loss";
    case GapCause::kNetwork:
      return "network";
    case GapCause::kServer:
      return "server";
    case GapCause::kStorage:
      return "storage";
    case GapCause::kPause:
      return "pause";
    case GapCause::kSource:
      return "source";
    case GapCause::kTailNotAttested:
      return "tail_not_attested";
  }
  return "unknown";
}

std::vector<Span> join_spans(std::vector<Span> spans, Duration join) {
  std::sort(spans.begin(), spans.end());
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (span.to <= span.from) continue;
    if (!joined.empty() && span.from - joined.back().to <= join)
      joined.back().to = std::max(joined.back().to, span.to);
    else
      joined.push_back(span);
  }
  return joined;
}

std::vector<Span> join_to_fit(std::vector<Span> spans, std::size_t most, Duration& within) {
  within = Duration(0);
  spans = join_spans(std::move(spans));
  if (spans.size() <= most) return spans;
  std::vector<Duration> holes;
  for (std::size_t i = 1; i < spans.size(); ++i) holes.push_back(spans[i].from - spans[i - 1].to);
  // So many have to go: the shortest ones.
  auto longest = holes.begin() + static_cast<std::ptrdiff_t>(spans.size() - most - 1);
  std::nth_element(holes.begin(), longest, holes.end());
  within = *longest;
  return join_spans(std::move(spans), within);
}

std::vector<Span> without(const std::vector<Span>& spans, const std::vector<Span>& others) {
  std::vector<Span> left;
  for (Span span : spans) {
    for (const Span& other : others) {
      if (other.to <= span.from || other.from >= span.to) continue;
      if (other.from > span.from) left.push_back({span.from, other.from});
      span.from = std::min(other.to, span.to);
    }
    if (span.to > span.from) left.push_back(span);
  }
  return left;
}

Duration total(const std::vector<Span>& spans) {
  Duration sum(0);
  for (const Span& span : spans) sum += span.to - span.from;
  return sum;
}

Duration overlap(const Span& span, const std::vector<Span>& others) {
  Duration sum(0);
  for (const Span& other : others) {
    const UtcTime from = std::max(span.from, other.from), to = std::min(span.to, other.to);
    if (to > from) sum += to - from;
  }
  return sum;
}

GapCause cause_of(const Span& span, const Window& window) {
  if (overlap(span, window.damaged) * 2 >= span.to - span.from && span.to > span.from)
    return GapCause::kStorage;
  if (overlap(span, window.absences) * 2 >= span.to - span.from && span.to > span.from)
    return GapCause::kServer;
  return span.to - span.from >= kNetworkMin ? GapCause::kNetwork : GapCause::kLoss;
}

KidGaps find_gaps(const KidAccount& account, const Window& window, Duration interval) {
  KidGaps found;
  interval = account.interval(interval);
  auto missing = [&](Span span, std::uint64_t frames) {
    const Span inside{std::max(span.from, window.from), std::min(span.to, window.to)};
    if (inside.to <= inside.from) {
      found.outside += frames;
      return;
    }
    // Frames of the part outside count there.
    const double share = static_cast<double>((inside.to - inside.from).count()) /
                         static_cast<double>(std::max<std::int64_t>(1, (span.to - span.from).count()));
    const auto counted =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share * static_cast<double>(frames) + 0.5));
    found.missing += std::min(counted, frames);
    found.outside += frames - std::min(counted, frames);
    found.gaps.push_back({cause_of(inside, window), inside, std::min(counted, frames), 0});
  };

  const auto& runs = account.runs();
  const auto attested = account.attested_last();
  if (runs.empty()) {
    // A key of which nothing came: its frames have no place in time that we know, but they lasted as long as
    // they did.
    if (attested) {
      found.missing = std::uint64_t{*attested} + 1;
      const UtcTime to = window.from + interval * static_cast<std::int64_t>(found.missing);
      found.gaps.push_back({GapCause::kLoss, {window.from, std::min(to, window.to)}, found.missing, 0});
    }
    return found;
  }
  const FrameRun& first = runs.begin()->second;
  if (first.first > 0) missing({first.from - interval * first.first, first.from}, first.first);
  for (auto run = runs.begin(); std::next(run) != runs.end(); ++run) {
    const FrameRun& before = run->second;
    const FrameRun& after = std::next(run)->second;
    const std::uint64_t frames = after.first - before.last - 1;
    const Duration filled = interval * static_cast<std::int64_t>(frames);
    Span hole{before.to + interval, std::max(after.from, before.to + interval + Duration(1))};
    if (hole.to - hole.from > kWholeHoleMax && filled * 5 < hole.to - hole.from) hole.to = hole.from + filled;
    missing(hole, frames);
  }
  const FrameRun& last = runs.rbegin()->second;
  if (attested && *attested > last.last) {
    const std::uint64_t frames = *attested - last.last;
    const UtcTime from = last.to + interval;
    missing({from, from + interval * static_cast<std::int64_t>(frames)}, frames);
  }
  // Frames beyond the newest counter that the sender has signed. After a final Progress there should be none;
  // without one the tail is a gap in what is attested, though it is there.
  UtcTime from = last.to + interval;
  for (const auto& [number, run] : runs) {
    const std::int64_t beyond =
        attested ? std::int64_t{run.last} - std::int64_t{*attested} : std::int64_t{run.last} + 1;
    if (beyond <= 0) continue;
    const auto here = static_cast<std::uint64_t>(
        std::min<std::int64_t>(beyond, std::int64_t{run.last} - std::int64_t{run.first} + 1));
    found.unattested += here;
    from = std::min(from, run.to - interval * static_cast<std::int64_t>(here - 1));
  }
  if (found.unattested > 0 && !account.attested_finally())
    found.gaps.push_back({GapCause::kTailNotAttested, {from, last.to + interval}, 0, 0});
  return found;
}

std::vector<Gap> join_gaps(std::vector<Gap> gaps, Duration apart, std::vector<Duration>* between) {
  std::sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) { return a.span < b.span; });
  std::vector<Gap> joined;
  for (const Gap& gap : gaps) {
    // The newest of the same class to which this one can belong.
    Gap* onto = nullptr;
    for (auto at = joined.rbegin(); at != joined.rend() && onto == nullptr; ++at) {
      const bool tail = at->cause == GapCause::kTailNotAttested, pause = at->cause == GapCause::kPause;
      if (tail != (gap.cause == GapCause::kTailNotAttested) || pause != (gap.cause == GapCause::kPause))
        continue;
      const bool both_loss = at->cause == GapCause::kLoss && gap.cause == GapCause::kLoss;
      const Duration hole = gap.span.from - at->span.to;
      if (hole <= std::max(apart, both_loss ? kLossJoin : Duration(0)))
        onto = &*at;
      else if (between != nullptr)
        between->push_back(hole);
      break;
    }
    if (onto == nullptr) {
      joined.push_back(gap);
      continue;
    }
    const bool longer = gap.span.to - gap.span.from > onto->span.to - onto->span.from;
    if (longer && gap.cause != GapCause::kLoss) onto->cause = gap.cause;
    onto->span.to = std::max(onto->span.to, gap.span.to);
    onto->missing += gap.missing;
    onto->skipped += gap.skipped;
  }
  return joined;
}

std::vector<Gap> gaps_to_fit(std::vector<Gap> gaps, std::size_t most, Duration& within) {
  within = Duration(0);
  std::vector<Duration> between;
  gaps = join_gaps(std::move(gaps), within, &between);
  // Gaps of other classes lie between those of one and never join: with a few of each there are few enough.
  while (gaps.size() > most && !between.empty()) {
    auto longest =
        between.begin() + static_cast<std::ptrdiff_t>(std::min(gaps.size() - most, between.size()) - 1);
    std::nth_element(between.begin(), longest, between.end());
    within = *longest;
    between.clear();
    gaps = join_gaps(std::move(gaps), within, &between);
  }
  return gaps;
}

}  // namespace parlour::vault
