#include "meeting/notice.h"

#include <algorithm>

namespace parlour::meeting {
namespace {

// "P7Y" → "7 years". The form was checked when the type was published.
std::string keep_in_words(std::string_view keep, bool dutch) {
  if (keep.size() < 3) return "";
  std::string number(keep.substr(1, keep.size() - 2));
  bool one = number == "1";
  if (keep.back() == 'Y') return number + (dutch ? " jaar" : one ? " year" : " years");
  return number + (dutch ? (one ? " dag" : " dagen") : one ? " day" : " days");
}

// The goodbye refers to this sentence, whether anything was recorded or not.
std::string course_logged(const std::string& organisation, bool dutch) {
  return dutch ? " Van het verloop van het gesprek (wie binnenkwam, wanneer het begon en eindigde) houdt " +
                     organisation + " altijd een logboek bij."
               : " " + organisation +
                     " always keeps a log of the course of the conversation (who came in, when it began and "
                     "ended).";
}

}  // namespace

Notice make_notice(const MeetingType& type, std::string_view organisation, std::string_view language) {
  const TypePolicy& policy = type.policy;
  bool dutch = language == "nl";
  Notice notice;
  notice.language = dutch ? "nl" : "en";
  notice.text_id = "notice-" + type.id.text() + "-v" + std::to_string(type.version);
  std::string org(organisation);
  bool pictures = std::find(policy.kinds.begin(), policy.kinds.end(), "v") != policy.kinds.end();
  notice.why = policy.notice_why.in(notice.language);
  if (policy.recording == RecordingRule::kNever) {
    notice.what = dutch ? "Niets. Van dit gesprek wordt geen opname gemaakt."
                        : "Nothing. No recording is made of this conversation.";
    notice.kept = dutch ? "Er is geen opname om te bewaren." : "There is no recording to keep.";
    notice.who = dutch ? "Niemand." : "Nobody.";
    notice.text = dutch
                      ? "Dit gesprek wordt niet opgenomen. " + notice.why +
                            " Voor dit gesprek bestaat geen sleutel van een recorder: geen enkele deelnemer "
                            "verstrekt er een." +
                            course_logged(org, dutch)
                      : "This conversation is not recorded. " + notice.why +
                            " No recorder key exists for this call: no participant gives one out." +
                            course_logged(org, dutch);
    return notice;
  }
  notice.what =
      pictures ? (dutch ? "Beeld en geluid" : "Picture and sound") : (dutch ? "Alleen geluid" : "Sound only");
  std::string keep = keep_in_words(policy.keep, dutch);
  // The term is the type's; nothing destroys at its end yet, so nothing else is said about that.
  notice.kept = dutch ? "Ten minste " + keep + "; daarna verwijdert dit programma haar niet vanzelf"
                      : "At least " + keep + "; after that this program does not delete it by itself";
  notice.who = dutch ? "De afdeling Compliance van " + org + ", met een reden die wordt vastgelegd"
                     : "The compliance department of " + org + ", for a reason that is logged";
  notice.text =
      dutch ? "Dit gesprek moet worden opgenomen. Waarom: " + notice.why + " Wat: " + notice.what +
                  ". Bewaard: " + notice.kept + ". Wie kan het afspelen: " + notice.who + ". U kunt " + org +
                  " om een kopie vragen. De opname wordt in uw browser versleuteld; de "
                  "gespreksserver heeft de sleutels nooit." +
                  course_logged(org, dutch)
            : "This conversation must be recorded. Why: " + notice.why + " What: " + notice.what +
                  ". Kept: " + notice.kept + ". Who can play it: " + notice.who + ". You can ask " + org +
                  " for a copy. The recording is encrypted in your browser; the call server never "
                  "holds the keys." +
                  course_logged(org, dutch);
  return notice;
}

}  // namespace parlour::meeting
