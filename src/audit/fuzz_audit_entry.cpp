// Canonical JSON and the head of an entry against the general JSON reader: what is canonical comes back byte
// by byte when it is read and written again.
#include "audit/format/canonical.h"
#include "audit/format/entry.h"
#include "audit/format/private_row.h"
#include "audit/format/text.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour;
  std::string_view text = as_text({data, size});
  bool canonical = audit::is_canonical(text);
  auto json = parse_json(text, {.bytes = 1 << 20, .depth = 32, .values = 1 << 20});
  if (canonical && (!json || write_json_canonical(*json) != text)) __builtin_trap();
  auto entry = audit::read_entry(text);
  if (entry && !canonical) __builtin_trap();
  if (entry && json->integer_or("seq", -1) != static_cast<std::int64_t>(entry->seq)) __builtin_trap();
  if (entry && !audit::is_canonical(entry->data)) __builtin_trap();
  if (auto row = audit::private_row_from_line(text); row && audit::private_row_to_line(*row) != text)
    __builtin_trap();
  std::string harmless = audit::harmless_text(text);
  if (!audit::is_harmless(harmless) || harmless.size() > audit::kPersonalBytesMax) __builtin_trap();
  return 0;
}
