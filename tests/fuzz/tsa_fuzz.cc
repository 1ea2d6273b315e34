#include <string>

#include "archive/certificates.h"
#include "archive/der.h"
#include "archive/tsa.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

// No bytes are a timestamp of an authority nobody named.
FUZZ_TARGET(tsa) {
  const TimestampVerdict verdict = VerifyTimestamp(
      {.response = bytes, .data = "data"}, {}, TimePoint::max());
  Require(!verdict.ok(), "nothing is trusted without an anchor");
  Require(!verdict.why.empty(), "a refusal says why");
  (void)TokenCertificates(bytes);
  (void)CertificatesOfPem(bytes);
  (void)ReadCertificate(bytes);
  if (IsDer(bytes)) {
    Require(DerElementSize(bytes) == bytes.size(), "DER is one element");
  }
}

}  // namespace stemma::fuzz
