#include "protocols/imap/modifiers.h"

#include <tl/expected.hpp>

#include "base/text.h"

namespace waxwing::imap {
namespace {

// So many pairs of numbers are worth a look; a client sends a dozen.
constexpr std::size_t kMaxSamples = 10000;

tl::unexpected<std::string> bad(std::string text) {
  return tl::unexpected<std::string>(std::move(text));
}

tl::unexpected<std::string> unknown(const Modifier& modifier) {
  return bad("Unknown modifier " + printable(modifier.name, 40));
}

bool stands_alone(const Modifier& modifier) {
  return !modifier.value;
}

// A mod-sequence has 63 bits.  RFC 7162 section 7, mod-sequence-valzer
std::optional<ModSeq> mod_sequence(const ModifierValue& value) {
  if (value.is_list) return std::nullopt;
  return parse_number(value.text, INT64_MAX);
}

// Neither "*" nor "$": a client names what it knows.  RFC 7162 section 7, known-uids
std::optional<SequenceSet> known_numbers(const ModifierValue& value) {
  if (value.is_list || value.text.find('*') != std::string::npos) return std::nullopt;
  auto set = SequenceSet::parse(value.text);
  if (!set || set->is_saved()) return std::nullopt;
  return set;
}

// All numbers of a set in the order written; nothing when they do not ascend, or are too many.
std::optional<std::vector<std::uint32_t>> ascending(const SequenceSet& set) {
  std::vector<std::uint32_t> numbers;
  for (const auto& range : set.ranges()) {
    if (range.last < range.first) return std::nullopt;
    if (!numbers.empty() && range.first <= numbers.back()) return std::nullopt;
    if (range.last - range.first >= kMaxSamples - numbers.size()) return std::nullopt;
    for (std::uint32_t n = range.first; n <= range.last; ++n) numbers.push_back(n);
  }
  return numbers;
}

Understood<Resynchronisation> resynchronisation(const std::vector<ModifierValue>& values) {
  const auto syntax = [] {
    return bad("QRESYNC wants (uidvalidity mod-sequence [known-uids] [(numbers uids)])");
  };
  if (values.size() < 2 || values.size() > 4 || values[0].is_list) return syntax();
  Resynchronisation result;
  const auto uid_validity = parse_number(values[0].text, UINT32_MAX);
  const auto modseq = mod_sequence(values[1]);
  if (!uid_validity || *uid_validity == 0 || !modseq) return syntax();
  result.uid_validity = static_cast<std::uint32_t>(*uid_validity);
  result.modseq = *modseq;
  std::size_t next = 2;
  if (next < values.size() && !values[next].is_list) {
    result.known_uids = known_numbers(values[next++]);
    if (!result.known_uids) return syntax();
  }
  if (next == values.size()) return result;
  const ModifierValue& samples = values[next++];
  if (next != values.size() || !samples.is_list || samples.list.size() != 2) return syntax();
  const auto number_set = known_numbers(samples.list[0]);
  const auto uid_set = known_numbers(samples.list[1]);
  if (!number_set || !uid_set) return syntax();
  const auto numbers = ascending(*number_set);
  const auto uids = ascending(*uid_set);
  if (!numbers || !uids || numbers->size() != uids->size()) {
    return bad("QRESYNC wants as many numbers as UIDs, both ascending");
  }
  for (std::size_t n = 0; n < numbers->size(); ++n) {
    result.samples.emplace_back((*numbers)[n], (*uids)[n]);
  }
  return result;
}

}  // namespace

Understood<SelectModifiers> select_modifiers(const Modifiers& modifiers) {
  SelectModifiers result;
  for (const Modifier& modifier : modifiers) {
    if (modifier.name == "CONDSTORE" && stands_alone(modifier)) {
      result.condstore = true;
    } else if (modifier.name == "ANNOTATE" && stands_alone(modifier)) {
      result.annotate = true;
    } else if (modifier.name == "QRESYNC" && modifier.value && modifier.value->is_list) {
      auto wanted = resynchronisation(modifier.value->list);
      if (!wanted) return bad(std::move(wanted.error()));
      result.resynchronisation = std::move(*wanted);
    } else {
      return unknown(modifier);
    }
  }
  return result;
}

Understood<FetchModifiers> fetch_modifiers(const Modifiers& modifiers) {
  FetchModifiers result;
  for (const Modifier& modifier : modifiers) {
    if (modifier.name == "CHANGEDSINCE" && modifier.value) {
      result.changed_since = mod_sequence(*modifier.value);
      // 0 is none by the grammar, but what a program with nothing in its cache may say.
      if (!result.changed_since) {
        return bad("CHANGEDSINCE wants a mod-sequence");
      }
    } else if (modifier.name == "PARTIAL" && modifier.value && !modifier.value->is_list) {
      result.partial = PartialRange::parse(modifier.value->text);
      if (!result.partial) return bad("PARTIAL wants a range like 1:100 or -1:-100");
    } else if (modifier.name == "VANISHED" && stands_alone(modifier)) {
      result.vanished = true;
    } else {
      return unknown(modifier);
    }
  }
  if (result.vanished && !result.changed_since) return bad("VANISHED wants CHANGEDSINCE beside it");
  return result;
}

Understood<StoreModifiers> store_modifiers(const Modifiers& modifiers) {
  StoreModifiers result;
  for (const Modifier& modifier : modifiers) {
    if (modifier.name != "UNCHANGEDSINCE" || !modifier.value) return unknown(modifier);
    result.unchanged_since = mod_sequence(*modifier.value);
    if (!result.unchanged_since) return bad("UNCHANGEDSINCE wants a mod-sequence");
  }
  return result;
}

}  // namespace waxwing::imap
