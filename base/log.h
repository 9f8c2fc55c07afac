#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace waxwing {

// One line per event: time, level, event and key=value pairs (or one JSON object). Values are quoted
// and escaped as needed, so a hostile value never makes a second line. Any thread.
//   log.info("delivered", {{"session", id}, {"mailbox", name}, {"uid", uid}});
// Never log passwords, SASL messages or message text.
class Log {
 public:
  struct Field {
    Field(std::string_view key, std::string_view value) : key(key), value(value) {}
    Field(std::string_view key, const std::string& value) : key(key), value(value) {}
    Field(std::string_view key, const char* value) : key(key), value(value) {}
    Field(std::string_view key, bool value) : key(key), value(value ? "yes" : "no"), bare(true) {}
    template <class N>
      requires(std::integral<N> || std::floating_point<N>)
    Field(std::string_view key, N value) : key(key), value(std::to_string(value)), bare(true) {}

    std::string_view key;
    std::string value;
    bool bare = false;  // a number or yes/no: JSON writes it without quotes
  };
  using Fields = std::initializer_list<Field>;

  enum class Level { Debug, Info, Warning, Error };
  enum class Format { Text, Json };

  // Takes effect for the lines that follow; lines go to standard error.
  void configure(Level level, Format format);
  bool enabled(Level level) const;

  void debug(std::string_view event, Fields fields = {}) { write(Level::Debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { write(Level::Info, event, fields); }
  void warning(std::string_view event, Fields fields = {}) { write(Level::Warning, event, fields); }
  void error(std::string_view event, Fields fields = {}) { write(Level::Error, event, fields); }

 private:
  void write(Level level, std::string_view event, Fields fields);
};

extern Log log;

}  // namespace waxwing
