// Who wrote it and when, as readers are told in fifteen languages: the page has
// no metadata but what stands under the headline.
#include <gtest/gtest.h>

#include "article/extract.h"
#include "article/machine_dates.h"

namespace stemma {
namespace {

struct Page {
  std::string language, headline, byline, dateline, sentence;
  std::string author;
};

const Page kPages[] = {
    {"en", "The dyke at Osk holds through the night", "By Jane Doe",
     "Published 30 January 2020",
     "The crews worked on the wall until the water fell below the mark that "
     "was set in spring.",
     "Jane Doe"},
    {"de", "Der Deich bei Osk hält die Nacht hindurch", "Von Anna Beispiel",
     "Veröffentlicht am 30. Januar 2020",
     "Die Trupps arbeiteten an der Mauer, bis das Wasser unter die Marke sank, "
     "die im Frühjahr gesetzt wurde.",
     "Anna Beispiel"},
    {"fr", "La digue d’Osk tient toute la nuit", "Par Jeanne Martin",
     "Publié le 30 janvier 2020",
     "Les équipes ont travaillé sur le mur jusqu’à ce que l’eau passe sous la "
     "marque posée au printemps.",
     "Jeanne Martin"},
    {"es", "El dique de Osk aguanta toda la noche", "Por Juana Molina",
     "30 de enero de 2020",
     "Las cuadrillas trabajaron en el muro hasta que el agua bajó de la marca "
     "puesta en primavera.",
     "Juana Molina"},
    {"it", "La diga di Osk regge per tutta la notte", "di Giulia Bianchi",
     "30 gennaio 2020",
     "Le squadre hanno lavorato sul muro finché l’acqua è scesa sotto il segno "
     "posto in primavera.",
     "Giulia Bianchi"},
    {"pt", "O dique de Osk aguenta toda a noite", "Por Joana Pereira",
     "30 de janeiro de 2020",
     "As equipas trabalharam no muro até a água descer abaixo da marca posta "
     "na primavera.",
     "Joana Pereira"},
    {"nl", "De dijk bij Osk houdt het de hele nacht", "Door Joke Bakker",
     "30 januari 2020",
     "De ploegen werkten aan de muur tot het water onder het merk zakte dat in "
     "het voorjaar was gezet.",
     "Joke Bakker"},
    {"pl", "Wał pod Osk wytrzymuje całą noc", "Autor: Joanna Kowalska",
     "30 stycznia 2020",
     "Ekipy pracowały przy wale, aż woda opadła poniżej znaku postawionego "
     "wiosną tego roku.",
     "Joanna Kowalska"},
    {"ru", "Дамба у Оска держится всю ночь", "Автор: Иван Петров",
     "30 января 2020",
     "Бригады работали на стене, пока вода не опустилась ниже отметки, "
     "поставленной весной.",
     "Иван Петров"},
    {"uk", "Дамба біля Оска тримається всю ніч", "Автор: Олена Шевчук",
     "30 січня 2020",
     "Бригади працювали на стіні, доки вода не опустилася нижче позначки, "
     "поставленої навесні.",
     "Олена Шевчук"},
    {"el", "Το ανάχωμα στο Οσκ αντέχει όλη τη νύχτα",
     "Γράφει η Μαρία Παπαδοπούλου", "30 Ιανουαρίου 2020",
     "Τα συνεργεία δούλευαν στο τείχος ώσπου το νερό έπεσε κάτω από το σημάδι "
     "που μπήκε την άνοιξη.",
     "Μαρία Παπαδοπούλου"},
    {"tr", "Osk seti bütün gece dayanıyor", "Yazan: Ayşe Yılmaz",
     "30 Ocak 2020",
     "Ekipler, su ilkbaharda konulan işaretin altına inene kadar duvarda "
     "çalışmaya devam etti.",
     "Ayşe Yılmaz"},
    {"ar", "سد أوسك يصمد طوال الليل", "بقلم: ليلى حداد", "30 يناير 2020",
     "عملت الفرق على الجدار حتى انخفض الماء إلى ما دون العلامة التي وضعت في "
     "الربيع الماضي.",
     "ليلى حداد"},
    {"zh", "奥斯克堤坝彻夜坚守", "作者：王小明", "2020年1月30日",
     "施工队一直在堤墙上工作，直到水位降到春天设立的标记以下，居民才陆续回到家"
     "中"
     "休息。",
     "王小明"},
    {"ja", "オスクの堤防、一夜を持ちこたえる", "記者：山田花子",
     "2020年1月30日",
     "作業員たちは、水位が春に付けられた印を下回るまで堤防で作業を続け、住民は"
     "朝"
     "になって家に戻った。",
     "山田花子"},
};

TEST(Languages, BylineAndDateAreReadAndNoPartOfTheText) {
  for (const Page& page : kPages) {
    std::string html = "<!doctype html><html lang=\"" + page.language +
                       "\"><meta charset=utf-8><title>" + page.headline +
                       "</title><body><h1>" + page.headline + "</h1><div>" +
                       page.byline + "</div><div>" + page.dateline +
                       "</div><div>";
    for (int i = 0; i < 5; ++i) html += "<p>" + page.sentence + "</p>";
    html += "</div></body></html>";
    const Result<Article> article =
        ExtractArticle({html, "", "https://gazette.example/a"});
    ASSERT_TRUE(article.has_value()) << page.language;
    EXPECT_EQ(article->authors, std::vector<std::string>{page.author})
        << page.language;
    ASSERT_TRUE(article->published.has_value()) << page.language;
    EXPECT_EQ(DayAsWritten(*article->published), "2020-01-30") << page.language;
    EXPECT_EQ(article->language, page.language);
    EXPECT_EQ(article->title, page.headline) << page.language;
    for (const Block& block : article->blocks) {
      const bool text = block.text == page.sentence;
      const bool title = block.kind == BlockKind::kTitle;
      EXPECT_EQ(block.kept, text || title)
          << page.language << ": " << block.text << ", " << block.rule;
    }
  }
}

}  // namespace
}  // namespace stemma
