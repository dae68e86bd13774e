import type { CheckName } from "aauth";

/** What demands each check, so that a reader of a trace can look it up. */
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
  requirement: "profile 3",
};
