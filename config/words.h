#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing {

// "512", "10KB" (thousands), "100MiB" (1024s); B, K, M, G and T alone mean the latter.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "30s", "5m", "2h", "1d"; a bare number is seconds.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// The candidate that `word` was most likely meant to be; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace waxwing
