#include "meeting/type_policy.h"

#include <algorithm>
#include <charconv>

#include "base/characters.h"

namespace parlour::meeting {
namespace {

// Reads settings of one document; remembers the first fault and then gives defaults.
class Settings {
 public:
  explicit Settings(const Json& document) : document_(document) {
    static constexpr std::string_view kSections[] = {"title",     "entry",   "lobby",    "notice",
                                                     "recording", "steward", "retention"};
    if (const JsonObject* members = document.as_object()) {
      for (const JsonMember& member : *members)
        if (std::find(std::begin(kSections), std::end(kSections), member.first) == std::end(kSections))
          fault("/" + member.first, "no such section");
    } else {
      fault("", "must be an object");
    }
  }

  std::optional<PolicyFault> first_fault;

  void fault(std::string pointer, std::string reason) {
    if (!first_fault) first_fault = PolicyFault{std::move(pointer), std::move(reason)};
  }

  // Which members a section has; called once a section.
  void known(std::string_view section, std::initializer_list<std::string_view> names) {
    const Json* object = document_.find(section);
    const JsonObject* members = object != nullptr ? object->as_object() : nullptr;
    if (members == nullptr) return fault("/" + std::string(section), "section is missing");
    for (const JsonMember& member : *members)
      if (std::find(names.begin(), names.end(), member.first) == names.end())
        fault("/" + std::string(section) + "/" + member.first, "no such setting");
  }

