#include "article/furniture.h"

#include <algorithm>
#include <string>

#include "article/phrases.h"

namespace stemma {
namespace {

enum class Match { kWhole, kStart, kAnywhere };

struct Phrase {
  Furniture kind;
  Match match;
  std::string_view words;  // lower case
};

using enum Furniture;
using enum Match;

// Checked against pages of each language; a phrase that prose also uses counts
// only at the start or as the whole of a block.
constexpr Phrase kPhrases[] = {
    {kShare, kWhole, "share"},
    {kShare, kWhole, "share this"},
    {kShare, kStart, "share this "},
    {kShare, kStart, "share on "},
    {kShare, kStart, "share:"},
    {kShare, kWhole, "tweet"},
    {kShare, kWhole, "print"},
    {kShare, kWhole, "email"},
    {kShare, kWhole, "facebook"},
    {kShare, kWhole, "twitter"},
    {kShare, kWhole, "whatsapp"},
    {kShare, kWhole, "pinterest"},
    {kShare, kWhole, "linkedin"},
    {kShare, kWhole, "reddit"},
    {kShare, kStart, "follow us on "},
    {kShare, kStart, "like us on "},
    {kShare, kStart, "click to share"},
    {kShare, kStart, "copy link"},
    {kShare, kStart, "teilen"},
    {kShare, kStart, "auf facebook teilen"},
    {kShare, kStart, "partager"},
    {kShare, kStart, "compartir"},
    {kShare, kStart, "condividi"},
    {kShare, kStart, "compartilh"},
    {kShare, kStart, "udostępnij"},
    {kShare, kStart, "поделиться"},
    {kShare, kStart, "поширити"},
    {kShare, kStart, "dela artikel"},
    {kRelated, kStart, "read more:"},
    {kRelated, kStart, "read also"},
    {kRelated, kStart, "also read"},
    {kRelated, kStart, "see also:"},
    {kRelated, kStart, "related:"},
    {kRelated, kStart, "related story"},
    {kRelated, kStart, "related stories"},
    {kRelated, kStart, "related articles"},
    {kRelated, kStart, "related:"},
    {kRelated, kStart, "more:"},
    {kRelated, kWhole, "read more"},
    {kRelated, kWhole, "more"},
    {kRelated, kStart, "recommended"},
    {kRelated, kStart, "you may also like"},
    {kRelated, kStart, "don't miss"},
    {kRelated, kStart, "lesen sie auch"},
    {kRelated, kStart, "lesen sie hier"},
    {kRelated, kStart, "lesen sie mehr"},
    {kRelated, kStart, "mehr zum thema"},
    {kRelated, kStart, "lies auch"},
    {kRelated, kStart, "auch interessant"},
    {kRelated, kStart, "siehe auch"},
    {kRelated, kStart, "lire aussi"},
    {kRelated, kStart, "à lire aussi"},
    {kRelated, kStart, "lire également"},
    {kRelated, kStart, "lea también"},
    {kRelated, kStart, "lee también"},
    {kRelated, kStart, "leer también"},
    {kRelated, kStart, "te puede interesar"},
    {kRelated, kStart, "leggi anche"},
    {kRelated, kStart, "leia também"},
    {kRelated, kStart, "leia mais"},
    {kRelated, kStart, "lees ook"},
    {kRelated, kStart, "czytaj też"},
    {kRelated, kStart, "czytaj także"},
    {kRelated, kStart, "zobacz także"},
    {kRelated, kStart, "zobacz też"},
    {kRelated, kStart, "przeczytaj"},
    {kRelated, kStart, "читайте также"},
    {kRelated, kStart, "читайте ещё"},
    {kRelated, kStart, "читайте також"},
    {kRelated, kStart, "смотрите также"},
    {kRelated, kStart, "διαβάστε"},
    {kRelated, kStart, "δείτε επίσης"},
    {kRelated, kStart, "läs också"},
    {kRelated, kStart, "läs även"},
    {kRelated, kStart, "les også"},
    {kRelated, kStart, "læs også"},
    {kRelated, kStart, "相关新闻"},
    {kRelated, kStart, "相关阅读"},
    {kRelated, kStart, "延伸阅读"},
    {kNewsletter, kAnywhere, "newsletter abonnieren"},
    {kNewsletter, kAnywhere, "sign up for our"},
    {kNewsletter, kAnywhere, "sign up to our"},
    {kNewsletter, kAnywhere, "subscribe to our"},
    {kNewsletter, kStart, "sign up for"},
    {kNewsletter, kStart, "subscribe to"},
    {kNewsletter, kStart, "get our newsletter"},
    {kNewsletter, kAnywhere, "delivered to your inbox"},
    {kNewsletter, kAnywhere, "in your inbox"},
    {kNewsletter, kAnywhere, "suscríbete a"},
    {kNewsletter, kStart, "abonnez-vous"},
    {kNewsletter, kStart, "inscrivez-vous"},
    {kNewsletter, kStart, "iscriviti"},
    {kNewsletter, kWhole, "subscribe"},
    {kNewsletter, kWhole, "sign up"},
    {kComments, kStart, "leave a comment"},
    {kComments, kStart, "leave a reply"},
    {kComments, kStart, "post a comment"},
    {kComments, kWhole, "comments"},
    {kComments, kStart, "your email address will not be published"},
    {kComments, kStart, "comments are closed"},
    {kComments, kStart, "you must be logged in"},
    {kComments, kStart, "notify me of"},
    {kComments, kWhole, "reply"},
    {kComments, kWhole, "antworten"},
    {kComments, kStart, "kommentar schreiben"},
    {kComments, kWhole, "kommentare"},
    {kComments, kStart, "dodaj komentarz"},
    {kComments, kStart, "добавить комментарий"},
    {kCookies, kAnywhere, "use cookies"},
    {kCookies, kAnywhere, "uses cookies"},
    {kCookies, kAnywhere, "verwendet cookies"},
    {kCookies, kAnywhere, "cookie policy"},
    {kAdvert, kWhole, "advertisement"},
    {kAdvert, kWhole, "advertising"},
    {kAdvert, kStart, "story continues below"},
    {kAdvert, kStart, "article continues after"},
    {kAdvert, kStart, "advertisement "},
    {kAdvert, kWhole, "anzeige"},
    {kAdvert, kWhole, "publicité"},
    {kAdvert, kWhole, "publicidad"},
    {kAdvert, kWhole, "publicidade"},
    {kAdvert, kWhole, "pubblicità"},
    {kAdvert, kWhole, "reklama"},
    {kAdvert, kWhole, "реклама"},
    {kAdvert, kStart, "scroll to continue"},
    {kAdvert, kWhole, "werbung"},
    {kAdvert, kWhole, "annons"},
    {kAdvert, kWhole, "advertentie"},
    {kRights, kAnywhere, "all rights reserved"},
    {kRights, kAnywhere, "alle rechte vorbehalten"},
    {kRights, kAnywhere, "tous droits réservés"},
    {kRights, kAnywhere, "todos los derechos reservados"},
    {kRights, kAnywhere, "todos os direitos reservados"},
    {kRights, kAnywhere, "riproduzione riservata"},
    {kRights, kStart, "copyright"},
    {kRights, kStart, "©"},
    {kCredit, kStart, "photo:"},
    {kCredit, kStart, "photo by"},
    {kCredit, kStart, "photo credit"},
    {kCredit, kStart, "image:"},
    {kCredit, kStart, "image credit"},
    {kCredit, kStart, "image source"},
    {kCredit, kStart, "foto:"},
    {kCredit, kStart, "fot."},
    {kCredit, kStart, "photograph:"},
    {kCredit, kStart, "getty images"},
    {kCredit, kStart, "featured image"},
    {kCredit, kStart, "фото:"},
    {kCredit, kStart, "bild:"},
    {kCredit, kStart, "bildquelle"},
    {kNewsletter, kStart, "get breaking news"},
    {kNewsletter, kAnywhere, "meet your inbox"},
    {kNewsletter, kStart, "join our "},
    {kNewsletter, kStart, "sign up to "},
    {kNewsletter, kStart, "sign up now"},
    {kNewsletter, kStart, "get the latest"},
    {kNewsletter, kStart, "get daily"},
    {kNewsletter, kStart, "stay informed"},
    {kNewsletter, kStart, "stay up to date"},
    {kNewsletter, kStart, "never miss"},
    {kNewsletter, kAnywhere, "download our app"},
    {kNewsletter, kAnywhere, "newsletter anmelden"},
    {kNewsletter, kWhole, "newsletter"},
    {kNewsletter, kWhole, "newsletters"},
    {kShare, kStart, "like this story"},
    {kShare, kStart, "follow "},
    {kShare, kStart, "share all sharing options"},
    {kShare, kWhole, "social sharing"},
    {kShare, kWhole, "link kopiert"},
    {kShare, kStart, "artikel teilen"},
    {kShare, kWhole, "merken"},
    {kShare, kWhole, "bookmark"},
    {kShare, kWhole, "save"},
    {kShare, kWhole, "copied"},
    {kShare, kWhole, "close"},
    {kShare, kWhole, "paylaş"},
    {kShare, kWhole, "listen"},
    {kShare, kWhole, "caption"},
    {kShare, kWhole, "audio"},
    {kRelated, kWhole, "related"},
    {kRelated, kWhole, "related news"},
    {kRelated, kWhole, "related content"},
    {kRelated, kWhole, "related topics"},
    {kRelated, kWhole, "trending"},
    {kRelated, kWhole, "trending news"},
    {kRelated, kWhole, "trending now"},
    {kRelated, kWhole, "most read"},
    {kRelated, kWhole, "most popular"},
    {kRelated, kWhole, "latest news"},
    {kRelated, kStart, "more from "},
    {kRelated, kStart, "more on "},
    {kRelated, kWhole, "more stories"},
    {kRelated, kWhole, "top stories"},
    {kRelated, kWhole, "weiterlesen"},
    {kRelated, kWhole, "mehr dazu"},
    {kRelated, kStart, "ähnliche artikel"},
    {kRelated, kWhole, "schlagwörter"},
    {kRelated, kWhole, "tags"},
    {kRelated, kStart, "tags:"},
    {kRelated, kStart, "topics:"},
    {kRelated, kStart, "filed under"},
    {kRelated, kStart, "watch:"},
    {kRelated, kStart, "watch |"},
    {kRelated, kStart, "read |"},
    {kRelated, kStart, "read:"},
    {kRelated, kStart, "click here to read"},
    {kRelated, kWhole, "empfohlener redaktioneller inhalt"},
    {kRelated, kStart, "an dieser stelle find"},
    {kRelated, kStart, "ich bin damit einverstanden"},
    {kRelated, kWhole, "weitere informationen"},
    {kRelated, kWhole, "empfohlener externer inhalt"},
    {kAdvert, kWhole, "advert"},
    {kAdvert, kWhole, "ad"},
    {kAdvert, kWhole, "promoted content"},
    {kAdvert, kWhole, "sponsored"},
    {kAdvert, kStart, "artikeltyp"},
    {kAdvert, kWhole, "anzeigen"},
    {kLoading, kStart, "video loading"},
    {kLoading, kStart, "video unavailable"},
    {kLoading, kStart, "click to play"},
    {kLoading, kStart, "the video will auto-play"},
    {kLoading, kWhole, "play now"},
    {kLoading, kStart, "this slideshow requires"},
    {kLoading, kStart, "image 1 of"},
    {kLoading, kStart, "image 2 of"},
    {kLoading, kStart, "image 3 of"},
    {kLoading, kStart, "image 4 of"},
    {kLoading, kStart, "image 5 of"},
    {kLoading, kStart, "your browser does not"},
    {kLoading, kStart, "this video can not be played"},
    {kAppeal, kStart, "support our"},
    {kAppeal, kStart, "donate"},
    {kAppeal, kStart, "become a member"},
    {kAppeal, kStart, "please enable javascript"},
    {kLoading, kStart, "loading"},
    {kLoading, kAnywhere, "enable javascript"},
};

constexpr std::string_view kCreditStarts[] = {"image copyright",
                                              "image caption",
                                              "media caption",
                                              "(image:",
                                              "(image credit",
                                              "image credit",
                                              "image source",
                                              "photo credit",
                                              "(photo:",
                                              "(photo by",
                                              "photo by ",
                                              "photo:",
                                              "photos:",
                                              "(photo ",
                                              "photograph:",
                                              "foto:",
                                              "fotos:",
                                              "(foto:",
                                              "fot.",
                                              "bild:",
                                              "bilder:",
                                              "bildrechte",
                                              "bildquelle",
                                              "symbolbild",
                                              "picture:",
                                              "pic:",
                                              "photo ©",
                                              "crédit photo",
                                              "crédits photo",
                                              "photo d'archives",
                                              "fotografía:",
                                              "фото:",
                                              "фото ",
                                              "φωτογραφία:",
                                              "ảnh:",
                                              "getty images",
                                              "© getty",
                                              "graphic:",
                                              "grafik:",
                                              "video:",
                                              "watch:"};
constexpr std::string_view kCreditMarks[] = {"(image:",
                                             "(image credit",
                                             "(photo:",
                                             "(photo by",
                                             "(photo credit",
                                             "(ap photo",
                                             "(ap/",
                                             "(getty",
                                             "/getty images",
                                             " getty images)",
                                             "(reuters/",
                                             "(afp/",
                                             "(file photo",
                                             "(picture:",
                                             "(pic:",
                                             "(foto:",
                                             " foto:",
                                             " bild:",
                                             "bild ©",
                                             "foto ©",
                                             "(bild:",
                                             "fot. ",
                                             " fotó:",
                                             "(credit:",
                                             "| credit:",
                                             " photo: ",
                                             "photo credit:",
                                             "image credit:",
                                             "photo courtesy",
                                             "/ap photo",
                                             "nuotr.",
                                             "(photo courtesy",
                                             "/afp via getty",
                                             " © getty",
                                             "(screenshot",
                                             "photo/",
                                             "/imago",
                                             "imago/",
                                             "picture alliance",
                                             "/dpa",
                                             " ảnh:",
                                             "фото:",
                                             "(shutterstock",
                                             "/shutterstock",
                                             "(istock",
                                             "via getty images"};

// Without digits and brackets.
constexpr std::string_view kCommentWords[] = {"comments",
                                              "comment",
                                              "user comments",
                                              "reader comments",
                                              "readers comments",
                                              "readers' comments",
                                              "join the conversation",
                                              "join the discussion",
                                              "conversation",
                                              "discussion",
                                              "responses",
                                              "replies",
                                              "reactions",
                                              "view comments",
                                              "show comments",
                                              "all comments",
                                              "comments so far",
                                              "comments on this story",
                                              "top rated comments",
                                              "kommentare",
                                              "kommentar",
                                              "leserkommentare",
                                              "leser-kommentare",
                                              "diskussion",
                                              "commentaires",
                                              "commentaire",
                                              "vos commentaires",
                                              "les commentaires",
                                              "réactions",
                                              "comentarios",
                                              "comentario",
                                              "comentários",
                                              "comentário",
                                              "commenti",
                                              "commento",
                                              "reacties",
                                              "komentarze",
                                              "komentarzy",
                                              "komentarz",
                                              "opinie",
                                              "комментарии",
                                              "комментариев",
                                              "комментария",
                                              "обсуждение",
                                              "коментарі",
                                              "коментарів",
                                              "σχόλια",
                                              "σχολια",
                                              "yorumlar",
                                              "yorum",
                                              "التعليقات",
                                              "تعليقات",
                                              "评论",
                                              "网友评论",
                                              "コメント",
                                              "댓글",
                                              "kommentarer",
                                              "kommentit",
                                              "komentáře",
                                              "diskuze",
                                              "hozzászólások"};
constexpr std::string_view kCommentStarts[] = {"responses to ",
                                               "response to ",
                                               "thoughts on ",
                                               "thought on ",
                                               "comments on ",
                                               "comment on ",
                                               "comments to ",
                                               "replies to ",
                                               "leave a reply",
                                               "leave a comment",
                                               "leave your comment",
                                               "post a comment",
                                               "add a comment",
                                               "add comment",
                                               "write a comment",
                                               "be the first to comment",
                                               "what do you think",
                                               "join the conversation",
                                               "antworten auf ",
                                               "gedanken zu ",
                                               "gedanke zu ",
                                               "kommentare zu ",
                                               "schreibe einen kommentar",
                                               "kommentar schreiben",
                                               "kommentar hinterlassen",
                                               "kommentar verfassen",
                                               "laisser un commentaire",
                                               "commentaires sur ",
                                               "réponses à ",
                                               "ajouter un commentaire",
                                               "deja una respuesta",
                                               "deja un comentario",
                                               "comentarios en ",
                                               "respuestas a ",
                                               "deixe um comentário",
                                               "deixe uma resposta",
                                               "lascia un commento",
                                               "commenti su ",
                                               "geef een reactie",
                                               "reacties op ",
                                               "dodaj komentarz",
                                               "skomentuj",
                                               "komentarze do ",
                                               "оставить комментарий",
                                               "добавить комментарий",
                                               "комментарии к ",
                                               "додати коментар",
                                               "залишити коментар",
                                               "γράψτε ",
                                               "yorum yap",
                                               "اترك تعليق",
                                               "发表评论",
                                               "我要评论"};

constexpr std::size_t kLongestFurniture = 240;  // bytes

}  // namespace

std::string_view NameOf(Furniture furniture) {
  switch (furniture) {
    case kNone:
      return "none";
    case kShare:
      return "share";
    case kRelated:
      return "related";
    case kNewsletter:
      return "newsletter";
    case kComments:
      return "comments";
    case kCookies:
      return "cookies";
    case kAdvert:
      return "advert";
    case kRights:
      return "rights";
    case kCredit:
      return "credit";
    case kAppeal:
      return "appeal";
    case kLoading:
      return "loading";
  }
  return "none";
}

Furniture FurnitureOf(std::string_view text) {
  if (text.size() > kLongestFurniture) return kNone;
  const std::string lower = LowerForPhrases(text);
  for (const Phrase& phrase : kPhrases) {
    const bool hit = phrase.match == kWhole ? lower == phrase.words
                     : phrase.match == kStart
                         ? lower.starts_with(phrase.words)
                         : lower.find(phrase.words) != std::string::npos;
    if (hit) return phrase.kind;
  }
  return kNone;
}

bool NamesPictureOwner(std::string_view text) {
  if (text.size() > 600) return false;
  const std::string lower = LowerForPhrases(text);
  for (const std::string_view start : kCreditStarts) {
    if (lower.starts_with(start)) return true;
  }
  // The credit is the end of the caption.
  constexpr std::size_t kEnd = 89;
  const std::string_view end = std::string_view(lower).substr(
      lower.size() > kEnd ? lower.size() - kEnd : 0);
  return std::ranges::any_of(kCreditMarks, [end](std::string_view inside) {
    return end.find(inside) != std::string_view::npos;
  });
}

bool OpensComments(std::string_view text) {
  if (text.size() > 160) return false;
  std::string words;
  for (const char c : LowerForPhrases(text)) {
    const bool drop = (c >= '0' && c <= '9') || c == '(' || c == ')' ||
                      c == '[' || c == ']' || c == ':' || c == '.' ||
                      c == ',' || c == '#' || c == '!';
    if (drop) continue;
    if (c == ' ' && (words.empty() || words.back() == ' ')) continue;
    words += c;
  }
  while (!words.empty() && words.back() == ' ') words.pop_back();
  for (const std::string_view whole : kCommentWords) {
    if (words == whole) return true;
  }
  for (const std::string_view start : kCommentStarts) {
    if (words.starts_with(start)) return true;
  }
  return false;
}

}  // namespace stemma
