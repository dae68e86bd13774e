/** What a finding is about. */
export type FindingKind =
  | "invalid"
  | "unknown-field"
  | "unknown-claim"
  | "never-carried"
  | "never-together"
  | "deny-can-fail"
  | "scheme-spelling"
  | "scope-substring"
  | "identifier-prefix"
  | "open-to-unsigned";

/** One thing to look at in a policy file. Errors and warnings make the check fail, notes do not. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: "error" | "warning" | "note";
  /** 1-based line in the file. */
  readonly line?: number;
  /** `supply-chain-agent rule 1`, or a JSON path for what the loader refuses. */
  readonly place: string;
  readonly message: string;
  /** What to write instead. */
  readonly advice?: string;
}

/** A finding before it is known where the rule stands. */
export type RuleFinding = Omit<Finding, "line" | "place">;
