#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "base/text.h"

namespace waxwing {

Log log;

namespace {

std::atomic<Log::Format> g_format{Log::Format::Text};

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("waxwing", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    made.set_level(spdlog::level::info);
    return made;
  }();
  return instance;
}

spdlog::level::level_enum native(Log::Level level) {
  switch (level) {
    case Log::Level::Debug: return spdlog::level::debug;
    case Log::Level::Info: return spdlog::level::info;
    case Log::Level::Warning: return spdlog::level::warn;
    case Log::Level::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Characters that a terminal obeys or that turn the text beside them around: C1 controls, marks of
// direction, line and paragraph separators, the byte order mark. Their size in bytes, or 0.
std::size_t size_of_unseen(std::string_view rest) {
  const auto at = [&](std::size_t i) {
    return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0u;
  };
  if (at(0) == 0xC2) return at(1) >= 0x80 && at(1) <= 0x9F ? 2 : 0;
  if (at(0) == 0xD8) return at(1) == 0x9C ? 2 : 0;
  if (at(0) == 0xEF) return at(1) == 0xBB && at(2) == 0xBF ? 3 : 0;
  if (at(0) != 0xE2) return 0;
  const bool is_mark = at(1) == 0x80 && ((at(2) >= 0x8B && at(2) <= 0x8F) ||
                                         (at(2) >= 0xA8 && at(2) <= 0xAE));
  const bool is_isolate = at(1) == 0x81 && at(2) >= 0xA0 && at(2) <= 0xAF;
  return is_mark || is_isolate ? 3 : 0;
}

// "\u202e": both JSON and key=value readers understand it.
void append_escaped(std::string& line, std::string_view character) {
  constexpr char kHex[] = "0123456789abcdef";
  unsigned code = static_cast<unsigned char>(character[0]) & (character.size() == 2 ? 0x1Fu : 0x0Fu);
  for (const char c : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  line += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) line += kHex[code >> shift & 15];
}

void append_quoted(std::string& line, std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  line += '"';
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t unseen = size_of_unseen(value.substr(i))) {
      append_escaped(line, value.substr(i, unseen));
      i += unseen - 1;
      continue;
    }
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      line += "\\u00";
      line += kHex[byte >> 4];
      line += kHex[byte & 15];
    } else {
      line += c;
    }
  }
  line += '"';
}

// Terminals and log collectors stumble over bytes that are not UTF-8.
std::string readable(const std::string& value) {
  return is_utf8(value) ? value : printable(value, 4000);
}

// A value that no reader of key=value lines can misread without quotes.
bool is_plain(std::string_view value) {
  constexpr std::string_view kPlain = "-_.:@/+<>[],$*";
  if (value.empty()) return false;
  for (const char c : value) {
    if (!is_alnum(c) && kPlain.find(c) == std::string_view::npos) return false;
  }
  return true;
}

// JSON knows numbers but not yes and no, and not the "nan" that a double can print as.
bool is_json_number(const Log::Field& field) {
  return field.bare && !field.value.empty() && (is_digit(field.value.back()));
}

std::string json_line(std::string_view event, Log::Fields fields) {
  std::string line = "\"event\":";
  append_quoted(line, event);
  for (const auto& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    if (is_json_number(field)) {
      line += field.value;
    } else if (field.bare && (field.value == "yes" || field.value == "no")) {
      line += field.value == "yes" ? "true" : "false";
    } else {
      append_quoted(line, readable(field.value));
    }
  }
  return line + "}";
}

std::string text_line(std::string_view event, Log::Fields fields) {
  std::string line(event);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (is_plain(field.value)) {
      line += field.value;
    } else {
      append_quoted(line, readable(field.value));
    }
  }
  return line;
}

}  // namespace

void Log::configure(Level level, Format format) {
  logger().set_level(native(level));
  logger().set_pattern(format == Format::Json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v)"
                                              : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  g_format = format;
}

bool Log::enabled(Level level) const { return logger().should_log(native(level)); }

void Log::write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  logger().log(native(level), spdlog::string_view_t([&] {
    static thread_local std::string line;
    line = g_format == Format::Json ? json_line(event, fields) : text_line(event, fields);
    return spdlog::string_view_t(line);
  }()));
}

}  // namespace waxwing
