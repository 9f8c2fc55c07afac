#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"

namespace waxwing {

// Reads the configuration file. Every key has a default; a relative path is relative to the file.
// The error is Invalid (NotFound when the file cannot be read) and names all mistakes at once, a
// line each:
//   waxwing.yaml:3: unknown key "hostnam"; did you mean "hostname"?
Result<std::shared_ptr<const Settings>> load_settings(const std::string& path);

// The same from memory; `path` is what errors call it.
Result<std::shared_ptr<const Settings>> parse_settings(const std::string& text,
                                                       const std::string& path);

}  // namespace waxwing
