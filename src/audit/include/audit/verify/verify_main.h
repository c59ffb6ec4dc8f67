// The command `parlour audit verify BUNDLE --key KEY [--since FILE] [--json]`.
//
// KEY is a verifier key in its text form or the path of a file that holds one; --key may be given again for a
// successor. FILE is a checkpoint that was kept from before (also from a receipt or an older bundle).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace parlour::audit {

// A bundle that lies open, as long as this lives.
class OpenedBundle {
 public:
  virtual ~OpenedBundle() = default;
  virtual ByteView bytes() const = 0;
  // What was read so far is not needed in memory; it may be read again. Any thread.
  virtual void let_go() const = 0;
};
// Nothing when the file cannot be read or is larger than allowed. How a file is opened is the program's
// matter: `parlour` maps it, so that a large bundle does not become memory.
using OpenBundle =
    std::function<std::unique_ptr<OpenedBundle>(const std::string& path, std::uint64_t bytes_max)>;
std::unique_ptr<OpenedBundle> read_whole_bundle(const std::string& path, std::uint64_t bytes_max);

// `arguments`: what follows `parlour audit verify`. `random`: nobody who made the bundle may know it. Returns
// the exit status. Reads the named files, nothing else.
int audit_verify_main(std::span<const std::string> arguments, UtcTime now, Random& random, std::ostream& out,
                      std::ostream& err, const OpenBundle& open = read_whole_bundle);

}  // namespace parlour::audit
