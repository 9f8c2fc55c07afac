#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/reply.h"
#include "protocols/mail/message.h"
#include "storage/message_annotations.h"

namespace waxwing::imap {

struct Conversation;

// Annotations of messages: their names, and how a client is told of them.  RFC 5257

inline constexpr std::string_view kAnnotate = "ANNOTATE-EXPERIMENT-1";

// The name of an entry has no more octets.
inline constexpr std::size_t kMaxAnnotationEntry = 200;

// An entry that a client may use: one of the RFC's, or a vendor's, of the message or of one of its
// parts. There are no others: names are registered.  RFC 5257 section 3.2.1
bool is_annotation_entry(std::string_view name);
// The same, or a pattern with "*" and "%" that may stand for one.
bool is_annotation_pattern(std::string_view pattern);
bool has_wildcards(std::string_view pattern);
// "/1.2/flags/seen", which is "1", "0" or NIL.
bool is_annotation_flag(std::string_view entry);
// {1, 2} for "/1.2/comment"; empty where the entry is of the message itself.
std::vector<std::uint32_t> part_of_entry(std::string_view entry);

// What FETCH asks for.  RFC 5257 section 4.3
struct AnnotationItem {
  enum class Attribute { PrivateValue, SharedValue, PrivateSize, SharedSize };
  std::vector<std::string> entries;   // patterns, each once
  std::vector<Attribute> attributes;  // each once
  bool operator==(const AnnotationItem&) const = default;

  bool wants(std::string_view entry) const;
};
// "ANNOTATION (/comment (value.priv NIL))": the answer to it, of one message. Empty where only
// patterns were given, and none of them stands for anything here.
std::string annotation_text(const AnnotationItem& item,
                            std::span<const MessageAnnotation> annotations);

// Why a message cannot be annotated like that, whatever message it is; nothing if it can.
std::optional<Reply> refuse_annotations(const Conversation& conversation,
                                        std::span<const AnnotationChange> changes);
// Some entry is of a part.
bool speaks_of_parts(std::span<const AnnotationChange> changes);
// The message has all the parts that are spoken of.
bool has_parts(std::span<const AnnotationChange> changes, const mail::Message& message);
// RFC 5257 section 3.2.1: BAD.
Reply no_such_part();

}  // namespace waxwing::imap
