import type { CheckName } from "../signing/report.ts";

/** The text that demands each check of the gate. */
export const CHECK_SECTIONS: Readonly<Record<CheckName, string>> = {
  headers: "profile 1, 2",
  "signature-key": "profile 1.5",
  "signature-input": "RFC 9421 4.1",
  labels: "profile 1.5",
  coverage: "profile 2.5",
  created: "profile 2.4",
  token: "profile 4",
  key: "profile 1.3",
  signature: "RFC 9421 3.2",
  replay: "profile 2.7",
  "content-digest": "profile 2.6",
  requirement: "profile 3.1",
};
