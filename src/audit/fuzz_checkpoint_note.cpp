// Signed notes, checkpoints, keys, tile paths and the bundle's index: any text is read or refused, and what
// was read says the same when it is written again.
#include "audit/format/bundle.h"
#include "audit/format/checkpoint.h"
#include "audit/format/tiles.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parlour;
  using namespace parlour::audit;
  std::string_view text = as_text({data, size});
  if (auto note = parse_note(text)) {
    static const std::optional<VerifierKey> key =
        parse_verifier_key("bank.example/audit+a1e93a9f+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
    if (!key || note->signatures.empty()) __builtin_trap();
    auto opened = open_checkpoint(text, std::span(&*key, 1));
    auto checkpoint = parse_checkpoint_text(note->text);
    if (opened && (!checkpoint || !(*opened == *checkpoint))) __builtin_trap();
  }
  if (auto checkpoint = parse_checkpoint_text(text))
    if (text.substr(0, checkpoint_text(*checkpoint).size()) != checkpoint_text(*checkpoint)) __builtin_trap();
  if (auto key = parse_verifier_key(text); key && key->text() != text) __builtin_trap();
  if (auto tile = parse_tile_path(text); tile && tile_path(*tile) != text) __builtin_trap();
  if (auto index = bundle_index_from_json(text); index && bundle_index_to_json(*index) != text)
    __builtin_trap();
  if (auto entries = parse_entry_bundle({data, size}); entries && entries->size() <= kTileWidth) {
    auto again = make_entry_bundle(*entries);
    if (!again || !equal(*again, ByteView(data, size))) __builtin_trap();
  }
  if (auto json = parse_json(text)) (void)proof_from_json(*json);
  return 0;
}
