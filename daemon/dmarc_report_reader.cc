#include "daemon/dmarc_report_reader.h"

#include <expat.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/text.h"

namespace waxwing {
namespace {

constexpr std::size_t kMaxXmlDepth = 16, kMaxText = 2048, kMaxRows = 100'000, kMaxSignatures = 50;

class ReportReader {
 public:
  ReportReader() : parser_(XML_ParserCreate(nullptr)) {
    if (!parser_) throw std::bad_alloc();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const char* name, const char**) {
          static_cast<ReportReader*>(self)->begin(name);
        },
        [](void* self, const char*) { static_cast<ReportReader*>(self)->end(); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int size) {
      static_cast<ReportReader*>(self)->text(
          std::string_view(text, static_cast<std::size_t>(size)));
    });
    XML_SetStartDoctypeDeclHandler(
        parser_.get(), [](void* self, const char*, const char*, const char*, int) {
          static_cast<ReportReader*>(self)->refuse("it has a document type");
        });
  }

  Result<DmarcReport> read(std::string_view xml) {
    const auto status = XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), 1);
    if (!trouble_.empty()) return fail(Error::Code::Invalid, trouble_);
    if (status != XML_STATUS_OK)
      return fail(Error::Code::Invalid,
                  "line " + std::to_string(XML_GetCurrentLineNumber(parser_.get())) +
                      " is no XML: " + XML_ErrorString(XML_GetErrorCode(parser_.get())));
    if (report_.domain.empty() || report_.organization.empty())
      return fail(Error::Code::Invalid, "it is no aggregate report of DMARC");
    return std::move(report_);
  }

 private:
  void refuse(const std::string& why) {
    trouble_ = why;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void begin(std::string_view name) {
    if (path_.size() == kMaxXmlDepth) return refuse("it is nested too deep");
    path_.emplace_back(name.substr(name.rfind(':') + 1));
    if (path_.size() == 1 && path_[0] != "feedback") return refuse("it is no report of DMARC");
    text_.clear();
    const std::string where = place();
    if (where == "record") {
      if (report_.rows.size() == kMaxRows) return refuse("it has too many rows");
      report_.rows.emplace_back();
    }
    if (where == "record/auth_results/dkim" && row().result.signatures.size() < kMaxSignatures)
      row().result.signatures.emplace_back();
  }

  void text(std::string_view more) {
    text_ += more.substr(0, kMaxText - std::min(kMaxText, text_.size()));
  }

  void end() {
    if (path_.empty()) return;
    take(place(), std::string(trim(text_)));
    text_.clear();
    path_.pop_back();
  }

  std::string place() const { return join({path_.begin() + 1, path_.end()}, "/"); }
  DmarcReport::Row& row() { return report_.rows.back(); }

  void take(const std::string& where, std::string value) {
    if (where.starts_with("record/")) return take_of_row(where.substr(7), std::move(value));
    if (where == "report_metadata/org_name")
      report_.organization = std::move(value);
    else if (where == "report_metadata/email")
      report_.contact = std::move(value);
    else if (where == "report_metadata/report_id")
      report_.id = std::move(value);
    else if (where == "report_metadata/date_range/begin")
      report_.begin = time(value);
    else if (where == "report_metadata/date_range/end")
      report_.end = time(value);
    else if (where == "policy_published/domain")
      report_.domain = std::move(value);
  }

  void take_of_row(const std::string& where, std::string value) {
    DmarcResult& result = row().result;
    const std::pair<const char*, std::string*> places[] = {
        {"row/source_ip", &result.source},
        {"row/policy_evaluated/disposition", &result.disposition},
        {"row/policy_evaluated/dkim", &result.dkim},
        {"row/policy_evaluated/spf", &result.spf},
        {"row/policy_evaluated/reason/type", &result.override_type},
        {"row/policy_evaluated/reason/comment", &result.override_comment},
        {"identifiers/header_from", &result.header_from},
        {"identifiers/envelope_from", &result.envelope_from},
        {"auth_results/spf/domain", &result.spf_domain},
        {"auth_results/spf/scope", &result.spf_scope},
        {"auth_results/spf/result", &result.spf_result},
    };
    for (const auto& [name, place] : places)
      if (where == name) *place = std::move(value);
    if (where == "row/count") row().count = parse_number(value, kMostMessages).value_or(0);
    if (!where.starts_with("auth_results/dkim/") || result.signatures.empty()) return;
    auto& signature = result.signatures.back();
    if (where.ends_with("/domain"))
      signature.domain = std::move(value);
    else if (where.ends_with("/selector"))
      signature.selector = std::move(value);
    else if (where.ends_with("/result"))
      signature.result = std::move(value);
  }

  static std::int64_t time(std::string_view text) {
    return static_cast<std::int64_t>(parse_number(text, kLatest).value_or(0));
  }

  static constexpr std::uint64_t kMostMessages = 1'000'000'000'000;
  static constexpr std::uint64_t kLatest = 253402300799;  // the end of the year 9999

  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };
  std::unique_ptr<XML_ParserStruct, Free> parser_;
  std::vector<std::string> path_;
  std::string text_, trouble_;
  DmarcReport report_;
};

}  // namespace

Result<DmarcReport> read_dmarc_report(std::string_view xml) {
  return ReportReader().read(xml);
}

}  // namespace waxwing
