#include "config/section.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/words.h"

namespace waxwing {
namespace {

std::string quoted(const std::string& text) {
  return '"' + printable(text, 80) + '"';
}

}  // namespace

void Mistakes::add(const YAML::Mark& mark, const std::string& sentence) {
  found_.emplace_back(mark.is_null() ? 1 : mark.line + 1, sentence);
}

std::string Mistakes::text() const {
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> lines;
  for (const auto& [line, sentence] : sorted) {
    lines.push_back(path_ + ":" + std::to_string(line) + ": " + sentence);
  }
  return join(lines, "\n");
}

Section::Section(YAML::Node node, std::string name, Mistakes& mistakes)
    : node_(std::move(node)), name_(std::move(name)), mistakes_(&mistakes) {
  if (node_.IsMap() || node_.IsNull()) return;
  mistakes_->add(node_.Mark(),
                 (name_.empty() ? "the file" : name_) + " must be a list of \"key: value\"");
  node_.reset(YAML::Node());  // assignment would write into the document
}

Section::~Section() {
  if (mistakes_ == nullptr || !node_.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& pair : node_) {
    const auto key = pair.first.IsScalar() ? pair.first.Scalar() : std::string();
    const auto mark = pair.first.Mark();
    if (!seen.insert(key).second) mistakes_->add(mark, quoted(full(key)) + " is there twice");
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    const auto near = nearest(key, asked_);
    mistakes_->add(mark, "unknown key " + quoted(full(key)) +
                             (near.empty() ? "; keys here are " + join(asked_, ", ")
                                           : "; did you mean " + quoted(near) + "?"));
  }
}

std::optional<Placed> Section::text(const std::string& key) {
  const auto node = get(key);
  if (!node.IsDefined()) return std::nullopt;
  if (!node.IsScalar() || node.Scalar().empty()) {
    mistakes_->add(node.Mark(), full(key) + " needs one value");
    return std::nullopt;
  }
  return Placed{node.Scalar(), node.Mark()};
}

void Section::flag(const std::string& key, bool& value) {
  choice<bool>(key, value, {{"true", true}, {"false", false}, {"yes", true}, {"no", false}});
}

void Section::number(const std::string& key, std::uint64_t& value, std::uint64_t min,
                     std::uint64_t max) {
  const auto given = text(key);
  if (!given) return;
  const auto number = parse_number(given->text, max);
  if (number && *number >= min) {
    value = *number;
  } else {
    mistakes_->add(given->mark, full(key) + ": " + quoted(given->text) + " is not a number from " +
                                    std::to_string(min) + " to " + std::to_string(max));
  }
}

void Section::size(const std::string& key, std::uint64_t& value, std::uint64_t min) {
  const auto given = text(key);
  if (!given) return;
  const auto size = parse_size(given->text);
  if (size && *size >= min) {
    value = *size;
  } else {
    mistakes_->add(given->mark, full(key) + ": " + quoted(given->text) +
                                    " is not a size such as 100MiB" +
                                    (size ? " of at least " + std::to_string(min) : ""));
  }
}

void Section::duration(const std::string& key, std::chrono::seconds& value,
                       std::chrono::seconds min, std::chrono::seconds max) {
  const auto given = text(key);
  if (!given) return;
  const auto duration = parse_duration(given->text);
  if (duration && *duration >= min && *duration <= max) {
    value = *duration;
  } else {
    mistakes_->add(given->mark, full(key) + ": " + quoted(given->text) +
                                    " is not a time such as 30s or 5m" +
                                    (duration ? " from " + std::to_string(min.count()) + "s to " +
                                                    std::to_string(max.count()) + "s"
                                              : ""));
  }
}

Section Section::section(const std::string& key) {
  const auto node = get(key);
  return Section(node.IsDefined() ? node : YAML::Node(), full(key), *mistakes_);
}

std::optional<std::vector<Placed>> Section::texts(const std::string& key) {
  const auto nodes = list(key);
  if (!nodes) return std::nullopt;
  std::vector<Placed> found;
  for (const auto& node : *nodes) {
    if (node.IsScalar()) {
      found.push_back({node.Scalar(), node.Mark()});
    } else {
      mistakes_->add(node.Mark(), full(key) + " needs one value per entry");
    }
  }
  return found;
}

std::optional<std::vector<Placed>> Section::text_or_texts(const std::string& key) {
  const auto node = get(key);
  if (node.IsDefined() && node.IsSequence()) return texts(key);
  auto one = text(key);
  if (!one) return std::nullopt;
  return std::vector<Placed>{std::move(*one)};
}

std::optional<std::vector<Section>> Section::sections(const std::string& key) {
  std::vector<Section> found;
  if (const auto node = get(key); node.IsDefined() && node.IsMap()) {
    found.emplace_back(node, full(key), *mistakes_);
    return found;
  }
  const auto nodes = list(key);
  if (!nodes) return std::nullopt;
  for (const auto& node : *nodes) found.emplace_back(node, full(key), *mistakes_);
  return found;
}

YAML::Node Section::get(const std::string& key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.push_back(key);
  // operator[] of a const node does not add what is not there.
  const YAML::Node& node = node_;
  return node.IsMap() ? node[key] : YAML::Node(YAML::NodeType::Undefined);
}

std::optional<std::vector<YAML::Node>> Section::list(const std::string& key) {
  const auto node = get(key);
  if (!node.IsDefined()) return std::nullopt;
  if (!node.IsSequence()) {
    mistakes_->add(node.Mark(), full(key) + " must be a list");
    return std::nullopt;
  }
  return std::vector<YAML::Node>(node.begin(), node.end());
}

void Section::wrong_choice(const std::string& key, const Placed& given,
                           const std::vector<std::string>& names) {
  const auto near = nearest(given.text, names);
  mistakes_->add(given.mark, full(key) + ": " + quoted(given.text) + " is not one of " +
                                 join(names, ", ") +
                                 (near.empty() ? "" : "; did you mean " + quoted(near) + "?"));
}

std::string Section::full(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

}  // namespace waxwing
