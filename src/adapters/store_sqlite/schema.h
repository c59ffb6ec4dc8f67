// The SQL schema as numbered forward migrations.
#pragma once

#include <vector>

#include "sql/migrate.h"

namespace parlour::store_sqlite {

const std::vector<sql::Migration>& migrations();

}  // namespace parlour::store_sqlite
