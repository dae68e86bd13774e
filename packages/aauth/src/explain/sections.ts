import type { CheckName } from "../http-signatures/report.ts";

/**
 * Which section of the wire profile (docs/reference/profile.md) demands each check of the gate: one, whatever became of the check and
 * wherever it is shown. An error's own section (`ERROR_CODES`) may be narrower; the profile's leads to the RFC's.
 */
export const CHECK_SECTIONS: Readonly<Record<CheckName, string>> = {
  headers: "profile 1",
  "signature-key": "profile 1.5",
  "signature-input": "profile 2.1",
  labels: "profile 1.5",
  coverage: "profile 2.5",
  created: "profile 2.4",
  token: "profile 4",
  key: "profile 1.3",
  signature: "profile 2.3",
  replay: "profile 2.7",
  "content-digest": "profile 2.6",
  requirement: "profile 3.1",
};
