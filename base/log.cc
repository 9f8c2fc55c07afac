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

void append_quoted(std::string& line, std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  line += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
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
