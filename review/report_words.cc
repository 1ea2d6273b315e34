#include "review/report_words.h"

namespace stemma {

std::vector<std::string> ReportLimits() {
  return {
      ("That the server sent this is the operator's statement: TLS leaves no "
       "signature of the site on the page. Certificates, address and other "
       "operators' captures support it."),
      ("A server may send something else to other visitors, from other places, "
       "at other times."),
      ("The times between which an event was logged bind the log, not the "
       "visit: stale bytes can be logged late, never early."),
      ("Dates, authors and sources that a page claims are its own words."),
      ("The page was stored, not rendered: what a browser would have shown "
       "depends on scripts and on what else it loads."),
      ("A verdict describes two texts or two videos. It does not say which of "
       "them is true, and does not judge a publisher."),
      ("The operator's clock is the operator's; only the times of outside "
       "authorities are independent of it."),
  };
}

std::string ReportDeclaration() {
  return "I declare that I am familiar with how the records described in this "
         "report were made and kept; that they were made by the process named "
         "in it, at or near the times it states; and that the digests printed "
         "here were computed from those records by a process that gives the "
         "same digest only for the same bytes. (A form, to be signed by a "
         "person and adapted to the place where it is used; not legal advice.)";
}

}  // namespace stemma
