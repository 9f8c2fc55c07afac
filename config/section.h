#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace waxwing {

// All mistakes of one file, by line.
class Mistakes {
 public:
  explicit Mistakes(std::string path) : path_(std::move(path)) {}
  void add(const YAML::Mark& mark, const std::string& sentence);
  bool none() const { return found_.empty(); }
  std::string text() const;

 private:
  std::string path_;
  std::vector<std::pair<int, std::string>> found_;
};

// A value with the place it stands at.
struct Placed {
  std::string text;
  YAML::Mark mark;
};

// One mapping of the file. Each reader takes a key and leaves the value as it is when the key is
// absent or wrong; a key that no reader asked for is a mistake, noticed when the section goes.
// Private to config/.
class Section {
 public:
  Section(YAML::Node node, std::string name, Mistakes& mistakes);
  ~Section();
  Section(Section&& other) noexcept
      : node_(std::move(other.node_)),
        name_(std::move(other.name_)),
        mistakes_(std::exchange(other.mistakes_, nullptr)),
        asked_(std::move(other.asked_)) {}
  Section& operator=(Section&&) = delete;

  template <class T>
  using Choices = std::vector<std::pair<std::string, T>>;

  std::optional<Placed> text(const std::string& key);
  void flag(const std::string& key, bool& value);
  void number(const std::string& key, std::uint64_t& value, std::uint64_t min, std::uint64_t max);
  void size(const std::string& key, std::uint64_t& value, std::uint64_t min);
  void duration(const std::string& key, std::chrono::seconds& value, std::chrono::seconds min,
                std::chrono::seconds max);
  template <class T>
  bool choice(const std::string& key, T& value, const Choices<T>& choices) {
    const auto given = text(key);
    if (!given) return false;
    std::vector<std::string> names;
    for (const auto& [name, meaning] : choices) {
      if (name == given->text) {
        value = meaning;
        return true;
      }
      names.push_back(name);
    }
    wrong_choice(key, *given, names);
    return false;
  }
  // A section below this one; absent: one without keys.
  Section section(const std::string& key);
  // Lists; nothing when the key is absent. One mapping stands for a list of one.
  std::optional<std::vector<Placed>> texts(const std::string& key);
  // One value or a list.
  std::optional<std::vector<Placed>> text_or_texts(const std::string& key);
  std::optional<std::vector<Section>> sections(const std::string& key);

  // The key as the file's reader knows it: "limits.recipients".
  std::string full(const std::string& key) const;
  YAML::Mark mark() const { return node_.Mark(); }
  void mistake(const YAML::Mark& mark, const std::string& sentence) {
    mistakes_->add(mark, sentence);
  }

 private:
  YAML::Node get(const std::string& key);
  std::optional<std::vector<YAML::Node>> list(const std::string& key);
  void wrong_choice(const std::string& key, const Placed& given,
                    const std::vector<std::string>& names);

  YAML::Node node_;
  std::string name_;
  Mistakes* mistakes_;
  std::vector<std::string> asked_;
};

}  // namespace waxwing
