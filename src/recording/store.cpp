#include "recording/store.h"

namespace parlour::recording {

std::string_view to_text(StoreError error) {
  switch (error) {
    case StoreError::kNotFound:
      return "not_found";
    case StoreError::kExists:
      return "exists";
    case StoreError::kNoSpace:
      return "no_space";
    case StoreError::kDenied:
      return "denied";
    case StoreError::kIo:
      return "io";
  }
  return "unknown";
}

}  // namespace parlour::recording
