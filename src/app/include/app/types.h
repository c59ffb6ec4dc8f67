// Publishing meeting types, and the organisation's signed Policy that lists them. An operator's command.
#pragma once

#include "app/act.h"

namespace parlour::app {

class Types {
 public:
  explicit Types(Context& context) : context_(context) {}
  // A new type (version 1), or the next version of `id`, which must be there: a mistyped id would make a
  // second type. With `new_type` it must not be there. The error names the fault's place in the document.
  Result<MeetingType, std::string> publish(const meeting::Actor& actor, const Json& document,
                                           std::optional<TypeId> id, bool new_type = false);
  // Has the vault sign a Policy that lists all published versions which the current one lacks. `done(true)`
  // also when there was nothing to do.
  void sign_policy(std::function<void(bool)> done);

 private:
  Context& context_;
};

}  // namespace parlour::app
