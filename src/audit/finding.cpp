#include "audit/verify/finding.h"

#include <array>

namespace parlour::audit {
namespace {

struct Words {
  Finding finding;
  std::string_view code, sentence;
};

using enum Finding;
constexpr std::array kWords{
    Words{kRecordingMissing, "recording.missing", "no recording was made"},
    Words{kRecordingFailed, "recording.failed", "its recording failed"},
    Words{kRecordingUnsettled, "recording.unsettled", "its recording was never sealed and verified"},
    Words{kRecordingNotSealed, "recording.not_sealed", "a recording was verified that was never sealed"},
    Words{kRecordingOrder, "recording.order", "a recording was verified before it was sealed"},
    Words{kRecordingNotCaptured, "recording.not_captured",
          "a recording holds something though its capture never started"},
    Words{kRecordingSealedTwice, "recording.sealed_twice", "a recording was sealed twice, differently"},
    Words{kRecordingVerifiedTwice, "recording.verified_twice",
          "a recording was verified twice, with two manifests"},
    Words{kRecordingShared, "recording.shared", "its recording is said to be of another meeting too"},
    Words{kRecordingEmpty, "recording.empty", "its verified recording holds nothing of it"},
    Words{kRecordingOutside, "recording.outside",
          "its recording is said to hold times in which nothing was captured"},
    Words{kRecordingNoSegments, "recording.no_segments",
          "its recording is said to hold something and was sealed without a segment"},
    Words{kUncovered, "coverage.uncovered", "a part of it is neither recorded nor explained by the log"},
    Words{kGapFuture, "gap.future", "a gap is said to end after its entry was written"},
    Words{kGapAfterSealed, "gap.after_sealed", "a gap was named after its recording was sealed"},
    Words{kGapUnrecorded, "gap.unrecorded", "a gap is named of a recording that it does not have"},
    Words{kPauseBeyondType, "pause.beyond_type", "recording was paused for longer than its type allows"},
    Words{kGapTooLong, "gap.too_long",
          "a gap is longer than anybody can be forwarded without a recorder, and media were not stopped"},
    Words{kStoppedTooLong, "stopped.too_long",
          "media were stopped for longer than a call of its type may go on without its recording"},
    Words{kStoppedRecorded, "stopped.recorded", "it was recorded while the call is said to have been held"},
    Words{kHeldTooLong, "held.too_long", "it was held for longer than its type allows"},
    Words{kTooManyRanges, "ranges.too_many", "it has more gaps and pauses than can be judged"},
    Words{kTooManyRecordings, "recordings.too_many", "it has more recordings than can be judged"},
    Words{kTooManyOpen, "meetings.too_many_open",
          "it was open at the same time as more others than can be judged"},
    Words{kToleranceBeyondType, "tolerance.beyond_type",
          "the tolerance that it states is greater than its type's"},
    Words{kTypeUnpublished, "type.unpublished", "the version of its type was never published in this log"},
    Words{kTypeDemand, "type.demand", "the demand that it states is not the one of its type"},
    Words{kTypeChanged, "type.changed", "the version of its type changed in the meeting"},
    Words{kDemandChanged, "demand.changed", "the demand for a recording changed in the meeting"},
    Words{kDemandUnknown, "demand.unknown", "it states a demand that no type can have"},
    Words{kDemandedRosterOff, "demanded.roster_off",
          "its type demands a recording, and a Roster of its call names no recorder"},
    Words{kExemptionUnapproved, "exemption.unapproved",
          "it was exempted without a reason or without a second person's approval"},
    Words{kExemptionUnknownApprover, "exemption.unknown_approver",
          "it was exempted by the approval of somebody who is no user in this log"},
    Words{kDeletionEarly, "deletion.early", "its recording was deleted before the day on which that was due"},
    Words{kDeletionNoReceipt, "deletion.no_receipt", "its recording was deleted without a receipt"},
    Words{kDeletionUnrecorded, "deletion.unrecorded",
          "a recording of it was deleted that was never sealed and verified"},
    Words{kEntryRefused, "entry.refused", "what stands for its recording has an outcome other than ok"},
    Words{kNeverEnded, "window.never_ended", "it never ended"},
    Words{kEndedTwice, "window.ended_twice", "it ended twice"},
    Words{kStartedLate, "window.started_late",
          "two people had been connected for some time when it is said to have started"},
    Words{kWindowReversed, "window.reversed", "it ended before it started"},
    Words{kDurationContradicts, "window.duration",
          "its duration is not the time between its start and its end"},
    Words{kActivityAfterEnd, "activity.after_end", "people were still in the call after its end"},
    Words{kEntryAfterSettled, "entry.after_settled",
          "entries about its recording follow after its recording was verified"},
    Words{kRosterWithoutStart, "start.roster",
          "a recorded call had two people and the meeting never started"},
    Words{kPacketsWithoutStart, "start.packets", "two people were recorded and the meeting never started"},
    Words{kConnectedWithoutStart, "start.connected",
          "two people were connected and the meeting never started"},
    Words{kDurationWithoutStart, "start.duration", "it lasted for some time and never started"},
    Words{kVerifiedWithoutStart, "start.verified",
          "its recording holds the media of two people and the meeting never started"},
    Words{kNeverRequested, "never.requested", "its type forbids recording, but a recording was requested"},
    Words{kNeverCaptured, "never.captured", "its type forbids recording, but it was recorded"},
    Words{kNeverFirstPacket, "never.first_packet",
          "its type forbids recording, but media reached a recorder"},
    Words{kNeverSealed, "never.sealed", "its type forbids recording, but a recording was sealed"},
    Words{kNeverVerified, "never.verified", "its type forbids recording, but a recording was verified"},
    Words{kNeverEntry, "never.entry", "its type forbids recording, but an entry speaks of one"},
    Words{kNeverPlayed, "never.played", "its type forbids recording, but a recording of it was to be played"},
    Words{kNeverRoster, "never.roster", "its type forbids recording, but its call named a recorder"},
    Words{kManifestRecording, "manifest.recording", "the manifest is of another recording"},
    Words{kManifestMeeting, "manifest.meeting", "the manifest is of another meeting"},
    Words{kManifestSealed, "manifest.sealed", "the manifest is of something else than what was sealed"},
    Words{kManifestIntervals, "manifest.intervals",
          "the log and the manifest name different times as recorded"},
    Words{kManifestCoverage, "manifest.coverage", "the log and the manifest name different coverage"},
};
static_assert(kWords.size() == static_cast<std::size_t>(kCount));
static_assert(
    [] {
      for (std::size_t i = 0; i < kWords.size(); ++i)
        if (kWords[i].finding != static_cast<Finding>(i)) return false;
      return true;
    }(),
    "in the order of the enumeration");

}  // namespace

std::string_view code_of(Finding finding) {
  return kWords[static_cast<std::size_t>(finding)].code;
}

std::string_view sentence_of(Finding finding) {
  return kWords[static_cast<std::size_t>(finding)].sentence;
}

}  // namespace parlour::audit
