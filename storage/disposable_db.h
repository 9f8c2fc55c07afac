#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "storage/sqlite.h"

namespace waxwing {

class Disk;

// Opens a database whose loss costs no mail, and makes its tables; it is written behind
// (synchronous=NORMAL). One that is damaged, or of another version, is removed and begun anew, and
// the log says so by `warning`.
Result<sqlite::Database> open_disposable_db(Disk& disk, const std::string& path, const char* tables,
                                            std::int64_t version, const char* warning);

}  // namespace waxwing