  int integer(std::string_view section, std::string_view name, int fallback, int least, int most) {
    const Json* value = value_of(section, name, false);
    if (value == nullptr) return fallback;
    const std::int64_t* number = value->as_integer();
    if (number == nullptr || *number < least || *number > most) {
      fault(pointer(section, name),
            "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      return fallback;
    }
    return static_cast<int>(*number);
  }
  bool boolean(std::string_view section, std::string_view name, bool fallback) {
    const Json* value = value_of(section, name, false);
    if (value == nullptr) return fallback;
    if (value->as_bool() == nullptr) {
      fault(pointer(section, name), "must be true or false");
      return fallback;
    }
    return *value->as_bool();
  }
  std::string choice(std::string_view section, std::string_view name,
                     std::initializer_list<std::string_view> of) {
    const Json* value = value_of(section, name, true);
    const std::string* text = value != nullptr ? value->as_string() : nullptr;
    if (text == nullptr || std::find(of.begin(), of.end(), *text) == of.end()) {
      fault(pointer(section, name), "is not one of the allowed words");
      return std::string(*of.begin());
    }
    return *text;
  }
  std::string string(std::string_view section, std::string_view name, std::size_t longest) {
    const Json* value = value_of(section, name, false);
    if (value == nullptr) return "";
    if (value->as_string() == nullptr || characters(*value->as_string()) > longest) {
      fault(pointer(section, name), "must be a text of at most " + std::to_string(longest) + " characters");
      return "";
    }
    return *value->as_string();
  }
  Text text_at(const Json* value, const std::string& where, std::size_t longest) {
    Text text;
    const Json* en = value != nullptr ? value->find("en") : nullptr;
    const Json* nl = value != nullptr ? value->find("nl") : nullptr;
    if (en == nullptr || nl == nullptr || en->as_string() == nullptr || nl->as_string() == nullptr ||
        en->as_string()->empty() || nl->as_string()->empty() || characters(*en->as_string()) > longest ||
        characters(*nl->as_string()) > longest) {
      fault(where, "needs a text in en and in nl of at most " + std::to_string(longest) + " characters");
      return text;
    }
    return {*en->as_string(), *nl->as_string()};
  }
  Text text(std::string_view section, std::string_view name, std::size_t longest) {
    return text_at(value_of(section, name, true), pointer(section, name), longest);
  }
  std::vector<std::string> words(std::string_view section, std::string_view name,
                                 std::initializer_list<std::string_view> of) {
    std::vector<std::string> out;
    const Json* value = value_of(section, name, false);
    if (value == nullptr) return out;
    const JsonArray* items = value->as_array();
    bool good = items != nullptr;
    if (good)
      for (const Json& item : *items) {
        const std::string* word = item.as_string();
        if (word == nullptr || std::find(of.begin(), of.end(), *word) == of.end() ||
            std::find(out.begin(), out.end(), *word) != out.end()) {
          good = false;
          break;
        }
        out.push_back(*word);
      }
    if (!good) fault(pointer(section, name), "must be a list of different allowed words");
    return out;
  }

 private:
  static std::string pointer(std::string_view section, std::string_view name) {
    return "/" + std::string(section) + "/" + std::string(name) + "/value";
  }
  // The `value` of a setting object, after its mode has been checked.
  const Json* value_of(std::string_view section, std::string_view name, bool needed) {
    const Json* object = document_.find(section);
    const Json* setting = object != nullptr ? object->find(name) : nullptr;
    std::string where = "/" + std::string(section) + "/" + std::string(name);
    if (setting == nullptr) {
      if (needed) fault(where, "is missing");
      return nullptr;
    }
    const Json* value = setting->find("value");
    std::string mode = setting->string_or("mode", "fixed");
    if (value == nullptr || (mode != "fixed" && mode != "default")) {
      fault(where, "must be {value, mode: fixed or default}");
      return nullptr;
    }
    return value;
  }

  const Json& document_;
};

}  // namespace

std::string_view to_text(RecordingRule rule) {
  switch (rule) {
    case RecordingRule::kRequired:
      return "required";
    case RecordingRule::kNever:
      return "never";
  }
  return "";
}

Result<TypePolicy, PolicyFault> parse_type_policy(const Json& document) {
  Settings settings(document);
  TypePolicy policy;
  policy.title = settings.text_at(document.find("title"), "/title", 120);
  settings.known("entry", {"duration_min", "before_min", "after_min", "people_max"});
  policy.duration_min = settings.integer("entry", "duration_min", 45, 5, 480);
  policy.before_min = settings.integer("entry", "before_min", 15, 0, 1440);
  policy.after_min = settings.integer("entry", "after_min", 60, 0, 1440);
  policy.people_max = settings.integer("entry", "people_max", 4, 2, 4);
  settings.known("lobby", {"device_check", "place_kept_min"});
  policy.device_check = settings.boolean("lobby", "device_check", true);
  policy.place_kept_min = settings.integer("lobby", "place_kept_min", 10, 1, 60);
  settings.known("notice", {"basis", "why", "other_ways"});
  policy.notice_basis = settings.choice("notice", "basis", {"none", "legal_duty"});
  policy.notice_why = settings.text("notice", "why", 2000);
  policy.other_ways = settings.text("notice", "other_ways", 2000);
  settings.known("recording", {"rule", "kinds", "pause_max_s", "loss_end_s", "coverage_tolerance_ms"});
  // Protocol and log know "optional", for when somebody can begin such a recording: no page can yet.
  std::string rule = settings.choice("recording", "rule", {"never", "optional", "required"});
  if (rule == "optional") settings.fault("/recording/rule/value", std::string(kOptionalNotBuilt));
  policy.recording = rule == "required" ? RecordingRule::kRequired : RecordingRule::kNever;
  policy.kinds = settings.words("recording", "kinds", {"a", "v"});
  policy.pause_max_s = settings.integer("recording", "pause_max_s", 0, 0, 1800);
  policy.loss_end_s = settings.integer("recording", "loss_end_s", 120, 10, 600);
  policy.coverage_tolerance_ms = settings.integer("recording", "coverage_tolerance_ms", 10'000, 0, 600'000);
  settings.known("steward", {"hold_s"});
  policy.hold_s = settings.integer("steward", "hold_s", 300, 30, 1800);
  settings.known("retention", {"recording_keep", "recording_basis"});
  policy.keep = settings.string("retention", "recording_keep", 16);
  policy.keep_basis = settings.string("retention", "recording_basis", 300);

  if (policy.recording == RecordingRule::kNever) {
    if (!policy.kinds.empty())
      settings.fault("/recording/kinds/value", "nothing is recorded: the list must be empty");
    if (!policy.keep.empty())
      settings.fault("/retention/recording_keep/value", "nothing is recorded: must be empty");
  } else {
    if (policy.kinds.empty() || policy.kinds.front() != "a")
      settings.fault("/recording/kinds/value", "must be [\"a\"] or [\"a\",\"v\"]");
    if (!add_keep(UtcTime{}, policy.keep))
      settings.fault("/retention/recording_keep/value", "must be like P7Y or P30D");
  }
  if (policy.recording == RecordingRule::kRequired && policy.notice_basis != "legal_duty")
    settings.fault("/notice/basis/value",
                   "a required recording rests on a legal duty, which is told and not asked");
  if (settings.first_fault) return fail(*settings.first_fault);
  return policy;
}

std::optional<UtcTime> add_keep(UtcTime from, std::string_view keep) {
  using namespace std::chrono;
  if (keep.size() < 3 || keep.size() > 6 || keep.front() != 'P') return std::nullopt;
  int number = 0;
  auto [end, code] = std::from_chars(keep.data() + 1, keep.data() + keep.size() - 1, number);
  if (code != std::errc{} || end != keep.data() + keep.size() - 1 || number < 1 || number > 3650)
    return std::nullopt;
  sys_time<microseconds> moment{microseconds(from.us)};
  if (keep.back() == 'D') return UtcTime{(moment + days(number)).time_since_epoch().count()};
  if (keep.back() != 'Y' || number > 100) return std::nullopt;
  auto day = floor<days>(moment);
  year_month_day date{day};
  date += years(number);
  if (!date.ok()) date = date.year() / date.month() / last;  // 29 February → 28 February
  return UtcTime{(sys_days(date) + (moment - day)).time_since_epoch().count()};
}

}  // namespace parlour::meeting
