#pragma once

#include "auth/sqlite.h"
#include "base/result.h"

namespace waxwing {

// Brings directory.sqlite to the newest schema, one transaction per step. Corrupt when a newer
// Waxwing wrote it.
Outcome migrate_directory(directory_sql::Database& database);

}  // namespace waxwing
