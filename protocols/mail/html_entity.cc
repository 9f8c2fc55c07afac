#include "protocols/mail/html_entity.h"

#include <algorithm>
#include <array>

namespace waxwing::mail {
namespace {

struct Entity {
  std::string_view name;
  char32_t character = 0;
};

// "#N", in hexadecimal, is the character of the next name; each name behind that is of the next
// character.
constexpr std::string_view kNames =
    "#9 Tab NewLine #21 excl quot num dollar percnt amp apos lpar rpar ast plus comma #2e "
    "period sol #3a colon semi lt equals gt quest commat #5b lsqb bsol rsqb Hat lowbar grave "
    "#7b lcub vert rcub #a0 nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo "
    "not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 "
    "frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute "
    "Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times "
    "Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring "
    "aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute "
    "ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml Amacr amacr "
    "Abreve abreve Aogon aogon Cacute cacute Ccirc ccirc Cdot cdot Ccaron ccaron Dcaron dcaron "
    "Dstrok dstrok Emacr emacr #116 Edot edot Eogon eogon Ecaron ecaron Gcirc gcirc Gbreve "
    "gbreve Gdot gdot Gcedil #124 Hcirc hcirc Hstrok hstrok Itilde itilde Imacr imacr #12e "
    "Iogon iogon Idot imath IJlig ijlig Jcirc jcirc Kcedil kcedil kgreen Lacute lacute Lcedil "
    "lcedil Lcaron lcaron Lmidot lmidot Lstrok lstrok Nacute nacute Ncedil ncedil Ncaron ncaron "
    "napos ENG eng Omacr omacr #150 Odblac odblac OElig oelig Racute racute Rcedil rcedil "
    "Rcaron rcaron Sacute sacute Scirc scirc Scedil scedil Scaron scaron Tcedil tcedil Tcaron "
    "tcaron Tstrok tstrok Utilde utilde Umacr umacr Ubreve ubreve Uring uring Udblac udblac "
    "Uogon uogon Wcirc wcirc Ycirc ycirc Yuml Zacute zacute Zdot zdot Zcaron zcaron #192 fnof "
    "#1f5 gacute #2c6 circ caron #2d8 breve dot ring ogon tilde dblac #391 Alpha Beta Gamma "
    "Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho #3a3 Sigma Tau "
    "Upsilon Phi Chi Psi Omega #3b1 alpha beta gamma delta epsilon zeta eta theta iota kappa "
    "lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon phi chi psi omega #3d1 thetasym "
    "upsih #3d6 piv #401 IOcy DJcy GJcy Jukcy DScy Iukcy YIcy Jsercy LJcy NJcy TSHcy KJcy #40e "
    "Ubrcy DZcy Acy Bcy Vcy Gcy Dcy IEcy ZHcy Zcy Icy Jcy Kcy Lcy Mcy Ncy Ocy Pcy Rcy Scy Tcy "
    "Ucy Fcy KHcy TScy CHcy SHcy SHCHcy HARDcy Ycy SOFTcy Ecy YUcy YAcy acy bcy vcy gcy dcy "
    "iecy zhcy zcy icy jcy kcy lcy mcy ncy ocy pcy rcy scy tcy ucy fcy khcy tscy chcy shcy "
    "shchcy hardcy ycy softcy ecy yucy yacy #451 iocy djcy gjcy jukcy dscy iukcy yicy jsercy "
    "ljcy njcy tshcy kjcy #45e ubrcy dzcy #2002 ensp emsp emsp13 emsp14 #2007 numsp puncsp "
    "thinsp hairsp ZeroWidthSpace zwnj zwj lrm rlm dash #2013 ndash mdash horbar Verbar #2018 "
    "lsquo rsquo sbquo #201c ldquo rdquo bdquo #2020 dagger Dagger bull #2025 nldr hellip #2030 "
    "permil #2032 prime Prime #2039 lsaquo rsaquo #203e oline #2044 frasl #20ac euro #2105 "
    "incare #2111 image #2116 numero copysr weierp #211c real #2122 trade #2134 order alefsym "
    "#2153 frac13 frac23 frac15 frac25 frac35 frac45 frac16 frac56 frac18 frac38 frac58 frac78 "
    "#2190 larr uarr rarr darr harr #21b5 crarr #21d0 lArr uArr rArr dArr hArr #2200 forall "
    "#2202 part exist #2205 empty #2207 nabla isin notin #220b ni #220f prod #2211 sum minus "
    "#2217 lowast #221a radic #221d prop infin #2220 ang #2227 and or cap cup int #2234 there4 "
    "#223c sim #2245 cong #2248 asymp #2260 ne equiv #2264 le ge #2282 sub sup nsub #2286 sube "
    "supe #2295 oplus #2297 otimes #22a5 perp #22c5 sdot #2308 lceil rceil lfloor rfloor #27e8 "
    "lang rang #2423 blank #2588 block #25a1 squ #25aa squf #25ca loz #2605 starf star #260e "
    "phone #2640 female #2642 male #2660 spades #2663 clubs #2665 hearts diams #266a sung #266d "
    "flat natural sharp #2713 check #2717 cross #fb00 fflig filig fllig ffilig ffllig "
    // Second names.
    "#22 QUOT #26 AMP #3c LT #3e GT #5b lbrack #5d rbrack #7b lbrace #7c verbar #7d rbrace #a9 "
    "COPY #ae REG #131 inodot #3a9 ohm #2010 hyphen #2018 OpenCurlyQuote #2019 rsquor #2019 "
    "CloseCurlyQuote #201a lsquor #201c OpenCurlyDoubleQuote #201d rdquor #201d "
    "CloseCurlyDoubleQuote #201e ldquor #2022 bullet #2026 mldr #2122 TRADE #2605 bigstar #2713 "
    "checkmark";

// The next word; moves `rest` behind it and the blank.
constexpr std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

constexpr char32_t parse_hex(std::string_view digits) {
  char32_t number = 0;
  for (const char c : digits) {
    number = number * 16 + static_cast<char32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return number;
}

constexpr std::size_t count_names() {
  std::size_t count = 0;
  for (std::string_view rest = kNames; !rest.empty();) count += take_word(rest)[0] != '#';
  return count;
}

// By name, in the order of octets.
constexpr auto kEntities = [] {
  std::array<Entity, count_names()> entities;
  std::size_t count = 0;
  char32_t character = 0;
  for (std::string_view rest = kNames; !rest.empty();) {
    const std::string_view word = take_word(rest);
    if (word[0] == '#') {
      character = parse_hex(word.substr(1));
    } else {
      entities[count++] = {word, character++};
    }
  }
  std::ranges::sort(entities, {}, &Entity::name);
  return entities;
}();
static_assert(std::ranges::adjacent_find(kEntities, {}, &Entity::name) == kEntities.end());
static_assert(std::ranges::all_of(kEntities, [](const Entity& entity) {
  return entity.name.size() <= kMaxEntityName;
}));

// Of the names that may lack their ";".
constexpr std::size_t kMinBareName = 2, kMaxBareName = 6;

char32_t find(std::string_view name) {
  const auto found = std::ranges::lower_bound(kEntities, name, {}, &Entity::name);
  return found != kEntities.end() && found->name == name ? found->character : 0;
}

bool may_be_bare(char32_t c) {
  return c == '&' || c == '<' || c == '>' || c == '"' || (c >= 0xa0 && c <= 0xff);
}

}  // namespace

NamedCharacter find_named_character(std::string_view text) {
  const std::size_t end = text.substr(0, kMaxEntityName + 1).find(';');
  if (end != std::string_view::npos) {
    if (const char32_t c = find(text.substr(0, end)); c != 0) return {c, end + 1};
  }
  for (std::size_t size = std::min(text.size(), kMaxBareName); size >= kMinBareName; --size) {
    if (const char32_t c = find(text.substr(0, size)); may_be_bare(c)) return {c, size};
  }
  return {};
}

char32_t numeric_character(char32_t number) {
  static constexpr std::array<char16_t, 32> kWindows1252 = {
      0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
      0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
      0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
  if (number >= 0x80 && number < 0xa0) return kWindows1252[number - 0x80];
  if (number == 0 || number > 0x10ffff || (number >= 0xd800 && number < 0xe000)) return 0xfffd;
  return number;
}

}  // namespace waxwing::mail
