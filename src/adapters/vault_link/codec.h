// JSON forms of what both sides of the link speak of. Readers give nothing for anything that is not of the
// form.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "base/json.h"
#include "recording/format/envelope.h"

namespace parlour::vault_link {

template <std::size_t N>
bool read_base64(const Json& json, std::string_view name, ByteArray<N>& out) {
  auto bytes = from_base64url(json.string_or(name));
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}
template <std::size_t N>
bool read_hex(const Json& json, std::string_view name, ByteArray<N>& out) {
  auto bytes = from_hex(json.string_or(name));
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

Json part_envelope_json(const recording::PartEnvelope& envelope);
std::optional<recording::PartEnvelope> read_part_envelope(const Json& json,
                                                          const recording::RecordingId& recording);

std::optional<recording::RecordingId> read_recording(const Json& json);

}  // namespace parlour::vault_link
