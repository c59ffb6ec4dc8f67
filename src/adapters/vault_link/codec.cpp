#include "codec.h"

namespace parlour::vault_link {

Json part_envelope_json(const recording::PartEnvelope& envelope) {
  return JsonObject{{"part", envelope.part},
                    {"key_id", envelope.key_id},
                    {"enc", to_base64url(envelope.enc)},
                    {"ct", to_base64url(envelope.ct)}};
}

std::optional<recording::PartEnvelope> read_part_envelope(const Json& json,
                                                          const recording::RecordingId& recording) {
  recording::PartEnvelope envelope;
  envelope.recording = recording;
  const std::int64_t part = json.integer_or("part", 0);
  envelope.key_id = json.string_or("key_id");
  if (part < 1 || part > 0xFFFFFFFF || envelope.key_id.size() > 128 ||
      !read_base64(json, "enc", envelope.enc) || !read_base64(json, "ct", envelope.ct))
    return std::nullopt;
  envelope.part = static_cast<std::uint32_t>(part);
  return envelope;
}

std::optional<recording::RecordingId> read_recording(const Json& json) {
  return recording::RecordingId::from_text(json.string_or("recording"));
}

}  // namespace parlour::vault_link
