// What completeness can find wrong with a meeting, each by a name of its own: for programs the code, for
// people the sentence. A log that contradicts itself is told apart from one that merely lacks something.
#pragma once

#include <cstdint>
#include <string_view>

namespace parlour::audit {

enum class Finding : std::uint8_t {
  // A demanded recording.
  kRecordingMissing,
  kRecordingFailed,
  kRecordingUnsettled,
  kRecordingNotSealed,
  kRecordingOrder,
  kRecordingNotCaptured,
  kRecordingSealedTwice,
  kRecordingVerifiedTwice,
  kRecordingShared,
  kRecordingEmpty,
  kRecordingOutside,
  kRecordingNoSegments,
  kUncovered,
  // What explains a hole.
  kGapFuture,
  kGapAfterSealed,
  kGapUnrecorded,
  kPauseBeyondType,
  kGapTooLong,
  kStoppedTooLong,
  kStoppedRecorded,
  kHeldTooLong,
  kTooManyRanges,
  kTooManyRecordings,
  kTooManyOpen,
  // The type's document.
  kToleranceBeyondType,
  kTypeUnpublished,
  kTypeDemand,
  kTypeChanged,
  kDemandChanged,
  kDemandUnknown,
  kDemandedRosterOff,
  // Exemption and deletion instead of a recording.
  kExemptionUnapproved,
  kExemptionUnknownApprover,
  kDeletionEarly,
  kDeletionNoReceipt,
  kDeletionUnrecorded,
  kEntryRefused,
  // The window.
  kNeverEnded,
  kEndedTwice,
  kStartedLate,
  kWindowReversed,
  kDurationContradicts,
  kActivityAfterEnd,
  kEntryAfterSettled,
  // A meeting that took place and has no meeting.started.
  kRosterWithoutStart,
  kPacketsWithoutStart,
  kConnectedWithoutStart,
  kDurationWithoutStart,
  kVerifiedWithoutStart,
  // A type that forbids recording.
  kNeverRequested,
  kNeverCaptured,
  kNeverFirstPacket,
  kNeverSealed,
  kNeverVerified,
  kNeverEntry,
  kNeverPlayed,
  kNeverRoster,
  // The manifest in the bundle against the entries.
  kManifestRecording,
  kManifestMeeting,
  kManifestSealed,
  kManifestIntervals,
  kManifestCoverage,
  kCount
};
static_assert(static_cast<int>(Finding::kCount) <= 64, "findings of a meeting are kept as bits");

std::string_view code_of(Finding finding);      // "recording.not_sealed"
std::string_view sentence_of(Finding finding);  // "a recording was verified that was never sealed"

}  // namespace parlour::audit
